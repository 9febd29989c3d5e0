import { describe, expect, it } from 'vitest';
import { explore, exploreInSlices, RANDOM_FIRST } from '../../src/explore/explore.js';
import { replay } from '../../src/explore/replay.js';
import { dfsStrategy } from '../../src/explore/strategies/dfs.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import type { Strategy } from '../../src/explore/strategy.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { killVsExecMachine, PATCHED } from '../support/kill-vs-exec.js';
import { addingModel, countingModel } from '../support/steps-model.js';
import { walk } from '../support/walk.js';

/** Makes the same execution for ever. */
const stubborn: Strategy = { name: 'stubborn', begin: () => true, choose: (movers) => movers.byDefault, end() {} };

function adding(cpus: number, steps: number): ControlledMachine {
  return new ControlledMachine(addingModel(cpus, steps));
}

describe('an exploration', () => {
  it('ends at the number of executions given', () => {
    for (const schedules of [1, 255, 256, 257, 1000]) {
      const result = explore(adding(3, 3), { strategy: randomStrategy(1), schedules });
      expect(result).toMatchObject({ executions: schedules, exhausted: false, interrupted: false, found: null });
    }
  });

  it('ends with the space where that is smaller than the number of executions', () => {
    const result = explore(adding(2, 2), { strategy: dfsStrategy(), schedules: 1000 });
    expect(result).toMatchObject({ executions: 6, exhausted: true });
  });

  it('does not say that it covered a space of which a limit left something', () => {
    expect(explore(adding(2, 2), { strategy: dfsStrategy(), schedules: 5 })).toMatchObject({ exhausted: false });
  });

  it('makes a machine that has footprints of one that has none, with the same options', () => {
    const made: (readonly [boolean, number, boolean, readonly string[]])[] = [];
    const given = new ControlledMachine(addingModel(2, 2), { checked: ['memory'], maxSteps: 77, shutdown: true });
    explore(given, {
      strategy: 'dpor',
      observe: (one) => made.push([one.keepsFootprints, one.maxSteps, one.shutdown, one.checkers]),
    });
    expect(made).toHaveLength(6);
    expect(new Set(made.map((one) => JSON.stringify(one)))).toEqual(new Set(['[true,77,true,["memory"]]']));
  });

  it('ends by the clock, and says how long it took', () => {
    const result = explore(adding(3, 3), { strategy: stubborn, seconds: 0.05 });
    expect(result).toMatchObject({ exhausted: false, interrupted: false });
    expect(result.executions).toBeGreaterThan(0);
    expect(result.seconds).toBeGreaterThanOrEqual(0.05);
  });

  it('makes no execution in no time', () => {
    expect(explore(adding(2, 2), { strategy: stubborn, seconds: 0 })).toMatchObject({
      executions: 0,
      exhausted: false,
    });
  });

  it('counts outcomes, as many as executions', () => {
    const { outcomes, executions } = explore(new ControlledMachine(countingModel(2, 1)), {
      strategy: dfsStrategy(),
      keepGoing: true,
    });
    expect(outcomes).toEqual({ '2 0 0 0 0 0 0 0': 2, '1 0 0 0 0 0 0 0': 4 });
    expect(executions).toBe(6);
  });

  it('counts scheduling points', () => {
    expect(explore(adding(2, 2), { strategy: dfsStrategy() }).steps).toBe(6 * 4);
  });

  it('stops at the first violation', () => {
    const result = explore(new ControlledMachine(countingModel(2, 1)), { strategy: dfsStrategy() });
    expect(result).toMatchObject({ executions: 2, violations: 1, exhausted: false });
    expect(result.found).toMatchObject({
      execution: 2,
      violation: { kind: 'invariant', message: 'the count is 1, and should be 2' },
    });
  });

  it('goes on after a violation where asked to, counts them all and keeps the first', () => {
    const options = { strategy: dfsStrategy(), keepGoing: true };
    const result = explore(new ControlledMachine(countingModel(2, 1)), options);
    expect(result).toMatchObject({ executions: 6, violations: 4, exhausted: true, found: { execution: 2 } });
  });

  it('keeps the schedule of the violation: replayed, it ends in the same one', () => {
    const machine = killVsExecMachine(PATCHED);
    const { found } = explore(machine, { strategy: randomStrategy(1) });
    const again = replay(machine, found?.schedule ?? Uint8Array.of());
    expect(again.violation).toMatchObject({ kind: found?.violation.kind, message: found?.violation.message });
  });

  it('finds nothing where nothing is wrong', () => {
    expect(explore(adding(2, 2), { strategy: dfsStrategy(), keepGoing: true })).toMatchObject({
      found: null,
      violations: 0,
    });
  });
});

describe('an exploration without a strategy named', () => {
  it('draws lots, and then covers the whole space', () => {
    const { executions, exhausted, phases, outcomes } = explore(countingModel(2, 1), { keepGoing: true });
    expect(exhausted).toBe(true);
    expect(phases).toEqual([
      expect.objectContaining({ executions: RANDOM_FIRST, exhausted: false }),
      { strategy: 'dpor', executions: executions - RANDOM_FIRST, redundant: 0, exhausted: true, bound: null },
    ]);
    expect(Object.values(outcomes).reduce((sum, times) => sum + times)).toBe(executions);
  });

  it('ends with what the lots find', () => {
    const { found, phases, executions } = explore(countingModel(2, 1), {});
    expect(phases).toHaveLength(1);
    expect(found?.execution).toBe(executions);
  });

  it('keeps to its limit, of which the lots get a half', () => {
    const { executions, phases } = explore(adding(4, 4), { schedules: 100 });
    expect({ executions, phases }).toMatchObject({ executions: 100, phases: [{ executions: 50 }, { executions: 50 }] });
  });
});

describe('redundant executions', () => {
  it('are all but the first where the strategy repeats itself', () => {
    expect(explore(adding(2, 2), { strategy: stubborn, schedules: 100 }).redundant).toBe(99);
  });

  it('are those of a random walk whose schedule came before', () => {
    // Long enough for each of the schedules to come at least once.
    expect(explore(adding(2, 1), { strategy: randomStrategy(1), schedules: 100 }).redundant).toBe(100 - 2);
    expect(explore(adding(2, 2), { strategy: randomStrategy(1), schedules: 1000 }).redundant).toBe(1000 - 6);
    expect(explore(adding(3, 2), { strategy: randomStrategy(1), schedules: 20_000 }).redundant).toBe(20_000 - 90);
  });

  it('are counted exactly while some schedules have not come yet', () => {
    const machine = adding(3, 3);
    const words = walk(machine, randomStrategy(9), 3000);
    const different = new Set(words).size;
    expect(different).toBeLessThan(1680);
    expect(explore(machine, { strategy: randomStrategy(9), schedules: 3000 }).redundant).toBe(3000 - different);
  });

  it('do not come in depth-first search', () => {
    expect(explore(adding(3, 3), { strategy: dfsStrategy() }).redundant).toBe(0);
  });
});

describe('an exploration in slices', () => {
  it('says after each slice how many executions were made', () => {
    const exploring = exploreInSlices(adding(3, 3), { strategy: stubborn, schedules: 600 });
    const counts: number[] = [];
    for (;;) {
      const slice = exploring.next(false);
      if (slice.done) {
        expect(slice.value.executions).toBe(600);
        break;
      }
      counts.push(slice.value);
    }
    expect(counts).toEqual([0, 256, 512]);
  });

  it('stops when told to, with what it has so far', () => {
    const exploring = exploreInSlices(adding(3, 3), { strategy: stubborn });
    exploring.next(false);
    exploring.next(false);
    const last = exploring.next(true);
    expect(last).toMatchObject({
      done: true,
      value: { executions: 256, interrupted: true, exhausted: false, found: null, redundant: 255 },
    });
  });

  it('does the same as one that is made at a stretch', () => {
    const whole = explore(adding(3, 3), { strategy: randomStrategy(2), schedules: 1000 });
    const exploring = exploreInSlices(adding(3, 3), { strategy: randomStrategy(2), schedules: 1000 });
    let slice = exploring.next(false);
    while (!slice.done) slice = exploring.next(false);
    expect({ ...slice.value, seconds: 0 }).toEqual({ ...whole, seconds: 0 });
  });
});
