/** `kernel/signal.c`: what is told of a signal, and who it is told to. */

import { addr, type Ptr } from '../../memory/layout.js';
import {
  type SEND_SIG_FORCED,
  SEND_SIG_NOINFO,
  type SEND_SIG_PRIV,
  SI_KERNEL,
  SI_TIMER,
  SI_TKILL,
  SI_USER,
  SIGCHLD,
} from '../constants.js';
import type { Kernel } from '../kernel.js';
import { cred, kernel_siginfo, sigqueue, task_struct } from '../structs.js';

type Task = Ptr<'task_struct'>;

/** `struct kernel_siginfo`, on the sender's kernel stack until it is copied into a `sigqueue`. */
export interface KernelSiginfo {
  readonly si_signo: number;
  readonly si_errno: number;
  readonly si_code: number;
  readonly si_pid: number;
  readonly si_uid: number;
  readonly si_status: number;
  readonly si_sys_private: number;
}

/** What the kernel passes as `struct kernel_siginfo *`: one, or one of the two special pointers. */
export type SigInfo = KernelSiginfo | SpecialSigInfo;

type SpecialSigInfo = typeof SEND_SIG_NOINFO | typeof SEND_SIG_PRIV | typeof SEND_SIG_FORCED;

/** A program's `siginfo_t` for `rt_sigqueueinfo`. */
export interface UserSiginfo {
  readonly si_code: number;
  readonly si_pid?: number;
  readonly si_uid?: number;
  readonly si_value?: number;
}

/** Where a program wants a siginfo. */
export interface SiginfoOut {
  info: KernelSiginfo | null;
}

/** `__copy_siginfo_from_user`: the signal's number is the one that the call was given. */
export function fromUser(sig: number, { si_code, si_pid = 0, si_uid = 0, si_value = 0 }: UserSiginfo): KernelSiginfo {
  return { si_signo: sig, si_errno: 0, si_code, si_pid, si_uid, si_status: si_value, si_sys_private: 0 };
}

export function is_si_special(info: SigInfo): info is SpecialSigInfo {
  return typeof info === 'number';
}

/** Sent by a user's program, and so subject to permission. */
export function si_fromuser(info: SigInfo): boolean {
  return info === SEND_SIG_NOINFO || (!is_si_special(info) && info.si_code <= 0);
}

export function has_si_pid_and_uid(info: KernelSiginfo): boolean {
  if (info.si_code === SI_TIMER) return false;
  return info.si_code <= 0 || info.si_code === SI_KERNEL || info.si_signo === SIGCHLD;
}

/** What is said of a signal of which nothing is known. */
export function clear_siginfo(sig: number): KernelSiginfo {
  return { si_signo: sig, si_errno: 0, si_code: SI_USER, si_pid: 0, si_uid: 0, si_status: 0, si_sys_private: 0 };
}

export const siginfoFunctions = {
  /** The siginfo of a signal that the current task sends by a system call. */
  senderSiginfo(this: Kernel, sig: number, si_code: number): KernelSiginfo {
    return {
      si_signo: sig,
      si_errno: 0,
      si_code,
      si_pid: this.task_tgid_nr_ns(this.current, this.task_active_pid_ns(this.current)),
      si_uid: this.from_kuid_munged(this.current_user_ns(), this.get(this.current_cred(), cred.uid)),
      si_status: 0,
      si_sys_private: 0,
    };
  },

  /** Only to itself may a task send a siginfo that looks like one of the kernel's or of `kill`. */
  pretendsToBeKernel(this: Kernel, pid: number, info: KernelSiginfo): boolean {
    return (info.si_code >= 0 || info.si_code === SI_TKILL) && this.task_pid_vnr(this.current) !== pid;
  },

  /** Copies what is known of a signal into its queue entry. */
  fillSiginfo(this: Kernel, q: Ptr<'sigqueue'>, sig: number, info: SigInfo, t: Task): void {
    const to = addr(q, sigqueue.info);
    if (!is_si_special(info)) {
      this.copy_siginfo(to, info);
      return;
    }
    const user = info === SEND_SIG_NOINFO;
    this.set(to, kernel_siginfo.si_signo, sig);
    this.set(to, kernel_siginfo.si_errno, 0);
    this.set(to, kernel_siginfo.si_code, user ? SI_USER : SI_KERNEL);
    this.set(to, kernel_siginfo.si_pid, user ? this.task_tgid_nr_ns(this.current, this.task_active_pid_ns(t)) : 0);
    this.set(to, kernel_siginfo.si_uid, user ? this.uidFor(t, this.get(this.current_cred(), cred.uid)) : 0);
    this.set(to, kernel_siginfo.si_status, 0);
    this.set(to, kernel_siginfo.si_sys_private, 0);
  },

  /** A user's number as a task is told it. The caller keeps the task's credentials: by RCU, or a lock that it needs. */
  uidFor(this: Kernel, t: Task, kuid: number): number {
    const c = this.peek(t + task_struct.real_cred) as Ptr<'cred'>;
    return this.from_kuid_munged(this.get(c, cred.user_ns), kuid);
  },

  /** Stores a siginfo in the arena. */
  copy_siginfo(this: Kernel, to: Ptr<'kernel_siginfo'>, info: KernelSiginfo): void {
    this.set(to, kernel_siginfo.si_signo, info.si_signo);
    this.set(to, kernel_siginfo.si_errno, info.si_errno);
    this.set(to, kernel_siginfo.si_code, info.si_code);
    this.set(to, kernel_siginfo.si_pid, info.si_pid);
    this.set(to, kernel_siginfo.si_uid, info.si_uid);
    this.set(to, kernel_siginfo.si_status, info.si_status);
    this.set(to, kernel_siginfo.si_sys_private, info.si_sys_private);
  },

  /** Loads a siginfo from the arena. */
  loadSiginfo(this: Kernel, from: Ptr<'kernel_siginfo'>): KernelSiginfo {
    return {
      si_signo: this.get(from, kernel_siginfo.si_signo),
      si_errno: this.get(from, kernel_siginfo.si_errno),
      si_code: this.get(from, kernel_siginfo.si_code),
      si_pid: this.get(from, kernel_siginfo.si_pid),
      si_uid: this.get(from, kernel_siginfo.si_uid),
      si_status: this.get(from, kernel_siginfo.si_status),
      si_sys_private: this.get(from, kernel_siginfo.si_sys_private),
    };
  },
};
