/**
 * `kernel/sched/cputime.c` and `kernel/time/tick-sched.c`: whom time is charged to. As with `NO_HZ_FULL` a CPU has a tick
 * only where somebody needs it: while its task's process has timers of CPU time. It comes when the first of these can
 * expire, and charges all the time since it was started, in user or in system mode as the interrupt finds the task.
 *
 * Left out: what a task used before it gave up the CPU without a tick, and before it was in user mode for the first time
 * since it got it; and what nobody can ask for: the times of single threads, of processes without such timers, and the
 * system time of those whose timers count user time alone.
 */

import { addr, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { KTIME_MAX } from './hrtimer.js';
import type { Kernel } from './kernel.js';
import { signal_struct, task_struct, thread_group_cputimer, tick_sched } from './structs.js';

export const tickFunctions = {
  /** Whether the current task's CPU time is counted. */
  hasCpuTimers(this: Kernel): boolean {
    const signal = this.get(this.current, task_struct.signal);
    return this.peek(signal + signal_struct.cputimer + thread_group_cputimer.running) !== 0;
  },

  /** Whether this CPU's tick is to come. */
  hasTick(this: Kernel): boolean {
    return this.hrtimer_is_queued(addr(this.tick, tick_sched.sched_timer));
  },

  /**
   * Starts the tick on the way back to user mode, or moves it where a timer was set meanwhile. The tick does not start
   * itself again: a CPU that does not move on has one tick.
   */
  startTick(this: Kernel): void {
    const timer = addr(this.tick, tick_sched.sched_timer);
    const since = addr(this.tick, tick_sched.since);
    const left = this.cpuTimeLeft(this.get(this.current, task_struct.signal));
    if (left === null) {
      this.stopTick();
      return;
    }
    if (!this.hasTick()) this.storeTime(since, this.ktime_get());
    this.hrtimer_start(timer, Math.min(this.loadTime(since) + left, KTIME_MAX));
  },

  /**
   * A call or an interrupt takes the CPU out of user mode: without a timer that counts system time there is nothing to
   * be charged until it is back.
   */
  pauseTick(this: Kernel): void {
    if (!this.countsSystemTime(this.get(this.current, task_struct.signal))) this.stopTick();
  },

  /** No tick: its task gives up the CPU, or has no timers any more. */
  stopTick(this: Kernel): void {
    if (this.hasTick()) this.dequeueTimer(addr(this.tick, tick_sched.sched_timer));
  },

  /** The tick. Runs in an interrupt. @param user it came in user mode */
  *tick_sched_timer(this: Kernel, user: boolean): Coroutine<void> {
    const ticked = this.ktime_get() - this.loadTime(addr(this.tick, tick_sched.since));
    yield* this.update_process_times(user, ticked);
  },

  /** What a tick does for the task that it finds. @param ticked the time to be charged, in nanoseconds */
  *update_process_times(this: Kernel, user: boolean, ticked: number): Coroutine<void> {
    this.account_process_tick(this.current, user, ticked);
    yield* this.run_posix_cpu_timers(this.current);
  },

  /** Charges time to the process of a task, where it is counted. */
  account_process_tick(this: Kernel, p: Ptr<'task_struct'>, user: boolean, ticked: number): void {
    if (!this.hasCpuTimers()) return;
    const cputimer = addr(this.get(p, task_struct.signal), signal_struct.cputimer);
    const time = addr(cputimer, user ? thread_group_cputimer.utime : thread_group_cputimer.stime);
    this.raw_spin_lock(addr(cputimer, thread_group_cputimer.lock));
    this.storeTime(time, this.loadTime(time) + ticked);
    this.raw_spin_unlock(addr(cputimer, thread_group_cputimer.lock));
  },
};

export type TickFunctions = typeof tickFunctions;
