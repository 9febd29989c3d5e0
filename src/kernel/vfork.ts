/** `kernel/fork.c`, what concerns `vfork`: the parent waits until the child no longer uses its memory. */

import { addr, NULL, type Ptr } from '../memory/layout.js';
import type { CompletionPtr } from '../sync/completion.js';
import type { Coroutine } from '../sync/gate.js';
import { CLONE_VFORK, CLONE_VM, EINVAL, SIGCHLD } from './constants.js';
import type { CloneArgs } from './fork.js';
import type { Kernel } from './kernel.js';
import { task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

export const vforkFunctions = {
  /** `vfork(2)`. */
  *vfork(this: Kernel, args: CloneArgs): Coroutine<number> {
    if (args.cpu < 0 || args.cpu >= this.cpus) return -EINVAL;
    return yield* this._do_fork({ ...args, flags: CLONE_VFORK | CLONE_VM, exit_signal: SIGCHLD });
  },

  /**
   * What a child with `CLONE_VFORK` is to complete, and a reference to the child. On the parent's kernel stack in the
   * kernel; here an object of its own, so that the use of it after the parent has gone on is reported.
   */
  initVforkDone(this: Kernel, child: Task): CompletionPtr {
    const vfork = this.kmem_cache_alloc<'completion'>(this.caches.completion);
    this.BUG_ON(!vfork, 'no room for the completion of a vfork: a task waits for one at most');
    this.init_completion(vfork);
    this.set(child, task_struct.vfork_done, vfork);
    this.get_task_struct(child);
    return vfork;
  },

  /**
   * Waits for the child's exec or exit. A fatal signal ends the wait: then the child is told that nobody waits, under
   * the lock under which it completes. Left out: the freezer.
   *
   * @returns 0, or −ERESTARTSYS if a fatal signal came
   */
  *wait_for_vfork_done(this: Kernel, child: Task, vfork: CompletionPtr): Coroutine<number> {
    const killed = yield* this.wait_for_completion_killable(vfork);
    if (killed !== 0) {
      const lock = addr(child, task_struct.vfork_lock);
      if (this.spin_lock(lock)) yield;
      this.set(child, task_struct.vfork_done, NULL);
      this.spin_unlock(lock);
    }
    this.kmem_cache_free(this.caches.completion, vfork);
    this.put_task_struct(child);
    return killed;
  },

  /** The child's side. */
  *complete_vfork_done(this: Kernel, tsk: Task): Coroutine<void> {
    const lock = addr(tsk, task_struct.vfork_lock);
    if (this.spin_lock(lock)) yield;
    const vfork = this.get(tsk, task_struct.vfork_done);
    if (vfork) {
      this.set(tsk, task_struct.vfork_done, NULL);
      yield* this.complete(vfork);
    }
    this.spin_unlock(lock);
  },

  /** A child of vfork no longer uses its memory, by exec or exit. Left out: futexes and `clear_child_tid`. */
  mm_release(this: Kernel, tsk: Task): Coroutine<void> {
    return this.complete_vfork_done(tsk);
  },
};

export type VforkFunctions = typeof vforkFunctions;
