/** `kernel/ptrace.c` and `security/commoncap.c`: who may trace whom. */

import type { Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { CAP_SYS_PTRACE, EPERM, SUID_DUMP_USER } from './constants.js';
import type { Kernel } from './kernel.js';
import { cred, signal_struct, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

type Cred = Ptr<'cred'>;

export const ptraceAccessFunctions = {
  ptrace_has_cap(this: Kernel, ns: Ptr<'user_namespace'>): boolean {
    return this.ns_capable(ns, CAP_SYS_PTRACE);
  },

  /**
   * Whether the current task may look into another, by their credentials: 0 or −EPERM. Left out: that a task without
   * memory any more, on its way out, is not asked whether it may be dumped, and that one which may not be is asked for in the
   * user namespace of its last exec (`mm->user_ns`); here it is that of its credentials.
   *
   * Left out: the mode, which is that of an attach by real credentials, to a task of another process.
   */
  *__ptrace_may_access(this: Kernel, task: Task): Coroutine<number> {
    const mine = this.current_cred();
    const caller_uid = this.get(mine, cred.uid);
    const caller_gid = this.get(mine, cred.gid);
    this.rcu_read_lock();
    if (this.__task_cred(task)) yield;
    const tcred = this.value(task_struct.real_cred);
    const same =
      caller_uid === this.get(tcred, cred.euid) &&
      caller_uid === this.get(tcred, cred.suid) &&
      caller_uid === this.get(tcred, cred.uid) &&
      caller_gid === this.get(tcred, cred.egid) &&
      caller_gid === this.get(tcred, cred.sgid) &&
      caller_gid === this.get(tcred, cred.gid);
    const ns = this.get(tcred, cred.user_ns);
    const may = same || this.ptrace_has_cap(ns);
    this.rcu_read_unlock();
    if (!may) return -EPERM;
    // After the credentials: a task that has dropped its privileges meanwhile has said first that it is not to be dumped.
    const signal = this.get(task, task_struct.signal);
    if (this.READ_ONCE(signal, signal_struct.dumpable)) yield;
    if (this.value(signal_struct.dumpable) !== SUID_DUMP_USER && !this.ptrace_has_cap(ns)) return -EPERM;
    return yield* this.cap_ptrace_access_check(task);
  },

  /** `security/commoncap.c`: a tracer has all capabilities of its tracee, by the permitted ones of both. */
  *cap_ptrace_access_check(this: Kernel, child: Task): Coroutine<number> {
    const mine = this.current_cred();
    const caller_caps = this.get(mine, cred.cap_permitted);
    this.rcu_read_lock();
    if (this.__task_cred(child)) yield;
    const child_cred = this.value(task_struct.real_cred);
    const ns = this.get(child_cred, cred.user_ns);
    const subset =
      this.get(mine, cred.user_ns) === ns && (this.get(child_cred, cred.cap_permitted) & ~caller_caps) === 0;
    const ret = subset || this.ns_capable(ns, CAP_SYS_PTRACE) ? 0 : -EPERM;
    this.rcu_read_unlock();
    return ret;
  },

  /** The same for a task that has itself traced by `parent`. */
  *cap_ptrace_traceme(this: Kernel, parent: Task): Coroutine<number> {
    const child_cred = this.current_cred();
    this.rcu_read_lock();
    if (this.__task_cred(parent)) yield;
    const theirs = this.value(task_struct.real_cred);
    const ns = this.get(child_cred, cred.user_ns);
    const subset =
      this.get(theirs, cred.user_ns) === ns &&
      (this.get(child_cred, cred.cap_permitted) & ~this.get(theirs, cred.cap_permitted)) === 0;
    const ret = subset || this.cap_capable(theirs, ns, CAP_SYS_PTRACE) ? 0 : -EPERM;
    this.rcu_read_unlock();
    return ret;
  },

  /** Whether a task's tracer, if it has one, had the right to trace anything when it attached. */
  ptracer_capable(this: Kernel, tsk: Task, ns: Ptr<'user_namespace'>): boolean {
    const c = this.peek(tsk + task_struct.ptracer_cred) as Cred;
    return !c || this.cap_capable(c, ns, CAP_SYS_PTRACE);
  },
};

export type PtraceAccessFunctions = typeof ptraceAccessFunctions;
