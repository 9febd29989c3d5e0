import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelOf } from '../../scenarios/catalog.js';
import { workerCode } from '../../src/cli/workers.js';
import { scheduleChooser } from '../../src/explore/schedule.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { NOISE } from '../../src/machine/parallel-cpu.js';
import { type RecordResult, ThreadMachine } from '../../src/machine/threads.js';
import { ensureBuilt } from '../support/build.js';

const RUNS = 60;

describe.each([
  ['kill-vs-exec', [], 3, 'low'],
  ['kill-vs-exec', ['no-kill-retry'], 3, 'high'],
  // With a clock, whose moves are recorded too, and runs that end in a hung task.
  ['pause-wakeup', ['schedule-ignores-pending'], 2, 'none'],
] as const)('runs of %s with patches %j on real threads', (scenario, patches, cpus, noise) => {
  const description = { scenario, patches, cpus };
  let machine: ThreadMachine;
  let recorded: RecordResult;

  beforeAll(async () => {
    ensureBuilt();
    machine = ThreadMachine.start(modelOf(description), workerCode(description), { checked: true });
    recorded = await machine.record({ iterations: RUNS, noise: NOISE[noise], kept: RUNS });
  });
  afterAll(() => machine.dispose());

  it('are recorded, and replayed they end as they have ended', () => {
    expect(recorded.runs).toHaveLength(RUNS);
    const controlled = new ControlledMachine(modelOf(description), { checked: ['memory'] });
    const differing = recorded.runs.filter(({ schedule, outcome, violation }) => {
      const again = controlled.execute(scheduleChooser(schedule ?? Uint8Array.of(), false));
      const end = controlled.model.outcome(controlled.arena);
      return end !== outcome || again.violation?.message !== violation?.message;
    });
    expect(differing).toEqual([]);
  });

  it('are different ones', () => {
    expect(new Set(recorded.runs.map(({ schedule }) => schedule?.join())).size).toBeGreaterThan(1);
  });

  it('are counted as without recording', async () => {
    const sum = Object.values(recorded.outcomes).reduce((before, times) => before + times, 0);
    expect({ sum, iterations: recorded.iterations }).toEqual({ sum: RUNS, iterations: RUNS });
    expect(recorded.violationCount).toBe(recorded.runs.filter(({ violation }) => violation !== null).length);
    expect((await machine.run({ iterations: 20 })).iterations).toBe(20);
    expect((await machine.record({ iterations: 20 })).iterations).toBe(20);
  });
});
