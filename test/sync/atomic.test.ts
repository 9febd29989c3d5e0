import { describe, expect, test } from 'vitest';
import { openCpu, runAll, runInOrder, type TinyCpu, type TinyProgram, tiny, violationOf } from '../support/tiny.js';

/** What a call found, and what it left in the counter. */
function found(before: number, call: (k: TinyCpu) => unknown): [number, number] {
  const k = openCpu();
  k.set(k.tiny, tiny.counter, before);
  call(k);
  return [k.value(tiny.counter), k.get(k.tiny, tiny.counter)];
}

describe('a marked access', () => {
  test('loads', () => {
    expect(found(7, (k) => k.READ_ONCE(k.tiny, tiny.counter))).toEqual([7, 7]);
  });

  test('stores', () => {
    expect(found(7, (k) => k.WRITE_ONCE(k.tiny, tiny.counter, 9))[1]).toBe(9);
  });

  test('exchanges, and finds the old value', () => {
    expect(found(7, (k) => k.xchg(k.tiny, tiny.counter, 9))).toEqual([7, 9]);
  });

  test('compares and exchanges, and finds the old value whether it matched or not', () => {
    expect(found(7, (k) => k.cmpxchg(k.tiny, tiny.counter, 7, 9))).toEqual([7, 9]);
    expect(found(7, (k) => k.cmpxchg(k.tiny, tiny.counter, 8, 9))).toEqual([7, 7]);
  });

  test('adds, and finds the new value', () => {
    expect(found(7, (k) => k.atomic_add_return(k.tiny, tiny.counter, -9))).toEqual([-2, -2]);
  });

  test('wraps around as 32-bit words do', () => {
    const [, left] = found(0x7fffffff, (k) => k.atomic_add_return(k.tiny, tiny.counter, 1));
    expect(left).toBe(-0x80000000);
  });

  test('finds the value that it stored where that wraps around', () => {
    const [value, left] = found(0x7fffffff, (k) => k.atomic_add_return(k.tiny, tiny.counter, 1));
    expect(value).toBe(left);
  });

  test('finds the value that it stored', () => {
    expect(found(7, (k) => k.WRITE_ONCE(k.tiny, tiny.counter, 9))).toEqual([9, 9]);
  });

  test.each<[string, (k: TinyCpu) => boolean]>([
    ['READ_ONCE', (k) => k.READ_ONCE(k.tiny, tiny.counter)],
    ['WRITE_ONCE', (k) => k.WRITE_ONCE(k.tiny, tiny.counter, 1)],
    ['xchg', (k) => k.xchg(k.tiny, tiny.counter, 1)],
    ['cmpxchg', (k) => k.cmpxchg(k.tiny, tiny.counter, 0, 1)],
    ['atomic_add_return', (k) => k.atomic_add_return(k.tiny, tiny.counter, 1)],
    ['smp_cond_load_acquire', (k) => k.smp_cond_load_acquire(k.tiny, tiny.ready, 0)],
  ])('is a scheduling point: %s', (_, access) => {
    const program: TinyProgram = function* (k) {
      if (access(k)) yield;
    };
    // Either of the two can be first, and each has nothing else that could be one.
    expect(runAll({ programs: [program, program] }).executions).toBe(2);
  });
});

describe('counting where nobody sees the order', () => {
  test('counts up and down, and does not tell the sum', () => {
    const k = openCpu();
    const told: (undefined | void)[] = [];
    for (const count of [k.atomic_inc, k.atomic_inc, k.atomic_dec]) told.push(count.call(k, k.tiny, tiny.counter));
    expect(told).toEqual([undefined, undefined, undefined]);
    expect(k.get(k.tiny, tiny.counter)).toBe(1);
  });

  test('is no scheduling point', () => {
    const program: TinyProgram = function* (k) {
      k.atomic_inc(k.tiny, tiny.counter);
      k.atomic_dec(k.tiny, tiny.counter);
    };
    expect(runInOrder({ programs: [program, program] }).steps).toBe(0);
  });

  test('gives old words for bits that are cleared, exchanges and comparisons', () => {
    const k = openCpu();
    const at = k.tiny + tiny.counter;
    k.atomicOr(at, 6);
    expect([k.atomicAnd(at, ~2), k.atomicXchg(at, 9)]).toEqual([6, 4]);
    expect([k.atomicCmpxchg(at, 1, 5), k.atomicCmpxchg(at, 9, 5), k.peek(at)]).toEqual([9, 9, 5]);
  });
});

describe('a reference count', () => {
  test('tells the last reference from the others', () => {
    const k = openCpu();
    k.set(k.tiny, tiny.counter, 2);
    expect(k.refcount_dec_and_test(k.tiny, tiny.counter)).toBe(false);
    expect(k.refcount_dec_and_test(k.tiny, tiny.counter)).toBe(true);
  });

  test('below zero is reported', () => {
    const k = openCpu();
    expect(violationOf(() => k.refcount_dec_and_test(k.tiny, tiny.counter))).toMatchObject({
      kind: 'refcount',
      message: 'refcount underflow of tiny[0].counter',
    });
  });
});

describe('in all schedules', () => {
  test('atomic adds lose no update', () => {
    const add: TinyProgram = function* (k) {
      if (k.atomic_add_return(k.tiny, tiny.counter, 1)) yield;
    };
    const { outcomes, executions } = runAll({ programs: [add, add, add] });
    expect(Object.keys(outcomes)).toEqual(['counter 3']);
    expect(executions).toBe(6);
  });

  test('one compare-and-exchange of two succeeds', () => {
    const take: TinyProgram = function* (k) {
      if (k.cmpxchg(k.tiny, tiny.turn, 0, k.id + 1)) yield;
      if (k.value(tiny.turn) === 0) k.atomic_inc(k.tiny, tiny.counter);
    };
    expect(Object.keys(runAll({ programs: [take, take, take] }).outcomes)).toEqual(['counter 1']);
  });

  test('a wait for a value ends when it is there, and not before', () => {
    const waits: TinyProgram = function* (k) {
      if (k.smp_cond_load_acquire(k.tiny, tiny.ready, 2)) yield;
      if (k.atomic_add_return(k.tiny, tiny.counter, k.get(k.tiny, tiny.a))) yield;
    };
    const sets: TinyProgram = function* (k) {
      if (k.WRITE_ONCE(k.tiny, tiny.ready, 1)) yield;
      k.set(k.tiny, tiny.a, 5);
      if (k.xchg(k.tiny, tiny.ready, 2)) yield;
    };
    const { outcomes, violations } = runAll({ programs: [waits, sets] });
    expect([Object.keys(outcomes), violations]).toEqual([['counter 5'], 0]);
  });

  test('a wait for a value that never comes is a deadlock', () => {
    const waits: TinyProgram = function* (k) {
      if (k.smp_cond_load_acquire(k.tiny, tiny.ready, 2)) yield;
    };
    expect(runInOrder({ programs: [waits] }).violation).toMatchObject({
      kind: 'deadlock',
      message: 'deadlock: CPU 0 waits at await(tiny[0].ready)',
    });
  });
});
