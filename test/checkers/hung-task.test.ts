/** Tasks that are blocked for ever: for what, who has it, and both stacks. */

import { describe, expect, it } from 'vitest';
import { modelOf } from '../../scenarios/catalog.js';
import { explore } from '../../src/explore/explore.js';
import { minimize } from '../../src/explore/minimize.js';
import { replayWithStacks } from '../../src/explore/replay.js';
import type { KernelPatch } from '../../src/kernel/kernel.js';
import { kernelModel } from '../../src/kernel/model.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { defineModel } from '../../src/model/define.js';
import type { Violation } from '../../src/sync/gate.js';
import { violationReport } from '../../src/trace/report.js';
import { simulatedFrames } from '../../src/trace/stack.js';
import { patchOf, scenarioOf } from '../support/programs.js';

/** The violation of the shrunk schedule, with stacks, and its report. */
function shrunk(machine: ControlledMachine): { readonly violation: Violation; readonly report: string } {
  const { found } = explore(machine, { strategy: 'random', schedules: 2000 });
  if (found === null) throw new Error('nothing was found');
  const { violation } = replayWithStacks(machine, minimize(machine, found.schedule).schedule);
  if (violation === null) throw new Error('it fails no more');
  return { violation, report: violationReport(machine, violation, 'title', 'token') };
}

const whats = ({ witnesses }: Violation): readonly string[] =>
  witnesses.map(({ what }) => what.replace(/^step \d+: /, ''));

/** Two threads that write to one pipe. */
const TWO_WRITERS = scenarioOf({
  results: [],
  programs: {
    *main(sys) {
      yield* sys.write(1, new Uint8Array(1));
    },
  },
  setup(setup) {
    const main = setup.process('main', { cpu: 0 });
    setup.thread(main, 'main', { cpu: 1 });
    setup.run(main, function* (sys) {
      yield* sys.pipe([-1, -1]);
    });
  },
});

describe('a task in uninterruptible sleep', () => {
  it('that waits for a mutex which nobody gives back: which, and who has it', () => {
    const functions: KernelPatch = { *__pipe_unlock() {} };
    const patches = [patchOf(functions)];
    const { violation, report } = shrunk(new ControlledMachine(kernelModel(TWO_WRITERS, { patches })));
    expect(violation.kind).toBe('hung-task');
    const [, waiting, holding] =
      /^INFO: task (\d+) blocked for ever in uninterruptible sleep: it waits for pipe_inode_info #0 mutex, which task (\d+) holds$/.exec(
        violation.message,
      ) ?? [];
    expect(new Set([waiting, holding])).toEqual(new Set(['100', '101']));
    expect(whats(violation)).toEqual([
      `task ${holding} took pipe_inode_info #0 mutex`,
      expect.stringMatching(
        new RegExp(
          `^task ${waiting} has slept in uninterruptible sleep for more than \\d+ steps: it waits for pipe_inode_info #0 mutex$`,
        ),
      ),
    ]);
    for (const { stack } of violation.witnesses) {
      const functionsOf = simulatedFrames(stack).map((frame) => frame.function);
      expect(functionsOf).toEqual(expect.arrayContaining(['__mutex_lock_common', '__pipe_lock']));
    }
    expect(report).toMatch(/^=+\nINFO: task 10\d blocked for ever/);
  });

  it('that is woken is none', () => {
    const machine = new ControlledMachine(kernelModel(TWO_WRITERS));
    expect(explore(machine, { strategy: 'random', schedules: 500 }).found).toBeNull();
  });
});

describe('a task that waits for ever where signals would wake it', () => {
  it('has its stack, and that of the one that has what it waits for', () => {
    const { violation } = shrunk(new ControlledMachine(modelOf({ scenario: 'exec-vs-attach', patches: [], cpus: 3 })));
    expect(violation.kind).toBe('hung-task');
    expect(whats(violation)).toEqual([
      'task 101 took cred_guard_mutex of process 101',
      expect.stringMatching(/^task 101 has slept in uninterruptible sleep for more than \d+ steps$/),
      expect.stringMatching(
        /^task 100 has slept for more than \d+ steps: it waits for cred_guard_mutex of process 101$/,
      ),
    ]);
    const functions = violation.witnesses.map(({ stack }) => simulatedFrames(stack).map((frame) => frame.function));
    expect(functions[0]).toContain('execve');
    expect(functions[1]).toContain('de_thread');
    expect(functions[2]).toContain('ptrace_attach');
  });

  it('is told where it is stopped, too', () => {
    const machine = new ControlledMachine(
      modelOf({ scenario: 'stop-vs-cont', patches: ['no-stop-dequeued'], cpus: 2 }),
    );
    const { violation } = shrunk(machine);
    expect(violation.kind).toBe('hung-task');
    expect(whats(violation)[0]).toMatch(/^task 101 has been stopped for more than \d+ steps$/);
  });
});

describe('a thread of a model', () => {
  it('that waits for a mutex whose owner has ended', () => {
    const model = defineModel('m', (m) => {
      const mutex = m.mutex('mutex');
      for (const name of ['first', 'second']) {
        m.thread(name, function* (t) {
          yield t.lock(mutex);
        });
      }
    });
    const { violation } = shrunk(new ControlledMachine(model));
    expect(violation).toMatchObject({
      kind: 'hung-task',
      message: 'INFO: thread second blocked for ever: it waits for mutex, which thread first held when it ended',
    });
    expect(whats(violation)).toEqual(['thread first took mutex']);
  });

  it('is in a deadlock where the owner lives', () => {
    const model = defineModel('m', (m) => {
      const [mutex, cell] = [m.mutex('mutex'), m.cell('cell')];
      m.thread('owner', function* (t) {
        yield t.lock(mutex);
        yield t.until(cell, 1);
      });
      m.thread('other', function* (t) {
        yield t.lock(mutex);
      });
    });
    expect(explore(model, { strategy: 'dfs' }).found?.violation.kind).toBe('deadlock');
  });
});

it('a deadlock of readers that want to write has the cycle through the other, and not through the one itself', () => {
  const model = defineModel('upgrade', (m) => {
    const lock = m.rwlock('lock');
    for (const name of ['first', 'second']) {
      m.thread(name, function* (t) {
        yield t.readLock(lock);
        yield t.writeLock(lock);
      });
    }
  });
  const { found } = explore(model, { strategy: 'dfs' });
  expect(found?.violation.witnesses.map(({ what }) => what)).toEqual([
    'the cycle: thread first -> thread second -> thread first',
  ]);
});

it('a deadlock of one that joins with a lock held has the cycle through the one that is joined', () => {
  const model = defineModel('joins', (m) => {
    const lock = m.mutex('lock');
    const child = m.spawned('child', function* (t) {
      yield t.lock(lock);
      t.unlock(lock);
    });
    m.thread('parent', function* (t) {
      yield t.start(child);
      yield t.lock(lock);
      yield t.join(child);
      t.unlock(lock);
    });
  });
  const violation = explore(model, { strategy: 'dfs' }).found?.violation;
  expect(violation?.kind).toBe('deadlock');
  expect(violation?.witnesses.map(({ what }) => what)).toEqual([
    'the cycle: thread child -> thread parent -> thread child',
  ]);
});
