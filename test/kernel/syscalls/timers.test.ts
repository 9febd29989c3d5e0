/** `timer_create(2)`, `timer_settime(2)`, `timer_gettime(2)`, `timer_getoverrun(2)` and `timer_delete(2)`. */

import {
  EFAULT,
  EINVAL,
  SI_TIMER,
  SIG_BLOCK,
  SIGALRM,
  SIGEV_NONE,
  SIGEV_SIGNAL,
  SIGEV_THREAD_ID,
  SIGRTMIN,
  SIGUSR1,
  TIMER_ABSTIME,
} from '../../../src/kernel/constants.js';
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../../src/kernel/hrtimer.js';
import { sigmask } from '../../../src/kernel/sigset.js';
import type { ReceivedSiginfo } from '../../../src/kernel/sys.js';
import { checkCall, same } from '../../support/syscalls.js';
import { itimerspec, seconds } from '../../support/time.js';

checkCall('timer_create', {
  'makes timers of each clock, each with a number': {
    *main(sys) {
      const seen = new Set<number>();
      for (const clock of [CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME]) {
        for (const sigev_notify of [SIGEV_SIGNAL, SIGEV_NONE]) {
          const out = { timerid: -1 };
          same(sys, 'timer_create', yield* sys.timer_create(clock, { sigev_notify, sigev_signo: SIGUSR1 }, out), 0);
          seen.add(out.timerid);
        }
      }
      same(sys, 'numbers', seen.size, 6);
      for (const id of seen) same(sys, 'timer_delete', yield* sys.timer_delete(id), 0);
    },
  },
  'refuses clocks, signals and threads that there are not, and null pointers': {
    *main(sys) {
      const out = { timerid: -1 };
      same(sys, 'clock', yield* sys.timer_create(-1, null, out), -EINVAL);
      const signal = { sigev_notify: SIGEV_SIGNAL, sigev_signo: 65 };
      same(sys, 'signal', yield* sys.timer_create(CLOCK_REALTIME, signal, out), -EINVAL);
      const thread = { sigev_notify: SIGEV_THREAD_ID, sigev_signo: SIGUSR1, sigev_notify_thread_id: 999 };
      same(sys, 'thread', yield* sys.timer_create(CLOCK_REALTIME, thread, out), -EINVAL);
      same(sys, 'notify', yield* sys.timer_create(CLOCK_REALTIME, { sigev_notify: 99 }, out), -EINVAL);
      same(sys, 'nowhere', yield* sys.timer_create(CLOCK_REALTIME, null, null), -EFAULT);
    },
  },
});

checkCall('timer_settime', {
  'sends the signal with its value, once and over and over': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN));
      const out = { timerid: -1 };
      const event = { sigev_notify: SIGEV_SIGNAL, sigev_signo: SIGRTMIN, sigev_value: 9 };
      yield* sys.timer_create(CLOCK_MONOTONIC, event, out);
      for (const setting of [itimerspec(seconds(1)), itimerspec(seconds(1), seconds(1))]) {
        same(sys, 'timer_settime', yield* sys.timer_settime(out.timerid, 0, setting), 0);
        for (let n = 0; n <= setting.it_interval.tv_sec; n++) {
          const info: ReceivedSiginfo = {};
          same(sys, 'sigwaitinfo', yield* sys.sigwaitinfo(sigmask(SIGRTMIN), info), SIGRTMIN);
          same(sys, 'si_code', info.si_code, SI_TIMER);
          same(sys, 'si_value', info.si_value, 9);
        }
      }
      same(sys, 'timer_delete', yield* sys.timer_delete(out.timerid), 0);
    },
  },
  'takes a time, and without an event sends SIGALRM': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGALRM));
      const out = { timerid: -1 };
      yield* sys.timer_create(CLOCK_REALTIME, null, out);
      yield* sys.timer_settime(out.timerid, TIMER_ABSTIME, itimerspec(seconds(5)));
      const info: ReceivedSiginfo = {};
      same(sys, 'sigwaitinfo', yield* sys.sigwaitinfo(sigmask(SIGALRM), info), SIGALRM);
      same(sys, 'si_value', info.si_value, out.timerid);
      const time = { tv_sec: 0, tv_nsec: 0 };
      yield* sys.clock_gettime(CLOCK_REALTIME, time);
      sys.check(time.tv_sec >= 5, 'too early');
    },
  },
  'tells what it was set to, and refuses what is none': {
    *main(sys) {
      const out = { timerid: -1 };
      yield* sys.timer_create(CLOCK_MONOTONIC, { sigev_notify: SIGEV_NONE }, out);
      const old = itimerspec(seconds(-1), seconds(-1));
      same(
        sys,
        'timer_settime',
        yield* sys.timer_settime(out.timerid, 0, itimerspec(seconds(100), seconds(3)), old),
        0,
      );
      same(sys, 'at first', old, itimerspec(seconds(0)));
      const value = itimerspec(seconds(-1), seconds(-1));
      same(sys, 'timer_gettime', yield* sys.timer_gettime(out.timerid, value), 0);
      same(sys, 'it_interval', value.it_interval, { tv_sec: 3, tv_nsec: 0 });
      same(sys, 'null', yield* sys.timer_settime(out.timerid, 0, null), -EINVAL);
      same(sys, 'seconds', yield* sys.timer_settime(out.timerid, 0, itimerspec(seconds(-1))), -EINVAL);
      const late = { it_value: { tv_sec: 0, tv_nsec: 1_000_000_000 }, it_interval: { tv_sec: 0, tv_nsec: 0 } };
      same(sys, 'nanoseconds', yield* sys.timer_settime(out.timerid, 0, late), -EINVAL);
      same(sys, 'nowhere', yield* sys.timer_gettime(out.timerid, null), -EFAULT);
      same(sys, 'timer_getoverrun', yield* sys.timer_getoverrun(out.timerid), 0);
    },
  },
  'knows no timer that is not there, nor the parent’s': {
    *main(sys) {
      const out = { timerid: -1 };
      yield* sys.timer_create(CLOCK_MONOTONIC, null, out);
      same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', out.timerid, 1))).status, 0);
      yield* sys.timer_delete(out.timerid);
      same(sys, 'deleted', yield* sys.timer_delete(out.timerid), -EINVAL);
    },
    programs: {
      *child(sys) {
        for (const id of [sys.arg, -1, 999]) {
          same(sys, 'timer_settime', yield* sys.timer_settime(id, 0, itimerspec(seconds(1))), -EINVAL);
          same(sys, 'timer_gettime', yield* sys.timer_gettime(id, itimerspec(seconds(0))), -EINVAL);
          same(sys, 'timer_getoverrun', yield* sys.timer_getoverrun(id), -EINVAL);
          same(sys, 'timer_delete', yield* sys.timer_delete(id), -EINVAL);
        }
      },
    },
  },
});
