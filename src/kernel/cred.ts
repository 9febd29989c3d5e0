/** `kernel/cred.c`, and who may send a signal to whom. Credentials are replaced under RCU, never changed. */

import { addr, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { CLONE_THREAD, ENOMEM } from './constants.js';
import type { Kernel } from './kernel.js';
import { cred, task_struct, user_struct } from './structs.js';

type Task = Ptr<'task_struct'>;
type Cred = Ptr<'cred'>;

export const credFunctions = {
  current_cred(this: Kernel): Cred {
    return this.get(this.current, task_struct.cred);
  },

  /**
   * Loads another task's credentials: `this.value(task_struct.real_cred)`. The caller is inside an RCU read-side
   * section.
   */
  __task_cred(this: Kernel, t: Task): boolean {
    return this.READ_ONCE(t, task_struct.real_cred);
  },

  /** Whether the current task has a capability in the namespace that owns the target. */
  ns_capable(this: Kernel, capability: number): boolean {
    // Left out: the walk up the user namespaces. The model has the initial one.
    return (this.get(this.current_cred(), cred.cap_effective) & capability) !== 0;
  },

  get_cred(this: Kernel, c: Cred): Cred {
    this.atomic_inc(c, cred.usage);
    return c;
  },

  put_cred(this: Kernel, c: Cred): void {
    if (this.refcount_dec_and_test(c, cred.usage)) this.call_rcu(addr(c, cred.rcu), this.rcuCallbacks.put_cred_rcu);
  },

  put_cred_rcu(this: Kernel, c: Cred): void {
    this.free_uid(this.get(c, cred.user));
    this.kmem_cache_free(this.caches.cred, c);
  },

  get_uid(this: Kernel, user: Ptr<'user_struct'>): Ptr<'user_struct'> {
    this.atomic_inc(user, user_struct.__count);
    return user;
  },

  free_uid(this: Kernel, user: Ptr<'user_struct'>): void {
    if (this.refcount_dec_and_test(user, user_struct.__count)) this.kmem_cache_free(this.caches.user_struct, user);
  },

  /** A copy of the current task's credentials. */
  prepare_creds(this: Kernel): Cred {
    const c = this.kmem_cache_alloc<'cred'>(this.caches.cred);
    if (!c) return NULL;
    const old = this.current_cred();
    for (let word = 0; word < cred.$.words; word++) this.store(c + word, this.load(old + word));
    this.set(c, cred.usage, 1);
    this.get_uid(this.get(c, cred.user));
    return c;
  },

  /** A thread shares its process's credentials; a process gets its own. */
  *copy_creds(this: Kernel, p: Task, flags: number): Coroutine<number> {
    const c = (flags & CLONE_THREAD) !== 0 ? this.get_cred(this.current_cred()) : this.prepare_creds();
    if (!c) return -ENOMEM;
    this.set(p, task_struct.cred, c);
    this.set(p, task_struct.real_cred, this.get_cred(c));
    if (this.atomic_add_return(this.get(c, cred.user), user_struct.processes, 1)) yield;
    return 0;
  },

  exit_creds(this: Kernel, t: Task): void {
    const real = this.get(t, task_struct.real_cred);
    const subjective = this.get(t, task_struct.cred);
    this.set(t, task_struct.real_cred, NULL);
    this.set(t, task_struct.cred, NULL);
    this.put_cred(real);
    this.put_cred(subjective);
  },
};

export type CredFunctions = typeof credFunctions;
