/** The leak check: what it says of a kernel that forgets to free. */

import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { minimize } from '../../src/explore/minimize.js';
import { replayWithStacks } from '../../src/explore/replay.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import { SIG_BLOCK, SIGUSR1 } from '../../src/kernel/constants.js';
import type { KernelPatch } from '../../src/kernel/kernel.js';
import { kernelModel } from '../../src/kernel/model.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { witnessDocuments } from '../../src/trace/report.js';
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

describe('the report of a leak', () => {
  /** The witnesses of the shrunk schedule: what each says, and the functions of its stack. */
  function told(
    functions: KernelPatch,
    parts = PARENT_AND_CHILD,
  ): readonly { readonly what: string; readonly at: readonly string[] }[] {
    const machine = new ControlledMachine(kernelModel(scenarioOf(parts), { patches: [patchOf(functions)] }));
    const { found } = explore(machine, { strategy: randomStrategy(1), schedules: 20 });
    const { schedule } = minimize(machine, found?.schedule ?? new Uint8Array());
    const { violation } = replayWithStacks(machine, schedule);
    expect(violation?.kind).toBe('leak');
    return (violation === null ? [] : witnessDocuments(violation)).map(({ what, stack }) => ({
      what: what.replace(/^step \d+: /, ''),
      at: stack.map(({ file, function: name }) => `${name} ${file}`),
    }));
  }

  it('says where each object was allocated, where that is a part of the execution', () => {
    const [allocated, ...others] = told(FORGETS_PIDS);
    expect(allocated).toMatchObject({ what: 'task 100 allocated pid 101' });
    expect(allocated?.at.slice(0, 2)).toEqual(['alloc_pid src/kernel/pid.ts', 'copy_process src/kernel/fork.ts']);
    expect(others).toEqual([{ what: 'pid 100 was there from the beginning', at: [] }]);
  });

  it('says where a reference to it was dropped last', () => {
    const whats = told({ __put_task_struct() {} }).map(({ what, at }) => [what, at[0] ?? '']);
    expect(whats).toEqual(
      expect.arrayContaining([
        ['task 100 allocated task 101', 'dup_task_struct src/kernel/fork.ts'],
        ['idle/0 was the last to drop a reference to task 101, and left 0', 'put_task_struct src/kernel/task.ts'],
        ['task 101 was the last to drop a reference to task 100, and left 0', 'put_task_struct src/kernel/task.ts'],
        ['task 100 was there from the beginning', ''],
      ]),
    );
    // It is held by the tasks, and was never given back.
    expect(whats.filter(([what]) => what?.includes('cred #2'))).toEqual([
      ['task 100 allocated cred #2', 'prepare_creds src/kernel/cred.ts'],
    ]);
  });

  it('says where one was allocated that nobody counts references to', () => {
    const pending: Parts = {
      ...PARENT_AND_CHILD,
      programs: {
        *parent(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        },
      },
    };
    const whats = told({ __sigqueue_free() {} }, pending).map(({ what, at }) => [what, at[0] ?? '']);
    expect(whats).toContainEqual(['task 100 allocated sigqueue #0', '__sigqueue_alloc src/kernel/signal/queue.ts']);
  });
});
