/** Times, and what timers are set to. */

import { CLOCK_MONOTONIC, type Timespec } from '../../src/kernel/hrtimer.js';
import type { Itimerspec } from '../../src/kernel/posix-timers.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';

/** So many seconds and nanoseconds. */
export const seconds = (tv_sec: number, tv_nsec = 0): Timespec => ({ tv_sec, tv_nsec });

/** A timer that is over after a time, and then again each interval; once only without one. */
export const itimerspec = (value: Timespec, interval = seconds(0)): Itimerspec => ({
  it_value: value,
  it_interval: interval,
});

/** The time since boot, in whole seconds. */
export function* now(sys: Sys): Coroutine<number> {
  const time = seconds(0);
  yield* sys.clock_gettime(CLOCK_MONOTONIC, time);
  return time.tv_sec;
}
