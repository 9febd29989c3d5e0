import { describe, expect, test } from 'vitest';
import { completion } from '../../src/sync/completion.js';
import { runAll, runEach, type TinyCpu, type TinyProgram, task_struct, tiny } from '../support/tiny.js';

const waits: TinyProgram = function* (k) {
  yield* k.wait_for_completion(k.field('done'));
  k.atomic_inc(k.tiny, tiny.counter);
};
const completes: TinyProgram = function* (k) {
  yield* k.complete(k.field('done'));
};
/** As one who waits, but for whom a signal is enough; the counter says what it got. */
const waitsForSignal: TinyProgram = function* (k) {
  const result = yield* k.wait_for_completion_interruptible(k.field('done'));
  k.set(k.tiny, tiny.counter, result);
  k.set(k.tiny, tiny.a, k.get(k.field('done'), completion.done));
};
const signals: TinyProgram = function* (k) {
  const [task] = k.tasks as [TinyCpu['tasks'][number]];
  if (k.WRITE_ONCE(task, task_struct.signal, 1)) yield;
  yield* k.try_to_wake_up(task, 1);
};

describe('a completion, in all schedules', () => {
  test('ends the wait, whichever comes first', () => {
    const { found, exhausted, outcomes } = runAll({ programs: [waits, completes] });
    expect(found).toBeNull();
    expect(exhausted).toBe(true);
    expect(Object.keys(outcomes)).toEqual(['counter 1']);
  });

  test('ends one wait each: of two that wait one stays', () => {
    const { found } = runAll({ programs: [waits, waits, completes] });
    expect(found?.violation.kind).toBe('deadlock');
  });

  test('counts what is done before anybody waits', () => {
    const { found, outcomes } = runAll({
      programs: [
        waits,
        waits,
        function* (k) {
          yield* completes(k);
          yield* completes(k);
        },
      ],
    });
    expect(found).toBeNull();
    expect(Object.keys(outcomes)).toEqual(['counter 2']);
  });

  test('of which all is done ends all waits, and complete changes nothing then', () => {
    const { found, outcomes } = runAll({
      programs: [
        waits,
        waits,
        function* (k) {
          yield* k.complete_all(k.field('done'));
          yield* completes(k);
        },
      ],
    });
    expect(found).toBeNull();
    expect(Object.keys(outcomes)).toEqual(['counter 2']);
  });

  test('or a signal ends an interruptible wait, and what is done counts for more', () => {
    const outcomes = new Set<string>();
    runEach({ programs: [waitsForSignal, signals, completes] }, ({ violation, state }) => {
      expect(violation).toBeNull();
      outcomes.add(`${state.counter} left ${state.a}`);
    });
    expect([...outcomes].sort()).toEqual(['-512 left 0', '0 left 0']);
  });

  test('ends a killable wait', () => {
    const { found, outcomes } = runAll({
      programs: [
        function* (k) {
          const result = yield* k.wait_for_completion_killable(k.field('done'));
          k.set(k.tiny, tiny.counter, result);
        },
        completes,
      ],
    });
    expect(found).toBeNull();
    expect(Object.keys(outcomes)).toEqual(['counter 0']);
  });
});
