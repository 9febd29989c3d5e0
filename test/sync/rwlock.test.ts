import { describe, expect, test } from 'vitest';
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

/** Makes `a` and `b` one more, in two steps. */
const writer: TinyProgram = function* (k) {
  if (k.write_lock_irq(k.field('rw'))) yield;
  k.lockdep_assert_held_write(k.field('rw'));
  if (k.atomic_add_return(k.tiny, tiny.a, 1)) yield;
  if (k.atomic_add_return(k.tiny, tiny.b, 1)) yield;
  k.write_unlock_irq(k.field('rw'));
};

/** Sees `a` and `b` together, or not. */
const reader = (locked: boolean): TinyProgram =>
  function* (k) {
    if (locked && k.read_lock(k.field('rw'))) yield;
    if (k.READ_ONCE(k.tiny, tiny.a)) yield;
    const a = k.value(tiny.a);
    if (k.READ_ONCE(k.tiny, tiny.b)) yield;
    const b = k.value(tiny.b);
    if (locked) k.read_unlock(k.field('rw'));
    if (a !== b) k.violate('invariant', `torn: ${a} and ${b}`);
  };

const flags = (k: TinyCpu): [number, boolean] => [k.preempt_count(), k.irqs_disabled()];

describe('a rwlock', () => {
  test('keeps preemption off for a reader, and lets interrupts be', () => {
    const k = openCpu();
    k.read_lock(k.field('rw'));
    expect(flags(k)).toEqual([1, false]);
    k.read_lock(k.field('rw'));
    expect(flags(k)).toEqual([2, false]);
    k.read_unlock(k.field('rw'));
    k.read_unlock(k.field('rw'));
    expect(flags(k)).toEqual([0, false]);
  });

  test('keeps preemption and interrupts off for a writer', () => {
    const k = openCpu();
    k.write_lock_irq(k.field('rw'));
    expect(flags(k)).toEqual([1, true]);
    k.write_unlock_irq(k.field('rw'));
    expect(flags(k)).toEqual([0, false]);
  });

  test('is free again when all have left', () => {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    k.read_lock(k.field('rw'));
    other.read_lock(other.field('rw'));
    k.read_unlock(k.field('rw'));
    expect(k.load(k.field('rw'))).toBe(1);
    other.read_unlock(other.field('rw'));
    expect(k.load(k.field('rw'))).toBe(0);
    other.write_lock_irq(other.field('rw'));
    other.write_unlock_irq(other.field('rw'));
    expect(k.load(k.field('rw'))).toBe(0);
  });
});

describe('a bad unlock', () => {
  test('of a free lock is reported for readers and writers', () => {
    for (const unlock of ['read_unlock', 'write_unlock_irq'] as const) {
      const k = openCpu();
      expect(violationOf(() => k[unlock](k.field('rw')))).toMatchObject({
        kind: 'bad-unlock',
        message: 'WARNING: bad unlock: tiny[0].rw.state is not held by CPU 0',
      });
    }
  });

  test('of the wrong kind is reported', () => {
    const reading = openCpu();
    reading.read_lock(reading.field('rw'));
    expect(violationOf(() => reading.write_unlock_irq(reading.field('rw'))).kind).toBe('bad-unlock');
    expect(() => reading.read_unlock(reading.field('rw'))).not.toThrow();
    const writing = openCpu();
    writing.write_lock_irq(writing.field('rw'));
    expect(violationOf(() => writing.read_unlock(writing.field('rw'))).kind).toBe('bad-unlock');
    expect(() => writing.write_unlock_irq(writing.field('rw'))).not.toThrow();
  });

  test("of another CPU's write lock is reported", () => {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    k.write_lock_irq(k.field('rw'));
    expect(violationOf(() => other.write_unlock_irq(other.field('rw'))).cpu).toBe(1);
  });
});

describe('lockdep_assert_held_write', () => {
  test('is silent for the writer', () => {
    const k = openCpu();
    k.write_lock_irq(k.field('rw'));
    expect(() => k.lockdep_assert_held_write(k.field('rw'))).not.toThrow();
  });

  test('speaks for a reader, for another CPU, and where nobody holds the lock', () => {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    const speaks = (): string => violationOf(() => k.lockdep_assert_held_write(k.field('rw'))).kind;
    expect(speaks()).toBe('lock-not-held');
    k.read_lock(k.field('rw'));
    expect(speaks()).toBe('lock-not-held');
    k.read_unlock(k.field('rw'));
    other.write_lock_irq(other.field('rw'));
    expect(speaks()).toBe('lock-not-held');
  });
});

describe('readers and writers, in all schedules', () => {
  test('never see each other half way', () => {
    const { exhausted, violations, executions } = runAll({ programs: [writer, reader(true), reader(true)] });
    expect([exhausted, violations]).toEqual([true, 0]);
    expect(executions).toBeGreaterThan(10);
  });

  test('do without the lock', () => {
    expect(runAll({ programs: [writer, reader(false)] }).found?.violation.message).toMatch(/^torn/);
  });

  test('never write at once', () => {
    const twice: TinyProgram = function* (k) {
      if (k.write_lock_irq(k.field('rw'))) yield;
      if (k.READ_ONCE(k.tiny, tiny.counter)) yield;
      const seen = k.value(tiny.counter);
      if (k.WRITE_ONCE(k.tiny, tiny.counter, seen + 1)) yield;
      k.write_unlock_irq(k.field('rw'));
    };
    const { outcomes, exhausted } = runAll({ programs: [twice, twice, twice] });
    expect(exhausted).toBe(true);
    expect(Object.keys(outcomes)).toEqual(['counter 3']);
  });

  test('read at once in some schedule', () => {
    const together: TinyProgram = function* (k) {
      if (k.read_lock(k.field('rw'))) yield;
      if (k.atomic_add_return(k.tiny, tiny.counter, 1)) yield;
      const inside = k.value(tiny.counter);
      if (k.WRITE_ONCE(k.tiny, k.id === 0 ? tiny.a : tiny.b, inside)) yield;
      if (k.atomic_add_return(k.tiny, tiny.counter, -1)) yield;
      k.read_unlock(k.field('rw'));
    };
    const { outcomes } = runAll({
      programs: [together, together],
      outcome: ({ a, b }) => (Math.max(a, b) === 2 ? 'together' : 'apart'),
    });
    expect(new Set(Object.keys(outcomes))).toEqual(new Set(['together', 'apart']));
  });
});

describe('a deadlock', () => {
  test('of a reader that becomes a writer is found', () => {
    const upgrade: TinyProgram = function* (k) {
      if (k.read_lock(k.field('rw'))) yield;
      if (k.write_lock_irq(k.field('rw'))) yield;
    };
    const { violation } = runInOrder({ programs: [upgrade] });
    expect(violation?.kind).toBe('deadlock');
    expect(violation?.message).toContain('CPU 0 waits at write_lock(tiny[0].rw.state)');
  });

  test('of a writer that waits for readers names none of them wrongly as the holder', () => {
    const stay: TinyProgram = function* (k) {
      if (k.read_lock(k.field('rw'))) yield;
    };
    const { violation } = runInOrder({ programs: [stay, writer] });
    expect(violation?.message).toBe('deadlock: CPU 1 waits at write_lock(tiny[0].rw.state) held by 1 reader');
  });

  test('of a reader that waits for a writer names the writer', () => {
    const forgetful: TinyProgram = function* (k) {
      if (k.write_lock_irq(k.field('rw'))) yield;
    };
    expect(runInOrder({ programs: [forgetful, reader(true)] }).violation?.message).toBe(
      'deadlock: CPU 1 waits at read_lock(tiny[0].rw.state) held by CPU 0',
    );
  });
});
