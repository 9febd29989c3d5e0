/** `include/linux/sched/signal.h`, `kernel/fork.c`: tasks and their groups, and the references to what they share. */

import { addr, container_of, NULL, type Ptr } from '../memory/layout.js';
import { wait_queue_head } from '../sync/wait.js';
import { _NSIG } from './constants.js';
import type { Kernel } from './kernel.js';
import { k_sigaction, sighand_struct, signal_struct, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

export const taskFunctions = {
  thread_group_leader(this: Kernel, t: Task): boolean {
    return this.get(t, task_struct.exit_signal) >= 0;
  },

  /** The next thread of a group, in a circle. Needs siglock, `tasklist_lock` or RCU. */
  next_thread(this: Kernel, t: Task): Task {
    if (this.provesRcu && !this.rcu_read_lock_held()) this.proveThreadListed(t);
    return container_of(this.peek(t + task_struct.thread_group) as Ptr<'list_head'>, task_struct.thread_group);
  },

  /** The next process after one, starting from and ending at `init_task`. Needs `tasklist_lock` or RCU. */
  next_task(this: Kernel, t: Task): Task {
    if (this.provesRcu && !this.rcu_read_lock_held() && !this.tasklist_lock_is_held()) {
      this.suspiciousRcuUsage(t + task_struct.tasks);
    }
    return container_of(this.peek(t + task_struct.tasks) as Ptr<'list_head'>, task_struct.tasks);
  },

  /** Whether a task is the only thread of its group that is still listed. */
  thread_group_empty(this: Kernel, t: Task): boolean {
    return this.peek(t + task_struct.thread_group) === t + task_struct.thread_group;
  },

  same_thread_group(this: Kernel, a: Task, b: Task): boolean {
    return this.get(a, task_struct.signal) === this.get(b, task_struct.signal);
  },

  is_global_init(this: Kernel, t: Task): boolean {
    return this.get(t, task_struct.tgid) === 1;
  },

  get_task_struct(this: Kernel, t: Task): void {
    this.atomic_inc(t, task_struct.usage);
  },

  put_task_struct(this: Kernel, t: Task): void {
    if (this.refcount_dec_and_test(t, task_struct.usage)) this.__put_task_struct(t);
  },

  __put_task_struct(this: Kernel, t: Task): void {
    this.BUG_ON(this.get(t, task_struct.exit_state) === 0, '__put_task_struct of a living task');
    this.BUG_ON(t === this.current, '__put_task_struct of the running task');
    this.exit_creds(t);
    this.put_signal_struct(this.get(t, task_struct.signal));
    this.kmem_cache_free(this.caches.task_struct, t);
  },

  put_signal_struct(this: Kernel, sig: Ptr<'signal_struct'>): void {
    if (this.refcount_dec_and_test(sig, signal_struct.sigcnt)) this.kmem_cache_free(this.caches.signal_struct, sig);
  },

  __cleanup_sighand(this: Kernel, sighand: Ptr<'sighand_struct'>): void {
    if (this.refcount_dec_and_test(sighand, sighand_struct.count)) {
      this.signalfd_cleanup(sighand);
      this.kmem_cache_free(this.caches.sighand_struct, sighand);
    }
  },

  /**
   * A sighand for a new owner, with one reference. The lock of a recycled one is left alone: a sender that found the
   * memory through a task of its last owner may be waiting for it.
   */
  allocSighand(this: Kernel): Ptr<'sighand_struct'> {
    const sighand = this.kmem_cache_alloc<'sighand_struct'>(this.caches.sighand_struct);
    if (!sighand) return NULL;
    const queue = addr(sighand, sighand_struct.signalfd_wqh);
    // What the cache's constructor does once, when the slab is new.
    if (this.load(addr(queue, wait_queue_head.head)) === 0) this.init_waitqueue_head(queue);
    this.set(sighand, sighand_struct.count, 1);
    return sighand;
  },

  copyActions(this: Kernel, from: Ptr<'sighand_struct'>, to: Ptr<'sighand_struct'>): void {
    const first = sighand_struct.action;
    const words = _NSIG * k_sigaction.$.words;
    for (let word = first as number; word < first + words; word++) this.store(to + word, this.load(from + word));
  },

  fatal_signal_pending(this: Kernel, t: Task): boolean {
    return this.signal_pending(t) && this.__fatal_signal_pending(t);
  },
};

export type TaskFunctions = typeof taskFunctions;
