import { describe, expect, it } from 'vitest';
import { estimateOf } from '../../src/explore/estimate.js';
import { explore } from '../../src/explore/explore.js';
import { addingModel } from '../support/steps-model.js';

describe('the estimate of a space', () => {
  it('is what was seen, where all came often', () => {
    expect(estimateOf({ different: 6, once: 0, twice: 0 }, 100)).toEqual({ schedules: 6, chanceOfNew: 0 });
  });

  it('is more, the more came only once', () => {
    expect(estimateOf({ different: 10, once: 5, twice: 4 }, 20)).toEqual({ schedules: 12, chanceOfNew: 0.25 });
    expect(estimateOf({ different: 100, once: 100, twice: 0 }, 100)).toEqual({ schedules: 5050, chanceOfNew: 1 });
    expect(estimateOf({ different: 0, once: 0, twice: 0 }, 0)).toEqual({ schedules: 0, chanceOfNew: 1 });
  });

  it('comes near the truth: 1,680 orders of three times three steps, of which fewer were seen', () => {
    const { phases, executions } = explore(addingModel(3, 3), { strategy: 'random', seed: 1, schedules: 1500 });
    const seen = phases[0]?.seen;
    if (seen === undefined) throw new Error('the walk counts what it sees');
    const { schedules } = estimateOf(seen, executions);
    expect(seen.different).toBeLessThan(1200);
    // The schedules are not equally likely, and the estimate is a lower bound.
    expect(schedules).toBeGreaterThan(seen.different);
    expect(schedules).toBeGreaterThan(1100);
    expect(schedules).toBeLessThan(1800);
  });
});
