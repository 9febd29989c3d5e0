/**
 * `kernel/time/posix-timers.c`: the clocks, and sleeping by them.
 *
 * Left out: clocks of CPU time, alarm clocks, clocks that can be set. All the others are the one clock there is.
 */

import { addr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { EFAULT, EINVAL, EOPNOTSUPP, ERESTART_RESTARTBLOCK, ERESTARTNOHAND, TIMER_ABSTIME } from './constants.js';
import {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  CLOCK_REALTIME_COARSE,
  CLOCK_TAI,
  CLOCK_THREAD_CPUTIME_ID,
  HRTIMER_NANOSLEEP_RESTART,
  KTIME_MAX,
  ktime_to_timespec,
  type Timespec,
  timespec_to_ktime,
  timespec_valid,
} from './hrtimer.js';
import type { Kernel } from './kernel.js';
import { task_struct } from './structs.js';

/** Whether timers can be made on a clock; null where there is no such clock. */
export function clockid_to_kclock(this_: Kernel, which: number): { readonly timers: boolean } | null {
  switch (which) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
      return { timers: true };
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
      return { timers: false };
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
      return this_.violate('unmodelled', 'clocks of CPU time');
    default:
      return null;
  }
}

export const posixClocksFunctions = {
  /** `clock_getres(2)`. */
  *clock_getres(this: Kernel, which_clock: number, tp: Timespec | null): Coroutine<number> {
    if (clockid_to_kclock(this, which_clock) === null) return -EINVAL;
    if (tp !== null) Object.assign(tp, { tv_sec: 0, tv_nsec: 1 });
    return 0;
  },

  /** `clock_gettime(2)` of the one clock there is. */
  *clock_gettime(this: Kernel, which_clock: number, tp: Timespec | null): Coroutine<number> {
    if (clockid_to_kclock(this, which_clock) === null) return -EINVAL;
    if (tp === null) return -EFAULT;
    Object.assign(tp, ktime_to_timespec(this.ktime_get()));
    return 0;
  },

  /** `clock_nanosleep(2)`: until a time with `TIMER_ABSTIME`, and then it is simply made again. */
  *clock_nanosleep(
    this: Kernel,
    which_clock: number,
    flags: number,
    rqtp: Timespec | null,
    rmtp: Timespec | null,
  ): Coroutine<number> {
    const clock = clockid_to_kclock(this, which_clock);
    if (clock === null) return -EINVAL;
    if (!clock.timers) return -EOPNOTSUPP;
    if (rqtp === null) return -EFAULT;
    if (!timespec_valid(rqtp)) return -EINVAL;
    const absolute = (flags & TIMER_ABSTIME) !== 0;
    const from = absolute ? 0 : this.ktime_get();
    const expires = Math.min(from + timespec_to_ktime(rqtp), KTIME_MAX);
    const result = yield* this.do_nanosleep(expires, absolute ? null : rmtp);
    if (result !== -ERESTART_RESTARTBLOCK) return result;
    if (absolute) return -ERESTARTNOHAND;
    this.set(this.current, task_struct.restart_fn, HRTIMER_NANOSLEEP_RESTART);
    this.storeTime(addr(this.current, task_struct.restart_expires), expires);
    return result;
  },
};

export type PosixClocksFunctions = typeof posixClocksFunctions;
