/** `kernel/fork.c`: how a fork that fails gives back what it has. */

import { addr, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { CLONE_THREAD, TASK_DEAD } from './constants.js';
import type { ForkPidfd } from './fork.js';
import type { Kernel } from './kernel.js';
import { cred, multiprocess_signals, sighand_struct, signal_struct, task_struct, user_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

export const forkUndoFunctions = {
  *bad_fork_put_pidfd(this: Kernel, { fd, file }: ForkPidfd): Coroutine<void> {
    this.fput(file);
    yield* this.put_unused_fd(fd);
  },

  /** Frees a struct that no other task has seen. */
  free_task(this: Kernel, p: Task): void {
    this.set(p, task_struct.state, TASK_DEAD);
    this.kmem_cache_free(this.caches.task_struct, p);
  },

  *bad_fork_cleanup_namespaces(this: Kernel, p: Task, flags: number, error: number): Coroutine<number> {
    this.exit_task_namespaces(p);
    return yield* this.bad_fork_cleanup_signal(p, flags, error);
  },

  *bad_fork_cleanup_signal(this: Kernel, p: Task, flags: number, error: number): Coroutine<number> {
    if ((flags & CLONE_THREAD) === 0) {
      const signal = this.get(p, task_struct.signal);
      // bad_fork_cleanup_mm.
      if (this.peek(signal + signal_struct.mm) !== 0) this.mmput(signal);
      this.kmem_cache_free(this.caches.signal_struct, signal);
    }
    return yield* this.bad_fork_cleanup_sighand(p, error);
  },

  *bad_fork_cleanup_sighand(this: Kernel, p: Task, error: number): Coroutine<number> {
    this.__cleanup_sighand(this.get(p, task_struct.sighand));
    return yield* this.bad_fork_cleanup_files(p, error);
  },

  *bad_fork_cleanup_files(this: Kernel, p: Task, error: number): Coroutine<number> {
    this.exit_files(p);
    return yield* this.bad_fork_cleanup_count(p, error);
  },

  *bad_fork_cleanup_count(this: Kernel, p: Task, error: number): Coroutine<number> {
    this.atomic_dec(this.get(this.get(p, task_struct.cred), cred.user), user_struct.processes);
    this.exit_creds(p);
    this.free_task(p);
    return yield* this.fork_out(error);
  },

  /** Nothing came of it: signals need no longer be collected for the child. */
  *fork_out(this: Kernel, error: number): Coroutine<number> {
    const siglock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(siglock)) yield;
    this.hlist_del_init(addr(addr(this.current, task_struct.delayed), multiprocess_signals.node));
    this.spin_unlock_irq(siglock);
    return error;
  },
};

export type ForkUndoFunctions = typeof forkUndoFunctions;
