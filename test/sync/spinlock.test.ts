import { describe, expect, test } from 'vitest';
import type { Ptr } from '../../src/memory/layout.js';
import {
  openCpu,
  openCpus,
  runAll,
  runInOrder,
  type TinyCpu,
  type TinyProgram,
  tiny,
  violationOf,
} from '../support/tiny.js';

type Lock = Ptr<'spinlock_t'>;

/** Adds one to the counter by a load and a store, under a lock or not. */
const increment = (locked: boolean): TinyProgram =>
  function* (k) {
    if (locked && k.spin_lock(k.field('lock'))) yield;
    if (k.READ_ONCE(k.tiny, tiny.counter)) yield;
    const seen = k.value(tiny.counter);
    if (k.WRITE_ONCE(k.tiny, tiny.counter, seen + 1)) yield;
    if (locked) k.spin_unlock(k.field('lock'));
  };

/** Takes two locks, one inside the other. */
const nested = (outer: 'lock' | 'other', inner: 'lock' | 'other'): TinyProgram =>
  function* (k) {
    if (k.spin_lock(k.field(outer))) yield;
    if (k.spin_lock(k.field(inner))) yield;
    k.spin_unlock(k.field(inner));
    k.spin_unlock(k.field(outer));
  };

interface Flags {
  readonly preempt: number;
  readonly irqsOff: boolean;
}

const flags = (k: TinyCpu): Flags => ({ preempt: k.preempt_count(), irqsOff: k.irqs_disabled() });

describe('a spinlock', () => {
  test('keeps preemption off while it is held, and lets interrupts be', () => {
    const k = openCpu();
    k.spin_lock(k.field('lock'));
    expect(flags(k)).toEqual({ preempt: 1, irqsOff: false });
    k.spin_lock(k.field('other'));
    expect(flags(k)).toEqual({ preempt: 2, irqsOff: false });
    k.spin_unlock(k.field('other'));
    k.spin_unlock(k.field('lock'));
    expect(flags(k)).toEqual({ preempt: 0, irqsOff: false });
  });

  test('keeps interrupts off with _irq, and turns them on in the end whatever they were', () => {
    const k = openCpu();
    k.spin_lock_irq(k.field('lock'));
    expect(flags(k)).toEqual({ preempt: 1, irqsOff: true });
    k.spin_unlock_irq(k.field('lock'));
    expect(flags(k)).toEqual({ preempt: 0, irqsOff: false });
    k.local_irq_disable();
    k.spin_lock_irq(k.field('lock'));
    k.spin_unlock_irq(k.field('lock'));
    expect(flags(k).irqsOff).toBe(false);
  });

  test.each([false, true])('keeps interrupts off with _irqsave, and leaves them as they were: off is %s', (before) => {
    const k = openCpu();
    if (before) k.local_irq_disable();
    k.spin_lock_irqsave(k.field('lock'));
    const saved = k.irqflags;
    expect(flags(k)).toEqual({ preempt: 1, irqsOff: true });
    k.spin_lock_irqsave(k.field('other'));
    const inner = k.irqflags;
    k.spin_unlock_irqrestore(k.field('other'), inner);
    expect(flags(k)).toEqual({ preempt: 1, irqsOff: true });
    k.spin_unlock_irqrestore(k.field('lock'), saved);
    expect(flags(k)).toEqual({ preempt: 0, irqsOff: before });
  });

  test('gives each CPU its own interrupt flag and preemption count', () => {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    k.spin_lock_irq(k.field('lock'));
    expect(flags(other)).toEqual({ preempt: 0, irqsOff: false });
  });

  test('keeps interrupts saved on one CPU apart from those of another that waits for the lock', () => {
    const program: TinyProgram = function* (k) {
      if (k.id === 1) k.local_irq_disable();
      if (k.spin_lock_irqsave(k.field('lock'))) yield;
      const saved = k.irqflags;
      if (k.READ_ONCE(k.tiny, tiny.counter)) yield;
      k.spin_unlock_irqrestore(k.field('lock'), saved);
      if (k.irqs_disabled() !== (k.id === 1)) k.violate('invariant', `CPU ${k.id} has the interrupts of another`);
    };
    const { found, exhausted, executions } = runAll({ programs: [program, program] });
    expect(found).toBeNull();
    expect(exhausted).toBe(true);
    expect(executions).toBeGreaterThan(1);
  });
});

describe('an unlock', () => {
  test('of a lock that nobody holds is reported, by the name of the lock', () => {
    const k = openCpu();
    expect(violationOf(() => k.spin_unlock(k.field('other')))).toMatchObject({
      kind: 'bad-unlock',
      message: 'WARNING: bad unlock: tiny[0].other is not held by CPU 0',
    });
  });

  test('of a lock that another CPU holds is reported', () => {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    k.spin_lock(k.field('lock'));
    expect(violationOf(() => other.spin_unlock(other.field('lock')))).toMatchObject({ kind: 'bad-unlock', cpu: 1 });
    expect(() => k.spin_unlock(k.field('lock'))).not.toThrow();
  });

  test('for the second time is reported, in each form', () => {
    for (const unlock of [
      (k: TinyCpu, lock: Lock): void => k.spin_unlock(lock),
      (k: TinyCpu, lock: Lock): void => k.spin_unlock_irq(lock),
      (k: TinyCpu, lock: Lock): void => k.spin_unlock_irqrestore(lock, 0),
    ]) {
      const k = openCpu();
      k.spin_lock(k.field('lock'));
      expect(() => unlock(k, k.field('lock'))).not.toThrow();
      expect(violationOf(() => unlock(k, k.field('lock'))).kind).toBe('bad-unlock');
    }
  });
});

describe('lockdep_assert_held', () => {
  test('is silent where the lock is held here', () => {
    const k = openCpu();
    k.spin_lock(k.field('lock'));
    expect(() => k.lockdep_assert_held(k.field('lock'))).not.toThrow();
  });

  test('speaks where nobody holds it', () => {
    const k = openCpu();
    expect(violationOf(() => k.lockdep_assert_held(k.field('lock')))).toMatchObject({
      kind: 'lock-not-held',
      message: 'WARNING: tiny[0].lock is not held here, and the function needs it',
    });
  });

  test('speaks where another CPU holds it', () => {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    k.spin_lock(k.field('lock'));
    expect(violationOf(() => other.lockdep_assert_held(other.field('lock'))).cpu).toBe(1);
  });
});

describe('a raw spinlock', () => {
  test('counts as a spinlock, and is no scheduling point', () => {
    const { steps, violation } = runInOrder({
      programs: [
        function* (k) {
          k.raw_spin_lock(k.field('lock'));
          k.lockdep_assert_held(k.field('lock'));
          if (k.preempt_count() !== 1) k.violate('invariant', 'preemption is on');
          k.raw_spin_unlock(k.field('lock'));
          if (k.preempt_count() !== 0) k.violate('invariant', 'preemption is off');
        },
      ],
    });
    expect(violation).toBeNull();
    expect(steps).toBe(0);
    // The same with a lock that is one.
    expect(runInOrder({ programs: [increment(true)] }).steps).toBeGreaterThan(0);
  });

  test('that is held across a scheduling point is reported when another CPU wants it', () => {
    const program: TinyProgram = function* (k) {
      k.raw_spin_lock(k.field('lock'));
      if (k.READ_ONCE(k.tiny, tiny.counter)) yield;
      k.raw_spin_unlock(k.field('lock'));
    };
    expect(runAll({ programs: [program] }).violations).toBe(0);
    expect(runAll({ programs: [program, program] }).found?.violation).toMatchObject({
      kind: 'BUG',
      message: 'tiny[0].lock is held across a scheduling point, and may not be',
    });
  });
});

describe('mutual exclusion, in all schedules', () => {
  test.each([2, 3])('holds for %i CPUs under a lock', (cpus) => {
    const { outcomes, exhausted, violations } = runAll({ programs: Array(cpus).fill(increment(true)) });
    expect(Object.keys(outcomes)).toEqual([`counter ${cpus}`]);
    expect([exhausted, violations]).toEqual([true, 0]);
  });

  test('does not without one: updates are lost', () => {
    const { outcomes, exhausted } = runAll({ programs: [increment(false), increment(false)] });
    expect(exhausted).toBe(true);
    expect(new Set(Object.keys(outcomes))).toEqual(new Set(['counter 1', 'counter 2']));
  });

  test('does not where one of the two takes another lock', () => {
    const elsewhere: TinyProgram = function* (k) {
      if (k.spin_lock(k.field('other'))) yield;
      yield* increment(false)(k);
      k.spin_unlock(k.field('other'));
    };
    expect(runAll({ programs: [increment(true), elsewhere] }).outcomes).toHaveProperty('counter 1');
  });

  test('leaves the lock free and nobody waiting at the end', () => {
    const done: TinyProgram = function* (k) {
      yield* increment(true)(k);
      if (k.preempt_count() !== 0) k.violate('invariant', 'preemption is off after the unlock');
    };
    expect(runAll({ programs: [done, done, done] }).found).toBeNull();
  });
});

describe('a deadlock', () => {
  test('by inversion of two locks is found, with both CPUs, what they wait for, and who holds it', () => {
    const { found, outcomes, violations, executions } = runAll(
      { programs: [nested('lock', 'other'), nested('other', 'lock')] },
      { checked: ['memory'] },
    );
    expect(found?.violation).toMatchObject({
      kind: 'deadlock',
      message:
        'deadlock: CPU 0 waits at lock(tiny[0].other) held by CPU 1; CPU 1 waits at lock(tiny[0].lock) held by CPU 0',
    });
    // Not in every schedule: where one takes both locks before the other begins, all is well.
    expect(violations).toBeLessThan(executions);
    expect(Object.keys(outcomes)).toEqual(['counter 0']);
  });

  test('is not found where both take the locks in one order', () => {
    const { violations, exhausted } = runAll({ programs: [nested('lock', 'other'), nested('lock', 'other')] });
    expect([violations, exhausted]).toEqual([0, true]);
  });

  test('with itself is found', () => {
    expect(runInOrder({ programs: [nested('lock', 'lock')] }).violation).toMatchObject({
      kind: 'deadlock',
      message: 'deadlock: CPU 0 waits at lock(tiny[0].lock) held by CPU 0',
      cpu: 0,
    });
  });

  test('of a CPU whose lock another forgot to release is found', () => {
    const forgetful: TinyProgram = function* (k) {
      if (k.spin_lock(k.field('lock'))) yield;
    };
    expect(runInOrder({ programs: [forgetful, increment(true)] }).violation).toMatchObject({
      kind: 'deadlock',
      message: 'deadlock: CPU 1 waits at lock(tiny[0].lock) held by CPU 0',
      cpu: 1,
    });
  });
});
