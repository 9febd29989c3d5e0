import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { killVsExec } from '../../scenarios/kill-vs-exec.js';
import { recordedSchedule } from '../../src/explore/schedule.js';
import { dfsStrategy } from '../../src/explore/strategies/dfs.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import { kernelModel } from '../../src/kernel/model.js';
import { ControlledMachine, type Execution } from '../../src/machine/controlled.js';
import { type LockstepResult, ThreadMachine } from '../../src/machine/threads.js';
import { eventAt, TraceBuffer } from '../../src/machine/trace-buffer.js';
import { noKillRetry } from '../../src/patches/no-kill-retry.js';
import type { ThreadSpecName } from '../fixtures/thread-specs.js';
import { tinyThreads } from '../support/threads.js';

const RUNS = 100;

interface Recorded {
  readonly schedule: Uint8Array;
  readonly buffer: TraceBuffer;
  readonly outcome: string;
  readonly execution: Execution;
}

/** Runs of the controlled machine, by a random walk if nothing else is asked for. */
function record(machine: ControlledMachine, runs: number, strategy = randomStrategy(7)): readonly Recorded[] {
  return Array.from({ length: runs }, () => {
    const buffer = new TraceBuffer();
    strategy.begin();
    const execution = machine.execute(strategy, buffer);
    strategy.end(execution);
    return { schedule: recordedSchedule(machine), buffer, outcome: machine.model.outcome(machine.arena), execution };
  });
}

function kernelThreads(patches: readonly (typeof noKillRetry)[] = []): ThreadMachine {
  // What the threads run is the built project; what it is compared with are the sources.
  const url = new URL('../../dist/workers/cpu.js', import.meta.url);
  const description = { scenario: killVsExec.name, patches: patches.map(({ name }) => name), cpus: 3 };
  return ThreadMachine.start(kernelModel(killVsExec, { patches }), { url, description }, { checked: true });
}

describe('the lockstep machine', () => {
  let threads: ThreadMachine;
  beforeAll(() => {
    threads = kernelThreads();
  });
  afterAll(() => threads.dispose());

  test(`makes the same run as the controlled machine, event for event, for ${RUNS} random schedules`, async () => {
    const machine = new ControlledMachine(kernelModel(killVsExec));
    const recorded = record(machine, RUNS);
    for (const { schedule, buffer, outcome, execution } of recorded) {
      const replayed = await threads.replay(schedule);
      expect(replayed.eventCount).toBe(buffer.count);
      expect(replayed.traceHash).toBe(buffer.hash);
      expect(replayed.outcome).toBe(outcome);
      expect(replayed.violation).toBeNull();
      expect(execution.violation).toBeNull();
    }
    // They are not all one run.
    expect(new Set(recorded.map(({ buffer }) => buffer.hash)).size).toBeGreaterThan(RUNS / 2);
  });

  test('makes the same run whenever it is asked to', async () => {
    const schedule = Uint8Array.from([0, 1, 2, 1, 0, 2, 2, 1, 0]);
    const first = await threads.replay(schedule);
    const second = await threads.replay(schedule);
    expect(second.traceHash).toBe(first.traceHash);
    expect(second.events.subarray(0, 700)).toEqual(first.events.subarray(0, 700));
    expect(first.eventCount).toBeGreaterThan(100);
  });

  test('makes another for another schedule', async () => {
    const hashes = await Promise.all([[], [1], [2]].map((schedule) => threads.replay(Uint8Array.from(schedule))));
    expect(new Set(hashes.map(({ traceHash }) => traceHash)).size).toBeGreaterThan(1);
  });

  test('gives a run up that has no end in so many scheduling points, and is none the worse for it', async () => {
    const { violation } = await threads.replay(new Uint8Array(), 2);
    expect(violation).toMatchObject({ kind: 'step-limit', cpu: 0 });
    expect(violation?.message).toMatch(/^no end after 2 scheduling points/);
    const [run] = record(new ControlledMachine(kernelModel(killVsExec)), 1);
    expect((await threads.replay(run?.schedule ?? new Uint8Array())).traceHash).toBe(run?.buffer.hash);
  });

  test('gives a run up the same way where another CPU than 0 finds it has no end', async () => {
    const { violation } = await threads.replay(new Uint8Array(), 30);
    expect(violation).toMatchObject({ kind: 'step-limit', cpu: 2 });
  });

  test('says of a run without end that it came to a limit, as the controlled machine does', async () => {
    const machine = new ControlledMachine(kernelModel(killVsExec), { maxSteps: 2 });
    const { violation } = machine.execute({ choose: (movers) => movers.byDefault });
    expect(violation?.kind).toBe('step-limit');
    expect((await threads.replay(new Uint8Array(), 2)).violation?.kind).toBe('step-limit');
  });
});

describe('with a patch that breaks the scenario', () => {
  test('the lockstep machine finds what the controlled machine finds, after the same events', async () => {
    const threads = kernelThreads([noKillRetry]);
    try {
      const machine = new ControlledMachine(kernelModel(killVsExec, { patches: [noKillRetry] }));
      const broken = record(machine, 6000, dfsStrategy(2)).filter(({ execution }) => execution.violation !== null);
      expect(broken.length).toBeGreaterThan(0);
      for (const { schedule, buffer, execution } of broken.slice(0, 10)) {
        const { violation, traceHash, eventCount } = await threads.replay(schedule);
        expect(eventCount).toBe(buffer.count);
        expect(traceHash).toBe(buffer.hash);
        expect(violation).toMatchObject({
          kind: execution.violation?.kind,
          message: execution.violation?.message,
          cpu: execution.violation?.cpu,
        });
      }
    } finally {
      await threads.dispose();
    }
  });
});

test('a deadlock is found with the CPUs that wait and what they wait for', async () => {
  const threads = tinyThreads('locks itself out', 3);
  try {
    const { violation, events, eventCount } = await threads.replay(new Uint8Array());
    expect(violation).toMatchObject({
      kind: 'deadlock',
      message: 'deadlock: CPU 1 waits at lock(tiny[0].lock) held by CPU 1',
      cpu: 1,
    });
    expect(eventCount).toBeGreaterThan(0);
    expect(eventAt(events, 0)).toMatchObject({ cpu: 0, value: 0 });
  } finally {
    await threads.dispose();
  }
});

describe('a violation', () => {
  async function replayed(name: ThreadSpecName): Promise<LockstepResult['violation']> {
    const threads = tinyThreads(name, 3, { checked: true });
    try {
      return (await threads.replay(new Uint8Array())).violation;
    } finally {
      await threads.dispose();
    }
  }

  test('of another CPU than 0 is reported as it is', async () => {
    expect(await replayed('violates a rule')).toMatchObject({ kind: 'rule', cpu: 1 });
  });

  test('is reported at the end of a run that went wrong, and none where all went well', async () => {
    expect(await replayed('ring without bell')).toMatchObject({ kind: 'invariant' });
    expect(await replayed('ring')).toBeNull();
  });
});
