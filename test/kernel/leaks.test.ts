/** The leak check: what it says of a kernel that forgets to free. */

import { expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import type { KernelPatch } from '../../src/kernel/kernel.js';
import { kernelModel } from '../../src/kernel/model.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { type Parts, patchOf, scenarioOf } from '../support/programs.js';

const PARENT_AND_CHILD: Parts = {
  programs: {
    *parent(sys) {
      yield* sys.fork('child');
      if (sys.arg === 1) yield* sys.stay();
    },
    *child() {},
  },
  results: [],
  setup(setup) {
    setup.process('parent');
  },
};

function firstViolation(parts: Parts, functions: KernelPatch, shutdown: boolean): string | null {
  const model = kernelModel(scenarioOf(parts), { patches: [patchOf(functions)] });
  const machine = new ControlledMachine(model, { shutdown });
  const { found } = explore(machine, { strategy: randomStrategy(1), schedules: 20 });
  return found?.violation.message ?? null;
}

const STAYING: Parts = { ...PARENT_AND_CHILD, setup: (setup) => void setup.process('parent', { arg: 1 }) };
const FORGETS_PIDS: KernelPatch = { delayed_put_pid() {} };

it('says what is left when all processes have ended', () => {
  expect(firstViolation(PARENT_AND_CHILD, {}, false)).toBeNull();
  expect(firstViolation(PARENT_AND_CHILD, FORGETS_PIDS, false)).toBe('all processes are gone, and not freed: 2 of pid');
});

it('ends the processes that are left, where it is told to', () => {
  expect(firstViolation(STAYING, FORGETS_PIDS, false)).toBeNull();
  expect(firstViolation(STAYING, {}, true)).toBeNull();
  expect(firstViolation(STAYING, FORGETS_PIDS, true)).toBe('all processes were killed, and not freed: 2 of pid');
});

it('says who cannot be killed', () => {
  const ignoresKills: KernelPatch = {
    *complete_signal() {},
  };
  expect(firstViolation(STAYING, ignoresKills, true)).toMatch(/^killed, but still there: task 100 is runnable/);
});
