/** `kernel/signal.c`: the system calls that wait for a signal. */

import { addr } from '../../memory/layout.js';
import type { Coroutine } from '../../sync/gate.js';
import {
  EAGAIN,
  EFAULT,
  EINTR,
  EINVAL,
  ERESTARTNOHAND,
  TASK_INTERRUPTIBLE,
  TIF_RESTORE_SIGMASK,
  TIF_SIGPENDING,
} from '../constants.js';
import { KTIME_MAX, type Timespec, timespec_to_ktime, timespec_valid } from '../hrtimer.js';
import type { Kernel } from '../kernel.js';
import { EMPTY_MASK, SIGSET_SIZE, type SigMask } from '../sigset.js';
import { sighand_struct, task_struct } from '../structs.js';
import type { SiginfoOut } from './siginfo.js';
import { KILL_AND_STOP } from './sigprocmask.js';

export const sigwaitFunctions = {
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
};
