/** `setitimer(2)` and `getitimer(2)` with timers of CPU time. */

import {
  EFAULT,
  EINTR,
  EINVAL,
  ITIMER_PROF,
  ITIMER_REAL,
  ITIMER_VIRTUAL,
  SIG_BLOCK,
  SIGALRM,
  SIGPROF,
  SIGUSR1,
  SIGVTALRM,
} from '../../../src/kernel/constants.js';
import type { Itimerval } from '../../../src/kernel/itimer.js';
import { sigmask } from '../../../src/kernel/sigset.js';
import type { Sys } from '../../../src/kernel/sys.js';
import type { Coroutine } from '../../../src/sync/gate.js';
import { checkCall, same } from '../../support/syscalls.js';
import { stays } from '../../support/tasks.js';
import { now } from '../../support/time.js';

const TIMERS = [
  { which: ITIMER_REAL, sig: SIGALRM, slack: 0 },
  { which: ITIMER_VIRTUAL, sig: SIGVTALRM, slack: 1000 },
  { which: ITIMER_PROF, sig: SIGPROF, slack: 1000 },
] as const;

const usec = (value: number, again = 0): Itimerval => ({
  it_value: { tv_sec: Math.floor(value / 1e6), tv_usec: value % 1e6 },
  it_interval: { tv_sec: Math.floor(again / 1e6), tv_usec: again % 1e6 },
});

const total = ({ tv_sec, tv_usec }: Itimerval['it_value']): number => tv_sec * 1e6 + tv_usec;

/** Ends with 0 after the third signal. */
const handlers = {
  *third(sys: Sys): Coroutine<void> {
    const seen = (yield* sys.load(0)) + 1;
    yield* sys.store(0, seen);
    if (seen === 3) yield* sys.exit_group(0);
  },
  *nothing() {},
};

for (const { which, sig, slack } of TIMERS) {
  checkCall(`setitimer of timer ${which}`, {
    'tells what it was set to before, and ends a process that runs': {
      *main(sys) {
        same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', 0, 1))).status, sig);
      },
      programs: {
        *child(sys) {
          const old = usec(0);
          same(sys, 'setitimer', yield* sys.setitimer(which, usec(100_000_000, 30_000_000), old), 0);
          same(sys, 'at first', old, usec(0));
          same(sys, 'setitimer', yield* sys.setitimer(which, usec(5_000_000, 7_000_000), old), 0);
          same(sys, 'it_interval', total(old.it_interval), 30_000_000);
          sys.check(total(old.it_value) <= 100_000_000 + slack, `${total(old.it_value)} µs were left`);
          yield* sys.stay();
        },
      },
    },
    'sends its signal over and over': {
      *main(sys) {
        same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', 0, 1))).status, 0);
        sys.check((yield* now(sys)) >= 5, 'too early');
      },
      programs: {
        *child(sys) {
          yield* sys.signal(sig, 'third');
          yield* sys.setitimer(which, usec(1_000_000, 2_000_000));
          yield* sys.stay();
        },
      },
      handlers,
    },
    'is of the process: any thread may have it expire': {
      *main(sys) {
        same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', 0, 1))).status, sig);
      },
      programs: {
        *child(sys) {
          yield* sys.thread('stays', 0, 0);
          yield* sys.setitimer(which, usec(1_000_000));
          for (;;) yield* sys.pause();
        },
        stays,
      },
    },
    'is not inherited by fork, but goes on after execve': {
      *main(sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(sig));
        yield* sys.setitimer(which, usec(100_000_000, 9_000_000));
        same(sys, 'fork', (yield* sys.waitpid(yield* sys.fork('forked', 0, 1))).status, 0);
        yield* sys.setitimer(which, usec(0));
        same(sys, 'execve', (yield* sys.waitpid(yield* sys.fork('executes', 0, 1))).status, 0);
      },
      programs: {
        *forked(sys) {
          const value = usec(1, 1);
          same(sys, 'getitimer', yield* sys.getitimer(which, value), 0);
          same(sys, 'in the child', value, usec(0));
        },
        *executes(sys) {
          yield* sys.setitimer(which, usec(100_000_000, 9_000_000));
          yield* sys.execve('executed');
        },
        *executed(sys) {
          const value = usec(0);
          same(sys, 'getitimer', yield* sys.getitimer(which, value), 0);
          same(sys, 'after execve', total(value.it_interval), 9_000_000);
        },
      },
    },
    'refuses times that are none, and null pointers': {
      *main(sys) {
        for (const [tv_sec, tv_usec] of [
          [-1, 0],
          [0, -1],
          [0, 1_000_000],
        ] as const) {
          const bad = { tv_sec, tv_usec };
          const value = { it_value: bad, it_interval: { tv_sec: 0, tv_usec: 0 } };
          const interval = { it_value: { tv_sec: 0, tv_usec: 0 }, it_interval: bad };
          same(sys, 'it_value', yield* sys.setitimer(which, value), -EINVAL);
          same(sys, 'it_interval', yield* sys.setitimer(which, interval), -EINVAL);
        }
        same(sys, 'getitimer', yield* sys.getitimer(which, null), -EFAULT);
        same(sys, 'which', yield* sys.setitimer(-which - 1, usec(1)), -EINVAL);
        same(sys, 'which', yield* sys.getitimer(-which - 1, usec(1)), -EINVAL);
      },
    },
    'is stopped by a value of 0': {
      *main(sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(sig));
        yield* sys.setitimer(which, usec(50_000_000, 1_000_000));
        const old = usec(0);
        same(sys, 'setitimer', yield* sys.setitimer(which, usec(0), old), 0);
        same(sys, 'it_interval', total(old.it_interval), 1_000_000);
        const value = usec(7);
        same(sys, 'getitimer', yield* sys.getitimer(which, value), 0);
        same(sys, 'stopped', value, usec(0));
      },
    },
  });
}

checkCall('timers of CPU time', {
  'do not go while the process sleeps': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGVTALRM, SIGPROF));
      yield* sys.setitimer(ITIMER_VIRTUAL, usec(1_000_000_000));
      yield* sys.setitimer(ITIMER_PROF, usec(1_000_000_000));
      const before = yield* now(sys);
      yield* sys.nanosleep({ tv_sec: 500, tv_nsec: 0 });
      // Time may have passed before and after the sleep, while it ran.
      const rest = (yield* now(sys)) - before - 500;
      for (const which of [ITIMER_VIRTUAL, ITIMER_PROF]) {
        const value = usec(0);
        yield* sys.getitimer(which, value);
        const left = total(value.it_value);
        const pending = left <= 1000;
        sys.check(pending || left >= 1_000_000_000 - rest * 1e6, `${left} µs are left of timer ${which}`);
      }
    },
  },
  'both expire in a process that runs, each with its signal': {
    *main(sys) {
      same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', 0, 1))).status, 0);
    },
    programs: {
      *child(sys) {
        yield* sys.signal(SIGVTALRM, 'third');
        yield* sys.signal(SIGPROF, 'third');
        yield* sys.setitimer(ITIMER_PROF, usec(1_000_000));
        yield* sys.setitimer(ITIMER_VIRTUAL, usec(1_000_000, 1_000_000));
        yield* sys.stay();
      },
    },
    handlers,
  },
  'do not wake a process that waits': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.nanosleep({ tv_sec: 10, tv_nsec: 0 });
      yield* sys.kill(child, SIGUSR1);
      same(sys, 'status', (yield* sys.waitpid(child)).status, 0);
    },
    programs: {
      *child(sys) {
        yield* sys.signal(SIGUSR1, 'nothing');
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
        yield* sys.signal(SIGVTALRM, 'nothing');
        yield* sys.setitimer(ITIMER_VIRTUAL, usec(1_000_000));
        same(sys, 'sigsuspend', yield* sys.sigsuspend(sigmask(SIGVTALRM)), -EINTR);
      },
    },
    handlers,
  },
});
