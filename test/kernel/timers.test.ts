/** Sleeping and timers on the simulated clock, under every schedule tried. */

import { describe, expect, test } from 'vitest';
import {
  EFAULT,
  EINTR,
  EINVAL,
  ITIMER_REAL,
  SIGALRM,
  SIGCHLD,
  SIGKILL,
  SIGUSR1,
  SIGWINCH,
} from '../../src/kernel/constants.js';
import { CLOCK_MONOTONIC } from '../../src/kernel/hrtimer.js';
import type { Itimerval } from '../../src/kernel/itimer.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';
import { seconds } from '../support/time.js';

const timeval = (tv_sec: number, tv_usec = 0) => ({ tv_sec, tv_usec });

describe('nanosleep', () => {
  test('returns 0 when its time is over, and the clock has passed it', () => {
    const parts = alone(
      ['slept', 'sec', 'nsec'],
      function* (sys) {
        const now = seconds(0);
        sys.result('slept', yield* sys.nanosleep(seconds(2, 500)));
        yield* sys.clock_gettime(CLOCK_MONOTONIC, now);
        sys.result('sec', now.tv_sec);
        sys.result('nsec', now.tv_nsec);
      },
      { cpus: 1 },
    );
    expect(outcomesOf(parts, 50)).toEqual(['slept=0 sec=2 nsec=500']);
  });

  test('refuses times that are none', () => {
    const parts = alone(
      ['null', 'negative', 'long'],
      function* (sys) {
        sys.result('null', yield* sys.nanosleep(null));
        sys.result('negative', yield* sys.nanosleep(seconds(-1)));
        sys.result('long', yield* sys.nanosleep(seconds(0, 1_000_000_000)));
      },
      { cpus: 1 },
    );
    expect(outcomesOf(parts, 10)).toEqual([`null=${-EFAULT} negative=${-EINVAL} long=${-EINVAL}`]);
  });

  test('of three sleepers each wakes, the shortest first, wherever they run', () => {
    const sleeper: Parts['programs'][string] = function* (sys) {
      yield* sys.nanosleep(seconds(sys.arg));
      const before = yield* sys.load(0);
      yield* sys.store(0, before * 10 + sys.arg);
      const now = seconds(0);
      yield* sys.clock_gettime(CLOCK_MONOTONIC, now);
      sys.check(now.tv_sec >= sys.arg, `woke at ${now.tv_sec} s, before ${sys.arg} s were over`);
      sys.result(`woke ${sys.arg}`, 1);
    };
    const parts: Parts = {
      results: ['woke 1', 'woke 2', 'woke 3'],
      cpus: 2,
      programs: { sleeper },
      setup(setup) {
        for (const arg of [3, 1, 2]) setup.process('sleeper', { arg, cpu: arg });
      },
    };
    expect(outcomesOf(parts, 300)).toEqual(['woke 1=1 woke 2=1 woke 3=1']);
  });

  test('interrupted by a handler returns EINTR and the time that is left', () => {
    const parts: Parts = {
      results: ['slept', 'left', 'handled'],
      handlers: {
        *onUser(sys) {
          sys.result('handled', 1);
        },
      },
      programs: {
        *main(sys) {
          yield* sys.sigaction(SIGUSR1, 'onUser');
          yield* sys.fork('child', yield* sys.getpid(), 1);
          const left = seconds(-1);
          sys.result('slept', yield* sys.nanosleep(seconds(10), left));
          sys.result('left', left.tv_sec);
        },
        *child(sys) {
          yield* sys.kill(sys.arg, SIGUSR1);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    // In the sleep, before or after it, or after the end: time does not wait for the child.
    expect(outcomesOf(parts, 400)).toEqual([
      `slept=${-EINTR} left=10 handled=1`,
      'slept=0 left=-1 handled=1',
      'slept=0 left=-1 handled=null',
    ]);
  });

  test('interrupted without a handler goes on to the time that was meant', () => {
    const parts: Parts = {
      results: ['slept', 'sec'],
      programs: {
        *main(sys) {
          yield* sys.fork('child', yield* sys.getpid(), 1);
          sys.result('slept', yield* sys.nanosleep(seconds(10)));
          const now = seconds(0);
          yield* sys.clock_gettime(CLOCK_MONOTONIC, now);
          sys.result('sec', now.tv_sec);
        },
        *child(sys) {
          yield* sys.kill(sys.arg, SIGWINCH);
          yield* sys.kill(sys.arg, SIGCHLD);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 400)).toEqual(['slept=0 sec=10']);
  });

  test('does not keep a process from being killed', () => {
    const parts: Parts = {
      results: ['status'],
      programs: {
        *main(sys) {
          const pid = yield* sys.fork('sleeper', 0, 1);
          yield* sys.kill(pid, SIGKILL);
          sys.result('status', (yield* sys.wait4(pid)).status);
        },
        *sleeper(sys) {
          yield* sys.nanosleep(seconds(1000));
          yield* sys.stay();
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 400)).toEqual([`status=${SIGKILL}`]);
  });
});

describe('alarm', () => {
  test('ends a process that does not handle it, in a pause or running', () => {
    const parts: Parts = {
      results: ['sleeping', 'running'],
      cpus: 2,
      programs: {
        *main(sys) {
          const sleeping = yield* sys.fork('sleeping', 0, 1);
          const running = yield* sys.fork('running', 0, 0);
          sys.result('sleeping', (yield* sys.wait4(sleeping)).status);
          sys.result('running', (yield* sys.wait4(running)).status);
        },
        *sleeping(sys) {
          yield* sys.alarm(1);
          yield* sys.pause();
        },
        *running(sys) {
          yield* sys.alarm(1);
          yield* sys.stay();
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 400)).toEqual([`sleeping=${SIGALRM} running=${SIGALRM}`]);
  });

  test('is found by a process that goes to sleep as it comes, and never lost', () => {
    const parts = alone(
      ['paused', 'handled'],
      function* (sys) {
        yield* sys.sigaction(SIGALRM, 'onAlarm');
        yield* sys.alarm(1);
        // Where the alarm comes before the pause, a second one ends it.
        yield* sys.setitimer(ITIMER_REAL, { it_value: timeval(1), it_interval: timeval(1) });
        sys.result('paused', yield* sys.pause());
        yield* sys.alarm(0);
      },
      {
        cpus: 1,
        handlers: {
          *onAlarm(sys, sig) {
            sys.result('handled', sig);
          },
        },
      },
    );
    expect(outcomesOf(parts, 400)).toEqual([`paused=${-EINTR} handled=${SIGALRM}`]);
  });

  test('says what was left of the last one, and 0 cancels it', () => {
    const parts = alone(
      ['none', 'huge', 'ten', 'cancelled'],
      function* (sys) {
        sys.result('none', yield* sys.alarm(0x7fffffff));
        sys.result('huge', yield* sys.alarm(10));
        sys.result('ten', yield* sys.alarm(0));
        sys.result('cancelled', yield* sys.alarm(0));
      },
      { cpus: 1 },
    );
    // Unless the clock decides that the time is over, which ends the process.
    expect(outcomesOf(parts, 100)).toContain(`none=0 huge=${0x7fffffff} ten=10 cancelled=0`);
  });

  test('is not inherited by a child', () => {
    const parts: Parts = {
      results: ['child', 'mine'],
      programs: {
        *main(sys) {
          yield* sys.sigaction(SIGALRM, 'onAlarm');
          yield* sys.alarm(5);
          const pid = yield* sys.fork('child', 0, 1);
          sys.result('mine', (yield* sys.alarm(0)) > 0 ? 1 : 0);
          yield* sys.wait4(pid);
        },
        *child(sys) {
          sys.result('child', yield* sys.alarm(0));
        },
      },
      handlers: {
        *onAlarm() {},
      },
      setup: (setup) => void setup.process('main'),
    };
    const outcomes = outcomesOf(parts, 300);
    expect(outcomes).toContain('child=0 mine=0');
    expect(outcomes.filter((outcome) => !outcome.startsWith('child=0'))).toEqual([]);
  });
});

describe('setitimer', () => {
  test('with an interval sends again each time the signal is taken', () => {
    const parts = alone(
      ['set', 'stopped', 'interval'],
      function* (sys) {
        yield* sys.sigaction(SIGALRM, 'onAlarm');
        const every = { it_value: timeval(1), it_interval: timeval(2) };
        sys.result('set', yield* sys.setitimer(ITIMER_REAL, every));
        while ((yield* sys.load(0)) < 3) yield* sys.pause();
        const old: Itimerval = { it_value: timeval(0), it_interval: timeval(0) };
        sys.result('stopped', yield* sys.setitimer(ITIMER_REAL, null, old));
        sys.result('interval', old.it_interval.tv_sec);
      },
      {
        cpus: 1,
        handlers: {
          *onAlarm(sys) {
            yield* sys.store(0, (yield* sys.load(0)) + 1);
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual(['set=0 stopped=0 interval=2']);
  });

  test('refuses times and timers that are none', () => {
    const parts = alone(
      ['which', 'usec', 'sec', 'get', 'null'],
      function* (sys) {
        const good = { it_value: timeval(1), it_interval: timeval(0) };
        sys.result('which', yield* sys.setitimer(7, good));
        sys.result('usec', yield* sys.setitimer(ITIMER_REAL, { ...good, it_value: timeval(0, 1_000_000) }));
        sys.result('sec', yield* sys.setitimer(ITIMER_REAL, { ...good, it_interval: timeval(-1) }));
        sys.result('get', yield* sys.getitimer(7, good));
        sys.result('null', yield* sys.getitimer(ITIMER_REAL, null));
      },
      { cpus: 1 },
    );
    expect(outcomesOf(parts, 10)).toEqual([
      `which=${-EINVAL} usec=${-EINVAL} sec=${-EINVAL} get=${-EINVAL} null=${-EFAULT}`,
    ]);
  });
});
