import { describe, expect, it } from 'vitest';
import { countSwitches } from '../../../src/explore/schedule.js';
import { delaysOf } from '../../../src/explore/strategies/bounds.js';
import { dfsStrategy } from '../../../src/explore/strategies/dfs.js';
import { strategyNamed } from '../../../src/explore/strategies/index.js';
import { iterativeStrategy } from '../../../src/explore/strategies/iterative.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import { Movers } from '../../../src/machine/movers.js';
import { killVsExecMachine } from '../../support/kill-vs-exec.js';
import { addingModel } from '../../support/steps-model.js';
import { walk } from '../../support/walk.js';

function moversOf(ids: readonly number[], byDefault: number): Movers {
  const movers = new Movers();
  movers.ids.set(ids);
  movers.count = ids.length;
  movers.byDefault = byDefault;
  return movers;
}

describe('delays', () => {
  it('are counted in turn from the default choice', () => {
    const movers = moversOf([0, 2, 5], 2);
    expect([2, 5, 0].map((picked) => delaysOf(movers, picked))).toEqual([0, 1, 2]);
  });

  it('bound depth-first search: of 3 CPUs with one step each, as many orders as cost so many', () => {
    // In turn from the default choice: 012 costs 0; 021, 120 and 1 0 2… by hand: 012:0 021:1 120:1 102:2 201:2 210:3.
    const within = (delays: number) => walk(new ControlledMachine(addingModel(3, 1)), dfsStrategy(undefined, delays));
    expect([0, 1, 2, 3].map((delays) => within(delays).length)).toEqual([1, 3, 5, 6]);
  });

  it('are never more than the bound, and with the bound both hold', () => {
    const within = (preemptions: number, delays: number) =>
      walk(new ControlledMachine(addingModel(3, 3)), dfsStrategy(preemptions, delays));
    const delaying = new Set(within(9, 3));
    const both = within(2, 3);
    expect(both).toEqual(within(2, 9).filter((word) => delaying.has(word)));
    expect(both.length).toBeGreaterThan(0);
    expect(both.length).toBeLessThan(delaying.size);
  });
});

describe('iterative bounding', () => {
  it.each([
    [2, 5],
    [3, 3],
    [4, 2],
  ])('executes all orders of %i CPUs with %i steps once, those with fewer preemptions first', (cpus, steps) => {
    const machine = new ControlledMachine(addingModel(cpus, steps));
    const strategy = iterativeStrategy();
    const words: string[] = [];
    const levels: number[] = [];
    while (strategy.begin()) {
      strategy.end(machine.execute(strategy));
      words.push(machine.picked.slice(0, machine.choices).join(' '));
      levels.push(countSwitches(machine).preemptions);
      expect(strategy.level).toBe(levels.at(-1));
    }
    expect(new Set(words)).toEqual(new Set(walk(machine, dfsStrategy())));
    expect(words).toHaveLength(new Set(words).size);
    expect(levels).toEqual(levels.toSorted((a, b) => a - b));
  });

  it.each([0, 1])('executes within %i what depth-first search does within it', (preemptions) => {
    const strategy = strategyNamed('dfs', { preemptions, iterative: true });
    const words = walk(killVsExecMachine(), strategy);
    expect(words.toSorted()).toEqual(walk(killVsExecMachine(), dfsStrategy(preemptions)).toSorted());
    expect(strategy.bound).toBe(dfsStrategy(preemptions).bound);
  });

  it('goes by delays where they are bounded', () => {
    const machine = new ControlledMachine(addingModel(3, 3));
    const words = walk(machine, iterativeStrategy({ delays: 3 }));
    expect(words.toSorted()).toEqual(walk(machine, dfsStrategy(undefined, 3)).toSorted());
  });
});
