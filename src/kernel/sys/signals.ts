/** System calls of programs: sending signals, handling them, and waiting for them. */

import type { Coroutine } from '../../sync/gate.js';
import {
  __NR_kill,
  __NR_pause,
  __NR_rt_sigaction,
  __NR_rt_sigpending,
  __NR_rt_sigprocmask,
  __NR_rt_sigqueueinfo,
  __NR_rt_sigsuspend,
  __NR_rt_sigtimedwait,
  __NR_rt_tgsigqueueinfo,
  __NR_sigaltstack,
  __NR_tgkill,
  __NR_tkill,
  SI_QUEUE,
  SIG_DFL,
  SIG_HANDLER_BASE,
  type SIG_IGN,
} from '../constants.js';
import type { Timespec } from '../hrtimer.js';
import type { SigAltStack } from '../sigaltstack.js';
import type { Sigaction } from '../signal/sigaction.js';
import type { KernelSiginfo, SiginfoOut, UserSiginfo } from '../signal/siginfo.js';
import type { SigMaskOut } from '../signal/sigprocmask.js';
import { EMPTY_MASK, type SigMask } from '../sigset.js';
import type { Caller } from './caller.js';

/** `siginfo_t`, as a handler installed with `SA_SIGINFO` gets it. */
export interface Siginfo {
  readonly si_signo: number;
  readonly si_errno: number;
  /** `SI_USER`, `SI_QUEUE`, `CLD_EXITED`, … */
  readonly si_code: number;
  /** The sender, or the child; of a timer its number. */
  readonly si_pid: number;
  /** The sender's real user id, or the child's; of a timer the overrun count. */
  readonly si_uid: number;
  /** Of `SIGCHLD` the exit status or the signal. */
  readonly si_status: number;
  /** The value given to `sigqueue(3)` or with a timer. The same place as `si_status`. */
  readonly si_value: number;
  /** Of a fault the address. The same place as `si_pid`. */
  readonly si_addr: number;
}

/** A siginfo as a program sees it. */
export function userSiginfo(info: KernelSiginfo): Siginfo {
  const { si_signo, si_errno, si_code, si_pid, si_uid, si_status } = info;
  return { si_signo, si_errno, si_code, si_pid, si_uid, si_status, si_value: si_status, si_addr: si_pid };
}

/** Where a program wants the siginfo of the signal that it waited for. */
export type ReceivedSiginfo = { -readonly [F in keyof Siginfo]?: Siginfo[F] };

/** Where a program wants an action. */
export interface OldAction {
  /** The handler's name, `SIG_DFL` or `SIG_IGN`. */
  handler?: string | number;
  flags?: number;
  mask?: SigMask;
}

/** How a handler is installed. */
export interface HandlerOptions {
  /** `SA_…`. */
  readonly flags?: number;
  readonly mask?: SigMask;
}

export interface SignalCalls {
  /** `kill(2)`: 0 or a negative errno. */
  kill(pid: number, sig: number): Coroutine<number>;
  /** `tkill(2)`: to one thread. */
  tkill(tid: number, sig: number): Coroutine<number>;
  /** `tgkill(2)`: to one thread of a process. */
  tgkill(tgid: number, tid: number, sig: number): Coroutine<number>;
  /** `rt_sigqueueinfo(2)`. */
  rt_sigqueueinfo(pid: number, sig: number, info: UserSiginfo | null): Coroutine<number>;
  /** `rt_tgsigqueueinfo(2)`. */
  rt_tgsigqueueinfo(tgid: number, tid: number, sig: number, info: UserSiginfo | null): Coroutine<number>;
  /** `sigqueue(3)`: a signal with a value, which the receiver finds in `si_value`. */
  sigqueue(pid: number, sig: number, value: number): Coroutine<number>;
  /**
   * `sigaction(2)`: one of the scenario's handlers by name, `SIG_DFL` or `SIG_IGN`; null only asks.
   *
   * @param old gets the action before
   * @param sigsetsize 8, as the kernel wants it of this and the next calls
   */
  sigaction(
    sig: number,
    handler: string | typeof SIG_DFL | typeof SIG_IGN | null,
    options?: HandlerOptions,
    old?: OldAction,
    sigsetsize?: number,
  ): Coroutine<number>;
  /**
   * `sigprocmask(2)`.
   *
   * @param set null only asks
   * @param old gets the mask before
   */
  sigprocmask(how: number, set: SigMask | null, old?: SigMaskOut, sigsetsize?: number): Coroutine<number>;
  /**
   * `sigaltstack(2)`.
   *
   * @param ss null only asks
   * @param old gets the stack before
   */
  sigaltstack(ss: Readonly<SigAltStack> | null, old?: SigAltStack | null): Coroutine<number>;
  /** `sigpending(2)`: what is pending and blocked. */
  sigpending(set: SigMaskOut | null, sigsetsize?: number): Coroutine<number>;
  /** `sigsuspend(2)`. */
  sigsuspend(set: SigMask | null, sigsetsize?: number): Coroutine<number>;
  /** `sigwaitinfo(2)`: takes one of a set of signals. The signal or a negative errno. */
  sigwaitinfo(set: SigMask | null, info?: ReceivedSiginfo): Coroutine<number>;
  /** `sigtimedwait(2)`: the same, for a time. −EAGAIN when it is over. */
  sigtimedwait(
    set: SigMask | null,
    info: ReceivedSiginfo | null,
    timeout: Timespec | null,
    sigsetsize?: number,
  ): Coroutine<number>;
  /** `pause(2)`. */
  pause(): Coroutine<number>;
  /** `rt_sigaction(2)`, `rt_sigprocmask(2)`, …: the names that the system calls have in the kernel. */
  rt_sigaction: SignalCalls['sigaction'];
  rt_sigprocmask: SignalCalls['sigprocmask'];
  rt_sigpending: SignalCalls['sigpending'];
  rt_sigsuspend: SignalCalls['sigsuspend'];
  rt_sigtimedwait: SignalCalls['sigtimedwait'];
}

export function signalCalls(caller: Caller): SignalCalls {
  const { k } = caller;
  const calls: Pick<SignalCalls, 'sigaction' | 'sigprocmask' | 'sigpending' | 'sigsuspend' | 'sigtimedwait'> = {
    *sigaction(sig, handler, options = {}, old, sigsetsize) {
      const number = typeof handler === 'string' ? SIG_HANDLER_BASE + caller.handler(handler) : handler;
      const act =
        number === null ? null : { handler: number, flags: options.flags ?? 0, mask: options.mask ?? EMPTY_MASK };
      const before: Sigaction | null = old === undefined ? null : { handler: SIG_DFL, flags: 0, mask: EMPTY_MASK };
      const result = yield* k.do_syscall_64({ nr: __NR_rt_sigaction, args: [sig, act, before, sigsetsize] });
      if (old !== undefined && before !== null && result === 0) {
        old.handler = caller.handlerName(before.handler - SIG_HANDLER_BASE) ?? before.handler;
        old.flags = before.flags;
        old.mask = before.mask;
      }
      return result;
    },
    sigprocmask: (how, set, old, sigsetsize) =>
      k.do_syscall_64({ nr: __NR_rt_sigprocmask, args: [how, set, old ?? null, sigsetsize] }),
    sigpending: (set, sigsetsize) => k.do_syscall_64({ nr: __NR_rt_sigpending, args: [set, sigsetsize] }),
    sigsuspend: (set, sigsetsize) => k.do_syscall_64({ nr: __NR_rt_sigsuspend, args: [set, sigsetsize] }),
    *sigtimedwait(set, info, timeout, sigsetsize) {
      const out: SiginfoOut | null = info === null ? null : { info: null };
      const sig = yield* k.do_syscall_64({ nr: __NR_rt_sigtimedwait, args: [set, out, timeout, sigsetsize] });
      if (out?.info) Object.assign(info as ReceivedSiginfo, userSiginfo(out.info));
      return sig;
    },
  };
  return {
    ...calls,
    rt_sigaction: calls.sigaction,
    rt_sigprocmask: calls.sigprocmask,
    rt_sigpending: calls.sigpending,
    rt_sigsuspend: calls.sigsuspend,
    rt_sigtimedwait: calls.sigtimedwait,
    kill: (pid, sig) => k.do_syscall_64({ nr: __NR_kill, args: [pid, sig] }),
    tkill: (tid, sig) => k.do_syscall_64({ nr: __NR_tkill, args: [tid, sig] }),
    tgkill: (tgid, tid, sig) => k.do_syscall_64({ nr: __NR_tgkill, args: [tgid, tid, sig] }),
    rt_sigqueueinfo: (pid, sig, info) => k.do_syscall_64({ nr: __NR_rt_sigqueueinfo, args: [pid, sig, info] }),
    rt_tgsigqueueinfo: (tgid, tid, sig, info) =>
      k.do_syscall_64({ nr: __NR_rt_tgsigqueueinfo, args: [tgid, tid, sig, info] }),
    sigqueue(pid, sig, si_value) {
      const { si_pid, si_uid } = k.senderSiginfo(sig, SI_QUEUE);
      return k.do_syscall_64({
        nr: __NR_rt_sigqueueinfo,
        args: [pid, sig, { si_code: SI_QUEUE, si_pid, si_uid, si_value }],
      });
    },
    sigaltstack: (ss, old) => k.do_syscall_64({ nr: __NR_sigaltstack, args: [ss, old ?? null] }),
    sigwaitinfo: (set, info) => calls.sigtimedwait(set, info ?? null, null),
    pause: () => k.do_syscall_64({ nr: __NR_pause, args: [] }),
  };
}
