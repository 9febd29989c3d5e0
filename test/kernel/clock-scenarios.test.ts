/** The scenarios in which a timer interrupts kernel code, on every machine. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelOf } from '../../scenarios/catalog.js';
import { workerCode } from '../../src/cli/workers.js';
import { explore } from '../../src/explore/explore.js';
import { minimize } from '../../src/explore/minimize.js';
import { replay } from '../../src/explore/replay.js';
import { dfsStrategy } from '../../src/explore/strategies/dfs.js';
import { decodeToken, encodeToken } from '../../src/explore/token.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { NOISE } from '../../src/machine/parallel-cpu.js';
import { ThreadMachine } from '../../src/machine/threads.js';
import { ensureBuilt } from '../support/build.js';
import { randomSchedule } from '../support/kill-vs-exec.js';

const TOKENS = 200;

describe.each([
  {
    scenario: 'pause-wakeup',
    cpus: 2,
    patch: 'schedule-ignores-pending',
    kind: 'lost-wakeup',
    outcome: 'died of SIGALRM',
  },
  {
    scenario: 'irq-self-deadlock',
    cpus: 1,
    patch: 'siglock-irqs-on',
    kind: 'deadlock',
    outcome: 'both signals handled',
  },
])('$scenario', ({ scenario, cpus, patch, kind, outcome }) => {
  const description = { scenario, patches: [], cpus };
  const controlled = new ControlledMachine(modelOf(description));
  let threads: ThreadMachine;

  beforeAll(() => {
    ensureBuilt();
    threads = ThreadMachine.start(modelOf(description), workerCode(description), { checked: true });
  });
  afterAll(() => threads.dispose());

  it('holds in all schedules with at most 2 preemptions', () => {
    const { exhausted, found, outcomes, executions } = explore(controlled, { strategy: dfsStrategy(2) });
    expect({ exhausted, found, outcomes }).toEqual({
      exhausted: true,
      found: null,
      outcomes: { [outcome]: executions },
    });
  });

  it(`is violated with ${patch} by one interrupt at the wrong moment`, () => {
    const machine = new ControlledMachine(modelOf({ ...description, patches: [patch] }), { checked: ['memory'] });
    const { found } = explore(machine, { strategy: dfsStrategy(2) });
    expect(found?.violation.kind).toBe(kind);
    if (found === null) return;
    expect(minimize(machine, found.schedule)).toMatchObject({ preemptions: 1, fewest: true });
  });

  it(`replays ${TOKENS} random schedules to the same trace on threads in lockstep`, async () => {
    const ticks = new Set<boolean>();
    for (let seed = 0; seed < TOKENS; seed++) {
      const token = encodeToken({ ...description, schedule: randomSchedule(controlled, seed) });
      const { schedule } = decodeToken(token);
      const here = replay(controlled, schedule);
      const there = await threads.replay(schedule);
      expect(there).toMatchObject({ traceHash: here.traceHash, eventCount: here.events.length, outcome: here.outcome });
      ticks.add(schedule.includes(cpus));
    }
    expect([...ticks], 'the clock is chosen in some schedules').toContain(true);
  });

  it('holds on real threads, where time passes at random moments', async () => {
    const result = await threads.run({ iterations: 1000, noise: NOISE.high });
    expect(result).toMatchObject({ iterations: 1000, outcomes: { [outcome]: 1000 }, violationCount: 0 });
  });
});
