/** Lockdep: what it must report, and what it must not. */

import { describe, expect, it } from 'vitest';
import { findScenario, modelOf } from '../../scenarios/catalog.js';
import { explore } from '../../src/explore/explore.js';
import { replay, replayWithStacks } from '../../src/explore/replay.js';
import { HARDIRQ_OFFSET } from '../../src/kernel/constants.js';
import type { KernelPatch } from '../../src/kernel/kernel.js';
import { kernelModel } from '../../src/kernel/model.js';
import { globals } from '../../src/kernel/structs.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import type { Model } from '../../src/machine/model.js';
import { addr } from '../../src/memory/layout.js';
import { defineModel } from '../../src/model/define.js';
import type { Mutex, RwLock, Thread } from '../../src/model/thread.js';
import type { Violation } from '../../src/sync/gate.js';
import { violationReport } from '../../src/trace/report.js';
import { patchOf } from '../support/programs.js';
import { runInOrder, type TinyProgram } from '../support/tiny.js';

type Body = (t: Thread) => Generator<boolean, void, number>;

/** The violation of the execution in which nobody is preempted. */
function inOrder(model: Model): Violation | null {
  return explore(model, { strategy: 'dfs', schedules: 1 }).found?.violation ?? null;
}

function both(first: Mutex, second: Mutex): Body {
  return function* (t) {
    yield t.lock(first);
    yield t.lock(second);
    t.unlock(second);
    t.unlock(first);
  };
}

describe('a lock inversion', () => {
  it('is reported on a run that does not hang, with the order that there is', () => {
    const model = defineModel('inversion', (m) => {
      const [a, b] = [m.mutex('a'), m.mutex('b')];
      m.thread('there', both(a, b));
      m.thread('back', both(b, a));
    });
    expect(inOrder(model)).toMatchObject({
      kind: 'lock-inversion',
      message:
        'WARNING: possible circular locking dependency detected: a is taken while b is held, but there is the order a -> b',
    });
  });

  it('is found through a third lock', () => {
    const model = defineModel('three', (m) => {
      const [a, b, c] = [m.mutex('a'), m.mutex('b'), m.mutex('c')];
      m.thread('first', both(a, b));
      m.thread('second', both(b, c));
      m.thread('third', both(c, a));
    });
    expect(inOrder(model)?.message).toContain('the order a -> b -> c');
  });

  it('is none where all take the locks in one order, or one after the other', () => {
    const model = defineModel('ordered', (m) => {
      const [a, b, c] = [m.mutex('a'), m.mutex('b'), m.mutex('c')];
      m.thread('first', both(a, b));
      m.thread('second', both(b, c));
      m.thread('third', both(a, c));
      m.thread('fourth', function* (t) {
        yield t.lock(c);
        t.unlock(c);
        yield t.lock(a);
        t.unlock(a);
      });
    });
    expect(inOrder(model)).toBeNull();
  });

  it('is one with readers, who wait behind a writer that waits', () => {
    const model = (back: boolean): Model =>
      defineModel('readers', (m) => {
        const lock: RwLock = m.rwlock('rw');
        const mutex = m.mutex('m');
        m.thread('reader', function* (t) {
          yield t.readLock(lock);
          yield t.lock(mutex);
          t.unlock(mutex);
          t.readUnlock(lock);
        });
        m.thread('other', function* (t) {
          if (back) yield t.lock(mutex);
          yield t.readLock(lock);
          t.readUnlock(lock);
          if (back) t.unlock(mutex);
        });
      });
    expect(inOrder(model(true))?.kind).toBe('lock-inversion');
    expect(inOrder(model(false))).toBeNull();
  });

  it('of siglock and tasklist_lock is reported with both stacks', () => {
    // The real function does not take tasklist_lock; exit takes siglock inside it.
    const functions: KernelPatch = {
      *do_send_sig_info(sig, info, p, type) {
        const sighand = yield* this.__lock_task_sighand(p);
        if (!sighand) return -3;
        const flags = this.irqflags;
        const tasklist = addr(this.globals, globals.tasklist_lock);
        if (this.read_lock(tasklist)) yield;
        const error = yield* this.send_signal(sig, info, p, type);
        this.read_unlock(tasklist);
        this.unlock_task_sighand(sighand, flags);
        return error;
      },
    };
    const patch = patchOf(functions);
    const machine = new ControlledMachine(kernelModel(findScenario('kill-vs-exec'), { patches: [patch], cpus: 3 }));
    const { found } = explore(machine, { strategy: 'random', schedules: 50 });
    expect(found?.violation.kind).toBe('lock-inversion');
    expect(found?.violation.message).toMatch(/tasklist_lock.*&sighand->siglock|&sighand->siglock.*tasklist_lock/);
    // A machine of its own comes to the same from the schedule alone.
    const schedule = found?.schedule ?? new Uint8Array();
    const again = new ControlledMachine(kernelModel(findScenario('kill-vs-exec'), { patches: [patch], cpus: 3 }));
    const { violation } = replayWithStacks(again, schedule);
    expect(violation?.message).toBe(found?.violation.message);
    const report = violation === null ? '' : violationReport(again, violation, 'title', 'token');
    expect(report).toMatch(
      /took tasklist_lock while it held &sighand->siglock:\n {4}\w+ \(src\/kernel\/signal\/kill\.ts:\d+\)/,
    );
  });
});

describe('a lock that an interrupt takes', () => {
  const description = { scenario: 'irq-self-deadlock', cpus: 1 };
  const machine = (patches: readonly string[]): ControlledMachine =>
    new ControlledMachine(modelOf({ ...description, patches }));

  it('and that is held with interrupts enabled is reported on a run that does not hang', () => {
    const { found } = explore(machine(['siglock-irqs-on']), { strategy: 'dfs', preemptions: 0 });
    expect(found?.violation).toMatchObject({ kind: 'irq-unsafe-lock' });
    expect(found?.violation.message).toContain('&sighand->siglock is {HARDIRQ-ON-W} and {IN-HARDIRQ-W}');
    const again = replay(machine(['siglock-irqs-on']), found?.schedule ?? new Uint8Array());
    expect(again.violation?.kind).toBe('irq-unsafe-lock');
  });

  it('is safe as the kernel takes it', () => {
    expect(explore(machine([]), { strategy: 'dfs', preemptions: 1 })).toMatchObject({ found: null, exhausted: true });
  });

  it('is unsafe if another that is held with interrupts enabled is taken inside it', () => {
    const functions: KernelPatch = {
      *complete_signal() {
        // In interrupts siglock is taken, and this lock is not.
        if (this.preempt_count() >= HARDIRQ_OFFSET) return;
        const lock = addr(this.globals, globals.posix_timers_lock);
        if (this.spin_lock(lock)) yield;
        this.spin_unlock(lock);
      },
      *kill_something_info(sig, info, pid) {
        const lock = addr(this.globals, globals.posix_timers_lock);
        if (this.spin_lock(lock)) yield;
        this.spin_unlock(lock);
        this.rcu_read_lock();
        if (this.find_vpid(pid)) yield;
        const error = yield* this.kill_pid_info(sig, info, this.foundPid());
        this.rcu_read_unlock();
        return error;
      },
    };
    const patch = patchOf(functions);
    const model = kernelModel(findScenario('irq-self-deadlock'), { patches: [patch] });
    const { found } = explore(new ControlledMachine(model), { strategy: 'dfs', preemptions: 0, schedules: 10 });
    expect(found?.violation).toMatchObject({
      kind: 'irq-unsafe-lock',
      message: expect.stringContaining('&sighand->siglock -> posix_timers_lock'),
    });
  });
});

describe('sleeping', () => {
  const program = (atomic: boolean): TinyProgram =>
    function* (k) {
      if (atomic) k.preempt_disable();
      yield* k.__mutex_lock_common(k.field('mutex'), 2);
      yield* k.mutex_unlock(k.field('mutex'));
      if (atomic) k.preempt_enable();
    };

  it('where the CPU must not be given away is reported though the mutex was free', () => {
    expect(runInOrder({ programs: [program(true)] }).violation?.kind).toBe('scheduling-while-atomic');
    expect(runInOrder({ programs: [program(false)] }).violation).toBeNull();
  });

  it('inside a read-side section is reported though the mutex was free', () => {
    const reader: TinyProgram = function* (k) {
      k.rcu_read_lock();
      yield* program(false)(k);
      k.rcu_read_unlock();
    };
    expect(runInOrder({ programs: [reader] }).violation).toMatchObject({ kind: 'rcu-usage' });
  });
});

it('lets the checkers be chosen', () => {
  const model = defineModel('choice', (m) => {
    const [a, b] = [m.mutex('a'), m.mutex('b')];
    m.thread('there', both(a, b));
    m.thread('back', both(b, a));
  });
  const first = (checked: boolean | readonly 'lockdep'[]): string | undefined => {
    const machine = new ControlledMachine(model, { checked });
    return explore(machine, { strategy: 'dfs', preemptions: 0 }).found?.violation.kind;
  };
  expect([first(true), first(['lockdep']), first(false), first([])]).toEqual([
    'lock-inversion',
    'lock-inversion',
    undefined,
    undefined,
  ]);
  expect(() => new ControlledMachine(model, { checked: ['nonsense' as 'lockdep'] })).toThrow(/there is no checker/);
});
