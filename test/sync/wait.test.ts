import { describe, expect, test } from 'vitest';
import { addr, container_of, list_head, type Ptr } from '../../src/memory/layout.js';
import { WQ_FLAG_EXCLUSIVE, wait_queue_entry, wait_queue_head } from '../../src/sync/wait.js';
import {
  openCpus,
  runAll,
  TASK_INTERRUPTIBLE,
  TASK_UNINTERRUPTIBLE,
  type TinyCpu,
  type TinyProgram,
  task_struct,
  tiny,
} from '../support/tiny.js';

/** In which order a sleeper sets its state and looks at its condition. */
type Order = 'state first' | 'condition first';

/** Sleeps until `ready` is not zero. */
const sleeper = (order: Order = 'state first', state = TASK_INTERRUPTIBLE): TinyProgram =>
  function* (k) {
    yield* k.add_wait_queue(k.field('wait'), k.waitEntry);
    for (;;) {
      if (order === 'state first' && k.set_current_state(state)) yield;
      if (k.READ_ONCE(k.tiny, tiny.ready)) yield;
      if (k.value(tiny.ready) !== 0) break;
      if (order === 'condition first' && k.set_current_state(state)) yield;
      yield* k.schedule();
    }
    k.__set_current_state(0);
    yield* k.remove_wait_queue(k.field('wait'), k.waitEntry);
    k.atomic_inc(k.tiny, tiny.counter);
  };

const waker = (order: 'condition first' | 'wake first' = 'condition first'): TinyProgram =>
  function* (k) {
    if (order === 'condition first' && k.WRITE_ONCE(k.tiny, tiny.ready, 1)) yield;
    yield* k.__wake_up(k.field('wait'), TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE, 0, 0);
    if (order === 'wake first' && k.WRITE_ONCE(k.tiny, tiny.ready, 1)) yield;
  };

/** The CPUs whose tasks are on the queue, the first to be woken first. */
function queued(k: TinyCpu): number[] {
  const head = addr(k.field('wait'), wait_queue_head.head);
  const found: number[] = [];
  for (let node = k.get(head, list_head.next); node !== head; node = k.get(node, list_head.next)) {
    found.push(k.tasks.indexOf(k.get(container_of(node, wait_queue_entry.entry), wait_queue_entry.private)));
  }
  return found;
}

/** Runs a coroutine on CPUs that do not wait. */
function now<T>(coroutine: Generator<void, T, void>): T {
  const step = coroutine.next();
  if (!step.done) throw new Error('it waits');
  return step.value;
}

/** Three tasks asleep on the queue, in these states; the last is woken first. */
function asleep(states: readonly number[]): readonly TinyCpu[] {
  const cpus = openCpus(states.length);
  cpus.forEach((k, id) => {
    now(k.add_wait_queue(k.field('wait'), k.waitEntry));
    k.__set_current_state(states[id] as number);
  });
  return cpus;
}

const states = (k: TinyCpu): number[] => k.tasks.map((task: Ptr<'task_struct'>) => k.get(task, task_struct.state));
const wake = (k: TinyCpu, mode: number, exclusive: number): void =>
  now(k.__wake_up(k.field('wait'), mode, exclusive, 0));

describe('a wait queue', () => {
  test('holds its sleepers, the last to come first, until they leave', () => {
    const [k, second] = asleep([1, 1, 1]) as [TinyCpu, TinyCpu, TinyCpu];
    expect(queued(k)).toEqual([2, 1, 0]);
    now(second.remove_wait_queue(second.field('wait'), second.waitEntry));
    expect(queued(k)).toEqual([2, 0]);
  });

  test('wakes all', () => {
    const [k] = asleep([1, 2, 1]) as [TinyCpu];
    wake(k, TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE, 0);
    expect(states(k)).toEqual([0, 0, 0]);
  });

  test('wakes only from the states asked for', () => {
    const [k] = asleep([1, 2, 1]) as [TinyCpu];
    wake(k, TASK_INTERRUPTIBLE, 0);
    expect(states(k)).toEqual([0, 2, 0]);
  });

  test('wakes all that do not wait exclusively, however few are asked for', () => {
    const [k] = asleep([1, 1, 1]) as [TinyCpu];
    wake(k, TASK_INTERRUPTIBLE, 1);
    expect(states(k)).toEqual([0, 0, 0]);
  });

  test('wakes as many exclusive ones as asked for, not counting those that were not asleep', () => {
    const cpus = asleep([1, 1, 0]);
    const [k] = cpus as [TinyCpu];
    for (const cpu of cpus) cpu.set(cpu.waitEntry, wait_queue_entry.flags, WQ_FLAG_EXCLUSIVE);
    wake(k, TASK_INTERRUPTIBLE, 1);
    expect(states(k)).toEqual([1, 0, 0]);
    wake(k, TASK_INTERRUPTIBLE, 1);
    expect(states(k)).toEqual([0, 0, 0]);
  });

  test('leaves its lock free and interrupts as they were', () => {
    const [k] = asleep([1]) as [TinyCpu];
    k.local_irq_disable();
    wake(k, TASK_INTERRUPTIBLE, 0);
    expect(k.irqs_disabled()).toBe(true);
    expect(k.load(addr(k.field('wait'), wait_queue_head.lock))).toBe(0);
    expect(k.preempt_count()).toBe(0);
  });
});

describe('in all schedules', () => {
  test('a wake-up is not lost', () => {
    const { found, exhausted, outcomes } = runAll({ programs: [sleeper(), waker()] });
    expect(found).toBeNull();
    expect(exhausted).toBe(true);
    expect(Object.keys(outcomes)).toEqual(['counter 1']);
  });

  test('a wake-up is lost where the sleeper looks at its condition before it sets its state', () => {
    const { found } = runAll({ programs: [sleeper('condition first'), waker()] });
    expect(found?.violation).toMatchObject({
      kind: 'deadlock',
      message: 'deadlock: CPU 0 waits at await(task_struct[0].state)',
    });
  });

  test('a wake-up is lost where the waker wakes before it makes the condition true', () => {
    const { found } = runAll({ programs: [sleeper(), waker('wake first')] });
    expect(found?.violation.kind).toBe('deadlock');
  });

  test('two sleepers are both woken', () => {
    const { found, exhausted } = runAll({ programs: [sleeper(), sleeper(), waker()] });
    expect(found).toBeNull();
    expect(exhausted).toBe(true);
  });
});
