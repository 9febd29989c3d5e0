/** RCU in models, and grace periods that cannot end. */

import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { minimize } from '../../src/explore/minimize.js';
import { replayWithStacks } from '../../src/explore/replay.js';
import type { KernelPatch } from '../../src/kernel/kernel.js';
import { kernelModel } from '../../src/kernel/model.js';
import { task_struct } from '../../src/kernel/structs.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { defineModel, type ModelBuilder } from '../../src/model/define.js';
import type { Violation } from '../../src/sync/gate.js';
import { violationReport } from '../../src/trace/report.js';
import { simulatedFrames } from '../../src/trace/stack.js';
import { patchOf, scenarioOf } from '../support/programs.js';

function violationOf(declare: (m: ModelBuilder) => void, strategy = 'dfs'): Violation | null {
  return explore(defineModel('m', declare), { strategy, schedules: 2000 }).found?.violation ?? null;
}

describe('RCU in a model', () => {
  /** A reader of an object, and one that takes it away and frees it. */
  const readerAndUpdater = (waits: boolean) => (m: ModelBuilder) => {
    const [rcu, published, object] = [m.rcu('rcu'), m.cell('published', 1), m.plain('object', 7)];
    m.thread('reader', function* (t) {
      yield* t.rcuReadLock(rcu);
      yield* t.rcuReadLock(rcu);
      if ((yield t.load(published)) === 1) {
        t.rcuReadUnlock(rcu);
        t.assert(t.read(object) === 7, 'the object was freed');
      } else t.rcuReadUnlock(rcu);
      t.rcuReadUnlock(rcu);
    });
    m.thread('updater', function* (t) {
      yield t.store(published, 0);
      if (waits) yield* t.synchronizeRcu(rcu);
      t.write(object, 0);
    });
  };

  it('keeps what a reader has found until it has left its section', () => {
    const model = defineModel('m', readerAndUpdater(true));
    expect(explore(model, { strategy: 'dpor' })).toMatchObject({ exhausted: true, found: null });
    expect(explore(model, { strategy: 'dfs' })).toMatchObject({ exhausted: true, found: null });
  });

  it('does not, where nobody waits for a grace period', () => {
    expect(violationOf(readerAndUpdater(false))?.kind).toBe('data-race');
  });

  it('does not make one wait for readers that come later, nor two for each other', () => {
    const model = defineModel('m', (m) => {
      const [rcu, done] = [m.rcu('rcu'), m.cell('done')];
      for (const name of ['first', 'second']) {
        m.thread(name, function* (t) {
          yield* t.synchronizeRcu(rcu);
          yield t.fetchAdd(done, 1);
        });
      }
      m.thread('reader', function* (t) {
        for (let times = 0; times < 2; times++) {
          yield* t.rcuReadLock(rcu);
          t.rcuReadUnlock(rcu);
        }
      });
    });
    expect(explore(model, { strategy: 'dpor' })).toMatchObject({ exhausted: true, found: null });
  });

  it.each<[string, RegExp, (m: ModelBuilder) => void]>([
    [
      'a section that is left twice',
      /^WARNING: rcu_read_unlock\(\) of rcu without/,
      (m) => {
        const rcu = m.rcu('rcu');
        m.thread('reader', function* (t) {
          yield* t.rcuReadLock(rcu);
          t.rcuReadUnlock(rcu);
          t.rcuReadUnlock(rcu);
        });
      },
    ],
    [
      'a thread that ends inside one',
      /^WARNING: thread reader ends inside a read-side section of rcu$/,
      (m) => {
        const rcu = m.rcu('rcu');
        m.thread('reader', (t) => t.rcuReadLock(rcu));
      },
    ],
    [
      'a wait for a grace period inside one',
      /^WARNING: illegal synchronize_rcu\(\) in a read-side section of rcu$/,
      (m) => {
        const rcu = m.rcu('rcu');
        m.thread('reader', function* (t) {
          yield* t.rcuReadLock(rcu);
          yield* t.synchronizeRcu(rcu);
        });
      },
    ],
  ])('reports %s', (_, message, declare) => {
    const violation = violationOf(declare);
    expect(violation?.kind).toBe('rcu-usage');
    expect(violation?.message).toMatch(message);
  });
});

describe('a grace period of a model', () => {
  it('that waits for a reader which waits for the one that waits for it', () => {
    const model = defineModel('m', (m) => {
      const [rcu, mutex] = [m.rcu('rcu'), m.mutex('mutex')];
      m.thread('reader', function* (t) {
        yield* t.rcuReadLock(rcu);
        yield t.lock(mutex);
        t.unlock(mutex);
        t.rcuReadUnlock(rcu);
      });
      m.thread('updater', function* (t) {
        yield t.lock(mutex);
        yield* t.synchronizeRcu(rcu);
        t.unlock(mutex);
      });
    });
    const machine = new ControlledMachine(model);
    const { found } = explore(machine, { strategy: 'dfs' });
    const { violation } = replayWithStacks(machine, minimize(machine, found?.schedule ?? Uint8Array.of()).schedule);
    expect(violation).toMatchObject({
      kind: 'rcu-stall',
      message:
        'rcu: INFO: rcu detected stalls on thread reader: in a read-side section since before the grace period; ' +
        'thread updater waits for it in synchronizeRcu',
    });
    expect(violation?.witnesses.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^step \d+: thread reader entered its read-side section$/),
    ]);
    const report = violation === null ? '' : violationReport(machine, violation, 'title', 'token');
    expect(report).toMatch(/^=+\nrcu: INFO: rcu detected stalls/);
    expect(report).toContain('thread updater: waits at synchronizeRcu(rcu)');
  });

  it('that waits for a reader which spins', () => {
    const violation = violationOf((m) => {
      const [rcu, cell] = [m.rcu('rcu'), m.cell('cell')];
      m.thread('reader', function* (t) {
        yield* t.rcuReadLock(rcu);
        while ((yield t.load(cell)) === 0);
        t.rcuReadUnlock(rcu);
      });
      m.thread('updater', function* (t) {
        yield* t.synchronizeRcu(rcu);
        yield t.store(cell, 1);
      });
    }, 'fair');
    expect(violation?.kind).toBe('rcu-stall');
    expect(violation?.witnesses.map(({ what }) => what)).toEqual([
      'livelock: thread reader spins, and nobody is left to end it; thread updater waits meanwhile',
      'thread reader, over and over: load(cell)',
    ]);
  });
});

describe('a grace period of the kernel', () => {
  /** A child that dies and is reaped, so that its task is freed after a grace period, and one that calls `getppid`. */
  const scenario = scenarioOf({
    results: [],
    programs: {
      *parent(sys) {
        yield* sys.wait4(101);
      },
      *child() {
        return 0;
      },
      *caller(sys) {
        yield* sys.getppid();
      },
    },
    setup(setup) {
      const parent = setup.process('parent', { cpu: 0 });
      setup.process('child', { parent, cpu: 0 });
      setup.process('caller', { cpu: 1 });
    },
  });

  it('that a CPU holds up which spins in a reader: where, and what waits', () => {
    const functions: KernelPatch = {
      *getppid() {
        this.rcu_read_lock();
        for (;;) if (this.READ_ONCE(this.current, task_struct.exit_state)) yield;
      },
    };
    const patches = [patchOf(functions)];
    const machine = new ControlledMachine(kernelModel(scenario, { patches }));
    const { found } = explore(machine, { strategy: 'fair', schedules: 20 });
    expect(found?.violation.kind).toBe('rcu-stall');
    const { violation } = replayWithStacks(machine, minimize(machine, found?.schedule ?? Uint8Array.of()).schedule);
    expect(violation?.message).toMatch(
      /^rcu: INFO: rcu_sched detected stalls on CPU 1: no quiescent state since the grace period began; callbacks wait for grace period \d+$/,
    );
    const spin = violation?.witnesses.at(-1);
    expect(spin?.what).toMatch(/^CPU 1, over and over: read\(task 102 exit_state\)$/);
    expect(simulatedFrames(spin?.stack ?? '').map((frame) => frame.function)).toContain('do_syscall_64');
  });

  it('is none where the call comes to its end', () => {
    const machine = new ControlledMachine(kernelModel(scenario));
    expect(explore(machine, { strategy: 'fair', schedules: 100 }).found).toBeNull();
  });
});
