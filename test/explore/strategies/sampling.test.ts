import { describe, expect, it } from 'vitest';
import { explore, machineFor } from '../../../src/explore/explore.js';
import { countSwitches } from '../../../src/explore/schedule.js';
import { strategyNamed } from '../../../src/explore/strategies/index.js';
import { pctStrategy } from '../../../src/explore/strategies/pct.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import { defineModel } from '../../../src/model/define.js';
import { killVsExecMachine } from '../../support/kill-vs-exec.js';
import { addingModel } from '../../support/steps-model.js';
import { walk } from '../../support/walk.js';

describe.each(['pct', 'pos', 'surw', 'urw', 'rff', 'portfolio'])('%s', (name) => {
  const machine = machineFor(killVsExecMachine().model, strategyNamed(name));

  it('makes the same executions again from the same seed, and others from another', () => {
    const made = (seed: number) => walk(machine, strategyNamed(name, { seed }), name === 'rff' ? 4 : 12);
    expect(made(3)).toEqual(made(3));
    expect(made(3)).not.toEqual(made(4));
  });

  it('comes to every order of a small model', () => {
    const strategy = strategyNamed(name, { seed: 2, depth: 6 });
    const words = walk(machineFor(addingModel(2, 3), strategy), strategy, 2000);
    expect(new Set(words).size).toBe(20);
  });

  it('runs a model with a thread that another starts', () => {
    const model = defineModel('starting', (m) => {
      const cell = m.cell('cell');
      const child = m.spawned('child', function* (t) {
        for (let step = 0; step < 3; step++) yield t.fetchAdd(cell, 1);
      });
      m.thread('parent', function* (t) {
        yield t.start(child);
        yield t.fetchAdd(cell, 1);
        yield t.join(child);
      });
      m.finally((end) => end.assert(end.value(cell) === 4, 'an addition was lost'));
      m.outcome((end) => String(end.value(cell)));
    });
    const { found, outcomes } = explore(model, { strategy: name, schedules: 50 });
    expect({ found, outcomes }).toEqual({ found: null, outcomes: { 4: 50 } });
  });
});

describe('pos', () => {
  it('makes any of its executions alone', () => {
    const machine = killVsExecMachine();
    const all = walk(machine, strategyNamed('pos', { seed: 5 }), 12);
    expect(walk(machine, strategyNamed('pos', { seed: 5, first: 9 }), 3)).toEqual(all.slice(9));
  });
});

describe('probabilistic concurrency testing', () => {
  it('preempts at most depth − 1 times where nothing blocks', () => {
    for (const depth of [1, 2, 4]) {
      const machine = new ControlledMachine(addingModel(3, 6));
      const strategy = pctStrategy({ seed: 9, depth });
      let most = 0;
      for (let execution = 0; execution < 400; execution++) {
        strategy.begin();
        strategy.end(machine.execute(strategy));
        // Before the first step CPU 0 counts as the one that moved last: to begin with another is no preemption.
        const begun = machine.picked[0] === 0 ? 0 : 1;
        most = Math.max(most, countSwitches(machine).preemptions - begun);
      }
      expect(most).toBe(depth - 1);
    }
  });

  it('finds a bug of depth 2 as often as it promises', () => {
    // One of 2 CPUs must be preempted between its two steps, of 4: at least one in 2 · 4 executions.
    const model = defineModel('check-then-act', (m) => {
      const free = m.cell('free', 1);
      const taken = m.cell('taken');
      for (const name of ['first', 'second']) {
        m.thread(name, function* (t) {
          if ((yield t.load(free)) === 0) return;
          yield t.store(free, 0);
          t.assert((yield t.fetchAdd(taken, 1)) === 0, 'both have it');
        });
      }
    });
    const strategy = pctStrategy({ seed: 1, depth: 2 });
    const { violations } = explore(model, { strategy, schedules: 2000, keepGoing: true });
    // The longest execution has 5 steps: 2000 / (2 · 5) less five standard deviations.
    expect(violations).toBeGreaterThan(200 - 5 * Math.sqrt(200));
  });

  it('refuses a depth of 0', () => {
    expect(() => pctStrategy({ depth: 0 })).toThrow(new RangeError('the depth of pct is a whole number from 1, not 0'));
  });
});

describe('the uniform random walks', () => {
  const ORDERS = 252;
  const EXECUTIONS = ORDERS * 100;
  // 99.9 % of samples of a uniform distribution over 252 stay below this: the upper quantile of χ² with 251 degrees.
  const CHI_SQUARE_999 = 325;

  /** The statistic of how often each order of 2 CPUs' 5 steps each was made, against all being equally likely. */
  function chiSquare(name: string, sharing: boolean): number {
    const model = defineModel('independent', (m) => {
      const cells = m.cells('cell', 2);
      for (const [index, cell] of cells.entries()) {
        const [shared] = cells;
        m.thread(`thread ${index}`, function* (t) {
          for (let step = 0; step < 5; step++) yield t.fetchAdd(sharing ? (shared as typeof cell) : cell, 1);
        });
      }
    });
    const strategy = strategyNamed(name, { seed: 2024 });
    const machine = new ControlledMachine(model);
    const order: number[] = [];
    const times = new Map<string, number>();
    const recording = {
      ...strategy,
      choose(...given: Parameters<typeof strategy.choose>) {
        const picked = strategy.choose(...given);
        order.push(picked);
        return picked;
      },
    };
    // The first execution is counted by the walk, to know what to expect of the others.
    for (let execution = 0; execution <= EXECUTIONS; execution++) {
      order.length = 0;
      strategy.begin();
      strategy.end(machine.execute(recording));
      if (execution > 0) times.set(order.join(''), (times.get(order.join('')) ?? 0) + 1);
    }
    const expected = EXECUTIONS / ORDERS;
    expect(times.size).toBe(ORDERS);
    return [...times.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  }

  it('reach each of the 252 orders of 2 threads with 5 independent steps about equally often', () => {
    expect(chiSquare('urw', false)).toBeLessThan(CHI_SQUARE_999);
    // Nothing is shared, so nothing can be selected.
    expect(chiSquare('surw', false)).toBeLessThan(CHI_SQUARE_999);
  });

  it('reach each of the 252 orders of the steps of the word that was selected as often', () => {
    expect(chiSquare('surw', true)).toBeLessThan(CHI_SQUARE_999);
  });

  it('are told from the plain random walk by that', () => {
    expect(chiSquare('random', false)).toBeGreaterThan(10 * CHI_SQUARE_999);
  });
});
