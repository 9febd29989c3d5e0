/** `kernel/signal.c`: what a signal does before it is queued, and whether it is dropped. */

import { addr, type Ptr } from '../../memory/layout.js';
import type { Coroutine } from '../../sync/gate.js';
import {
  __TASK_STOPPED,
  JOBCTL_STOP_PENDING,
  PT_SEIZED,
  SIG_DFL,
  SIGCONT,
  SIGKILL,
  SIGNAL_CLD_CONTINUED,
  SIGNAL_CLD_STOPPED,
  SIGNAL_GROUP_COREDUMP,
  SIGNAL_GROUP_EXIT,
  SIGNAL_STOP_CONTINUED,
  SIGNAL_STOP_MASK,
  SIGNAL_STOP_STOPPED,
  SIGNAL_UNKILLABLE,
} from '../constants.js';
import type { Kernel } from '../kernel.js';
import { SIG_KERNEL_STOP_MASK, type SigMask, sig_kernel_only, sig_kernel_stop, sigmask } from '../sigset.js';
import { k_sigaction, signal_struct, task_struct } from '../structs.js';
import { action, sig_handler_ignored } from './sigaction.js';

type Task = Ptr<'task_struct'>;

export const prepareFunctions = {
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
};
