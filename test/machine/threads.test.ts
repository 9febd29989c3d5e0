import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { MachineError, type ThreadMachine } from '../../src/machine/threads.js';
import type { ThreadSpecName } from '../fixtures/thread-specs.js';
import { type TinyThreadsOptions, tinyThreads } from '../support/threads.js';

const CPUS = 3;

const started: ThreadMachine[] = [];
afterEach(async () => {
  // A machine that has failed has disposed of itself.
  await Promise.allSettled(started.splice(0).map((machine) => machine.dispose()));
});

function start(name: ThreadSpecName, options: TinyThreadsOptions = {}): ThreadMachine {
  const machine = tinyThreads(name, CPUS, { stallSeconds: 1, ...options });
  started.push(machine);
  return machine;
}

/** What a run failed with. Fails if it did not. */
async function failureOf(running: Promise<unknown>): Promise<Error> {
  try {
    await running;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error('the run ended well');
}

const run = (machine: ThreadMachine): Promise<unknown> => machine.run({ iterations: 5 });

describe('a run fails, and says on which CPU and in which task', () => {
  test('where the process of a CPU is left', async () => {
    const error = await failureOf(run(start('leaves the process')));
    expect(error).toBeInstanceOf(MachineError);
    expect(error.message).toMatch(/^the worker thread of CPU 1 died while it ran task_struct\[1\]\S*: .*code: 3$/);
  });

  test('where a program loops for ever', async () => {
    const error = await failureOf(run(start('loops for ever')));
    expect(error).toBeInstanceOf(MachineError);
    expect(error.message).toMatch(/^no CPU made progress for 1 s: .*CPU 1 in task_struct\[1\]/);
  });

  test('where a CPU waits for what never comes', async () => {
    for (const name of ['waits for ever', 'locks itself out'] as const) {
      const error = await failureOf(run(start(name)));
      expect(error).toBeInstanceOf(MachineError);
      expect(error.message).toMatch(/CPU 1 in task_struct\[1\]/);
    }
  });

  test('where a program throws an error that is no violation', async () => {
    const error = await failureOf(run(start('throws an error')));
    expect(error.message).toMatch(/CPU 1.*task_struct\[1\].*an error that is no violation/);
  });

  test('where a program throws an error that is no violation, at least with what it said', async () => {
    const error = await failureOf(run(start('throws an error')));
    expect(error.message).toContain('an error that is no violation');
  });

  test('where a worker does not start', async () => {
    const error = await failureOf(run(start('spinlock', { failAtStart: 1, stallSeconds: 10 })));
    expect(error).toBeInstanceOf(MachineError);
    expect(error.message).toBe('the worker thread of CPU 1 died while it ran no task yet: the worker does not start');
  });

  test('where it is disposed of while it works', async () => {
    const machine = start('works for ever');
    const failure = failureOf(machine.run({ iterations: 1 }));
    // So that the threads have begun; what is expected is the same if they have not.
    await setTimeout(1000);
    await machine.dispose();
    expect(await failure).toBeInstanceOf(MachineError);
  });

  test('and does not where all is well', async () => {
    await expect(run(start('spinlock'))).resolves.toMatchObject({ iterations: 5, violationCount: 0 });
  });
});

describe('a machine that has failed', () => {
  test('fails again for each later call, with the same error', async () => {
    const machine = start('leaves the process');
    const error = await failureOf(run(machine));
    expect(await failureOf(run(machine))).toBe(error);
    expect(await failureOf(machine.replay(new Uint8Array()))).toBe(error);
  });

  test('fails a run that waited for its turn', async () => {
    const machine = start('leaves the process');
    const [first, second] = await Promise.allSettled([run(machine), run(machine)]);
    expect([first.status, second.status]).toEqual(['rejected', 'rejected']);
  });
});

describe('a machine', () => {
  test('makes one run at a time, in the order asked for', async () => {
    const machine = start('spinlock');
    const ended: number[] = [];
    const runs = [40, 10, 1].map(async (iterations) => {
      const result = await machine.run({ iterations });
      ended.push(iterations);
      return result;
    });
    const results = await Promise.all(runs);
    expect(ended).toEqual([40, 10, 1]);
    // Two runs at once would meet at each other's barriers and count each other's turns.
    expect(results.map(({ outcomes }) => outcomes)).toEqual([40, 10, 1].map((times) => ({ 'counter 60': times })));
  });

  test('runs and replays by turns', async () => {
    const machine = start('spinlock');
    const [ran, replayed, again] = await Promise.all([
      machine.run({ iterations: 5 }),
      machine.replay(new Uint8Array()),
      machine.run({ iterations: 5 }),
    ]);
    expect(ran.outcomes).toEqual({ 'counter 60': 5 });
    expect(replayed).toMatchObject({ outcome: 'counter 60', violation: null });
    expect(again.outcomes).toEqual({ 'counter 60': 5 });
  });

  test('can be disposed of, and then runs no more', async () => {
    const machine = start('spinlock');
    await run(machine);
    await machine.dispose();
    await expect(run(machine)).rejects.toThrow();
  });

  test('says so when it is used after it was disposed of', async () => {
    const machine = start('spinlock');
    await run(machine);
    await machine.dispose();
    expect(await failureOf(run(machine))).toBeInstanceOf(MachineError);
  });

  test('can be disposed of twice', async () => {
    const machine = start('spinlock');
    await run(machine);
    await machine.dispose();
    await machine.dispose();
  });

  test('can be disposed of after a run has failed, as `await using` does', async () => {
    const machine = start('leaves the process');
    await failureOf(run(machine));
    await machine.dispose();
  });
});

describe('a process is left with no thread of a machine', () => {
  const script = fileURLToPath(new URL('../fixtures/run-and-exit.js', import.meta.url));
  /** Much longer than any of them takes: reached only by a process that does not end. */
  const LIMIT = 60_000;

  /** What the process printed. Rejects if it does not end by itself. */
  async function outputOf(
    name: ThreadSpecName,
    end: string,
    worker = './worker.js',
    failAtStart = -1,
  ): Promise<string> {
    const args = [script, name, worker, String(failAtStart), end];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: LIMIT, killSignal: 'SIGKILL' });
    return stdout.trim();
  }

  test.each<[ThreadSpecName, string, RegExp]>([
    ['spinlock', 'after the run', /^done$/],
    ['works for ever', 'while it runs', /Error$/],
    ['loops for ever', 'of itself', /Error$/],
    ['waits for ever', 'of itself', /Error$/],
    ['leaves the process', 'of itself', /Error$/],
    ['throws an error', 'of itself', /Error$/],
  ])('that %s, disposed of %s', async (name, end, output) => {
    expect(await outputOf(name, end)).toMatch(output);
  });

  test('whose worker did not start', async () => {
    expect(await outputOf('spinlock', 'of itself', './worker.js', 1)).toBe('MachineError');
  });

  // Node aborts now and then where a thread is ended that is loading its modules: dispose waits until they have.
  test('whose machine is disposed of while the threads start', async () => {
    expect(await outputOf('spinlock', 'at once')).toBe('MachineError');
  });

  // Piscina hands an error of a worker that has no task yet to the pool's own 'error' event. Not in the tests' process,
  // which an error that nobody hears would take along.
  test.each(['./broken-worker.js', './no-such-worker.js'])('whose code cannot be loaded: %s', async (worker) => {
    // It is a race: once in four the task is there in time.
    for (let attempt = 0; attempt < 8; attempt++) {
      expect(await outputOf('spinlock', 'of itself', worker)).toBe('MachineError');
    }
  });
});
