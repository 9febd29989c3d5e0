import { describe, expect, it } from 'vitest';
import { explore } from '../../../src/explore/explore.js';
import { countSwitches } from '../../../src/explore/schedule.js';
import { dfsStrategy, NondeterminismError } from '../../../src/explore/strategies/dfs.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import type { Model } from '../../../src/machine/model.js';
import { OP_ADD, OP_LOCK } from '../../../src/sync/gate.js';
import { killVsExecMachine } from '../../support/kill-vs-exec.js';
import { addingModel, stepsModel } from '../../support/steps-model.js';
import { walk } from '../../support/walk.js';

const UNBOUNDED = Number.POSITIVE_INFINITY;

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

/** In how many orders `cpus` CPUs can do `steps` operations each. */
function multinomial(cpus: number, steps: number): number {
  return factorial(cpus * steps) / factorial(steps) ** cpus;
}

/** All orders with at most so many switches away from a CPU that has operations left; CPU 0 is the one to begin. */
function bruteForce(cpus: number, steps: number, preemptions: number): number {
  const visit = (left: readonly number[], current: number, spare: number): number => {
    if (left.every((count) => count === 0)) return 1;
    let orders = 0;
    for (let cpu = 0; cpu < cpus; cpu++) {
      if (left[cpu] === 0) continue;
      const cost = cpu !== current && left[current] !== 0 ? 1 : 0;
      if (cost > spare) continue;
      orders += visit(
        left.map((count, at) => (at === cpu ? count - 1 : count)),
        cpu,
        spare - cost,
      );
    }
    return orders;
  };
  return visit(Array(cpus).fill(steps), 0, preemptions);
}

function covered(model: Model, preemptions = UNBOUNDED) {
  const { executions, exhausted, redundant } = explore(new ControlledMachine(model), {
    strategy: dfsStrategy(preemptions),
  });
  return { executions, exhausted, redundant };
}

/** A model of which every execution after the first `same` is another. */
function forgetfulModel(cpus: number, same: number, stepsOf: (cpu: number, changed: boolean) => number): Model {
  let started = 0;
  return stepsModel({
    cpus,
    *program(cpu, cell) {
      const changed = started++ >= same * cpus;
      for (let step = stepsOf(cpu.id, changed); step > 0; step--) if (cpu.point(OP_ADD, cell(0), 1, 0)) yield;
    },
  });
}

describe('depth-first search without a bound', () => {
  it.each([
    [1, 5],
    [2, 1],
    [2, 3],
    [2, 6],
    [3, 2],
    [3, 3],
    [4, 2],
    [5, 1],
  ])('executes each order of %i CPUs with %i operations each, once', (cpus, steps) => {
    const words = walk(new ControlledMachine(addingModel(cpus, steps)), dfsStrategy());
    expect(words).toHaveLength(multinomial(cpus, steps));
    expect(new Set(words).size).toBe(words.length);
  });

  it('reports that it covered the space, and that nothing was redundant', () => {
    expect(covered(addingModel(3, 2))).toEqual({ executions: 90, exhausted: true, redundant: 0 });
  });

  it('takes only CPUs that can move: a lock that is held leaves no choice', () => {
    // Each CPU takes the lock, adds, and releases it: only who is first is to be decided, and of two who is second.
    const model = stepsModel({
      cpus: 3,
      *program(cpu, cell) {
        if (cpu.point(OP_LOCK, cell(1), 0, 0)) yield;
        if (cpu.point(OP_ADD, cell(0), 1, 0)) yield;
        cpu.releaseSpin(cell(1));
      },
    });
    expect(covered(model)).toEqual({ executions: 6, exhausted: true, redundant: 0 });
    // With no preemption CPU 0 begins, and only the order of the other two is open.
    expect(covered(model, 0)).toEqual({ executions: 2, exhausted: true, redundant: 0 });
  });
});

describe('depth-first search within a bound', () => {
  const bounds = [0, 1, 2, 3, 4, 20];
  const sizes = [
    [2, 3],
    [2, 5],
    [3, 2],
    [3, 3],
    [4, 1],
    [4, 2],
  ] as const;
  const cases = sizes.flatMap(([cpus, steps]) => bounds.map((bound) => [cpus, steps, bound] as const));

  it.each(cases)(
    'executes as many orders of %i CPUs with %i operations as have at most %i preemptions',
    (cpus, steps, bound) => {
      expect(covered(addingModel(cpus, steps), bound)).toEqual({
        executions: bruteForce(cpus, steps, bound),
        exhausted: true,
        redundant: 0,
      });
    },
  );

  it('covers all orders when the bound is above what any order needs', () => {
    expect(bruteForce(3, 2, 20)).toBe(multinomial(3, 2));
    expect(covered(addingModel(3, 2), 20).executions).toBe(multinomial(3, 2));
  });

  it('never preempts more often than the bound allows, and now and then as often', () => {
    for (const bound of [0, 1, 2]) {
      const machine = killVsExecMachine();
      const strategy = dfsStrategy(bound);
      let most = 0;
      while (strategy.begin()) {
        strategy.end(machine.execute(strategy));
        most = Math.max(most, countSwitches(machine).preemptions);
      }
      expect(most).toBe(bound);
    }
  });

  it('executes everything of a lower bound within a higher one', () => {
    const within = (bound: number) => walk(killVsExecMachine(), dfsStrategy(bound));
    const wider = new Set(within(1));
    const narrow = within(0);
    expect(narrow.length).toBeLessThan(wider.size);
    for (const word of narrow) expect(wider).toContain(word);
  });
});

describe('a model that does not do the same thing twice', () => {
  it('is reported when other CPUs can move than before', () => {
    const model = forgetfulModel(3, 1, (cpu, changed) => (changed && cpu === 0 ? 1 : 2));
    expect(() => covered(model)).toThrow(NondeterminismError);
  });

  it('is reported with the decision and the CPUs before and now', () => {
    const model = forgetfulModel(3, 1, (cpu, changed) => (changed && cpu === 0 ? 1 : 2));
    expect(() => covered(model)).toThrow(
      'decision 2 of a schedule made again: CPUs 0 and 1 and 2 could move before, 1 and 2 now',
    );
  });

  // `end` cuts the path to the decisions that were made, so that a run which ends before it comes to the decision that
  // this execution was to make otherwise passes for one that a violation cut short.
  it('is reported when the execution ends before the decision that was to be made otherwise', () => {
    const model = forgetfulModel(2, 1, (_, changed) => (changed ? 1 : 3));
    expect(() => covered(model)).toThrow(NondeterminismError);
  });
});
