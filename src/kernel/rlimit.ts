/** `kernel/sys.c`: resource limits. They are the process's: threads share them, children inherit them, exec keeps them. */

import { addr, type Field, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  CAP_SYS_RESOURCE,
  EFAULT,
  EINVAL,
  EPERM,
  ESRCH,
  RLIM_INFINITY,
  RLIM_NLIMITS,
  RLIMIT_CORE,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_SIGPENDING,
  SYSCTL_NR_OPEN,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { cred, globals, signal_struct, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

/** A `struct rlimit` of a program. `RLIM_INFINITY`, or more, is no limit. */
export interface Rlimit {
  rlim_cur: number;
  rlim_max: number;
}

/** The places of the limits that something here asks for; the hard limit comes after the soft one. */
const PLACES: Readonly<Record<number, Field<'signal_struct', number>>> = {
  [RLIMIT_CORE]: signal_struct.rlim_core,
  [RLIMIT_NPROC]: signal_struct.rlim_nproc,
  [RLIMIT_NOFILE]: signal_struct.rlim_nofile,
  [RLIMIT_SIGPENDING]: signal_struct.rlim_sigpending,
};

export const rlimitFunctions = {
  /**
   * Changes and tells a limit of a process. Left out: limits that nothing here asks for.
   *
   * @param tsk a task that the caller has a reference to; it may be dead
   */
  *do_prlimit(
    this: Kernel,
    tsk: Task,
    resource: number,
    new_rlim: Rlimit | null,
    old_rlim: Rlimit | null,
  ): Coroutine<number> {
    if (resource < 0 || resource >= RLIM_NLIMITS) return -EINVAL;
    if (new_rlim !== null) {
      if (new_rlim.rlim_cur > new_rlim.rlim_max) return -EINVAL;
      if (resource === RLIMIT_NOFILE && new_rlim.rlim_max > SYSCTL_NR_OPEN) return -EPERM;
    }
    const place = PLACES[resource];
    if (place === undefined) this.violate('unmodelled', `a limit for resource ${resource}`);
    let retval = 0;
    const tasklist = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(tasklist)) yield;
    if (!this.peek(tsk + task_struct.sighand)) {
      this.read_unlock(tasklist);
      return -ESRCH;
    }
    const cur = this.get(tsk, task_struct.signal) + place;
    const leader = this.get(tsk, task_struct.group_leader);
    this.task_lock(leader);
    const old = { rlim_cur: this.load(cur), rlim_max: this.load(cur + 1) };
    if (new_rlim !== null) {
      const rlim_max = Math.min(new_rlim.rlim_max, RLIM_INFINITY);
      if (rlim_max > old.rlim_max && !this.capable(CAP_SYS_RESOURCE)) retval = -EPERM;
      else {
        this.store(cur, Math.min(new_rlim.rlim_cur, RLIM_INFINITY));
        this.store(cur + 1, rlim_max);
      }
    }
    this.task_unlock(leader);
    this.read_unlock(tasklist);
    if (retval === 0 && old_rlim !== null) Object.assign(old_rlim, old);
    return retval;
  },

  /** `task_lock`: there is no scheduling point while it is held. */
  task_lock(this: Kernel, t: Task): void {
    this.raw_spin_lock(addr(t, task_struct.alloc_lock));
  },

  task_unlock(this: Kernel, t: Task): void {
    this.raw_spin_unlock(addr(t, task_struct.alloc_lock));
  },

  /** `getrlimit(2)`. */
  *getrlimit(this: Kernel, resource: number, rlim: Rlimit | null): Coroutine<number> {
    const value: Rlimit = { rlim_cur: 0, rlim_max: 0 };
    const ret = yield* this.do_prlimit(this.current, resource, null, value);
    if (ret !== 0) return ret;
    if (rlim === null) return -EFAULT;
    Object.assign(rlim, value);
    return 0;
  },

  /** `setrlimit(2)`. */
  *setrlimit(this: Kernel, resource: number, rlim: Rlimit | null): Coroutine<number> {
    if (rlim === null) return -EFAULT;
    return yield* this.do_prlimit(this.current, resource, rlim, null);
  },

  /** Whether the current task may see and change the limits of another. Needs RCU. @param tcred the other's */
  check_prlimit_permission(this: Kernel, tcred: Ptr<'cred'>): number {
    const mine = this.current_cred();
    const uid = this.get(mine, cred.uid);
    const gid = this.get(mine, cred.gid);
    const match =
      uid === this.get(tcred, cred.euid) &&
      uid === this.get(tcred, cred.suid) &&
      uid === this.get(tcred, cred.uid) &&
      gid === this.get(tcred, cred.egid) &&
      gid === this.get(tcred, cred.sgid) &&
      gid === this.get(tcred, cred.gid);
    return match || this.ns_capable(this.get(tcred, cred.user_ns), CAP_SYS_RESOURCE) ? 0 : -EPERM;
  },

  /** `prlimit64(2)`: of another process, or with pid 0 of the caller's. */
  *prlimit64(
    this: Kernel,
    pid: number,
    resource: number,
    new_rlim: Rlimit | null,
    old_rlim: Rlimit | null,
  ): Coroutine<number> {
    this.rcu_read_lock();
    const tsk = pid === 0 ? this.current : yield* this.find_task_by_vpid(pid);
    if (!tsk) {
      this.rcu_read_unlock();
      return -ESRCH;
    }
    if (tsk !== this.current) {
      if (this.__task_cred(tsk)) yield;
      const error = this.check_prlimit_permission(this.value(task_struct.real_cred));
      if (error !== 0) {
        this.rcu_read_unlock();
        return error;
      }
    }
    this.atomic_inc(tsk, task_struct.usage);
    this.rcu_read_unlock();
    const ret = yield* this.do_prlimit(tsk, resource, new_rlim, old_rlim);
    this.put_task_struct(tsk);
    return ret;
  },
};

export type RlimitFunctions = typeof rlimitFunctions;
