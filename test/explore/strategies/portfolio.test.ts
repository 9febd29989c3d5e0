import { describe, expect, it } from 'vitest';
import { modelOf } from '../../../scenarios/catalog.js';
import { explore } from '../../../src/explore/explore.js';
import { portfolioStrategy } from '../../../src/explore/strategies/portfolio.js';
import { posStrategy } from '../../../src/explore/strategies/pos.js';
import { randomStrategy } from '../../../src/explore/strategies/random.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import { killVsExecMachine } from '../../support/kill-vs-exec.js';
import { addingModel } from '../../support/steps-model.js';
import { walk } from '../../support/walk.js';

describe('the portfolio', () => {
  const members = [
    (seed: number, first: number) => posStrategy(seed, first),
    (seed: number, first: number) => randomStrategy(seed, first),
  ];

  it('makes the executions of its members by turns', () => {
    const machine = killVsExecMachine();
    const words = walk(machine, portfolioStrategy({ seed: 8, members }), 8);
    expect(words.filter((_, at) => at % 2 === 0)).toEqual(walk(machine, posStrategy(8), 4));
    expect(words.filter((_, at) => at % 2 === 1)).toEqual(walk(machine, randomStrategy(8), 4));
  });

  it.each([1, 2, 5])('makes any execution alone where its members do: from number %i on', (first) => {
    const machine = killVsExecMachine();
    const all = walk(machine, portfolioStrategy({ seed: 3, members }), first + 4);
    expect(walk(machine, portfolioStrategy({ seed: 3, first, members }), 4)).toEqual(all.slice(first));
  });

  it('comes to every order of a small model', () => {
    const words = walk(new ControlledMachine(addingModel(3, 2)), portfolioStrategy({ seed: 1 }), 3000);
    expect(new Set(words).size).toBe(90);
  });

  it('finds the lost retry of kill_pid_info within 200 executions, as the default, in the median of 20 seeds', () => {
    const machine = new ControlledMachine(modelOf({ scenario: 'kill-vs-exec', patches: ['no-kill-retry'], cpus: 3 }));
    const executions = Array.from(
      { length: 20 },
      (_, seed) => explore(machine, { seed: seed + 1, schedules: 2000 }).found?.execution ?? Number.POSITIVE_INFINITY,
    ).sort((a, b) => a - b);
    expect(((executions[9] as number) + (executions[10] as number)) / 2).toBeLessThanOrEqual(200);
  });
});
