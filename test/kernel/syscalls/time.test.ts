/** `alarm(2)`, `setitimer(2)`, `getitimer(2)`, `nanosleep(2)`, `clock_nanosleep(2)` and `sleep(3)`. */

import {
  EAGAIN,
  EFAULT,
  EINTR,
  EINVAL,
  ITIMER_REAL,
  SIG_BLOCK,
  SIGALRM,
  SIGCONT,
  SIGSTOP,
  TIMER_ABSTIME,
} from '../../../src/kernel/constants.js';
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../../src/kernel/hrtimer.js';
import type { Itimerval } from '../../../src/kernel/itimer.js';
import { sigmask } from '../../../src/kernel/sigset.js';
import type { Sys } from '../../../src/kernel/sys.js';
import type { Coroutine } from '../../../src/sync/gate.js';
import { checkCall, same } from '../../support/syscalls.js';
import { now } from '../../support/time.js';

const ALARM = sigmask(SIGALRM);

const handlers = {
  *counts(sys: Sys): Coroutine<void> {
    yield* sys.store(0, (yield* sys.load(0)) + 1);
  },
};

const interval = (value: number, again: number): Itimerval => ({
  it_value: { tv_sec: value, tv_usec: 0 },
  it_interval: { tv_sec: again, tv_usec: 0 },
});

checkCall('alarm', {
  'sends SIGALRM once, not before its time': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, ALARM);
      same(sys, 'alarm', yield* sys.alarm(3), 0);
      same(sys, 'sigwaitinfo', yield* sys.sigwaitinfo(ALARM), SIGALRM);
      sys.check((yield* now(sys)) >= 3, 'too early');
      same(sys, 'no second one', yield* sys.sigtimedwait(ALARM, null, { tv_sec: 100, tv_nsec: 0 }), -EAGAIN);
    },
  },
  'tells the seconds that were left, and 0 takes it back': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, ALARM);
      same(sys, 'at first', yield* sys.alarm(100), 0);
      const left = yield* sys.alarm(50);
      // Time may have passed meanwhile, to its end: 1 where the interrupt is yet to come.
      sys.check(left === 100 || left <= 1, `${left} s were left`);
      yield* sys.alarm(0);
      same(sys, 'taken back', yield* sys.alarm(0), 0);
    },
  },
  'ends a process that does not handle it': {
    *main(sys) {
      same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', 0, 1))).status, SIGALRM);
    },
    programs: {
      *child(sys) {
        yield* sys.alarm(1);
        yield* sys.pause();
      },
    },
  },
});

checkCall('setitimer', {
  'sends SIGALRM over and over': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, ALARM);
      same(sys, 'setitimer', yield* sys.setitimer(ITIMER_REAL, interval(1, 2)), 0);
      for (const seconds of [1, 3, 5]) {
        same(sys, 'sigwaitinfo', yield* sys.sigwaitinfo(ALARM), SIGALRM);
        sys.check((yield* now(sys)) >= seconds, 'too early');
      }
      yield* sys.setitimer(ITIMER_REAL, interval(0, 0));
    },
  },
  'tells what it was set to': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, ALARM);
      yield* sys.setitimer(ITIMER_REAL, interval(100, 7));
      const value = interval(0, 0);
      same(sys, 'getitimer', yield* sys.getitimer(ITIMER_REAL, value), 0);
      same(sys, 'it_interval', value.it_interval, { tv_sec: 7, tv_usec: 0 });
      sys.check(value.it_value.tv_sec <= 100, `${value.it_value.tv_sec} s are left`);
      const old = interval(0, 0);
      yield* sys.setitimer(ITIMER_REAL, interval(0, 0), old);
      same(sys, 'it_interval', old.it_interval, { tv_sec: 7, tv_usec: 0 });
      yield* sys.getitimer(ITIMER_REAL, value);
      same(sys, 'disarmed', value, interval(0, 0));
    },
  },
  'refuses timers and times that there are not, and null pointers': {
    *main(sys) {
      same(sys, 'which', yield* sys.setitimer(-1, interval(1, 0)), -EINVAL);
      same(sys, 'which', yield* sys.getitimer(-1, interval(0, 0)), -EINVAL);
      same(sys, 'seconds', yield* sys.setitimer(ITIMER_REAL, interval(-1, 0)), -EINVAL);
      const late = { it_value: { tv_sec: 0, tv_usec: 1_000_000 }, it_interval: { tv_sec: 0, tv_usec: 0 } };
      same(sys, 'microseconds', yield* sys.setitimer(ITIMER_REAL, late), -EINVAL);
      same(sys, 'null', yield* sys.getitimer(ITIMER_REAL, null), -EFAULT);
    },
  },
});

checkCall('nanosleep', {
  'sleeps for the time given': {
    *main(sys) {
      const before = yield* now(sys);
      same(sys, 'nanosleep', yield* sys.nanosleep({ tv_sec: 5, tv_nsec: 0 }), 0);
      sys.check((yield* now(sys)) - before >= 5, 'too short');
      same(sys, 'for no time', yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 0 }), 0);
      same(sys, 'sleep', yield* sys.sleep(2), 0);
      same(sys, 'usleep', yield* sys.usleep(1_500_000), 0);
    },
  },
  'refuses times that are none, and a null pointer': {
    *main(sys) {
      for (const [tv_sec, tv_nsec] of [
        [0, -5],
        [0, 1_000_000_000],
        [-5, 1],
      ] as const) {
        same(sys, 'time', yield* sys.nanosleep({ tv_sec, tv_nsec }), -EINVAL);
      }
      same(sys, 'null', yield* sys.nanosleep(null), -EFAULT);
    },
  },
  'is ended by a handler, and tells the time that is left': {
    *main(sys) {
      yield* sys.signal(SIGALRM, 'counts');
      yield* sys.alarm(10);
      const rem = { tv_sec: -1, tv_nsec: -1 };
      const result = yield* sys.nanosleep({ tv_sec: 1000, tv_nsec: 0 }, rem);
      if (result === -EINTR) {
        sys.check(rem.tv_sec >= 0 && rem.tv_sec <= 1000, `${rem.tv_sec} s are left`);
        same(sys, 'handlers run', yield* sys.load(0), 1);
      } else {
        // The alarm came before it slept.
        same(sys, 'nanosleep', result, 0);
      }
    },
    handlers,
  },
  'goes on after a stop': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.kill(child, SIGSTOP);
      yield* sys.kill(child, SIGCONT);
      same(sys, 'status', (yield* sys.waitpid(child)).status, 0);
    },
    programs: {
      *child(sys) {
        same(sys, 'nanosleep', yield* sys.nanosleep({ tv_sec: 3, tv_nsec: 0 }), 0);
        sys.check((yield* now(sys)) >= 3, 'too short');
      },
    },
  },
});

checkCall('clock_nanosleep', {
  'sleeps until a time': {
    *main(sys) {
      same(
        sys,
        'clock_nanosleep',
        yield* sys.clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, { tv_sec: 7, tv_nsec: 0 }),
        0,
      );
      sys.check((yield* now(sys)) >= 7, 'too early');
      const past = { tv_sec: 1, tv_nsec: 0 };
      same(sys, 'in the past', yield* sys.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, past), 0);
    },
  },
  'refuses clocks and times that there are not': {
    *main(sys) {
      const time = { tv_sec: 1, tv_nsec: 0 };
      same(sys, 'clock', yield* sys.clock_nanosleep(-1, 0, time), -EINVAL);
      same(sys, 'time', yield* sys.clock_nanosleep(CLOCK_MONOTONIC, 0, { tv_sec: -1, tv_nsec: 0 }), -EINVAL);
      same(sys, 'null', yield* sys.clock_nanosleep(CLOCK_MONOTONIC, 0, null), -EFAULT);
    },
  },
});
