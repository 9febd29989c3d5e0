/** `kernel/signal.c`: which thread takes a signal, and how it is told. */

import { addr, type Ptr } from '../../memory/layout.js';
import type { Coroutine } from '../../sync/gate.js';
import {
  __TASK_STOPPED,
  __TASK_TRACED,
  CLD_STOPPED,
  JOBCTL_PENDING_MASK,
  JOBCTL_STOP_PENDING,
  PF_EXITING,
  PIDTYPE_PID,
  SIG_DFL,
  SIGKILL,
  SIGNAL_GROUP_EXIT,
  TASK_INTERRUPTIBLE,
  TASK_WAKEKILL,
  TIF_SIGPENDING,
} from '../constants.js';
import type { Kernel } from '../kernel.js';
import { type SigMask, sig_kernel_coredump, sig_kernel_ignore, sig_kernel_stop } from '../sigset.js';
import { sighand_struct, signal_struct, sigpending, sigset_t, task_struct } from '../structs.js';

type Task = Ptr<'task_struct'>;

export const completeFunctions = {
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
      if (this.WRITE_ONCE(signal, signal_struct.group_exit_code, sig)) yield;
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

  /** Tells every other thread of a group to die. Needs siglock. @returns how many there are */
  *zap_other_threads(this: Kernel, p: Task): Coroutine<number> {
    this.set(this.get(p, task_struct.signal), signal_struct.group_stop_count, 0);
    let count = 0;
    for (let t = this.next_thread(p); t !== p; t = this.next_thread(t)) {
      if (this.get(t, task_struct.jobctl) !== 0) yield* this.clearJobctl(t);
      count++;
      // exit_notify stores it under tasklist_lock: a signal to a thread that has just died does no harm.
      if (this.data_race(t + task_struct.exit_state) !== 0) continue;
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
};
