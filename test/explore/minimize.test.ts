import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minimize } from '../../src/explore/minimize.js';
import { replay } from '../../src/explore/replay.js';
import { countSwitches, recordedSchedule, ScheduleMismatchError } from '../../src/explore/schedule.js';
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
    return { schedule, steps, violation, ...countSwitches(machine), deviations: deviationsOf(schedule) };
  }
}

function deviationsOf(schedule: Uint8Array): number {
  return schedule.filter((choice) => choice !== BY_DEFAULT).length;
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
        if (minimal.preemptions === start.preemptions) {
          expect(deviationsOf(minimal.schedule)).toBeLessThanOrEqual(start.deviations);
        }
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

  it('is what minimising it again gives', () => {
    for (let seed = 0; seed < 10; seed++) {
      const once = minimize(counting, failing(counting, seed).schedule);
      const twice = minimize(counting, once.schedule);
      expect(twice.schedule).toEqual(once.schedule);
    }
  });

  // A candidate replaces the best only if its score is lower: of two schedules with the same score, the one that
  // dropping deviations from the start came to stays, and not the one that the search finds first.
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
    const starts = [1, 2, 3, 4, 5, 6].map((seed) => failingSchedule(machine, seed).schedule);
    expect(new Set(starts.map((schedule) => schedule.join())).size).toBe(starts.length);
    const tokens = starts.map((start) => {
      const { schedule } = minimize(machine, start);
      return encodeToken({ scenario: SCENARIO, patches: PATCHED, cpus: CPUS, schedule });
    });
    expect(new Set(tokens).size).toBe(1);
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
    expect(() => minimize(counting, Uint8Array.of(0, 0, 0, 0, 0))).toThrow(/decision 5 names CPU 0, which cannot move/);
  });

  // `minimize` runs the schedule by itself and not as `replay` does, which counts the decisions made.
  it('is refused for a schedule that goes on after the end of the run', () => {
    const { schedule } = failing(counting, 1);
    const long = Uint8Array.of(...schedule, ...Array(100).fill(BY_DEFAULT), 1);
    expect(() => replay(counting, long)).toThrow(ScheduleMismatchError);
    expect(() => minimize(counting, long)).toThrow(ScheduleMismatchError);
  });
});
