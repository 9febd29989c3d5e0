/** What a scenario's setup refuses. */

import { describe, expect, it } from 'vitest';
import { SIGUSR1 } from '../../src/kernel/constants.js';
import { kernelModel } from '../../src/kernel/model.js';
import type { Setup } from '../../src/kernel/setup.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { scenarioOf } from '../support/programs.js';

function setUp(setup: (setup: Setup) => void, tasks = 8): ControlledMachine {
  const parts = { programs: { *main() {} }, results: [], setup };
  return new ControlledMachine(kernelModel(scenarioOf(parts), { limits: { tasks, sigqueues: 8 } }));
}

describe('a setup', () => {
  it.each<[string, (setup: Setup) => void, string]>([
    ['a program that there is not', (setup) => void setup.process('other'), 'scenario test has no program "other"'],
    [
      'a handler that there is not',
      (setup) => setup.sigaction(setup.process('main'), SIGUSR1, 'other'),
      'scenario test has no handler "other"',
    ],
    ['a cell that there is not', (setup) => setup.cell(64, 1), 'there is no cell 64'],
    ['a cell below 0', (setup) => setup.cell(-1, 1), 'there is no cell -1'],
    ['too few pids', (setup) => setup.pidMax(100), 'there can be no 100 pids'],
    ['too many pids', (setup) => setup.pidMax(5000), 'there can be no 5000 pids'],
  ])('with %s says so', (_, setup, message) => {
    expect(() => setUp(setup)).toThrow(message);
  });

  it('of more processes than there is room for says so', () => {
    const many = (setup: Setup): void => {
      for (let made = 0; made < 20; made++) setup.process('main');
    };
    expect(() => setUp(many)).toThrow('scenario test: making main failed with');
  });
});
