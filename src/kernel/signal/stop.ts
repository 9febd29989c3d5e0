/** `kernel/signal.c`: the stop of a process by its threads, and what they are asked to do in `jobctl`. */

import { addr, type Ptr } from '../../memory/layout.js';
import type { Coroutine } from '../../sync/gate.js';
import {
  __TASK_STOPPED,
  CLD_STOPPED,
  JOBCTL_PENDING_MASK,
  JOBCTL_STOP_CONSUME,
  JOBCTL_STOP_DEQUEUED,
  JOBCTL_STOP_PENDING,
  JOBCTL_STOP_SIGMASK,
  JOBCTL_TRAP_STOP,
  PF_EXITING,
  PT_SEIZED,
  SIGNAL_STOP_MASK,
  SIGNAL_STOP_STOPPED,
  TASK_STOPPED,
} from '../constants.js';
import type { Kernel } from '../kernel.js';
import { sighand_struct, signal_struct, task_struct } from '../structs.js';

type Task = Ptr<'task_struct'>;

export const stopFunctions = {
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
};
