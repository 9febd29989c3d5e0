/** `kernel/sys.c`: process groups, sessions and parents. */

import { addr, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { EACCES, EINVAL, EPERM, ESRCH, PF_FORKNOEXEC, PIDTYPE_PGID, PIDTYPE_PID, PIDTYPE_SID } from './constants.js';
import type { Kernel } from './kernel.js';
import { globals, pid_namespace, signal_struct, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

export const pgrpFunctions = {
  /** The task that has a number in the caller's namespace, or NULL. Needs RCU; unlike for `find_vpid`, no lock is as good. */
  *find_task_by_vpid(this: Kernel, nr: number): Coroutine<Task> {
    if (this.provesRcu && !this.rcu_read_lock_held()) {
      this.suspiciousRcuUsage(this.task_active_pid_ns(this.current) + pid_namespace.idr);
    }
    if (this.find_vpid(nr)) yield;
    if (this.pid_task(this.foundPid(), PIDTYPE_PID)) yield;
    return this.foundTask(PIDTYPE_PID);
  },

  /** `setpgid(2)`. `tasklist_lock` keeps the parent, the session and the group what they are. */
  *setpgid(this: Kernel, pid: number, pgid: number): Coroutine<number> {
    const vpid = pid === 0 ? this.task_pid_vnr(this.get(this.current, task_struct.group_leader)) : pid;
    const vpgid = pgid === 0 ? vpid : pgid;
    if (vpgid < 0) return -EINVAL;
    const lock = addr(this.globals, globals.tasklist_lock);
    this.rcu_read_lock();
    if (this.write_lock_irq(lock)) yield;
    const error = yield* this.moveToGroup(vpid, vpgid);
    this.write_unlock_irq(lock);
    this.rcu_read_unlock();
    return error;
  },

  /** The part of `setpgid` that needs `tasklist_lock` for writing. */
  *moveToGroup(this: Kernel, pid: number, pgid: number): Coroutine<number> {
    const group_leader = this.get(this.current, task_struct.group_leader);
    const p = yield* this.find_task_by_vpid(pid);
    if (!p) return -ESRCH;
    if (!this.thread_group_leader(p)) return -EINVAL;
    const session = this.task_pid_type(group_leader, PIDTYPE_SID);
    if (this.same_thread_group(this.get(p, task_struct.real_parent), group_leader)) {
      if (this.task_pid_type(p, PIDTYPE_SID) !== session) return -EPERM;
      // A child's group is its parent's to choose until it runs a program of its own.
      if ((this.get(p, task_struct.flags) & PF_FORKNOEXEC) === 0) return -EACCES;
    } else if (p !== group_leader) {
      return -ESRCH;
    }
    if (this.get(this.get(p, task_struct.signal), signal_struct.leader) !== 0) return -EPERM;
    let pgrp = this.get(p, task_struct.thread_pid);
    if (pgid !== pid) {
      if (this.find_vpid(pgid)) yield;
      pgrp = this.foundPid();
      if (this.pid_task(pgrp, PIDTYPE_PGID)) yield;
      const g = this.foundTask(PIDTYPE_PGID);
      if (!g || this.task_pid_type(g, PIDTYPE_SID) !== session) return -EPERM;
    }
    if (this.task_pid_type(p, PIDTYPE_PGID) !== pgrp) yield* this.change_pid(p, PIDTYPE_PGID, pgrp);
    return 0;
  },

  /** The number of the group or session of a process; 0 asks for the caller's. */
  *getIdOf(this: Kernel, pid: number, type: number): Coroutine<number> {
    let retval = -ESRCH;
    this.rcu_read_lock();
    const p = pid === 0 ? this.current : yield* this.find_task_by_vpid(pid);
    if (p) {
      const id = this.task_pid_type(p, type);
      if (id) retval = this.pid_vnr(id);
    }
    this.rcu_read_unlock();
    return retval;
  },

  /** `getpgid(2)`. */
  getpgid(this: Kernel, pid: number): Coroutine<number> {
    return this.getIdOf(pid, PIDTYPE_PGID);
  },

  /** `getpgrp(2)`. */
  getpgrp(this: Kernel): Coroutine<number> {
    return this.getIdOf(0, PIDTYPE_PGID);
  },

  /** `getsid(2)`. */
  getsid(this: Kernel, pid: number): Coroutine<number> {
    return this.getIdOf(pid, PIDTYPE_SID);
  },

  /** Makes a pid the current process's session and group. Needs `tasklist_lock` for writing. */
  *set_special_pids(this: Kernel, p: Ptr<'pid'>): Coroutine<void> {
    const leader = this.get(this.current, task_struct.group_leader);
    if (this.task_pid_type(leader, PIDTYPE_SID) !== p) yield* this.change_pid(leader, PIDTYPE_SID, p);
    if (this.task_pid_type(leader, PIDTYPE_PGID) !== p) yield* this.change_pid(leader, PIDTYPE_PGID, p);
  },

  /** `setsid(2)`. Left out: terminals. */
  *setsid(this: Kernel): Coroutine<number> {
    const group_leader = this.get(this.current, task_struct.group_leader);
    const sid = this.get(group_leader, task_struct.thread_pid);
    const session = this.pid_vnr(sid);
    const lock = addr(this.globals, globals.tasklist_lock);
    let err = -EPERM;
    if (this.write_lock_irq(lock)) yield;
    const signal = this.get(group_leader, task_struct.signal);
    if (this.get(signal, signal_struct.leader) === 0) {
      // The number may be that of a group already: one's own, or one that others are still in.
      if (this.pid_task(sid, PIDTYPE_PGID)) yield;
      if (!this.foundTask(PIDTYPE_PGID)) {
        this.set(signal, signal_struct.leader, 1);
        yield* this.set_special_pids(sid);
        err = session;
      }
    }
    this.write_unlock_irq(lock);
    return err;
  },

  /** `getppid(2)`: the parent may die meanwhile, but stays readable under RCU. 0 if it is outside the caller's namespace. */
  *getppid(this: Kernel): Coroutine<number> {
    this.rcu_read_lock();
    if (this.rcu_dereference(this.current, task_struct.real_parent)) yield;
    const pid = this.task_tgid_vnr(this.value(task_struct.real_parent));
    this.rcu_read_unlock();
    return pid;
  },
};

export type PgrpFunctions = typeof pgrpFunctions;
