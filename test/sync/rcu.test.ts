import { describe, expect, test } from 'vitest';
import { addr, type Ptr } from '../../src/memory/layout.js';
import { rcu_head, rcu_state } from '../../src/sync/rcu.js';
import {
  CALLBACK_FREE,
  CALLBACK_RECORD,
  item,
  makeItem,
  openCpus,
  runAll,
  runEach,
  runInOrder,
  type TinyCpu,
  type TinyProgram,
  TRACE_CALLBACK,
  TRACE_GRACE_PERIOD,
  TRACE_MARK,
  tiny,
  violationOf,
} from '../support/tiny.js';

const ENTERED = 1;
const LEFT = 2;
const QUEUED = 3;

const later = (k: TinyCpu, freed: Ptr<'item'>, func: number): void => k.call_rcu(addr(freed, item.rcu), func);
const graceOf = (k: TinyCpu, freed: Ptr<'item'>): number => k.get(addr(freed, item.rcu), rcu_head.gp);
const graces = (k: TinyCpu): number => k.get(k.rcu, rcu_state.gp_seq);
const active = (k: TinyCpu): boolean => k.get(k.rcu, rcu_state.gp_active) !== 0;
const publish = (k: TinyCpu): void => k.set(k.tiny, tiny.slot, makeItem(k, 1));

/** Loads the item and looks into it, twice; in between it may do something. */
const reader = (between: (k: TinyCpu) => void = () => {}): TinyProgram =>
  function* (k) {
    k.rcu_read_lock();
    k.mark(ENTERED);
    if (k.READ_ONCE(k.tiny, tiny.slot)) yield;
    const seen = k.value(tiny.slot);
    if (k.READ_ONCE(seen, item.value)) yield;
    between(k);
    if (k.READ_ONCE(seen, item.copy)) yield;
    k.mark(LEFT);
    k.rcu_read_unlock();
  };

/** Replaces the item, and does something about the old one. */
const writer = (drop: (k: TinyCpu, old: Ptr<'item'>) => void): TinyProgram =>
  function* (k) {
    const made = makeItem(k, 2);
    if (k.xchg(k.tiny, tiny.slot, made)) yield;
    k.mark(QUEUED);
    drop(k, k.value(tiny.slot));
  };

const freeLater = writer((k, old) => later(k, old, CALLBACK_FREE));

describe('a grace period', () => {
  test('ends when every CPU has passed a quiescent state, and not before', () => {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    later(k, makeItem(k, 1), CALLBACK_RECORD);
    expect([graces(k), active(k)]).toEqual([0, true]);
    k.rcu_qs();
    k.rcu_qs();
    expect([graces(k), active(k)]).toEqual([0, true]);
    other.rcu_qs();
    expect([graces(k), active(k)]).toEqual([1, false]);
  });

  test('waits for no CPU in user mode or idle', () => {
    const [k, idle] = openCpus(2) as [TinyCpu, TinyCpu];
    idle.rcu_eqs_enter();
    later(k, makeItem(k, 1), CALLBACK_RECORD);
    expect(graces(k)).toBe(0);
    k.rcu_qs();
    expect(graces(k)).toBe(1);
  });

  test('waits again for a CPU that has come out of there', () => {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    other.rcu_eqs_enter();
    other.rcu_eqs_exit();
    later(k, makeItem(k, 1), CALLBACK_RECORD);
    k.rcu_qs();
    expect(graces(k)).toBe(0);
    other.rcu_eqs_enter();
    expect(graces(k)).toBe(1);
  });

  test('is over at once where all are idle, and where nobody waits for one none begins', () => {
    const all = openCpus(2) as [TinyCpu, TinyCpu];
    const [k] = all;
    k.rcu_qs();
    expect([graces(k), active(k)]).toEqual([0, false]);
    for (const cpu of all) cpu.rcu_eqs_enter();
    later(k, makeItem(k, 1), CALLBACK_RECORD);
    expect([graces(k), active(k)]).toEqual([1, false]);
  });

  test('does not serve a callback that was queued after it began', () => {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    const early = makeItem(k, 1);
    const late = makeItem(k, 2);
    later(k, early, CALLBACK_RECORD);
    other.rcu_qs();
    later(k, late, CALLBACK_RECORD);
    expect([graceOf(k, early), graceOf(k, late)]).toEqual([1, 2]);
    k.rcu_qs();
    // The next has begun, as somebody waits for it.
    expect([graces(k), active(k)]).toEqual([1, true]);
    k.rcu_qs();
    expect(graces(k)).toBe(1);
    other.rcu_qs();
    expect([graces(k), active(k)]).toEqual([2, false]);
  });

  test('is counted', () => {
    const { events } = runInOrder({
      programs: [
        function* (k) {
          later(k, makeItem(k, 1), CALLBACK_RECORD);
        },
      ],
    });
    expect(events.filter(({ event }) => event === TRACE_GRACE_PERIOD).map(({ value }) => value)).toEqual([1]);
  });
});

describe('a callback', () => {
  test('runs once, after a grace period and on the CPU whose quiescent state ends it', () => {
    const runs = runEach({ programs: [reader(), freeLater], setup: publish }, ({ violation, events }) => {
      expect(violation).toBeNull();
      const called = events.filter(({ event }) => event === TRACE_CALLBACK);
      expect(called.map(({ value }) => value)).toEqual([CALLBACK_FREE]);
      const at = events.findIndex(({ event }) => event === TRACE_CALLBACK);
      const ended = events.findIndex(({ event }) => event === TRACE_GRACE_PERIOD);
      expect(ended).toBeGreaterThanOrEqual(0);
      expect(at).toBe(ended + 1);
      expect(called[0]?.cpu).toBe(events[ended]?.cpu);
    });
    // The writer's one operation comes before, between or after the reader's three.
    expect(runs).toBe(4);
  });

  test('does not run while a reader is inside that was there when it was queued', () => {
    let held = 0;
    runEach({ programs: [reader(), freeLater], setup: publish }, ({ events }) => {
      const mark = (number: number): number =>
        events.findIndex(({ event, value }) => event === TRACE_MARK && value === number);
      const called = events.findIndex(({ event }) => event === TRACE_CALLBACK);
      if (mark(ENTERED) > mark(QUEUED) || mark(QUEUED) > mark(LEFT)) return;
      held++;
      expect(called).toBeGreaterThan(mark(LEFT));
    });
    // There are schedules in which the writer comes between.
    expect(held).toBeGreaterThan(0);
  });

  test('runs after those queued before it', () => {
    for (const func of [CALLBACK_RECORD]) {
      const program: TinyProgram = function* (k) {
        for (const value of [1, 2, 3]) {
          later(k, makeItem(k, value), func);
          if (k.READ_ONCE(k.tiny, tiny.counter)) yield;
          k.rcu_qs();
        }
      };
      const idle: TinyProgram = function* (k) {
        if (k.READ_ONCE(k.tiny, tiny.counter)) yield;
        k.rcu_qs();
      };
      const runs = runEach({ programs: [program, idle] }, ({ state, violation }) => {
        expect(violation).toBeNull();
        expect(state.log).toEqual([1, 2, 3]);
      });
      expect(runs).toBe(4);
    }
  });
});

describe('readers, in all schedules', () => {
  test('may use what they found until they leave', () => {
    const { found, exhausted, executions } = runAll({ programs: [reader(), reader(), freeLater], setup: publish });
    expect(found).toBeNull();
    expect(exhausted).toBe(true);
    expect(executions).toBeGreaterThan(100);
  });

  test('are caught where the writer does not wait for them', () => {
    const freeNow = writer((k, old) => k.kmem_cache_free(k.items, old));
    const { found } = runAll({ programs: [reader(), freeNow], setup: publish });
    expect(found?.violation).toMatchObject({ kind: 'use-after-free', cpu: 0 });
    expect(found?.violation.message).toMatch(/Read of item\[0\]/);
  });

  test('are caught where they pass a quiescent state and go on', () => {
    const { found } = runAll({ programs: [reader((k) => k.rcu_qs()), freeLater], setup: publish });
    expect(found?.violation).toMatchObject({ kind: 'use-after-free', cpu: 0 });
  });
});

describe('a read-side section', () => {
  test('nests', () => {
    const [k] = openCpus(1) as [TinyCpu];
    expect(k.rcu_read_lock_held()).toBe(false);
    k.rcu_read_lock();
    k.rcu_read_lock();
    k.rcu_read_unlock();
    expect(k.rcu_read_lock_held()).toBe(true);
    k.rcu_read_unlock();
    expect(k.rcu_read_lock_held()).toBe(false);
  });

  test('of one CPU is not that of another', () => {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    k.rcu_read_lock();
    expect(other.rcu_read_lock_held()).toBe(false);
  });

  test('that was not entered cannot be left', () => {
    const [k] = openCpus(1) as [TinyCpu];
    k.rcu_read_lock();
    k.rcu_read_unlock();
    expect(violationOf(() => k.rcu_read_unlock())).toMatchObject({
      kind: 'rcu-usage',
      message: 'WARNING: rcu_read_unlock() without rcu_read_lock()',
    });
  });

  test('lets nobody switch tasks, or go idle', () => {
    for (const leave of ['rcu_note_context_switch', 'rcu_eqs_enter'] as const) {
      const [k] = openCpus(1) as [TinyCpu];
      k.rcu_read_lock();
      expect(violationOf(() => k[leave]()).kind).toBe('rcu-usage');
      k.rcu_read_unlock();
      expect(() => k[leave]()).not.toThrow();
    }
  });

  test('that a program does not leave is reported when the program ends', () => {
    const { violation } = runInOrder({
      programs: [
        function* (k) {
          k.rcu_read_lock();
        },
      ],
    });
    expect(violation).toMatchObject({ kind: 'rcu-usage', cpu: 0 });
  });
});

test('a context switch is a quiescent state', () => {
  const [k] = openCpus(1) as [TinyCpu];
  later(k, makeItem(k, 1), CALLBACK_RECORD);
  expect(graces(k)).toBe(0);
  k.rcu_note_context_switch();
  expect(graces(k)).toBe(1);
});
