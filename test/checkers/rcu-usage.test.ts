/** What is read under RCU must be read in a read-side section, or under the lock that stands for one. */

import { describe, expect, it } from 'vitest';
import { findScenario } from '../../scenarios/catalog.js';
import { explore } from '../../src/explore/explore.js';
import type { KernelPatch } from '../../src/kernel/kernel.js';
import { kernelModel } from '../../src/kernel/model.js';
import { globals, sighand_struct, task_struct } from '../../src/kernel/structs.js';
import type { Checker } from '../../src/machine/checkers/selection.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { addr } from '../../src/memory/layout.js';
import { patchOf } from '../support/programs.js';

function firstOf(functions: KernelPatch, checked: readonly Checker[] = ['memory', 'lockdep', 'rcu']) {
  const patch = patchOf(functions);
  const model = kernelModel(findScenario('kill-vs-exec'), { patches: [patch] });
  const { found } = explore(new ControlledMachine(model, { checked }), { strategy: 'random', schedules: 30 });
  return found?.violation ?? null;
}

const NO_SECTION: KernelPatch = {
  *kill_something_info(sig, info, pid) {
    if (this.find_vpid(pid)) yield;
    return yield* this.kill_pid_info(sig, info, this.foundPid());
  },
};

describe('a lookup by number', () => {
  it('outside a read-side section is reported, though nothing was freed', () => {
    expect(firstOf(NO_SECTION)).toMatchObject({ kind: 'rcu-usage' });
    expect(firstOf(NO_SECTION)?.message).toMatch(/^WARNING: suspicious RCU usage: pid table\[\d+\] is followed/);
  });

  it('is not, where nobody looks at it', () => {
    expect(firstOf(NO_SECTION, ['memory', 'lockdep'])).toBeNull();
  });

  it('under tasklist_lock is as good', () => {
    const functions: KernelPatch = {
      *kill_something_info(sig, info, pid) {
        const lock = addr(this.globals, globals.tasklist_lock);
        if (this.read_lock(lock)) yield;
        if (this.find_vpid(pid)) yield;
        const error = yield* this.kill_pid_info(sig, info, this.foundPid());
        this.read_unlock(lock);
        return error;
      },
    };
    expect(firstOf(functions)).toBeNull();
  });

  it('is not saved by a lock that another CPU holds', () => {
    const functions: KernelPatch = {
      *kill_something_info(sig, info, pid) {
        const lock = addr(this.globals, globals.tasklist_lock);
        if (this.read_lock(lock)) yield;
        this.read_unlock(lock);
        if (this.find_vpid(pid)) yield;
        return yield* this.kill_pid_info(sig, info, this.foundPid());
      },
    };
    expect(firstOf(functions)?.kind).toBe('rcu-usage');
  });
});

describe('the threads of a group', () => {
  it('are walked under siglock or in a section, and not between the two', () => {
    const functions = (after: boolean): KernelPatch => ({
      *kill_something_info(sig, info, pid) {
        const siglock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
        if (this.spin_lock_irq(siglock)) yield;
        this.next_thread(this.current);
        this.spin_unlock_irq(siglock);
        if (after) this.next_thread(this.current);
        this.rcu_read_lock();
        this.next_thread(this.current);
        if (this.find_vpid(pid)) yield;
        const error = yield* this.kill_pid_info(sig, info, this.foundPid());
        this.rcu_read_unlock();
        return error;
      },
    });
    expect(firstOf(functions(false))).toBeNull();
    expect(firstOf(functions(true))?.message).toContain('thread_group.next is followed outside a read-side section');
  });
});

it('a section that is left twice is reported', () => {
  const functions: KernelPatch = {
    *kill_something_info(sig, info, pid) {
      this.rcu_read_lock();
      if (this.find_vpid(pid)) yield;
      const error = yield* this.kill_pid_info(sig, info, this.foundPid());
      this.rcu_read_unlock();
      this.rcu_read_unlock();
      return error;
    },
  };
  expect(firstOf(functions)).toMatchObject({ kind: 'rcu-usage', message: expect.stringContaining('without') });
});
