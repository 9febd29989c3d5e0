/** Sleeping on a clock: for a time, or until one. */

import { describe, expect, test } from 'vitest';
import {
  EFAULT,
  EINTR,
  EINVAL,
  EOPNOTSUPP,
  SA_RESTART,
  SIGCONT,
  SIGSTOP,
  SIGUSR1,
  TIMER_ABSTIME,
} from '../../src/kernel/constants.js';
import { CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE, CLOCK_REALTIME } from '../../src/kernel/hrtimer.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';
import { seconds } from '../support/time.js';

describe('clock_nanosleep', () => {
  test('sleeps for a time, or until one, and refuses what is none', () => {
    const parts = alone(
      ['clock', 'coarse', 'null', 'bad', 'until', 'at', 'past', 'res', 'nores'],
      function* (sys) {
        const now = seconds(0);
        sys.result('clock', yield* sys.clock_nanosleep(99, 0, seconds(1)));
        sys.result('coarse', yield* sys.clock_nanosleep(CLOCK_MONOTONIC_COARSE, 0, seconds(1)));
        sys.result('null', yield* sys.clock_nanosleep(CLOCK_MONOTONIC, 0, null));
        sys.result('bad', yield* sys.clock_nanosleep(CLOCK_MONOTONIC, 0, seconds(0, -1)));
        yield* sys.clock_nanosleep(CLOCK_REALTIME, 0, seconds(2));
        sys.result('until', yield* sys.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, seconds(5)));
        yield* sys.clock_gettime(CLOCK_MONOTONIC, now);
        sys.result('at', now.tv_sec);
        sys.result('past', yield* sys.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, seconds(1)));
        const res = seconds(9, 9);
        yield* sys.clock_getres(CLOCK_MONOTONIC, res);
        sys.result('res', res.tv_sec + res.tv_nsec);
        sys.result('nores', yield* sys.clock_getres(98, null));
      },
      { cpus: 1 },
    );
    const refused = `clock=${-EINVAL} coarse=${-EOPNOTSUPP} null=${-EFAULT} bad=${-EINVAL}`;
    expect(outcomesOf(parts, 30)).toEqual([`${refused} until=0 at=5 past=0 res=1 nores=${-EINVAL}`]);
  });

  /** A sleeper that is interrupted by a handler, or by a signal that only wakes it. */
  const interrupted = (flags: number, handler: number): Parts => ({
    programs: {
      *main(sys) {
        if (sys.arg === 1) yield* sys.sigaction(SIGUSR1, 'nothing', { flags: SA_RESTART });
        const rem = seconds(77);
        const start = seconds(0);
        const now = seconds(0);
        yield* sys.clock_gettime(CLOCK_MONOTONIC, start);
        const until = (flags & TIMER_ABSTIME) !== 0 ? start.tv_sec + 5 : 5;
        sys.result('slept', yield* sys.clock_nanosleep(CLOCK_MONOTONIC, flags, seconds(until), rem));
        yield* sys.clock_gettime(CLOCK_MONOTONIC, now);
        sys.result('took', now.tv_sec - start.tv_sec);
        sys.result('rem', rem.tv_sec);
      },
      *sender(sys) {
        yield* sys.nanosleep(seconds(2));
        yield* sys.kill(100, handler);
        yield* sys.kill(100, SIGCONT);
      },
    },
    handlers: { *nothing() {} },
    results: ['slept', 'took', 'rem'],
    setup(setup) {
      setup.process('main', { cpu: 0, arg: handler === SIGUSR1 ? 1 : 0 });
      setup.process('sender', { cpu: 1 });
    },
  });

  /** Of each outcome: what the call gave, how long it took, and what it left in `rem`. */
  const sleeps = (parts: Parts): readonly (readonly number[])[] =>
    outcomesOf(parts, 500).map((outcome) => (outcome.match(/-?\d+/g) ?? []).map(Number));

  test('interrupted by a handler gives EINTR and the time left; until a time it leaves that alone', () => {
    const outcomes = sleeps(interrupted(0, SIGUSR1));
    // Time may pass before the call, and after it, too.
    expect(outcomes.some(([slept, took = 0, rem = 0]) => slept === -EINTR && took + rem === 5)).toBe(true);
    for (const [slept, took = 0, rem = 0] of outcomes) {
      expect(slept === -EINTR ? took + rem : took).toBeGreaterThanOrEqual(5);
    }
    const until = sleeps(interrupted(TIMER_ABSTIME, SIGUSR1));
    expect(until.some(([slept]) => slept === -EINTR)).toBe(true);
    for (const [, , rem] of until) expect(rem).toBe(77);
  });

  test('stopped and continued goes on until the time that was meant', () => {
    const outcomes = sleeps(interrupted(0, SIGSTOP));
    expect(outcomes.some(([, , rem]) => rem !== 77)).toBe(true);
    for (const flags of [0, TIMER_ABSTIME]) {
      for (const [slept, took = 0] of sleeps(interrupted(flags, SIGSTOP))) {
        expect(slept).toBe(0);
        expect(took).toBeGreaterThanOrEqual(5);
      }
    }
  });
});
