/** `kernel/signal.c`: taking signals on the way back to user mode. */

import { addr, NULL, type Ptr } from '../../memory/layout.js';
import type { Coroutine } from '../../sync/gate.js';
import {
  CLD_CONTINUED,
  CLD_STOPPED,
  JOBCTL_PENDING_MASK,
  JOBCTL_STOP_PENDING,
  JOBCTL_TRAP_MASK,
  PF_SIGNALED,
  SA_NODEFER,
  SA_ONESHOT,
  SIG_DFL,
  SIG_IGN,
  SIGKILL,
  SIGNAL_CLD_CONTINUED,
  SIGNAL_CLD_MASK,
  SIGNAL_GROUP_EXIT,
  SIGNAL_UNKILLABLE,
  SIGSTOP,
  TIF_RESTORE_SIGMASK,
} from '../constants.js';
import type { Kernel } from '../kernel.js';
import {
  EMPTY_MASK,
  type SigMask,
  sig_kernel_coredump,
  sig_kernel_ignore,
  sig_kernel_only,
  sig_kernel_stop,
  sigmask,
} from '../sigset.js';
import { k_sigaction, sighand_struct, signal_struct, sigpending, task_struct } from '../structs.js';
import { action } from './sigaction.js';
import type { KernelSiginfo } from './siginfo.js';

/** What `get_signal` found for a handler to take. */
export interface KSignal {
  readonly sig: number;
  readonly info: KernelSiginfo;
  readonly handler: number;
  readonly flags: number;
  readonly mask: SigMask;
}

/** What the loop of `get_signal` says when it has let the siglock go. */
const RELOCK = Symbol('relock');

export const getSignalFunctions = {
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

  /** The end of `get_signal` for a signal whose action is to die. */
  *fatalSignal(this: Kernel, lock: Ptr<'spinlock_t'>, sig: number): Coroutine<never> {
    this.spin_unlock_irq(lock);
    this.set(this.current, task_struct.flags, this.get(this.current, task_struct.flags) | PF_SIGNALED);
    if (sig_kernel_coredump(sig)) yield* this.do_coredump(sig);
    return yield* this.do_group_exit(sig);
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
};
