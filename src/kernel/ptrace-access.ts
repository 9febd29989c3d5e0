/** `kernel/ptrace.c` and `security/commoncap.c`: who may trace whom. */

import type { Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { CAP_SYS_PTRACE, EPERM, PTRACE_MODE_REALCREDS, SUID_DUMP_USER } from './constants.js';
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
   * @param mode `PTRACE_MODE_…`
   */
  *__ptrace_may_access(this: Kernel, task: Task, mode: number): Coroutine<number> {
    if (this.same_thread_group(task, this.current)) return 0;
    const mine = this.current_cred();
    const real = (mode & PTRACE_MODE_REALCREDS) !== 0;
    const caller_uid = this.get(mine, real ? cred.uid : cred.fsuid);
    const caller_gid = this.get(mine, real ? cred.gid : cred.fsgid);
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
    return yield* this.cap_ptrace_access_check(task, real);
  },

  /** `security/commoncap.c`: a tracer has all capabilities of its tracee. @param real by the permitted ones */
  *cap_ptrace_access_check(this: Kernel, child: Task, real: boolean): Coroutine<number> {
    const mine = this.current_cred();
    const caller_caps = this.get(mine, real ? cred.cap_permitted : cred.cap_effective);
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
