/** What a scenario's setup refuses. */

import { describe, expect, it } from 'vitest';
import { CAP_FULL_SET, RLIMIT_NPROC, SIGUSR1 } from '../../src/kernel/constants.js';
import { kernelModel } from '../../src/kernel/model.js';
import type { Setup } from '../../src/kernel/setup.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { outcomesOf, type Parts, scenarioOf } from '../support/programs.js';

function setUp(setup: (setup: Setup) => void, tasks = 24): ControlledMachine {
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
    [
      'a group for the leader of a session',
      (setup) => void setup.process('main', { session: true, group: true }),
      'scenario test: setpgid failed with -EPERM',
    ],
    [
      'a program that waits before the race',
      (setup) => setup.run(setup.process('main'), (sys) => sys.pause()),
      "a scenario's setup blocked on CPU 0",
    ],
    [
      'more users than there is room for',
      (setup) => {
        for (let uid = 1; uid < 20; uid++) setup.process('main', { uid });
      },
      'more users than the machine has room for',
    ],
  ])('with %s says so', (_, setup, message) => {
    expect(() => setUp(setup)).toThrow(message);
  });

  it('of more processes than there is room for says so', () => {
    const many = (setup: Setup): void => {
      for (let made = 0; made < 30; made++) setup.process('main');
    };
    expect(() => setUp(many)).toThrow('scenario test: making main failed with');
  });

  it('gives root that has changed its effective user the right to all, and nothing in effect; and a limit its two halves', () => {
    const parts: Parts = {
      results: ['permitted', 'effective', 'soft', 'hard'],
      cpus: 1,
      programs: {
        *main(sys) {
          const data = { effective: 7, permitted: 7, inheritable: 0 };
          yield* sys.capget({ version: 0x20080522, pid: 0 }, data);
          sys.result('permitted', data.permitted);
          sys.result('effective', data.effective);
          const limit = { rlim_cur: 0, rlim_max: 0 };
          yield* sys.getrlimit(RLIMIT_NPROC, limit);
          sys.result('soft', limit.rlim_cur);
          sys.result('hard', limit.rlim_max);
        },
      },
      setup: (setup) => void setup.process('main', { uid: 0, euid: 1000, limits: { [RLIMIT_NPROC]: [3, 5] } }),
    };
    expect(outcomesOf(parts, 1)).toEqual([`permitted=${CAP_FULL_SET} effective=0 soft=3 hard=5`]);
  });
});
