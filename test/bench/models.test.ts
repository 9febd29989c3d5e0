import { describe, expect, it } from 'vitest';
import { counterModel } from '../../bench/models/counter.js';
import { BUGGY_MODELS } from '../../bench/models/index.js';
import { explore } from '../../src/explore/explore.js';
import { strategyNamed } from '../../src/explore/strategies/index.js';
import { ControlledMachine } from '../../src/machine/controlled.js';

describe('counter', () => {
  it('loses no increment, in whatever order the threads take the lock', () => {
    // 2 threads take it 3 times each: 6!/(3!·3!) orders.
    const { found, exhausted, executions } = explore(counterModel(2, 3), { strategy: 'dpor' });
    expect({ found, exhausted, executions }).toEqual({ found: null, exhausted: true, executions: 20 });
  });
});

/** More orders than a test can make: looked at at random. */
const LARGE = ['twostage_20', 'twostage_100', 'WorkStealQueue', 'circular_buffer', 'queue', 'stack', 'wronglock'];

// Rare bugs are for `npm run bench -- bugs`.
describe.each(BUGGY_MODELS.filter(({ rare }) => rare !== true))('$name', ({ name, make, fixed, says }) => {
  it('has its bug', () => {
    const strategy = strategyNamed(name.endsWith('_100') ? 'rff' : 'pos', { seed: 1 });
    // The bug itself, and not what a checker says of it beforehand.
    const machine = new ControlledMachine(make(), { checked: false, footprints: strategy.needsFootprints === true });
    const { found } = explore(machine, { strategy, schedules: 20_000 });
    expect(found?.violation.message).toMatch(says);
  });

  it.skipIf(fixed === undefined)('has none where it is mended', () => {
    if (fixed === undefined) return;
    const large = LARGE.includes(name);
    const { found, exhausted } = explore(
      fixed(),
      large ? { strategy: 'pos', schedules: name.endsWith('_100') ? 20 : 300 } : { strategy: 'dpor' },
    );
    expect({ found, exhausted }).toEqual({ found: null, exhausted: !large });
  });
});

describe('a bug that needs a thread which is started last to come first', () => {
  // Lots, but the same ones each time; without regard to who is still to be started it takes some thousands.
  it.each([
    ['rff', 20],
    ['surw', 80],
    ['urw', 160],
  ])('is found by %s within %i executions', (name, most) => {
    const reorder = BUGGY_MODELS.find((one) => one.name === 'reorder_10');
    if (reorder === undefined) throw new Error('there is no reorder_10');
    const needed = [1, 2, 3, 4, 5].map((seed) => {
      const strategy = strategyNamed(name, { seed });
      const footprints = strategy.needsFootprints === true;
      const machine = new ControlledMachine(reorder.make(), { checked: false, footprints });
      return explore(machine, { strategy, schedules: 5000 }).executions;
    });
    expect(needed.sort((a, b) => a - b)[2]).toBeLessThanOrEqual(most);
  });
});

describe('the safe stack', () => {
  it('works as long as nobody is preempted', () => {
    const stack = BUGGY_MODELS.find(({ name }) => name === 'SafeStack');
    if (stack === undefined) throw new Error('there is no safe stack');
    const { found, exhausted } = explore(stack.make(), { strategy: 'dfs', preemptions: 1 });
    expect({ found, exhausted }).toEqual({ found: null, exhausted: true });
  });
});
