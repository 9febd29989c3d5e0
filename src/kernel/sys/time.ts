/** System calls of programs: sleeping, the clocks and the timers. */

import type { Coroutine } from '../../sync/gate.js';
import {
  __NR_alarm,
  __NR_clock_getres,
  __NR_clock_gettime,
  __NR_clock_nanosleep,
  __NR_getitimer,
  __NR_nanosleep,
  __NR_setitimer,
  __NR_timer_create,
  __NR_timer_delete,
  __NR_timer_getoverrun,
  __NR_timer_gettime,
  __NR_timer_settime,
} from '../constants.js';
import type { Timespec } from '../hrtimer.js';
import type { Itimerval } from '../itimer.js';
import type { Itimerspec, Sigevent, TimerIdOut } from '../posix-timers.js';
import type { Caller } from './caller.js';

export interface TimeCalls {
  /**
   * `nanosleep(2)`.
   *
   * @param rem gets the time that is left when a signal comes first
   */
  nanosleep(req: Timespec | null, rem?: Timespec): Coroutine<number>;
  /** `clock_gettime(2)` of the simulated clock. */
  clock_gettime(clock: number, tp: Timespec | null): Coroutine<number>;
  /** `clock_getres(2)`. */
  clock_getres(clock: number, res: Timespec | null): Coroutine<number>;
  /**
   * `clock_nanosleep(2)`. Unlike the C library's it gives a negative errno.
   *
   * @param flags 0, or `TIMER_ABSTIME`: until a time
   */
  clock_nanosleep(clock: number, flags: number, req: Timespec | null, rem?: Timespec): Coroutine<number>;
  /**
   * `timer_create(2)`.
   *
   * @param sevp how it tells of an expiry; null is SIGALRM with the timer's number as its value
   * @param timerid gets the timer's number
   */
  timer_create(clock: number, sevp: Sigevent | null, timerid: TimerIdOut | null): Coroutine<number>;
  /** `timer_settime(2)`. */
  timer_settime(timerid: number, flags: number, value: Itimerspec | null, old?: Itimerspec): Coroutine<number>;
  /** `timer_gettime(2)`. */
  timer_gettime(timerid: number, value: Itimerspec | null): Coroutine<number>;
  /** `timer_getoverrun(2)`. */
  timer_getoverrun(timerid: number): Coroutine<number>;
  /** `timer_delete(2)`. */
  timer_delete(timerid: number): Coroutine<number>;
  /** `alarm(2)`: the seconds that were left of the last one. */
  alarm(seconds: number): Coroutine<number>;
  /** `setitimer(2)`. */
  setitimer(which: number, value: Itimerval | null, old?: Itimerval): Coroutine<number>;
  /** `getitimer(2)`. */
  getitimer(which: number, value: Itimerval | null): Coroutine<number>;
}

export function timeCalls({ k }: Caller): TimeCalls {
  return {
    nanosleep: (req, rem) => k.do_syscall_64({ nr: __NR_nanosleep, args: [req, rem ?? null] }),
    clock_gettime: (clock, tp) => k.do_syscall_64({ nr: __NR_clock_gettime, args: [clock, tp] }),
    clock_getres: (clock, res) => k.do_syscall_64({ nr: __NR_clock_getres, args: [clock, res] }),
    clock_nanosleep: (clock, flags, req, rem) =>
      k.do_syscall_64({ nr: __NR_clock_nanosleep, args: [clock, flags, req, rem ?? null] }),
    timer_create: (clock, sevp, timerid) => k.do_syscall_64({ nr: __NR_timer_create, args: [clock, sevp, timerid] }),
    timer_settime: (timerid, flags, value, old) =>
      k.do_syscall_64({ nr: __NR_timer_settime, args: [timerid, flags, value, old ?? null] }),
    timer_gettime: (timerid, value) => k.do_syscall_64({ nr: __NR_timer_gettime, args: [timerid, value] }),
    timer_getoverrun: (timerid) => k.do_syscall_64({ nr: __NR_timer_getoverrun, args: [timerid] }),
    timer_delete: (timerid) => k.do_syscall_64({ nr: __NR_timer_delete, args: [timerid] }),
    alarm: (seconds) => k.do_syscall_64({ nr: __NR_alarm, args: [seconds] }),
    setitimer: (which, value, old) => k.do_syscall_64({ nr: __NR_setitimer, args: [which, value, old ?? null] }),
    getitimer: (which, value) => k.do_syscall_64({ nr: __NR_getitimer, args: [which, value] }),
  };
}
