/** The lists of threads and of processes are walked under a lock or RCU, and who does not is told so. */

import { expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Patch } from '../../src/kernel/scenario.js';
import { globals, sighand_struct, task_struct } from '../../src/kernel/structs.js';
import { addr } from '../../src/memory/layout.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { outcomesOf, type Parts, patchOf } from '../support/programs.js';

/** Has `getpid` do something else. */
function calling(getpid: (this: Kernel) => Coroutine<number>): readonly Patch[] {
  return [patchOf({ getpid })];
}

const PARTS: Parts = {
  results: ['got'],
  cpus: 1,
  programs: {
    *main(sys) {
      sys.result('got', yield* sys.getpid());
    },
  },
  setup: (setup) => void setup.process('main'),
};

it.each<[string, (this: Kernel) => Coroutine<number>]>([
  [
    'the next thread',
    function* () {
      return this.next_thread(this.current) === this.current ? 1 : 0;
    },
  ],
  [
    'the next process',
    function* () {
      return this.next_task(this.init_task) === this.init_task ? 1 : 0;
    },
  ],
])('%s, without any lock, is suspicious RCU usage', (_, walk) => {
  expect(() => outcomesOf(PARTS, 1, calling(walk))).toThrow(/suspicious RCU usage/);
});

it('the threads of a process may be walked under its siglock, and the processes under tasklist_lock', () => {
  const walk = calling(function* () {
    const siglock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(siglock)) yield;
    const alone = this.next_thread(this.current) === this.current;
    this.spin_unlock_irq(siglock);
    const tasklist = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(tasklist)) yield;
    const init = this.get(this.next_task(this.init_task), task_struct.pid);
    this.read_unlock(tasklist);
    return alone ? init : -1;
  });
  expect(outcomesOf(PARTS, 1, walk)).toEqual(['got=1']);
});

it('a fork past the system’s limit of threads gets EAGAIN, and leaves nothing', () => {
  // No scenario sets it; a machine has it as many as it has memory for.
  const limit = calling(function* () {
    this.set(this.globals, globals.max_threads, this.get(this.globals, globals.nr_threads));
    if (this.READ_ONCE(this.globals, globals.max_threads)) yield;
    return 0;
  });
  const parts: Parts = {
    ...PARTS,
    programs: {
      *main(sys) {
        yield* sys.getpid();
        sys.result('got', yield* sys.fork('main'));
      },
    },
  };
  expect(outcomesOf(parts, 1, limit)).toEqual(['got=-11']);
});
