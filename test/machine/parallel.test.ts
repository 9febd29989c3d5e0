import { afterEach, describe, expect, test } from 'vitest';
import { NOISE } from '../../src/machine/parallel-cpu.js';
import type { RunOptions, RunResult, ThreadMachine } from '../../src/machine/threads.js';
import type { ThreadSpecName } from '../fixtures/thread-specs.js';
import { type TinyThreadsOptions, tinyThreads } from '../support/threads.js';

/** More than the machine that runs the tests is likely to have cores. */
const CPUS = 8;

const started: ThreadMachine[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((machine) => machine.dispose()));
});

function run(name: ThreadSpecName, options: RunOptions, cpus = CPUS, how: TinyThreadsOptions = {}): Promise<RunResult> {
  const machine = tinyThreads(name, cpus, how);
  started.push(machine);
  return machine.run(options);
}

describe('with more CPUs than cores', () => {
  test.each<ThreadSpecName>(['spinlock', 'write lock', 'mutex', 'atomic add'])(
    'no update is lost with: %s',
    async (name) => {
      const { iterations, violations, outcomes } = await run(name, { iterations: 60, noise: NOISE.high });
      expect(violations).toEqual([]);
      expect(iterations).toBe(60);
      expect(outcomes).toEqual({ 'counter 160': 60 });
    },
  );

  test('updates are lost without a lock', async () => {
    const { violations } = await run('no lock', { iterations: 100, noise: NOISE.high });
    expect(violations[0]).toMatchObject({ kind: 'invariant' });
    expect(violations[0]?.message).toMatch(/^counter is \d+, and must be 160$/);
  });

  test('readers see no torn pair, and writers lose no update', async () => {
    const { violations } = await run('rwlock', { iterations: 60, noise: NOISE.high });
    expect(violations).toEqual([]);
  });

  test('readers see a torn pair where they do not take the lock', async () => {
    const { violations } = await run('rwlock without readers', {
      iterations: 2000,
      noise: NOISE.high,
      untilViolation: true,
    });
    expect(violations.map(({ kind }) => kind)).toContain('torn');
  });

  test('no interrupt is lost on the way round a ring of idle CPUs', async () => {
    const { violations } = await run('ring', { iterations: 60, noise: NOISE.low });
    expect(violations).toEqual([]);
  });

  test('the ring stands still where nobody rings, and that is no hang but the end of the run', async () => {
    const { violations, iterations } = await run('ring without bell', { iterations: 20, noise: NOISE.low });
    expect(iterations).toBe(20);
    expect(violations.length).toBeGreaterThan(0);
    expect(violations[0]?.message).toMatch(/^turn is \d+, and must be 160$/);
  });

  test('no store is lost on the way round CPUs that wait for a word', async () => {
    const { violations } = await run('await', { iterations: 5, noise: NOISE.low }, 4);
    expect(violations).toEqual([]);
  });

  test('no wake-up from a wait queue is lost', async () => {
    const { violations } = await run('wait queue', { iterations: 300, noise: NOISE.high });
    expect(violations).toEqual([]);
  });

  test('no object is given to two CPUs, and none is lost', async () => {
    const { violations } = await run('slab', { iterations: 200, noise: NOISE.low });
    expect(violations).toEqual([]);
  });

  test('no reader meets an object that was freed too early, and all are freed in the end', async () => {
    const { violations, counters } = await run('rcu', { iterations: 300, noise: NOISE.high });
    expect(violations).toEqual([]);
    expect(counters['grace periods']).toBeGreaterThan(300);
  });

  test('nor does the memory checker find one', async () => {
    const { violations } = await run('rcu', { iterations: 100, noise: NOISE.high }, CPUS, { checked: true });
    expect(violations).toEqual([]);
  });

  test('a reader meets poison, or an object that is being made again, where the writer does not wait', async () => {
    const { violations } = await run('rcu without waiting', {
      iterations: 5000,
      noise: NOISE.high,
      untilViolation: true,
    });
    expect(violations.some(({ kind }) => kind === 'poison' || kind === 'torn')).toBe(true);
  });

  test('the memory checker finds a reader of an object that was freed', async () => {
    const machine = tinyThreads('rcu without waiting', CPUS, { checked: true });
    started.push(machine);
    const kinds = new Set<string>();
    // How soon depends on how the threads are scheduled; the limit is one that no machine comes near.
    for (let seed = 1; seed <= 100 && !kinds.has('use-after-free'); seed++) {
      const { violations } = await machine.run({ iterations: 200, noise: NOISE.high, seed });
      for (const { kind } of violations) kinds.add(kind);
    }
    expect(kinds).toContain('use-after-free');
  });
});

describe('the memory checker', () => {
  test('watches where it is on, and only there', async () => {
    const checked = await run('reads a freed item', { iterations: 3 }, 2, { checked: true });
    expect(checked.violations.map(({ kind, cpu }) => [kind, cpu])).toEqual(Array(3).fill(['use-after-free', 1]));
    const unchecked = await run('reads a freed item', { iterations: 3 }, 2);
    expect(unchecked.violations).toEqual([]);
  });

  test('watches the atomic operations that are no scheduling points, as on the controlled machine', async () => {
    const { violations } = await run('counts in a freed item', { iterations: 3 }, 2, { checked: true });
    expect(violations.map(({ kind }) => kind)).toEqual(Array(3).fill('use-after-free'));
  });
});

describe('a violation', () => {
  test('ends its iteration for all, and the next begins from the image', async () => {
    const { iterations, violations, violationCount } = await run('violates a rule', { iterations: 30 });
    expect(iterations).toBe(30);
    expect(violationCount).toBe(30);
    expect(violations.map(({ iteration }) => iteration)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect(violations[0]).toMatchObject({ kind: 'rule', cpu: 1, message: 'a rule of task 16' });
  });

  test('keeps the end of its iteration from being judged', async () => {
    const request = { iterations: 8000, noise: NOISE.high };
    const { iterations, violationCount } = await run('violates a rule, and the end is wrong as well', request);
    expect(violationCount).toBe(iterations);
  });

  test('is kept a hundred times and counted on', async () => {
    const { violations, violationCount } = await run('violates a rule', { iterations: 150 }, 2);
    expect(violationCount).toBe(150);
    expect(violations).toHaveLength(100);
  });

  test('ends the run where it is asked to', async () => {
    const { iterations, violationCount } = await run('violates a rule', { iterations: 30, untilViolation: true });
    expect([iterations, violationCount]).toEqual([1, 1]);
  });

  test('at the end of an iteration ends the run where it is asked to', async () => {
    const { iterations, violationCount } = await run('ring without bell', { iterations: 30, untilViolation: true }, 2);
    expect([iterations, violationCount]).toEqual([1, 1]);
  });
});

test('one machine runs again and again, with and without noise', async () => {
  const machine = tinyThreads('spinlock', 3);
  started.push(machine);
  for (const noise of [NOISE.none, NOISE.low, NOISE.high]) {
    for (const seed of [1, 2]) {
      const { outcomes } = await machine.run({ iterations: 10, noise, seed });
      expect(outcomes).toEqual({ 'counter 60': 10 });
    }
  }
});
