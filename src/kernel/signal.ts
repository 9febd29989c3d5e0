/** `kernel/signal.c`: sending signals, and taking them. */

import { addr, list_head, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  __TASK_STOPPED,
  __TASK_TRACED,
  _NSIG,
  CAP_KILL,
  CLD_CONTINUED,
  CLD_DUMPED,
  CLD_EXITED,
  CLD_KILLED,
  CLD_STOPPED,
  CLD_TRAPPED,
  EAGAIN,
  EFAULT,
  EINTR,
  EINVAL,
  EPERM,
  ERESTARTNOHAND,
  ESRCH,
  INT_MIN,
  JOBCTL_PENDING_MASK,
  JOBCTL_STOP_CONSUME,
  JOBCTL_STOP_DEQUEUED,
  JOBCTL_STOP_PENDING,
  JOBCTL_STOP_SIGMASK,
  JOBCTL_TRAP_MASK,
  JOBCTL_TRAP_STOP,
  PF_EXITING,
  PF_KTHREAD,
  PF_SIGNALED,
  PIDTYPE_MAX,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_SID,
  PIDTYPE_TGID,
  PT_SEIZED,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_NODEFER,
  SA_ONESHOT,
  type SEND_SIG_FORCED,
  SEND_SIG_NOINFO,
  SEND_SIG_PRIV,
  SI_KERNEL,
  SI_TIMER,
  SI_TKILL,
  SI_USER,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SIGALRM,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGNAL_CLD_CONTINUED,
  SIGNAL_CLD_MASK,
  SIGNAL_CLD_STOPPED,
  SIGNAL_GROUP_COREDUMP,
  SIGNAL_GROUP_EXIT,
  SIGNAL_STOP_CONTINUED,
  SIGNAL_STOP_MASK,
  SIGNAL_STOP_STOPPED,
  SIGNAL_UNKILLABLE,
  SIGQUEUE_PREALLOC,
  SIGRTMIN,
  SIGSTOP,
  TASK_INTERRUPTIBLE,
  TASK_STOPPED,
  TASK_WAKEKILL,
  TIF_RESTORE_SIGMASK,
  TIF_SIGPENDING,
  TRACE_SIGNAL_ALREADY_PENDING,
  TRACE_SIGNAL_DELIVERED,
  TRACE_SIGNAL_IGNORED,
  TRACE_SIGNAL_LOSE_INFO,
  TRACE_SIGNAL_OVERFLOW_FAIL,
} from './constants.js';
import { KTIME_MAX, type Timespec, timespec_to_ktime, timespec_valid } from './hrtimer.js';
import type { Kernel } from './kernel.js';
import {
  EMPTY_MASK,
  SIG_KERNEL_STOP_MASK,
  SIGSET_SIZE,
  type SigMask,
  sig_kernel_coredump,
  sig_kernel_ignore,
  sig_kernel_only,
  sig_kernel_stop,
  sigmask,
  valid_signal,
} from './sigset.js';
import {
  cred,
  globals,
  k_sigaction,
  kernel_siginfo,
  multiprocess_signals,
  sighand_struct,
  signal_struct,
  sigpending,
  sigqueue,
  sigset_t,
  task_struct,
  user_struct,
} from './structs.js';
import { COUNT_KILL_RETRY, COUNT_SIGHAND_RETRY } from './trace.js';

type Task = Ptr<'task_struct'>;
type Pending = Ptr<'sigpending'>;

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

/** What `get_signal` found for a handler to take. */
export interface KSignal {
  readonly sig: number;
  readonly info: KernelSiginfo;
  readonly handler: number;
  readonly flags: number;
  readonly mask: SigMask;
}

/** A program's request to `rt_sigaction`, and what it gets of the old action. */
export interface Sigaction {
  handler: number;
  flags: number;
  mask: SigMask;
}

/** A program's `siginfo_t` for `rt_sigqueueinfo`. */
export interface UserSiginfo {
  readonly si_code: number;
  readonly si_pid?: number;
  readonly si_uid?: number;
  readonly si_value?: number;
}

/** Where a program wants a set. */
export interface SigMaskOut {
  lo: number;
  hi: number;
}

/** Where a program wants a siginfo. */
export interface SiginfoOut {
  info: KernelSiginfo | null;
}

/** `__copy_siginfo_from_user`: the signal's number is the one that the call was given. */
export function fromUser(sig: number, { si_code, si_pid = 0, si_uid = 0, si_value = 0 }: UserSiginfo): KernelSiginfo {
  return { si_signo: sig, si_errno: 0, si_code, si_pid, si_uid, si_status: si_value, si_sys_private: 0 };
}

function is_si_special(info: SigInfo): info is SpecialSigInfo {
  return typeof info === 'number';
}

/** Sent by a user's program, and so subject to permission. */
function si_fromuser(info: SigInfo): boolean {
  return info === SEND_SIG_NOINFO || (!is_si_special(info) && info.si_code <= 0);
}

function has_si_pid_and_uid(info: KernelSiginfo): boolean {
  if (info.si_code === SI_TIMER) return false;
  return info.si_code <= 0 || info.si_code === SI_KERNEL || info.si_signo === SIGCHLD;
}

/** What is said of a signal of which nothing is known. */
export function clear_siginfo(sig: number): KernelSiginfo {
  return { si_signo: sig, si_errno: 0, si_code: SI_USER, si_pid: 0, si_uid: 0, si_status: 0, si_sys_private: 0 };
}

/** A signal's action in a `sighand_struct`. */
export function action(sighand: Ptr<'sighand_struct'>, sig: number): Ptr<'k_sigaction'> {
  return (sighand + sighand_struct.action + (sig - 1) * k_sigaction.$.words) as Ptr<'k_sigaction'>;
}

function sig_handler_ignored(handler: number, sig: number): boolean {
  return handler === SIG_IGN || (handler === SIG_DFL && sig_kernel_ignore(sig));
}

/** A private or shared queue of a task. */
function pendingQueue(k: Kernel, t: Task, type: number): Pending {
  if (type === PIDTYPE_PID) return addr(t, task_struct.pending);
  return addr(k.get(t, task_struct.signal), signal_struct.shared_pending);
}

/** What the loop of `get_signal` says when it has let the siglock go. */
const RELOCK = Symbol('relock');

const KILL_AND_STOP = sigmask(SIGKILL, SIGSTOP);

export const signalFunctions = {
  // ---- kill(2) ----

  /** `kill(2)`. */
  kill(this: Kernel, pid: number, sig: number): Coroutine<number> {
    return this.kill_something_info(sig, this.senderSiginfo(sig, SI_USER), pid);
  },

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

  /** `tgkill(2)`: to one thread, if it is of that process. */
  *tgkill(this: Kernel, tgid: number, pid: number, sig: number): Coroutine<number> {
    if (pid <= 0 || tgid <= 0) return -EINVAL;
    return yield* this.do_tkill(tgid, pid, sig);
  },

  /** `tkill(2)`: to one thread. Its number may have a new owner by now. */
  *tkill(this: Kernel, pid: number, sig: number): Coroutine<number> {
    if (pid <= 0) return -EINVAL;
    return yield* this.do_tkill(0, pid, sig);
  },

  do_tkill(this: Kernel, tgid: number, pid: number, sig: number): Coroutine<number> {
    return this.do_send_specific(tgid, pid, sig, this.senderSiginfo(sig, SI_TKILL));
  },

  /** Sends to one thread. If it dies meanwhile, it is as if it had died after it got the signal: 0, not `ESRCH`. */
  *do_send_specific(this: Kernel, tgid: number, pid: number, sig: number, info: KernelSiginfo): Coroutine<number> {
    let error = -ESRCH;
    this.rcu_read_lock();
    if (this.find_vpid(pid)) yield;
    if (this.pid_task(this.foundPid(), PIDTYPE_PID)) yield;
    const p = this.foundTask(PIDTYPE_PID);
    if (p && (tgid <= 0 || this.task_tgid_nr_ns(p, this.task_active_pid_ns(this.current)) === tgid)) {
      if (this.credToCheck(sig, info, p)) yield;
      error = this.check_kill_permission(sig, info, p, this.value(task_struct.real_cred));
      if (error === 0 && sig !== 0) {
        error = yield* this.do_send_sig_info(sig, info, p, PIDTYPE_PID);
        if (error === -ESRCH) error = 0;
      }
    }
    this.rcu_read_unlock();
    return error;
  },

  /** `rt_sigqueueinfo(2)`: what `sigqueue(3)` calls. */
  *rt_sigqueueinfo(this: Kernel, pid: number, sig: number, uinfo: UserSiginfo | null): Coroutine<number> {
    if (uinfo === null) return -EFAULT;
    const info = fromUser(sig, uinfo);
    if (this.pretendsToBeKernel(pid, info)) return -EPERM;
    this.rcu_read_lock();
    if (this.find_vpid(pid)) yield;
    const error = yield* this.kill_pid_info(sig, info, this.foundPid());
    this.rcu_read_unlock();
    return error;
  },

  /** `rt_tgsigqueueinfo(2)`: to one thread. */
  *rt_tgsigqueueinfo(
    this: Kernel,
    tgid: number,
    pid: number,
    sig: number,
    uinfo: UserSiginfo | null,
  ): Coroutine<number> {
    if (uinfo === null) return -EFAULT;
    if (pid <= 0 || tgid <= 0) return -EINVAL;
    const info = fromUser(sig, uinfo);
    if (this.pretendsToBeKernel(pid, info)) return -EPERM;
    return yield* this.do_send_specific(tgid, pid, sig, info);
  },

  /** Only to itself may a task send a siginfo that looks like one of the kernel's or of `kill`. */
  pretendsToBeKernel(this: Kernel, pid: number, info: KernelSiginfo): boolean {
    return (info.si_code >= 0 || info.si_code === SI_TKILL) && this.task_pid_vnr(this.current) !== pid;
  },

  /** Chooses the target from a pid as `kill(2)` takes it: a process, a group, or everybody. */
  *kill_something_info(this: Kernel, sig: number, info: SigInfo, pid: number): Coroutine<number> {
    if (pid > 0) {
      this.rcu_read_lock();
      if (this.find_vpid(pid)) yield;
      const error = yield* this.kill_pid_info(sig, info, this.foundPid());
      this.rcu_read_unlock();
      return error;
    }
    if (pid === INT_MIN) return -ESRCH;
    const lock = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(lock)) yield;
    let error: number;
    if (pid !== -1) {
      let group = this.task_pid_type(this.current, PIDTYPE_PGID);
      if (pid !== 0) {
        if (this.find_vpid(-pid)) yield;
        group = this.foundPid();
      }
      error = yield* this.__kill_pgrp_info(sig, info, group);
    } else {
      error = yield* this.killEverybody(sig, info);
    }
    this.read_unlock(lock);
    return error;
  },

  /** `kill(-1)`: every process but the caller's own and init. Needs `tasklist_lock`. */
  *killEverybody(this: Kernel, sig: number, info: SigInfo): Coroutine<number> {
    let retval = 0;
    let count = 0;
    for (let p = this.next_task(this.init_task); p !== this.init_task; p = this.next_task(p)) {
      if (this.task_pid_vnr(p) <= 1 || this.same_thread_group(p, this.current)) continue;
      const err = yield* this.group_send_sig_info(sig, info, p, PIDTYPE_MAX);
      count++;
      if (err !== -EPERM) retval = err;
    }
    return count > 0 ? retval : -ESRCH;
  },

  /**
   * Sends to the process that a pid names. The caller has the pid under RCU.
   *
   * The task that is found may be unhashed before its sighand is locked. If it died, the next lookup finds nothing;
   * but if another thread of its group took its pid over in `de_thread()`, the process lives on, and the next lookup
   * finds the new leader. So a task that was found and then gave `ESRCH` is not an answer.
   */
  *kill_pid_info(this: Kernel, sig: number, info: SigInfo, pid: Ptr<'pid'>): Coroutine<number> {
    let error = -ESRCH;
    for (;;) {
      this.rcu_read_lock();
      if (this.pid_task(pid, PIDTYPE_PID)) yield;
      const p = this.foundTask(PIDTYPE_PID);
      if (p) error = yield* this.group_send_sig_info(sig, info, p, PIDTYPE_TGID);
      this.rcu_read_unlock();
      if (!p || error !== -ESRCH) return error;
      this.count(COUNT_KILL_RETRY);
    }
  },

  /** Sends to every process of a group. Needs `tasklist_lock`. Succeeds if one of them was reached. */
  *__kill_pgrp_info(this: Kernel, sig: number, info: SigInfo, pgrp: Ptr<'pid'>): Coroutine<number> {
    let success = false;
    let retval = -ESRCH;
    if (this.pid_task(pgrp, PIDTYPE_PGID)) yield;
    let p = this.foundTask(PIDTYPE_PGID);
    while (p) {
      const err = yield* this.group_send_sig_info(sig, info, p, PIDTYPE_PGID);
      success ||= err === 0;
      retval = err;
      p = this.nextOfGroup(p);
    }
    return success ? 0 : retval;
  },

  /** Sends to a process, if the sender may. Signal 0 only asks. */
  *group_send_sig_info(this: Kernel, sig: number, info: SigInfo, p: Task, type: number): Coroutine<number> {
    this.rcu_read_lock();
    if (this.credToCheck(sig, info, p)) yield;
    const error = this.check_kill_permission(sig, info, p, this.value(task_struct.real_cred));
    this.rcu_read_unlock();
    return error === 0 && sig !== 0 ? yield* this.do_send_sig_info(sig, info, p, type) : error;
  },

  /** Whether the sender's credentials allow it against the target's. The caller is inside an RCU read-side section. */
  kill_ok_by_cred(this: Kernel, theirs: Ptr<'cred'>): boolean {
    const mine = this.current_cred();
    const euid = this.get(mine, cred.euid);
    const uid = this.get(mine, cred.uid);
    const theirSuid = this.get(theirs, cred.suid);
    const theirUid = this.get(theirs, cred.uid);
    return (
      euid === theirSuid ||
      euid === theirUid ||
      uid === theirSuid ||
      uid === theirUid ||
      this.ns_capable(this.get(theirs, cred.user_ns), CAP_KILL)
    );
  },

  /** Loads the target's credentials where `check_kill_permission` will ask for them. Needs RCU. */
  credToCheck(this: Kernel, sig: number, info: SigInfo, t: Task): boolean {
    if (!valid_signal(sig) || !si_fromuser(info) || this.same_thread_group(this.current, t)) return false;
    return this.__task_cred(t);
  },

  /**
   * Whether the sender may. The caller is inside an RCU read-side section. Left out: audit and security modules.
   *
   * @param theirs the target's credentials, from `credToCheck`
   */
  check_kill_permission(this: Kernel, sig: number, info: SigInfo, t: Task, theirs: Ptr<'cred'>): number {
    if (!valid_signal(sig)) return -EINVAL;
    if (!si_fromuser(info)) return 0;
    if (this.same_thread_group(this.current, t)) return 0;
    if (this.kill_ok_by_cred(theirs)) return 0;
    if (sig === SIGCONT) {
      // Within a session a shell may continue its jobs, whoever they run as.
      const sid = this.task_pid_type(t, PIDTYPE_SID);
      if (!sid || sid === this.task_pid_type(this.current, PIDTYPE_SID)) return 0;
    }
    return -EPERM;
  },

  *do_send_sig_info(this: Kernel, sig: number, info: SigInfo, p: Task, type: number): Coroutine<number> {
    const sighand = yield* this.__lock_task_sighand(p);
    if (!sighand) return -ESRCH;
    const flags = this.irqflags;
    const error = yield* this.send_signal(sig, info, p, type);
    this.unlock_task_sighand(sighand, flags);
    return error;
  },

  /** Sends to one thread, for the kernel. Permission is not asked for. */
  *send_sig_info(this: Kernel, sig: number, info: SigInfo, p: Task): Coroutine<number> {
    if (!valid_signal(sig)) return -EINVAL;
    return yield* this.do_send_sig_info(sig, info, p, PIDTYPE_PID);
  },

  /** The same, with nothing to tell. @param priv as the kernel itself, and not as the current task */
  send_sig(this: Kernel, sig: number, p: Task, priv: boolean): Coroutine<number> {
    return this.send_sig_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, p);
  },

  /** Sends to a process group, for the kernel: to all of it with `priv`, otherwise to those that the task may. */
  *kill_pgrp(this: Kernel, pid: Ptr<'pid'>, sig: number, priv: boolean): Coroutine<number> {
    const lock = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(lock)) yield;
    const error = yield* this.__kill_pgrp_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, pid);
    this.read_unlock(lock);
    return error;
  },

  /** Sends to a process, for the kernel. */
  kill_pid(this: Kernel, pid: Ptr<'pid'>, sig: number, priv: boolean): Coroutine<number> {
    return this.kill_pid_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, pid);
  },

  /**
   * Locks the sighand of a task that may be dying: NULL when it is gone. Between the load and the lock the task may
   * have let go of it, and the memory may be another process's sighand by now: RCU and `SLAB_TYPESAFE_BY_RCU` make
   * the lock a lock, and the second look makes it the right one. The interrupt state is in `irqflags`.
   */
  *__lock_task_sighand(this: Kernel, tsk: Task): Coroutine<Ptr<'sighand_struct'>> {
    this.rcu_read_lock();
    let sighand: Ptr<'sighand_struct'>;
    for (;;) {
      if (this.READ_ONCE(tsk, task_struct.sighand)) yield;
      sighand = this.value(task_struct.sighand);
      if (!sighand) break;
      const lock = addr(sighand, sighand_struct.siglock);
      if (this.spin_lock_irqsave(lock)) yield;
      if (sighand === this.get(tsk, task_struct.sighand)) break;
      this.spin_unlock_irqrestore(lock, this.irqflags);
      this.count(COUNT_SIGHAND_RETRY);
    }
    this.rcu_read_unlock();
    return sighand;
  },

  unlock_task_sighand(this: Kernel, sighand: Ptr<'sighand_struct'>, flags: number): void {
    this.spin_unlock_irqrestore(addr(sighand, sighand_struct.siglock), flags);
  },

  /** Decides whether the signal gets through to an init that ignores it, and sends it. Needs siglock. */
  send_signal(this: Kernel, sig: number, info: SigInfo, t: Task, type: number): Coroutine<number> {
    let force = false;
    let sent = info;
    if (info === SEND_SIG_NOINFO) {
      force = this.task_pid_nr_ns(this.current, this.task_active_pid_ns(t)) === 0;
    } else if (is_si_special(info)) {
      force = true;
    } else if (has_si_pid_and_uid(info)) {
      if (this.peek(this.globals + globals.user_namespaces) !== 0) return this.sendBetweenUserNs(sig, info, t, type);
      force = info.si_code === SI_KERNEL;
      if (this.task_pid_nr_ns(this.current, this.task_active_pid_ns(t)) === 0) {
        sent = { ...info, si_pid: 0 };
        force = true;
      }
    }
    return this.__send_signal(sig, sent, t, type, force);
  },

  /**
   * `send_signal` where there is more than one user namespace: the sender's number is told as the target's namespace
   * has it. A number that the kernel has put in is translated as if it were the current task's. Needs siglock.
   */
  *sendBetweenUserNs(this: Kernel, sig: number, info: KernelSiginfo, t: Task, type: number): Coroutine<number> {
    let { si_uid, si_pid } = info;
    let force = info.si_code === SI_KERNEL;
    this.rcu_read_lock();
    if (this.__task_cred(t)) yield;
    const theirs = this.get(this.value(task_struct.real_cred), cred.user_ns);
    const mine = this.current_user_ns();
    if (mine !== theirs) si_uid = this.from_kuid_munged(theirs, this.make_kuid(mine, si_uid));
    this.rcu_read_unlock();
    if (this.task_pid_nr_ns(this.current, this.task_active_pid_ns(t)) === 0) {
      si_pid = 0;
      force = true;
    }
    return yield* this.__send_signal(sig, { ...info, si_uid, si_pid }, t, type, force);
  },

  /** Queues the signal and chooses who is to take it. Needs siglock. */
  *__send_signal(this: Kernel, sig: number, info: SigInfo, t: Task, type: number, force: boolean): Coroutine<number> {
    this.lockdep_assert_held(addr(this.get(t, task_struct.sighand), sighand_struct.siglock));
    const group = type !== PIDTYPE_PID;
    const wanted = this.prepare_signal(sig, t, force);
    if (sig === SIGCONT) yield* this.wakeStopped(t);
    if (!wanted) {
      this.trace_signal_generate(sig, info, t, group, TRACE_SIGNAL_IGNORED);
      return 0;
    }
    const queue = pendingQueue(this, t, type);
    const set = addr(queue, sigpending.signal);
    // Below SIGRTMIN a signal is pending once or not at all.
    if (sig < SIGRTMIN && this.sigismember(set, sig)) {
      this.trace_signal_generate(sig, info, t, group, TRACE_SIGNAL_ALREADY_PENDING);
      return 0;
    }
    let result = TRACE_SIGNAL_DELIVERED;
    if (sig !== SIGKILL && (this.get(t, task_struct.flags) & PF_KTHREAD) === 0) {
      const override = sig < SIGRTMIN && (is_si_special(info) || info.si_code >= 0);
      const q = yield* this.__sigqueue_alloc(t, override);
      if (q) {
        this.list_add_tail(addr(q, sigqueue.list), addr(queue, sigpending.list));
        this.fillSiginfo(q, sig, info, t);
      } else if (!is_si_special(info) && sig >= SIGRTMIN && info.si_code !== SI_USER) {
        // A queue that is full may refuse a real-time signal, but not one sent by kill.
        this.trace_signal_generate(sig, info, t, group, TRACE_SIGNAL_OVERFLOW_FAIL);
        return -EAGAIN;
      } else {
        result = TRACE_SIGNAL_LOSE_INFO;
      }
    }
    if (this.waitqueue_active(addr(this.get(t, task_struct.sighand), sighand_struct.signalfd_wqh))) {
      yield* this.signalfd_notify(t, sig);
    }
    this.sigaddset(set, sig);
    if (type > PIDTYPE_TGID) this.delayMultiprocess(t, sig);
    yield* this.complete_signal(sig, t, type);
    this.trace_signal_generate(sig, info, t, group, result);
    return 0;
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

  /** Notes a signal to more than one process for the forks under way in this one: their children get it too. */
  delayMultiprocess(this: Kernel, t: Task, sig: number): void {
    let node = this.load(this.get(t, task_struct.signal) + signal_struct.multiprocess);
    while (node) {
      const delayed = (node - multiprocess_signals.node) as Ptr<'multiprocess_signals'>;
      const set = addr(delayed, multiprocess_signals.signal);
      if (sig === SIGCONT) {
        this.set(set, sigset_t.lo, this.get(set, sigset_t.lo) & ~SIG_KERNEL_STOP_MASK.lo);
      } else if (sig_kernel_stop(sig)) {
        this.sigdelset(set, SIGCONT);
      }
      this.sigaddset(set, sig);
      node = this.load(node);
    }
  },

  // ---- what a signal does before it is queued ----

  sig_handler(this: Kernel, t: Task, sig: number): number {
    return this.get(action(this.get(t, task_struct.sighand), sig), k_sigaction.sa_handler);
  },

  sig_task_ignored(this: Kernel, t: Task, sig: number, force: boolean): boolean {
    const handler = this.sig_handler(t, sig);
    if (this.is_global_init(t) && sig_kernel_only(sig)) return true;
    const unkillable = (this.get(this.get(t, task_struct.signal), signal_struct.flags) & SIGNAL_UNKILLABLE) !== 0;
    if (unkillable && handler === SIG_DFL && !(force && sig_kernel_only(sig))) return true;
    return sig_handler_ignored(handler, sig);
  },

  /** Whether a signal would have no effect. One that is blocked might be handled differently by the time it is not. */
  sig_ignored(this: Kernel, t: Task, sig: number, force: boolean): boolean {
    if (this.sigismember(addr(t, task_struct.blocked), sig)) return false;
    if (this.sigismember(addr(t, task_struct.real_blocked), sig)) return false;
    if (this.get(t, task_struct.ptrace) !== 0 && sig !== SIGKILL) return false;
    return this.sig_task_ignored(t, sig, force);
  },

  /**
   * Stop signals and SIGCONT cancel each other here. False if the signal is to be dropped. Needs siglock.
   *
   * The kernel wakes stopped threads from inside; here the caller does (`wakeStopped`). They need the siglock to go on,
   * so none of them can tell.
   */
  prepare_signal(this: Kernel, sig: number, p: Task, force: boolean): boolean {
    const signal = this.get(p, task_struct.signal);
    const flags = this.get(signal, signal_struct.flags);
    if ((flags & (SIGNAL_GROUP_EXIT | SIGNAL_GROUP_COREDUMP)) !== 0) {
      if ((flags & SIGNAL_GROUP_EXIT) === 0) return sig === SIGKILL;
      // The process is dying: the signal is queued and nobody will take it.
    } else if (sig_kernel_stop(sig)) {
      this.flushFromProcess(p, sigmask(SIGCONT));
    } else if (sig === SIGCONT) {
      this.flushFromProcess(p, SIG_KERNEL_STOP_MASK);
      let t = p;
      do {
        this.task_clear_jobctl_pending(t, JOBCTL_STOP_PENDING);
        t = this.next_thread(t);
      } while (t !== p);
      let why = 0;
      if ((flags & SIGNAL_STOP_STOPPED) !== 0) why = SIGNAL_CLD_CONTINUED;
      else if (this.get(signal, signal_struct.group_stop_count) !== 0) why = SIGNAL_CLD_STOPPED;
      if (why !== 0) {
        // The first thread that takes a signal tells the parent.
        this.set(signal, signal_struct.flags, (flags & ~SIGNAL_STOP_MASK) | why | SIGNAL_STOP_CONTINUED);
        this.set(signal, signal_struct.group_stop_count, 0);
        this.set(signal, signal_struct.group_exit_code, 0);
      }
    }
    return !this.sig_ignored(p, sig, force);
  },

  /** The part of `prepare_signal` that wakes the stopped threads of a process for SIGCONT. Needs siglock. */
  *wakeStopped(this: Kernel, p: Task): Coroutine<void> {
    const flags = this.get(this.get(p, task_struct.signal), signal_struct.flags);
    if ((flags & (SIGNAL_GROUP_EXIT | SIGNAL_GROUP_COREDUMP)) !== 0) return;
    let t = p;
    do {
      if ((this.get(t, task_struct.ptrace) & PT_SEIZED) === 0) yield* this.wake_up_state(t, __TASK_STOPPED);
      else yield* this.ptrace_trap_notify(t);
      t = this.next_thread(t);
    } while (t !== p);
  },

  /** Drops signals from every queue of a process. Needs siglock. */
  flushFromProcess(this: Kernel, p: Task, mask: SigMask): void {
    this.flush_sigqueue_mask(mask, addr(this.get(p, task_struct.signal), signal_struct.shared_pending));
    let t = p;
    do {
      this.flush_sigqueue_mask(mask, addr(t, task_struct.pending));
      t = this.next_thread(t);
    } while (t !== p);
  },

  /**
   * Clears bits of `jobctl`. Needs siglock. A tracer may wait for a trap that is cleared here; the caller tells it,
   * with `task_clear_jobctl_trapping`. Where only a stop is cleared there is none: it waits for `JOBCTL_TRAP_STOP`.
   */
  task_clear_jobctl_pending(this: Kernel, t: Task, mask: number): void {
    let bits = mask;
    if ((bits & JOBCTL_STOP_PENDING) !== 0) bits |= JOBCTL_STOP_CONSUME | JOBCTL_STOP_DEQUEUED;
    const jobctl = this.get(t, task_struct.jobctl);
    if ((jobctl & bits) !== 0) this.set(t, task_struct.jobctl, jobctl & ~bits);
  },

  /** A task that is to die stops and traps no more; a tracer that waits for its trap is told. Needs siglock. */
  *clearJobctl(this: Kernel, t: Task): Coroutine<void> {
    this.task_clear_jobctl_pending(t, JOBCTL_PENDING_MASK);
    yield* this.task_clear_jobctl_trapping(t);
  },

  // ---- who takes it ----

  /** Whether a thread can take a signal now. Needs siglock. */
  wants_signal(this: Kernel, sig: number, p: Task): boolean {
    if (this.sigismember(addr(p, task_struct.blocked), sig)) return false;
    if ((this.get(p, task_struct.flags) & PF_EXITING) !== 0) return false;
    if (sig === SIGKILL) return true;
    if ((this.peek(p + task_struct.state) & (__TASK_STOPPED | __TASK_TRACED)) !== 0) return false;
    return this.task_curr(p) || !this.signal_pending(p);
  },

  sig_fatal(this: Kernel, t: Task, sig: number): boolean {
    return !sig_kernel_ignore(sig) && !sig_kernel_stop(sig) && this.sig_handler(t, sig) === SIG_DFL;
  },

  /**
   * Finds a thread for a signal just queued and wakes it: the one that was named, otherwise round robin from where
   * the last search ended. A fatal signal is not left for that thread to find: the whole group is told to die at
   * once. Needs siglock.
   */
  *complete_signal(this: Kernel, sig: number, p: Task, type: number): Coroutine<void> {
    const signal = this.get(p, task_struct.signal);
    let t = p;
    if (!this.wants_signal(sig, p)) {
      if (type === PIDTYPE_PID || this.thread_group_empty(p)) return;
      const first = this.get(signal, signal_struct.curr_target);
      t = first;
      while (!this.wants_signal(sig, t)) {
        t = this.next_thread(t);
        if (t === first) return;
      }
      this.set(signal, signal_struct.curr_target, t);
    }
    const fatal =
      this.sig_fatal(p, sig) &&
      (this.get(signal, signal_struct.flags) & SIGNAL_GROUP_EXIT) === 0 &&
      !this.sigismember(addr(t, task_struct.real_blocked), sig) &&
      (sig === SIGKILL || this.get(p, task_struct.ptrace) === 0);
    if (fatal && !sig_kernel_coredump(sig)) {
      // A thread on its own way out looks at the flags without the lock: it may see them and still the old code.
      if (this.WRITE_ONCE(signal, signal_struct.flags, SIGNAL_GROUP_EXIT)) yield;
      this.set(signal, signal_struct.group_exit_code, sig);
      this.set(signal, signal_struct.group_stop_count, 0);
      t = p;
      do {
        if (this.get(t, task_struct.jobctl) !== 0) yield* this.clearJobctl(t);
        this.sigaddset(addr(addr(t, task_struct.pending), sigpending.signal), SIGKILL);
        yield* this.signal_wake_up_state(t, TASK_WAKEKILL);
        t = this.next_thread(t);
      } while (t !== p);
      return;
    }
    yield* this.signal_wake_up_state(t, sig === SIGKILL ? TASK_WAKEKILL : 0);
  },

  /** Tells a thread that it has a signal: wakes it, or makes it enter the kernel if it is in user mode. Needs siglock. */
  *signal_wake_up_state(this: Kernel, t: Task, state: number): Coroutine<void> {
    this.set_tsk_thread_flag(t, TIF_SIGPENDING);
    if (!(yield* this.wake_up_state(t, state | TASK_INTERRUPTIBLE))) this.kick_process(t);
  },

  signal_pending(this: Kernel, t: Task): boolean {
    return this.test_tsk_thread_flag(t, TIF_SIGPENDING);
  },

  /** Sets a thread's flag if it has anything to take. Needs siglock. */
  recalc_sigpending_tsk(this: Kernel, t: Task): boolean {
    const blocked = addr(t, task_struct.blocked);
    const shared = addr(this.get(t, task_struct.signal), signal_struct.shared_pending);
    if (
      (this.get(t, task_struct.jobctl) & JOBCTL_PENDING_MASK) !== 0 ||
      this.has_pending_signals(addr(addr(t, task_struct.pending), sigpending.signal), blocked) ||
      this.has_pending_signals(addr(shared, sigpending.signal), blocked)
    ) {
      this.set_tsk_thread_flag(t, TIF_SIGPENDING);
      return true;
    }
    return false;
  },

  recalc_sigpending(this: Kernel): void {
    if (!this.recalc_sigpending_tsk(this.current)) this.clear_tsk_thread_flag(this.current, TIF_SIGPENDING);
  },

  /** For a new task: signals may have been put in its queues before it could be told of them. */
  *calculate_sigpending(this: Kernel): Coroutine<void> {
    const lock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    this.set_tsk_thread_flag(this.current, TIF_SIGPENDING);
    this.recalc_sigpending();
    this.spin_unlock_irq(lock);
  },

  // ---- the queues ----

  /**
   * Takes a queue entry at the target's user's expense; NULL when that user has too many.
   *
   * @param override the limit does not apply
   */
  *__sigqueue_alloc(this: Kernel, t: Task, override: boolean): Coroutine<Ptr<'sigqueue'>> {
    this.rcu_read_lock();
    if (this.__task_cred(t)) yield;
    const theirs = this.value(task_struct.real_cred);
    const user = this.get_uid(this.get(theirs, cred.user));
    this.atomic_inc(user, user_struct.sigpending);
    this.rcu_read_unlock();
    let allowed = override;
    if (!override) {
      // Counted first and looked at later: two senders at the limit may both find it passed.
      if (this.READ_ONCE(user, user_struct.sigpending)) yield;
      const limit = this.get(this.get(t, task_struct.signal), signal_struct.rlim_sigpending);
      allowed = this.value(user_struct.sigpending) <= limit;
    }
    const q = allowed ? this.kmem_cache_alloc<'sigqueue'>(this.caches.sigqueue) : NULL;
    if (!q) {
      this.atomic_dec(user, user_struct.sigpending);
      this.free_uid(user);
      return NULL;
    }
    this.INIT_LIST_HEAD(addr(q, sigqueue.list));
    this.set(q, sigqueue.flags, 0);
    this.set(q, sigqueue.user, user);
    return q;
  },

  __sigqueue_free(this: Kernel, q: Ptr<'sigqueue'>): void {
    if ((this.get(q, sigqueue.flags) & SIGQUEUE_PREALLOC) !== 0) return;
    const user = this.get(q, sigqueue.user);
    this.atomic_dec(user, user_struct.sigpending);
    this.free_uid(user);
    this.kmem_cache_free(this.caches.sigqueue, q);
  },

  init_sigpending(this: Kernel, queue: Pending): void {
    this.storeSigset(addr(queue, sigpending.signal), EMPTY_MASK);
    this.INIT_LIST_HEAD(addr(queue, sigpending.list));
  },

  /** Empties a queue. */
  flush_sigqueue(this: Kernel, queue: Pending): void {
    this.storeSigset(addr(queue, sigpending.signal), EMPTY_MASK);
    const head = addr(queue, sigpending.list);
    for (;;) {
      const node = this.get(head, list_head.next);
      if (node === head) return;
      this.list_del_init(node);
      this.__sigqueue_free(node as number as Ptr<'sigqueue'>);
    }
  },

  /** Drops all that is pending for a thread and for its process. */
  *flush_signals(this: Kernel, t: Task): Coroutine<void> {
    const lock = addr(this.get(t, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    this.clear_tsk_thread_flag(t, TIF_SIGPENDING);
    this.flush_sigqueue(addr(t, task_struct.pending));
    this.flush_sigqueue(addr(this.get(t, task_struct.signal), signal_struct.shared_pending));
    this.spin_unlock_irqrestore(lock, flags);
  },

  /** Drops the signals of a set from a queue. Needs siglock. */
  flush_sigqueue_mask(this: Kernel, mask: SigMask, queue: Pending): void {
    const set = addr(queue, sigpending.signal);
    const lo = this.get(set, sigset_t.lo);
    const hi = this.get(set, sigset_t.hi);
    if ((lo & mask.lo) === 0 && (hi & mask.hi) === 0) return;
    this.storeSigset(set, { lo: lo & ~mask.lo, hi: hi & ~mask.hi });
    const head = addr(queue, sigpending.list);
    let node = this.get(head, list_head.next);
    while (node !== head) {
      const next = this.get(node, list_head.next);
      const q = node as number as Ptr<'sigqueue'>;
      const sig = this.get(addr(q, sigqueue.info), kernel_siginfo.si_signo);
      const member = sig <= 32 ? mask.lo & (1 << (sig - 1)) : mask.hi & (1 << (sig - 33));
      if (member !== 0) {
        this.list_del_init(node);
        this.__sigqueue_free(q);
      }
      node = next;
    }
  },

  /** Takes a signal's first entry off a queue. Its bit stays while another entry waits. Needs siglock. */
  collect_signal(this: Kernel, sig: number, queue: Pending): KernelSiginfo {
    const head = addr(queue, sigpending.list);
    let first: Ptr<'sigqueue'> = NULL;
    let more = false;
    for (let node = this.get(head, list_head.next); node !== head; node = this.get(node, list_head.next)) {
      const q = node as number as Ptr<'sigqueue'>;
      if (this.get(addr(q, sigqueue.info), kernel_siginfo.si_signo) !== sig) continue;
      if (first) {
        more = true;
        break;
      }
      first = q;
    }
    if (!more) this.sigdelset(addr(queue, sigpending.signal), sig);
    if (!first) return clear_siginfo(sig);
    const info = this.loadSiginfo(addr(first, sigqueue.info));
    this.list_del_init(addr(first, sigqueue.list));
    // Of a timer that has been deleted meanwhile nothing is armed again.
    const prealloc = (this.get(first, sigqueue.flags) & SIGQUEUE_PREALLOC) !== 0;
    this.__sigqueue_free(first);
    return prealloc || info.si_sys_private === 0 ? info : { ...info, si_sys_private: 0 };
  },

  __dequeue_signal(this: Kernel, queue: Pending, blocked: SigMask): KernelSiginfo | null {
    const sig = this.next_signal(addr(queue, sigpending.signal), blocked);
    return sig === 0 ? null : this.collect_signal(sig, queue);
  },

  /**
   * Takes the current task's next signal: its own before its process's. Needs siglock. The caller arms a timer again whose
   * signal it is, with `rearmPosixTimer`, where `si_sys_private` is not 0.
   */
  dequeue_signal(this: Kernel, t: Task, blocked: SigMask): KernelSiginfo | null {
    const shared = addr(this.get(t, task_struct.signal), signal_struct.shared_pending);
    let info = this.__dequeue_signal(addr(t, task_struct.pending), blocked);
    if (info === null) {
      info = this.__dequeue_signal(shared, blocked);
      if (info !== null && info.si_signo === SIGALRM) this.rearmRealTimer(t);
    }
    this.recalc_sigpending();
    if (info !== null && sig_kernel_stop(info.si_signo)) {
      this.set(t, task_struct.jobctl, this.get(t, task_struct.jobctl) | JOBCTL_STOP_DEQUEUED);
    }
    return info;
  },

  /** A process's real-time timer with an interval is started again when its signal is taken. Needs siglock. */
  rearmRealTimer(this: Kernel, t: Task): void {
    const signal = this.get(t, task_struct.signal);
    const timer = addr(signal, signal_struct.real_timer);
    const interval = this.loadTime(addr(signal, signal_struct.it_real_incr));
    if (interval === 0 || this.hrtimer_is_queued(timer)) return;
    this.hrtimer_forward(timer, this.ktime_get(), interval);
    this.hrtimer_restart(timer);
  },

  // ---- taking signals ----

  signal_group_exit(this: Kernel, signal: Ptr<'signal_struct'>): boolean {
    return (
      (this.peek(signal + signal_struct.flags) & SIGNAL_GROUP_EXIT) !== 0 ||
      this.peek(signal + signal_struct.group_exit_task) !== NULL
    );
  },

  /**
   * The current task's next signal that a handler is to take, or null when there is none left. Default actions are
   * done here, and a fatal one does not return.
   */
  *get_signal(this: Kernel): Coroutine<KSignal | null> {
    const sighand = this.get(this.current, task_struct.sighand);
    const signal = this.get(this.current, task_struct.signal);
    const lock = addr(sighand, sighand_struct.siglock);
    if (this.get(this.current, task_struct.task_works)) yield* this.task_work_run();
    for (;;) {
      if (this.spin_lock_irq(lock)) yield;
      const why = this.takeCldFlags(signal);
      if (why !== 0) {
        // Woken by SIGCONT: the first thread to come here tells the parent, for the process.
        this.spin_unlock_irq(lock);
        yield* this.notifyContinued(why);
        continue;
      }
      if (this.signal_group_exit(signal)) {
        this.sigdelset(addr(addr(this.current, task_struct.pending), sigpending.signal), SIGKILL);
        this.trace_signal_deliver(SIGKILL, null, SIG_DFL, 0);
        this.recalc_sigpending();
        yield* this.fatalSignal(lock, SIGKILL);
      }
      const ksig = yield* this.nextAction(sighand, signal, lock);
      if (ksig !== RELOCK) return ksig;
    }
  },

  /**
   * The loop of `get_signal`, with siglock held: does default actions until there is a signal for a handler, or none.
   *
   * @returns `RELOCK` if the siglock was released and all is to be looked at again; otherwise it is released as well
   */
  *nextAction(
    this: Kernel,
    sighand: Ptr<'sighand_struct'>,
    signal: Ptr<'signal_struct'>,
    lock: Ptr<'spinlock_t'>,
  ): Coroutine<KSignal | null | typeof RELOCK> {
    for (;;) {
      if ((this.get(this.current, task_struct.jobctl) & JOBCTL_PENDING_MASK) !== 0) {
        const stopping = (this.get(this.current, task_struct.jobctl) & JOBCTL_STOP_PENDING) !== 0;
        if (stopping && (yield* this.do_signal_stop(0))) return RELOCK;
        if ((this.get(this.current, task_struct.jobctl) & JOBCTL_TRAP_MASK) !== 0) {
          yield* this.do_jobctl_trap();
          this.spin_unlock_irq(lock);
          return RELOCK;
        }
      }
      let info =
        this.dequeue_synchronous_signal() ??
        this.dequeue_signal(this.current, this.loadSigset(addr(this.current, task_struct.blocked)));
      if (info === null) {
        this.spin_unlock_irq(lock);
        return null;
      }
      if (info.si_sys_private !== 0) info = yield* this.rearmPosixTimer(info);
      if (this.get(this.current, task_struct.ptrace) !== 0 && info.si_signo !== SIGKILL) {
        info = yield* this.ptrace_signal(info.si_signo, info);
        if (info === null) continue;
      }
      const sig = info.si_signo;
      const ka = action(sighand, sig);
      const handler = this.get(ka, k_sigaction.sa_handler);
      const flags = this.get(ka, k_sigaction.sa_flags);
      this.trace_signal_deliver(sig, info, handler, flags);
      if (handler === SIG_IGN) continue;
      if (handler !== SIG_DFL) {
        const mask = this.loadSigset(addr(ka, k_sigaction.sa_mask));
        if ((flags & SA_ONESHOT) !== 0) this.set(ka, k_sigaction.sa_handler, SIG_DFL);
        this.spin_unlock_irq(lock);
        return { sig, info, handler, flags, mask };
      }
      if (sig_kernel_ignore(sig)) continue;
      const unkillable = (this.get(signal, signal_struct.flags) & SIGNAL_UNKILLABLE) !== 0;
      if (unkillable && !sig_kernel_only(sig)) continue;
      if (sig_kernel_stop(sig)) {
        if (sig !== SIGSTOP) {
          this.spin_unlock_irq(lock);
          // SIGCONT may come here: then JOBCTL_STOP_DEQUEUED is gone, and do_signal_stop does nothing.
          if (yield* this.is_current_pgrp_orphaned()) return RELOCK;
          if (this.spin_lock_irq(lock)) yield;
        }
        if (yield* this.do_signal_stop(sig)) return RELOCK;
        continue;
      }
      yield* this.fatalSignal(lock, sig);
    }
  },

  /** Takes what `prepare_signal` has noted for the parent: `CLD_CONTINUED`, `CLD_STOPPED` or 0. Needs siglock. */
  takeCldFlags(this: Kernel, signal: Ptr<'signal_struct'>): number {
    const flags = this.get(signal, signal_struct.flags);
    if ((flags & SIGNAL_CLD_MASK) === 0) return 0;
    this.set(signal, signal_struct.flags, flags & ~SIGNAL_CLD_MASK);
    return (flags & SIGNAL_CLD_CONTINUED) !== 0 ? CLD_CONTINUED : CLD_STOPPED;
  },

  /** `do_notify_parent_cldstop` for the current process, with the lock that it needs. */
  *notifyCldstop(this: Kernel, why: number): Coroutine<void> {
    const tasklist = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(tasklist)) yield;
    yield* this.do_notify_parent_cldstop(this.current, false, why);
    this.read_unlock(tasklist);
  },

  /** The same after SIGCONT: the tracer of the leader hears of it as well. */
  *notifyContinued(this: Kernel, why: number): Coroutine<void> {
    const tasklist = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(tasklist)) yield;
    yield* this.do_notify_parent_cldstop(this.current, false, why);
    const leader = this.get(this.current, task_struct.group_leader);
    if (this.ptrace_reparented(leader)) yield* this.do_notify_parent_cldstop(leader, true, why);
    this.read_unlock(tasklist);
  },

  // ---- stopping ----

  task_is_stopped(this: Kernel, t: Task): boolean {
    return (this.peek(t + task_struct.state) & __TASK_STOPPED) !== 0;
  },

  /** Sets bits of `jobctl`, unless the task is dying. Needs siglock. */
  task_set_jobctl_pending(this: Kernel, t: Task, mask: number): boolean {
    if (this.fatal_signal_pending(t) || (this.get(t, task_struct.flags) & PF_EXITING) !== 0) return false;
    let jobctl = this.get(t, task_struct.jobctl);
    if ((mask & JOBCTL_STOP_SIGMASK) !== 0) jobctl &= ~JOBCTL_STOP_SIGMASK;
    this.set(t, task_struct.jobctl, jobctl | mask);
    return true;
  },

  /** Has a new thread join the stop that is under way in its group. Needs siglock. */
  task_join_group_stop(this: Kernel, t: Task): void {
    const jobctl = this.get(this.current, task_struct.jobctl);
    if ((jobctl & JOBCTL_STOP_PENDING) === 0) return;
    const signal = this.get(this.current, task_struct.signal);
    const mask = (jobctl & JOBCTL_STOP_SIGMASK) | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME;
    if (this.task_set_jobctl_pending(t, mask)) {
      this.set(signal, signal_struct.group_stop_count, this.get(signal, signal_struct.group_stop_count) + 1);
    }
  },

  /** A thread's part in a stop of its group. Needs siglock. @returns whether it is the last: the parent is to be told */
  task_participate_group_stop(this: Kernel, t: Task): boolean {
    const signal = this.get(t, task_struct.signal);
    const consume = (this.get(t, task_struct.jobctl) & JOBCTL_STOP_CONSUME) !== 0;
    this.task_clear_jobctl_pending(t, JOBCTL_STOP_PENDING);
    if (!consume) return false;
    const left = this.get(signal, signal_struct.group_stop_count) - 1;
    this.set(signal, signal_struct.group_stop_count, left);
    const flags = this.get(signal, signal_struct.flags);
    if (left !== 0 || (flags & SIGNAL_STOP_STOPPED) !== 0) return false;
    this.set(signal, signal_struct.flags, (flags & ~SIGNAL_STOP_MASK) | SIGNAL_STOP_STOPPED);
    return true;
  },

  /**
   * Stops the current thread for a stop of its group, and begins that stop if none is under way. A stop signal that
   * was taken before a SIGCONT came does nothing: SIGCONT has cleared `JOBCTL_STOP_DEQUEUED`. Needs siglock.
   *
   * @param signr the signal that begins a stop; 0 to join one
   * @returns true if it stopped, and went on: then the siglock has been released. False also where a trap is pending
   */
  *do_signal_stop(this: Kernel, signr: number): Coroutine<boolean> {
    const tsk = this.current;
    const signal = this.get(tsk, task_struct.signal);
    if ((this.get(tsk, task_struct.jobctl) & JOBCTL_STOP_PENDING) === 0) {
      const dequeued = (this.get(tsk, task_struct.jobctl) & JOBCTL_STOP_DEQUEUED) !== 0;
      if (!dequeued || this.signal_group_exit(signal)) return false;
      yield* this.beginGroupStop(signal, signr | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME);
    }
    if (this.get(tsk, task_struct.ptrace) !== 0) {
      // A traced task stops in a trap: the caller's next step.
      this.task_set_jobctl_pending(tsk, JOBCTL_TRAP_STOP);
      return false;
    }
    const notify = this.task_participate_group_stop(tsk);
    yield* this.set_special_state(TASK_STOPPED);
    this.spin_unlock_irq(addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock));
    if (notify) yield* this.notifyCldstop(CLD_STOPPED);
    yield* this.schedule();
    return true;
  },

  /** Tells every thread of the group to stop. Needs siglock. */
  *beginGroupStop(this: Kernel, signal: Ptr<'signal_struct'>, mask: number): Coroutine<void> {
    const tsk = this.current;
    if ((this.get(signal, signal_struct.flags) & SIGNAL_STOP_STOPPED) === 0) {
      this.set(signal, signal_struct.group_exit_code, mask & JOBCTL_STOP_SIGMASK);
    }
    let count = this.task_set_jobctl_pending(tsk, mask) ? 1 : 0;
    for (let t = this.next_thread(tsk); t !== tsk; t = this.next_thread(t)) {
      if (this.task_is_stopped(t) || !this.task_set_jobctl_pending(t, mask)) continue;
      count++;
      if ((this.get(t, task_struct.ptrace) & PT_SEIZED) === 0) yield* this.signal_wake_up_state(t, 0);
      else yield* this.ptrace_trap_notify(t);
    }
    this.set(signal, signal_struct.group_stop_count, count);
  },

  /**
   * Tells the parent of a process, or the tracer of a task, that it has stopped or goes on. Needs `tasklist_lock`.
   *
   * @param why `CLD_STOPPED`, `CLD_CONTINUED` or `CLD_TRAPPED`
   */
  *do_notify_parent_cldstop(this: Kernel, tsk: Task, for_ptracer: boolean, why: number): Coroutine<void> {
    // Who has stopped: a traced task for itself, otherwise the process.
    const leader = for_ptracer ? tsk : this.get(tsk, task_struct.group_leader);
    const parent = this.get(leader, for_ptracer ? task_struct.parent : task_struct.real_parent);
    const signal = this.get(leader, task_struct.signal);
    const code =
      why === CLD_TRAPPED ? this.get(leader, task_struct.exit_code) : this.get(signal, signal_struct.group_exit_code);
    const stopped = code & 0x7f;
    const info: KernelSiginfo = {
      si_signo: SIGCHLD,
      si_errno: 0,
      si_code: why,
      si_pid: this.task_pid_nr_ns(leader, this.task_active_pid_ns(parent)),
      si_uid: this.uidFor(parent, this.get(this.get(leader, task_struct.real_cred), cred.uid)),
      si_status: why === CLD_CONTINUED ? SIGCONT : stopped,
      si_sys_private: 0,
    };
    const sighand = this.get(parent, task_struct.sighand);
    const lock = addr(sighand, sighand_struct.siglock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    const ka = action(sighand, SIGCHLD);
    const wanted =
      this.get(ka, k_sigaction.sa_handler) !== SIG_IGN && (this.get(ka, k_sigaction.sa_flags) & SA_NOCLDSTOP) === 0;
    if (wanted) yield* this.__group_send_sig_info(SIGCHLD, info, parent);
    yield* this.__wake_up_parent(leader, parent);
    this.spin_unlock_irqrestore(lock, flags);
  },

  /** The end of `get_signal` for a signal whose action is to die. */
  *fatalSignal(this: Kernel, lock: Ptr<'spinlock_t'>, sig: number): Coroutine<never> {
    this.spin_unlock_irq(lock);
    this.set(this.current, task_struct.flags, this.get(this.current, task_struct.flags) | PF_SIGNALED);
    if (sig_kernel_coredump(sig)) yield* this.do_coredump(sig);
    return yield* this.do_group_exit(sig);
  },

  // ---- masks ----

  /** Wakes other threads for the shared signals of a set that the current one will not take. Needs siglock. */
  *retarget_shared_pending(this: Kernel, tsk: Task, which: SigMask): Coroutine<void> {
    const shared = addr(addr(this.get(tsk, task_struct.signal), signal_struct.shared_pending), sigpending.signal);
    let lo = this.get(shared, sigset_t.lo) & which.lo;
    let hi = this.get(shared, sigset_t.hi) & which.hi;
    if (lo === 0 && hi === 0) return;
    for (let t = this.next_thread(tsk); t !== tsk; t = this.next_thread(t)) {
      if ((this.get(t, task_struct.flags) & PF_EXITING) !== 0) continue;
      const blocked = this.loadSigset(addr(t, task_struct.blocked));
      if ((lo & ~blocked.lo) === 0 && (hi & ~blocked.hi) === 0) continue;
      lo &= blocked.lo;
      hi &= blocked.hi;
      if (!this.signal_pending(t)) yield* this.signal_wake_up_state(t, 0);
      if (lo === 0 && hi === 0) return;
    }
  },

  *__set_task_blocked(this: Kernel, tsk: Task, mask: SigMask): Coroutine<void> {
    if (this.signal_pending(tsk) && !this.thread_group_empty(tsk)) {
      const old = this.loadSigset(addr(tsk, task_struct.blocked));
      yield* this.retarget_shared_pending(tsk, { lo: mask.lo & ~old.lo, hi: mask.hi & ~old.hi });
    }
    this.storeSigset(addr(tsk, task_struct.blocked), mask);
    this.recalc_sigpending();
  },

  *set_current_blocked(this: Kernel, mask: SigMask): Coroutine<void> {
    const wanted = { lo: mask.lo & ~KILL_AND_STOP.lo, hi: mask.hi };
    const old = this.loadSigset(addr(this.current, task_struct.blocked));
    // Only the task itself changes its mask, so it may look without the lock.
    if (old.lo === wanted.lo && old.hi === wanted.hi) return;
    const lock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    yield* this.__set_task_blocked(this.current, wanted);
    this.spin_unlock_irq(lock);
  },

  /** `rt_sigprocmask(2)`. */
  *rt_sigprocmask(
    this: Kernel,
    how: number,
    set: SigMask | null,
    oset: SigMaskOut | null,
    sigsetsize = SIGSET_SIZE,
  ): Coroutine<number> {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
    const old = this.loadSigset(addr(this.current, task_struct.blocked));
    if (set !== null) {
      const error = yield* this.sigprocmask(how, set, old);
      if (error !== 0) return error;
    }
    if (oset !== null) Object.assign(oset, old);
    return 0;
  },

  /** @param old the mask as it is */
  *sigprocmask(this: Kernel, how: number, set: SigMask, old: SigMask): Coroutine<number> {
    const wanted = { lo: set.lo & ~KILL_AND_STOP.lo, hi: set.hi };
    if (how === SIG_BLOCK) {
      yield* this.set_current_blocked({ lo: old.lo | wanted.lo, hi: old.hi | wanted.hi });
    } else if (how === SIG_UNBLOCK) {
      yield* this.set_current_blocked({ lo: old.lo & ~wanted.lo, hi: old.hi & ~wanted.hi });
    } else if (how === SIG_SETMASK) {
      yield* this.set_current_blocked(wanted);
    } else {
      return -EINVAL;
    }
    return 0;
  },

  /** `rt_sigaction(2)`: an action that ignores the signal also drops what is pending of it. */
  *rt_sigaction(
    this: Kernel,
    sig: number,
    act: Sigaction | null,
    oact: Sigaction | null,
    sigsetsize = SIGSET_SIZE,
  ): Coroutine<number> {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
    if (!valid_signal(sig) || sig < 1 || (act !== null && sig_kernel_only(sig))) return -EINVAL;
    const sighand = this.get(this.current, task_struct.sighand);
    const lock = addr(sighand, sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    const k = action(sighand, sig);
    if (oact !== null) {
      oact.handler = this.get(k, k_sigaction.sa_handler);
      oact.flags = this.get(k, k_sigaction.sa_flags);
      oact.mask = this.loadSigset(addr(k, k_sigaction.sa_mask));
    }
    if (act !== null) {
      this.set(k, k_sigaction.sa_handler, act.handler);
      this.set(k, k_sigaction.sa_flags, act.flags);
      const mask = { lo: act.mask.lo & ~KILL_AND_STOP.lo, hi: act.mask.hi };
      this.storeSigset(addr(k, k_sigaction.sa_mask), mask);
      if (sig_handler_ignored(act.handler, sig)) this.flushFromProcess(this.current, sigmask(sig));
    }
    this.spin_unlock_irq(lock);
    return 0;
  },

  /**
   * `pause(2)`: sleeps until a signal is taken. A signal that comes after the test and before the state wakes nobody:
   * `__schedule` looks once more.
   */
  *pause(this: Kernel): Coroutine<number> {
    const tsk = this.current;
    for (;;) {
      if (this.READ_ONCE(tsk, task_struct.thread_flags)) yield;
      if ((this.value(task_struct.thread_flags) & TIF_SIGPENDING) !== 0) return -ERESTARTNOHAND;
      // The kernel's __set_current_state: the store is a scheduling point here because wakers read it without a lock.
      if (this.WRITE_ONCE(tsk, task_struct.state, TASK_INTERRUPTIBLE)) yield;
      yield* this.schedule();
    }
  },

  /** `rt_sigpending(2)`: what is pending and blocked. */
  *rt_sigpending(this: Kernel, uset: SigMaskOut | null, sigsetsize = SIGSET_SIZE): Coroutine<number> {
    if (sigsetsize > SIGSET_SIZE) return -EINVAL;
    if (uset === null) return -EFAULT;
    const tsk = this.current;
    const lock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    const own = this.loadSigset(addr(addr(tsk, task_struct.pending), sigpending.signal));
    const signal = this.get(tsk, task_struct.signal);
    const shared = this.loadSigset(addr(addr(signal, signal_struct.shared_pending), sigpending.signal));
    this.spin_unlock_irq(lock);
    const blocked = this.loadSigset(addr(tsk, task_struct.blocked));
    uset.lo = (own.lo | shared.lo) & blocked.lo;
    uset.hi = (own.hi | shared.hi) & blocked.hi;
    return 0;
  },

  /** `rt_sigsuspend(2)`: waits with another mask. The one before comes back after the handler has run. */
  *rt_sigsuspend(this: Kernel, unewset: SigMask | null, sigsetsize = SIGSET_SIZE): Coroutine<number> {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
    if (unewset === null) return -EFAULT;
    const tsk = this.current;
    this.storeSigset(addr(tsk, task_struct.saved_sigmask), this.loadSigset(addr(tsk, task_struct.blocked)));
    yield* this.set_current_blocked(unewset);
    for (;;) {
      if (this.READ_ONCE(tsk, task_struct.thread_flags)) yield;
      if ((this.value(task_struct.thread_flags) & TIF_SIGPENDING) !== 0) break;
      if (this.WRITE_ONCE(tsk, task_struct.state, TASK_INTERRUPTIBLE)) yield;
      yield* this.schedule();
    }
    this.set_tsk_thread_flag(tsk, TIF_RESTORE_SIGMASK);
    return -ERESTARTNOHAND;
  },

  /**
   * `rt_sigtimedwait(2)`: takes one of a set of signals, without its action.
   *
   * @param uts null to wait for as long as it takes
   * @returns the signal, −EAGAIN when the time is over, −EINTR when another signal came
   */
  *rt_sigtimedwait(
    this: Kernel,
    uthese: SigMask | null,
    uinfo: SiginfoOut | null,
    uts: Timespec | null,
    sigsetsize = SIGSET_SIZE,
  ): Coroutine<number> {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
    if (uthese === null) return -EFAULT;
    if (uts !== null && !timespec_valid(uts)) return -EINVAL;
    const timeout = uts === null ? KTIME_MAX : timespec_to_ktime(uts);
    const tsk = this.current;
    const lock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
    const blocked = addr(tsk, task_struct.blocked);
    const real_blocked = addr(tsk, task_struct.real_blocked);
    const mask = { lo: ~(uthese.lo & ~KILL_AND_STOP.lo), hi: ~uthese.hi };
    let late = 0;
    if (this.spin_lock_irq(lock)) yield;
    let info = this.dequeue_signal(tsk, mask);
    if (info !== null && info.si_sys_private !== 0) info = yield* this.rearmPosixTimer(info);
    if (info === null && timeout !== 0) {
      // While it sleeps the signals of the set are not blocked, so that they wake it, and not fatal either.
      const before = this.loadSigset(blocked);
      this.storeSigset(real_blocked, before);
      this.storeSigset(blocked, { lo: before.lo & mask.lo, hi: before.hi & mask.hi });
      this.recalc_sigpending();
      this.spin_unlock_irq(lock);
      if (this.WRITE_ONCE(tsk, task_struct.state, TASK_INTERRUPTIBLE)) yield;
      late = yield* this.schedule_hrtimeout(uts === null ? null : Math.min(this.ktime_get() + timeout, KTIME_MAX));
      if (this.spin_lock_irq(lock)) yield;
      yield* this.__set_task_blocked(tsk, before);
      this.storeSigset(real_blocked, EMPTY_MASK);
      info = this.dequeue_signal(tsk, mask);
      if (info !== null && info.si_sys_private !== 0) info = yield* this.rearmPosixTimer(info);
    }
    this.spin_unlock_irq(lock);
    if (info === null) return late !== 0 ? -EINTR : -EAGAIN;
    if (uinfo !== null) uinfo.info = info;
    return info.si_signo;
  },

  /** After a handler's frame is set up: its mask, and the signal itself, are blocked while it runs. */
  *signal_delivered(this: Kernel, ksig: KSignal, stepping: boolean): Coroutine<void> {
    this.clear_tsk_thread_flag(this.current, TIF_RESTORE_SIGMASK);
    const old = this.loadSigset(addr(this.current, task_struct.blocked));
    const own = (ksig.flags & SA_NODEFER) === 0 ? sigmask(ksig.sig) : EMPTY_MASK;
    yield* this.set_current_blocked({
      lo: old.lo | ksig.mask.lo | own.lo,
      hi: old.hi | ksig.mask.hi | own.hi,
    });
    yield* this.tracehook_signal_handler(stepping);
  },

  // ---- exec and exit ----

  /**
   * After exec: handlers go, what is ignored stays ignored. Takes no lock, as the kernel does not: a sender that holds
   * siglock may find the handler when it prepares the signal and the default action when it completes it.
   */
  flush_signal_handlers(this: Kernel, t: Task, forceDefault: boolean): void {
    const sighand = this.get(t, task_struct.sighand);
    const { words } = this;
    for (let sig = 1; sig <= _NSIG; sig++) {
      const ka = action(sighand, sig);
      // Most actions are the default ones: four words that are 0.
      if (
        ((words[ka] as number) | (words[ka + 1] as number) | (words[ka + 2] as number) | (words[ka + 3] as number)) ===
        0
      )
        continue;
      const handler = this.get(ka, k_sigaction.sa_handler);
      if (handler !== SIG_DFL && (forceDefault || handler !== SIG_IGN)) {
        this.set(ka, k_sigaction.sa_handler, SIG_DFL);
      }
      if (this.get(ka, k_sigaction.sa_flags) !== 0) this.set(ka, k_sigaction.sa_flags, 0);
      const mask = addr(ka, k_sigaction.sa_mask);
      if (this.get(mask, sigset_t.lo) !== 0 || this.get(mask, sigset_t.hi) !== 0) this.storeSigset(mask, EMPTY_MASK);
    }
  },

  /** Tells every other thread of a group to die. Needs siglock. @returns how many there are */
  *zap_other_threads(this: Kernel, p: Task): Coroutine<number> {
    this.set(this.get(p, task_struct.signal), signal_struct.group_stop_count, 0);
    let count = 0;
    for (let t = this.next_thread(p); t !== p; t = this.next_thread(t)) {
      if (this.get(t, task_struct.jobctl) !== 0) yield* this.clearJobctl(t);
      count++;
      if (this.get(t, task_struct.exit_state) !== 0) continue;
      this.sigaddset(addr(addr(t, task_struct.pending), sigpending.signal), SIGKILL);
      yield* this.signal_wake_up_state(t, TASK_WAKEKILL);
    }
    return count;
  },

  /** Marks the current thread as exiting, and finds others for the shared signals that it was chosen for. */
  *exit_signals(this: Kernel, tsk: Task): Coroutine<void> {
    const flags = this.get(tsk, task_struct.flags) | PF_EXITING;
    const signal = this.get(tsk, task_struct.signal);
    if (this.thread_group_empty(tsk) || this.signal_group_exit(signal)) {
      // Without the lock: a sender that looks just before still chooses this thread.
      if (this.WRITE_ONCE(tsk, task_struct.flags, flags)) yield;
      return;
    }
    const lock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    this.set(tsk, task_struct.flags, flags);
    let stopped = false;
    if (this.signal_pending(tsk)) {
      const blocked = this.loadSigset(addr(tsk, task_struct.blocked));
      yield* this.retarget_shared_pending(tsk, { lo: ~blocked.lo, hi: ~blocked.hi });
      const stopping = (this.get(tsk, task_struct.jobctl) & JOBCTL_STOP_PENDING) !== 0;
      stopped = stopping && this.task_participate_group_stop(tsk);
    }
    this.spin_unlock_irq(lock);
    // The others had stopped, and this was the thread that they waited for.
    if (stopped) yield* this.notifyCldstop(CLD_STOPPED);
  },

  /** Sends to a process, for the kernel. Needs the target's siglock. */
  __group_send_sig_info(this: Kernel, sig: number, info: SigInfo, p: Task): Coroutine<number> {
    return this.send_signal(sig, info, p, PIDTYPE_TGID);
  },

  /**
   * Tells the parent that a child has died. Needs `tasklist_lock` for writing.
   *
   * @returns true if the parent does not want to wait for it, so that the child is to be released at once
   */
  *do_notify_parent(this: Kernel, tsk: Task, exitSignal: number): Coroutine<boolean> {
    this.BUG_ON(exitSignal === -1, 'do_notify_parent: a thread has no parent to notify');
    const parent = this.get(tsk, task_struct.parent);
    this.BUG_ON(
      this.get(tsk, task_struct.ptrace) === 0 &&
        (this.get(tsk, task_struct.group_leader) !== tsk || !this.thread_group_empty(tsk)),
      'do_notify_parent: not the last thread of its group',
    );
    yield* this.do_notify_pidfd(tsk);
    let sig = exitSignal;
    if (sig !== SIGCHLD && this.get(tsk, task_struct.parent_exec_id) !== this.get(parent, task_struct.self_exec_id)) {
      // The parent has exec'ed since: it does not know what the child promised to send.
      sig = SIGCHLD;
    }
    const code = this.get(tsk, task_struct.exit_code);
    const killed = (code & 0x7f) !== 0;
    const info: KernelSiginfo = {
      si_signo: sig,
      si_code: (code & 0x80) !== 0 ? CLD_DUMPED : killed ? CLD_KILLED : CLD_EXITED,
      si_pid: this.task_pid_nr_ns(tsk, this.task_active_pid_ns(parent)),
      si_uid: this.uidFor(parent, this.get(this.get(tsk, task_struct.real_cred), cred.uid)),
      si_errno: 0,
      si_status: killed ? code & 0x7f : code >> 8,
      si_sys_private: 0,
    };
    const psig = this.get(parent, task_struct.sighand);
    const lock = addr(psig, sighand_struct.siglock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    let autoreap = false;
    const ka = action(psig, SIGCHLD);
    if (this.get(tsk, task_struct.ptrace) === 0 && sig === SIGCHLD) {
      const ignored = this.get(ka, k_sigaction.sa_handler) === SIG_IGN;
      if (ignored || (this.get(ka, k_sigaction.sa_flags) & SA_NOCLDWAIT) !== 0) {
        autoreap = true;
        if (ignored) sig = 0;
      }
    }
    if (valid_signal(sig) && sig !== 0) yield* this.__group_send_sig_info(sig, info, parent);
    yield* this.__wake_up_parent(tsk, parent);
    this.spin_unlock_irqrestore(lock, flags);
    return autoreap;
  },
};

export type SignalFunctions = typeof signalFunctions;
