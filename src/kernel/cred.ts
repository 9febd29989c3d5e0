/** `kernel/cred.c`, and who may send a signal to whom. Credentials are replaced under RCU, never changed. */

import { addr, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { CLONE_NEWUSER, CLONE_THREAD, ENOMEM, SUID_DUMP_DISABLE } from './constants.js';
import type { Kernel } from './kernel.js';
import { cred, signal_struct, task_struct, user_namespace, user_struct } from './structs.js';

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
    return this.rcu_dereference(t, task_struct.real_cred);
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
    this.put_user_ns(this.get(c, cred.user_ns));
    this.kmem_cache_free(this.caches.cred, c);
  },

  /** A copy of the current task's credentials. */
  prepare_creds(this: Kernel): Cred {
    const c = this.kmem_cache_alloc<'cred'>(this.caches.cred);
    if (!c) return NULL;
    const old = this.current_cred();
    // Whole, with the count that others may be changing: that is set anew.
    for (let word = 0; word < cred.$.words; word++) this.store(c + word, this.data_race(old + word));
    this.set(c, cred.usage, 1);
    this.get_uid(this.get(c, cred.user));
    this.get_user_ns(this.get(c, cred.user_ns));
    return c;
  },

  abort_creds(this: Kernel, c: Cred): void {
    this.put_cred(c);
  },

  /** Whether credentials have no more capabilities than others. */
  cred_cap_issubset(this: Kernel, set: Cred, subset: Cred): boolean {
    const set_ns = this.get(set, cred.user_ns);
    let subset_ns = this.get(subset, cred.user_ns);
    if (set_ns === subset_ns) {
      return (this.get(subset, cred.cap_permitted) & ~this.get(set, cred.cap_permitted)) === 0;
    }
    for (; subset_ns !== this.init_user_ns; subset_ns = this.get(subset_ns, user_namespace.parent)) {
      if (set_ns === this.get(subset_ns, user_namespace.parent)) {
        if (this.get(subset_ns, user_namespace.owner) === this.get(set, cred.euid)) return true;
      }
    }
    return false;
  },

  /**
   * Installs new credentials on the current task; always 0. Others that have found the old ones under RCU may look at
   * them for as long as they are in their section; whoever looks between the two stores finds the new ones already.
   */
  *commit_creds(this: Kernel, c: Cred): Coroutine<number> {
    const task = this.current;
    const old = this.get(task, task_struct.real_cred);
    this.BUG_ON(this.get(task, task_struct.cred) !== old, 'commit_creds with overridden credentials');
    this.get_cred(c);
    if (
      this.get(old, cred.euid) !== this.get(c, cred.euid) ||
      this.get(old, cred.egid) !== this.get(c, cred.egid) ||
      this.get(old, cred.fsuid) !== this.get(c, cred.fsuid) ||
      this.get(old, cred.fsgid) !== this.get(c, cred.fsgid) ||
      !this.cred_cap_issubset(old, c)
    ) {
      const signal = this.get(task, task_struct.signal);
      // Before the credentials: a tracer that finds the new ones must find this as well.
      if (this.WRITE_ONCE(signal, signal_struct.dumpable, SUID_DUMP_DISABLE)) yield;
      if (this.WRITE_ONCE(task, task_struct.pdeath_signal, 0)) yield;
    }
    const from = this.get(old, cred.user);
    const to = this.get(c, cred.user);
    if (to !== from) this.atomic_inc(to, user_struct.processes);
    if (this.rcu_assign_pointer(task, task_struct.real_cred, c)) yield;
    if (this.rcu_assign_pointer(task, task_struct.cred, c)) yield;
    if (to !== from) {
      if (this.atomic_add_return(from, user_struct.processes, -1)) yield;
    }
    this.put_cred(old);
    this.put_cred(old);
    return 0;
  },

  /** A thread shares its process's credentials; a process gets its own. */
  *copy_creds(this: Kernel, p: Task, flags: number): Coroutine<number> {
    const c = (flags & CLONE_THREAD) !== 0 ? this.get_cred(this.current_cred()) : this.prepare_creds();
    if (!c) return -ENOMEM;
    if ((flags & CLONE_NEWUSER) !== 0) {
      const error = yield* this.create_user_ns(c);
      if (error !== 0) {
        this.put_cred(c);
        return error;
      }
    }
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
