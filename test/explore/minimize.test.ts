import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minimize } from '../../src/explore/minimize.js';
import { replay } from '../../src/explore/replay.js';
import { countSwitches, recordedSchedule, ScheduleMismatchError } from '../../src/explore/schedule.js';
import { dfsStrategy } from '../../src/explore/strategies/dfs.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import { encodeToken } from '../../src/explore/token.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { BY_DEFAULT } from '../../src/machine/schedule.js';
import { CPUS, failingSchedule, killVsExecMachine, PATCHED, SCENARIO } from '../support/kill-vs-exec.js';
import { countingModel, turnsModel } from '../support/steps-model.js';

/** A failing execution of a random walk: its schedule, and how it is judged. */
function failing(machine: ControlledMachine, seed: number) {
  const strategy = randomStrategy(seed);
  for (;;) {
    strategy.begin();
    const { violation, steps } = machine.execute(strategy);
    if (violation === null) continue;
    const schedule = recordedSchedule(machine);
    return { schedule, steps, violation, ...countSwitches(machine) };
  }
}

function deviationsOf(schedule: Uint8Array): number {
  return schedule.filter((choice) => choice !== BY_DEFAULT).length;
}

/** The first of all failing schedules with at most so many preemptions, each of them executed. */
function simplest(
  machine: ControlledMachine,
  bound: number,
): { readonly schedule: Uint8Array; readonly steps: number } {
  const strategy = dfsStrategy(bound);
  const failures: { schedule: Uint8Array; steps: number; score: string }[] = [];
  const padded = (number: number): string => String(number).padStart(6, '0');
  while (strategy.begin()) {
    const execution = machine.execute(strategy);
    strategy.end(execution);
    if (execution.violation === null) continue;
    const schedule = recordedSchedule(machine);
    const { preemptions } = countSwitches(machine);
    const order = Array.from({ length: 400 }, (_, at) => padded(schedule[at] ?? BY_DEFAULT));
    const score = [preemptions, execution.steps, deviationsOf(schedule)].map(padded).concat(order).join();
    failures.push({ schedule, steps: execution.steps, score });
  }
  const [first] = failures.sort((a, b) => (a.score < b.score ? -1 : 1));
  if (first === undefined) throw new Error('no schedule within the bound fails');
  return { schedule: first.schedule, steps: first.steps };
}

const counting = new ControlledMachine(countingModel(3, 2));
const SEEDS = fc.integer({ min: 0, max: 0xffffffff });

describe('a minimised schedule', () => {
  it('still fails in the same way, and is no worse than what it was made from', () => {
    fc.assert(
      fc.property(SEEDS, (seed) => {
        const start = failing(counting, seed);
        const minimal = minimize(counting, start.schedule, { budget: 2000 });
        const again = replay(counting, minimal.schedule);
        expect(again.violation).toMatchObject({ kind: start.violation.kind });
        expect(again.violation?.message).toMatch(/^the count is \d+, and should be 6$/);
        expect(again.violation?.message).toBe(minimal.violation.message);
        expect(again.steps).toBe(minimal.steps);
        expect(countSwitches(counting).preemptions).toBe(minimal.preemptions);
        expect(minimal.preemptions).toBeLessThanOrEqual(start.preemptions);
        if (minimal.preemptions === start.preemptions) expect(minimal.steps).toBeLessThanOrEqual(start.steps);
      }),
      { numRuns: 40 },
    );
  });

  it('still fails and is no worse when there is time for hardly anything', () => {
    fc.assert(
      fc.property(SEEDS, fc.integer({ min: 1, max: 30 }), (seed, budget) => {
        const start = failing(counting, seed);
        const minimal = minimize(counting, start.schedule, { budget });
        expect(replay(counting, minimal.schedule).violation).not.toBeNull();
        expect(minimal.preemptions).toBeLessThanOrEqual(start.preemptions);
        // One execution more than the budget is begun and not made.
        expect(minimal.executions).toBeLessThanOrEqual(budget + 1);
      }),
      { numRuns: 200 },
    );
  });

  it('has the one preemption that a lost update needs, and says that none has fewer', () => {
    for (let seed = 0; seed < 10; seed++) {
      const { schedule } = failing(counting, seed);
      expect(minimize(counting, schedule)).toMatchObject({ preemptions: 1, fewest: true });
    }
  });

  it('fails in the way that it failed in, though another way takes fewer preemptions', () => {
    const machine = new ControlledMachine(turnsModel(3));
    const thereAndBack = minimize(machine, Uint8Array.of(BY_DEFAULT, 1, BY_DEFAULT, BY_DEFAULT));
    const toAndFro = minimize(machine, Uint8Array.of(BY_DEFAULT, 1, 0, 1, 0));
    expect(thereAndBack).toMatchObject({ preemptions: 1, violation: { message: 'there and back' } });
    expect(toAndFro).toMatchObject({ preemptions: 2, violation: { message: 'to and fro' } });
  });

  it('does not claim to have the fewest preemptions where the budget ended the search', () => {
    const { schedule } = failing(counting, 1);
    expect(minimize(counting, schedule, { budget: 3 }).fewest).toBe(false);
  });

  it('is the simplest there is: the first of all that fail so, by preemptions, steps, deviations, and order', () => {
    for (const model of [countingModel(2, 2), countingModel(3, 1), countingModel(2, 3)]) {
      const machine = new ControlledMachine(model);
      for (let seed = 0; seed < 5; seed++) {
        expect(minimize(machine, failing(machine, seed).schedule)).toMatchObject({
          fewest: true,
          ...simplest(machine, 2),
        });
      }
    }
  });

  it('is what minimising it again gives', () => {
    for (let seed = 0; seed < 10; seed++) {
      const once = minimize(counting, failing(counting, seed).schedule);
      const twice = minimize(counting, once.schedule);
      expect(twice.schedule).toEqual(once.schedule);
    }
  });

  it('does not depend on the failing schedule it was made from', () => {
    const first = minimize(counting, failing(counting, 0).schedule).schedule;
    for (let seed = 1; seed < 40; seed++) {
      expect(minimize(counting, failing(counting, seed).schedule).schedule).toEqual(first);
    }
  });
});

describe('minimising kill-vs-exec without the retry', () => {
  const machine = killVsExecMachine(PATCHED);

  it('gives the same token whatever the failing schedule was', () => {
    const starts = new Map<string, Uint8Array>();
    for (let seed = 0; starts.size < 20; seed++) {
      const { schedule } = failingSchedule(machine, seed);
      starts.set(schedule.join(), schedule);
    }
    const tokens = [...starts.values()].map((start) => {
      const { schedule } = minimize(machine, start);
      return encodeToken({ scenario: SCENARIO, patches: PATCHED, cpus: CPUS, schedule });
    });
    expect(new Set(tokens).size).toBe(1);
  });

  it('gives what a search of all schedules with at most one preemption gives, which takes no state for another', () => {
    const { schedule } = failingSchedule(machine, 1);
    expect(minimize(machine, schedule)).toMatchObject(simplest(machine, 1));
  });

  it('says of each switch where it is, and how the run ends without it', () => {
    const { switches, preemptions } = minimize(machine, failingSchedule(machine, 1).schedule);
    expect(switches.filter((one) => one.preemption)).toHaveLength(preemptions);
    for (const { step, from, to, without } of switches) {
      expect(step).toBeGreaterThan(0);
      expect(from).not.toBe(to);
      expect(without).toMatchObject({ violation: null, outcome: 'kill 0, died of SIGTERM' });
    }
    expect(switches[0]).toMatchObject({ from: 0, preemption: true, before: expect.stringMatching(/^read\(/) });
  });

  it('leaves at most 3 preemptions, says that no schedule with fewer fails, and keeps the violation', () => {
    const { schedule, violation } = failingSchedule(machine, 1);
    const minimal = minimize(machine, schedule);
    expect(minimal.preemptions).toBeLessThanOrEqual(3);
    expect(minimal.fewest).toBe(true);
    expect(minimal.violation.kind).toBe(violation.kind);
    expect(minimal.violation.message).toMatch(/ESRCH/);
    expect(replay(machine, minimal.schedule).violation?.message).toBe(minimal.violation.message);
  });
});

describe('minimising what is not a failing schedule', () => {
  it('is refused for a schedule that does not fail', () => {
    expect(() => minimize(counting, Uint8Array.of())).toThrow(ScheduleMismatchError);
    expect(() => minimize(counting, Uint8Array.of())).toThrow(/nothing to minimize: the schedule does not fail/);
  });

  it('is refused for a schedule that names a CPU that cannot move', () => {
    expect(() => minimize(counting, Uint8Array.of(0, 0, 0, 0, 0))).toThrow(
      /decision 5, at step 5, names CPU 0, which cannot move there: it has nothing to do/,
    );
  });

  // `minimize` runs the schedule by itself and not as `replay` does, which counts the decisions made.
  it('is refused for a schedule that goes on after the end of the run', () => {
    const { schedule } = failing(counting, 1);
    const long = Uint8Array.of(...schedule, ...Array(100).fill(BY_DEFAULT), 1);
    expect(() => replay(counting, long)).toThrow(ScheduleMismatchError);
    expect(() => minimize(counting, long)).toThrow(ScheduleMismatchError);
  });
});
