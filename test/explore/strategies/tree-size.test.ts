import { describe, expect, it } from 'vitest';
import { modelOf } from '../../../scenarios/catalog.js';
import { type ExploreOptions, explore } from '../../../src/explore/explore.js';
import type { Model } from '../../../src/machine/model.js';
import { addingModel, countingModel } from '../../support/steps-model.js';

const killVsExec = (): Model => modelOf({ scenario: 'kill-vs-exec', patches: [], cpus: 3 });

/** The estimate after so many executions, over the number that there are. */
function estimateOverTruth(model: Model, options: ExploreOptions, schedules: number): number {
  const [part] = explore(model, { ...options, schedules, keepGoing: true }).phases;
  const all = explore(model, { ...options, keepGoing: true });
  if (part?.estimate === undefined || !all.exhausted) throw new Error('the whole is to be known, and a part of it');
  return part.estimate / all.executions;
}

describe('the estimated size of a depth-first search', () => {
  it.each([
    ['without a bound', addingModel(3, 3), {}],
    ['with at most 2 preemptions', killVsExec(), { preemptions: 2 }],
    ['with at most 2 delays', killVsExec(), { delays: 2 }],
    ['with at most 2 preemptions and 2 delays', killVsExec(), { preemptions: 2, delays: 2 }],
    ['by iterative bounding', killVsExec(), { preemptions: 1, iterative: true }],
  ])('is near the truth after 20 executions, %s', (_, model, bounds) => {
    const ratio = estimateOverTruth(model, { strategy: 'dfs', ...bounds }, 20);
    expect(ratio).toBeGreaterThan(0.85);
    expect(ratio).toBeLessThan(1.15);
  });
});

describe('the estimated size of a partial-order reduction', () => {
  it.each([
    ['3 threads that add to a cell 3 times', addingModel(3, 3)],
    ['3 threads that read and write a cell', countingModel(3, 1)],
  ])('comes near the truth with what is explored: %s', (_, model) => {
    const half = Math.ceil(explore(model, { strategy: 'dpor', keepGoing: true }).executions / 2);
    const ratio = estimateOverTruth(model, { strategy: 'dpor' }, half);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  it('is never less than what was made', () => {
    for (const schedules of [1, 7, 50]) {
      const { phases, executions } = explore(killVsExec(), { strategy: 'dpor', schedules });
      expect(phases[0]?.estimate).toBeGreaterThanOrEqual(executions);
    }
  });

  it('is not given where the whole is known, or a violation ended the search', () => {
    expect(explore(addingModel(2, 2), { strategy: 'dpor' }).phases[0]?.estimate).toBeUndefined();
    expect(explore(countingModel(2, 1), { strategy: 'dfs' }).phases[0]).toMatchObject({ exhausted: false });
    expect(explore(countingModel(2, 1), { strategy: 'dfs' }).phases[0]?.estimate).toBeUndefined();
  });
});
