/** Times, and what timers are set to. */

import type { Timespec } from '../../src/kernel/hrtimer.js';
import type { Itimerspec } from '../../src/kernel/posix-timers.js';

/** So many seconds and nanoseconds. */
export const seconds = (tv_sec: number, tv_nsec = 0): Timespec => ({ tv_sec, tv_nsec });

/** A timer that is over after a time, and then again each interval; once only without one. */
export const itimerspec = (value: Timespec, interval = seconds(0)): Itimerspec => ({
  it_value: value,
  it_interval: interval,
});
