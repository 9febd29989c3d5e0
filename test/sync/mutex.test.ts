import { describe, expect, test } from 'vitest';
import { addr } from '../../src/memory/layout.js';
import { mutex, mutex_waiter } from '../../src/sync/mutex.js';
import {
  increment,
  runAll,
  runBy,
  runEach,
  runInOrder,
  TASK_INTERRUPTIBLE,
  TASK_UNINTERRUPTIBLE,
  type TinyCpu,
  type TinyProgram,
  task_struct,
  tiny,
} from '../support/tiny.js';

const EINTR = 4;

const locked: TinyProgram = function* (k) {
  const result = yield* k.__mutex_lock_common(k.field('mutex'), TASK_UNINTERRUPTIBLE);
  if (result !== 0) k.violate('invariant', `the mutex was not taken: ${result}`);
  yield* increment(k);
  yield* k.mutex_unlock(k.field('mutex'));
};

/** What a mutex must look like when nobody holds it. */
function free(k: TinyCpu): boolean {
  const lock = k.field('mutex');
  return (
    k.get(lock, mutex.owner) === 0 &&
    k.load(addr(lock, mutex.wait_lock)) === 0 &&
    k.list_empty(addr(lock, mutex.wait_list))
  );
}

describe('a mutex', () => {
  test('lets one task at a time in, in all schedules of two', () => {
    const { outcomes, exhausted, violations, executions } = runAll({ programs: [locked, locked] });
    expect(Object.keys(outcomes)).toEqual(['counter 2']);
    expect([exhausted, violations]).toEqual([true, 0]);
    expect(executions).toBeGreaterThan(20);
  });

  test('does nothing for those that do not take it', () => {
    expect(runAll({ programs: [locked, increment] }).outcomes).toHaveProperty('counter 1');
  });

  test('is free, with nobody waiting, when all have been in', () => {
    const program: TinyProgram = function* (k) {
      yield* locked(k);
      if (k.atomic_add_return(k.tiny, tiny.ready, 1)) yield;
      if (k.value(tiny.ready) === 2 && !free(k)) k.violate('invariant', 'the mutex is not free');
    };
    expect(runAll({ programs: [program, program] }).found).toBeNull();
  });

  test('belongs to the task that took it', () => {
    const { violation } = runInOrder({
      programs: [
        function* (k) {
          yield* k.__mutex_lock_common(k.field('mutex'), TASK_UNINTERRUPTIBLE);
          if (k.get(k.field('mutex'), mutex.owner) !== k.current) k.violate('invariant', 'it belongs to another');
          yield* k.mutex_unlock(k.field('mutex'));
          if (k.get(k.field('mutex'), mutex.owner) !== 0) k.violate('invariant', 'it belongs to somebody');
        },
      ],
    });
    expect(violation).toBeNull();
  });

  test('puts a task to sleep while another has it', () => {
    const holder: TinyProgram = function* (k) {
      yield* k.__mutex_lock_common(k.field('mutex'), TASK_UNINTERRUPTIBLE);
    };
    const { violation } = runInOrder({ programs: [holder, locked] });
    expect(violation).toMatchObject({
      kind: 'deadlock',
      message: 'deadlock: CPU 1 waits at await(task_struct[1].state)',
    });
  });

  test('taken twice by one task puts it to sleep for ever', () => {
    const twice: TinyProgram = function* (k) {
      yield* k.__mutex_lock_common(k.field('mutex'), TASK_UNINTERRUPTIBLE);
      yield* k.__mutex_lock_common(k.field('mutex'), TASK_UNINTERRUPTIBLE);
    };
    expect(runInOrder({ programs: [twice] }).violation?.kind).toBe('deadlock');
  });

  test('that the task does not hold cannot be unlocked', () => {
    const unlock: TinyProgram = function* (k) {
      yield* k.mutex_unlock(k.field('mutex'));
    };
    expect(runInOrder({ programs: [unlock] }).violation).toMatchObject({
      kind: 'bad-unlock',
      message: 'WARNING: bad unlock: tiny[0].mutex.owner is not held by CPU 0',
    });
    const holder: TinyProgram = function* (k) {
      yield* k.__mutex_lock_common(k.field('mutex'), TASK_UNINTERRUPTIBLE);
    };
    expect(runInOrder({ programs: [holder, unlock] }).violation).toMatchObject({ kind: 'bad-unlock', cpu: 1 });
  });

  test('may not be waited for with a spinlock held', () => {
    const holder: TinyProgram = function* (k) {
      yield* k.__mutex_lock_common(k.field('mutex'), TASK_UNINTERRUPTIBLE);
    };
    const atomic: TinyProgram = function* (k) {
      if (k.spin_lock(k.field('lock'))) yield;
      yield* k.__mutex_lock_common(k.field('mutex'), TASK_UNINTERRUPTIBLE);
    };
    expect(runInOrder({ programs: [holder, atomic] }).violation).toMatchObject({
      kind: 'scheduling-while-atomic',
      cpu: 1,
    });
  });
});

describe('a signal', () => {
  /** Holds the mutex until it has sent task 1 a signal. */
  const signals: TinyProgram = function* (k) {
    const sleeper = k.tasks[1] ?? k.current;
    yield* k.__mutex_lock_common(k.field('mutex'), TASK_UNINTERRUPTIBLE);
    k.atomicXchg(sleeper + task_struct.signal, 1);
    yield* k.wake_up_process(sleeper);
    yield* k.mutex_unlock(k.field('mutex'));
  };
  const waits = (state: number): TinyProgram =>
    function* (k) {
      const result = yield* k.__mutex_lock_common(k.field('mutex'), state);
      k.record(result);
      const waiter = k.mutex_waiter_of(k.current);
      // Where it did not have to wait it was never on the queue.
      const queued = k.get(waiter, mutex_waiter.task) !== 0 && !k.list_empty(addr(waiter, mutex_waiter.list));
      if (queued) k.violate('invariant', 'it waits and does not wait');
      if (result === 0) yield* k.mutex_unlock(k.field('mutex'));
      else if (k.get(k.field('mutex'), mutex.owner) === k.current)
        k.violate('invariant', 'it has the mutex all the same');
    };

  test('ends the wait of a task that lets it in, and the mutex stays as it is', () => {
    const results = new Set<number | undefined>();
    runEach({ programs: [signals, waits(TASK_INTERRUPTIBLE)] }, ({ state, violation }) => {
      expect(violation).toBeNull();
      results.add(state.log[0]);
    });
    expect(results).toEqual(new Set([0, -EINTR]));
  });

  test('does not end the wait of a task that does not', () => {
    const results = new Set<number | undefined>();
    runEach({ programs: [signals, waits(TASK_UNINTERRUPTIBLE)] }, ({ state, violation }) => {
      expect(violation).toBeNull();
      results.add(state.log[0]);
    });
    expect(results).toEqual(new Set([0]));
  });
});

test('of two that wait the first is woken', () => {
  const holder: TinyProgram = function* (k) {
    yield* k.__mutex_lock_common(k.field('mutex'), TASK_UNINTERRUPTIBLE);
    if (k.smp_cond_load_acquire(k.tiny, tiny.ready, 1)) yield;
    yield* k.mutex_unlock(k.field('mutex'));
  };
  const waiter: TinyProgram = function* (k) {
    yield* k.__mutex_lock_common(k.field('mutex'), TASK_UNINTERRUPTIBLE);
    k.record(k.id);
    yield* k.mutex_unlock(k.field('mutex'));
  };
  const starter: TinyProgram = function* (k) {
    if (k.WRITE_ONCE(k.tiny, tiny.ready, 1)) yield;
  };
  // The holder takes it; CPU 2 and then CPU 1 go as far as they can; only then is the holder let go on.
  const { violation, state } = runBy({ programs: [holder, waiter, waiter, starter] }, [0, 2, 2, 2, 2, 2, 1]);
  expect(violation).toBeNull();
  expect(state.log).toEqual([2, 1]);
});
