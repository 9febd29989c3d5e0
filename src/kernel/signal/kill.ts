/** `kernel/signal.c`: the system calls that send a signal: whom they mean, and whether the sender may. */

import { addr, type Ptr } from '../../memory/layout.js';
import type { Coroutine } from '../../sync/gate.js';
import {
  CAP_KILL,
  EFAULT,
  EINVAL,
  EPERM,
  ESRCH,
  INT_MIN,
  PIDTYPE_MAX,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_SID,
  PIDTYPE_TGID,
  SEND_SIG_NOINFO,
  SEND_SIG_PRIV,
  SI_TKILL,
  SI_USER,
  SIGCONT,
} from '../constants.js';
import type { Kernel } from '../kernel.js';
import { valid_signal } from '../sigset.js';
import { cred, globals, task_struct } from '../structs.js';
import { COUNT_KILL_RETRY } from '../trace.js';
import { fromUser, type KernelSiginfo, type SigInfo, si_fromuser, type UserSiginfo } from './siginfo.js';

type Task = Ptr<'task_struct'>;

export const killFunctions = {
  /** `kill(2)`. */
  kill(this: Kernel, pid: number, sig: number): Coroutine<number> {
    return this.kill_something_info(sig, this.senderSiginfo(sig, SI_USER), pid);
  },

  /** `tgkill(2)`: to one thread, if it is of that process. */
  *tgkill(this: Kernel, tgid: number, pid: number, sig: number): Coroutine<number> {
    if (pid <= 0 || tgid <= 0) return -EINVAL;
    return yield* this.do_tkill(tgid, pid, sig);
  },

  /** `tkill(2)`: to one thread. Its number may have a new owner by now. */
  *tkill(this: Kernel, pid: number, sig: number): Coroutine<number> {
    if (pid <= 0) return -EINVAL;
    return yield* this.do_tkill(0, pid, sig);
  },

  do_tkill(this: Kernel, tgid: number, pid: number, sig: number): Coroutine<number> {
    return this.do_send_specific(tgid, pid, sig, this.senderSiginfo(sig, SI_TKILL));
  },

  /** Sends to one thread. If it dies meanwhile, it is as if it had died after it got the signal: 0, not `ESRCH`. */
  *do_send_specific(this: Kernel, tgid: number, pid: number, sig: number, info: KernelSiginfo): Coroutine<number> {
    let error = -ESRCH;
    this.rcu_read_lock();
    if (this.find_vpid(pid)) yield;
    if (this.pid_task(this.foundPid(), PIDTYPE_PID)) yield;
    const p = this.foundTask(PIDTYPE_PID);
    if (p && (tgid <= 0 || this.task_tgid_nr_ns(p, this.task_active_pid_ns(this.current)) === tgid)) {
      if (this.credToCheck(sig, info, p)) yield;
      error = this.check_kill_permission(sig, info, p, this.value(task_struct.real_cred));
      if (error === 0 && sig !== 0) {
        error = yield* this.do_send_sig_info(sig, info, p, PIDTYPE_PID);
        if (error === -ESRCH) error = 0;
      }
    }
    this.rcu_read_unlock();
    return error;
  },

  /** `rt_sigqueueinfo(2)`: what `sigqueue(3)` calls. */
  *rt_sigqueueinfo(this: Kernel, pid: number, sig: number, uinfo: UserSiginfo | null): Coroutine<number> {
    if (uinfo === null) return -EFAULT;
    const info = fromUser(sig, uinfo);
    if (this.pretendsToBeKernel(pid, info)) return -EPERM;
    this.rcu_read_lock();
    if (this.find_vpid(pid)) yield;
    const error = yield* this.kill_pid_info(sig, info, this.foundPid());
    this.rcu_read_unlock();
    return error;
  },

  /** `rt_tgsigqueueinfo(2)`: to one thread. */
  *rt_tgsigqueueinfo(
    this: Kernel,
    tgid: number,
    pid: number,
    sig: number,
    uinfo: UserSiginfo | null,
  ): Coroutine<number> {
    if (uinfo === null) return -EFAULT;
    if (pid <= 0 || tgid <= 0) return -EINVAL;
    const info = fromUser(sig, uinfo);
    if (this.pretendsToBeKernel(pid, info)) return -EPERM;
    return yield* this.do_send_specific(tgid, pid, sig, info);
  },

  /** Chooses the target from a pid as `kill(2)` takes it: a process, a group, or everybody. */
  *kill_something_info(this: Kernel, sig: number, info: SigInfo, pid: number): Coroutine<number> {
    if (pid > 0) {
      this.rcu_read_lock();
      if (this.find_vpid(pid)) yield;
      const error = yield* this.kill_pid_info(sig, info, this.foundPid());
      this.rcu_read_unlock();
      return error;
    }
    if (pid === INT_MIN) return -ESRCH;
    const lock = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(lock)) yield;
    let error: number;
    if (pid !== -1) {
      let group = this.task_pid_type(this.current, PIDTYPE_PGID);
      if (pid !== 0) {
        if (this.find_vpid(-pid)) yield;
        group = this.foundPid();
      }
      error = yield* this.__kill_pgrp_info(sig, info, group);
    } else {
      error = yield* this.killEverybody(sig, info);
    }
    this.read_unlock(lock);
    return error;
  },

  /** `kill(-1)`: every process but the caller's own and init. Needs `tasklist_lock`. */
  *killEverybody(this: Kernel, sig: number, info: SigInfo): Coroutine<number> {
    let retval = 0;
    let count = 0;
    for (let p = this.next_task(this.init_task); p !== this.init_task; p = this.next_task(p)) {
      if (this.task_pid_vnr(p) <= 1 || this.same_thread_group(p, this.current)) continue;
      const err = yield* this.group_send_sig_info(sig, info, p, PIDTYPE_MAX);
      count++;
      if (err !== -EPERM) retval = err;
    }
    return count > 0 ? retval : -ESRCH;
  },

  /**
   * Sends to the process that a pid names. The caller has the pid under RCU.
   *
   * The task that is found may be unhashed before its sighand is locked. If it died, the next lookup finds nothing;
   * but if another thread of its group took its pid over in `de_thread()`, the process lives on, and the next lookup
   * finds the new leader. So a task that was found and then gave `ESRCH` is not an answer.
   */
  *kill_pid_info(this: Kernel, sig: number, info: SigInfo, pid: Ptr<'pid'>): Coroutine<number> {
    let error = -ESRCH;
    for (;;) {
      this.rcu_read_lock();
      if (this.pid_task(pid, PIDTYPE_PID)) yield;
      const p = this.foundTask(PIDTYPE_PID);
      if (p) error = yield* this.group_send_sig_info(sig, info, p, PIDTYPE_TGID);
      this.rcu_read_unlock();
      if (!p || error !== -ESRCH) return error;
      this.count(COUNT_KILL_RETRY);
    }
  },

  /** Sends to every process of a group. Needs `tasklist_lock`. Succeeds if one of them was reached. */
  *__kill_pgrp_info(this: Kernel, sig: number, info: SigInfo, pgrp: Ptr<'pid'>): Coroutine<number> {
    let success = false;
    let retval = -ESRCH;
    if (this.pid_task(pgrp, PIDTYPE_PGID)) yield;
    let p = this.foundTask(PIDTYPE_PGID);
    while (p) {
      const err = yield* this.group_send_sig_info(sig, info, p, PIDTYPE_PGID);
      success ||= err === 0;
      retval = err;
      p = this.nextOfGroup(p);
    }
    return success ? 0 : retval;
  },

  /** Sends to a process, if the sender may. Signal 0 only asks. */
  *group_send_sig_info(this: Kernel, sig: number, info: SigInfo, p: Task, type: number): Coroutine<number> {
    this.rcu_read_lock();
    if (this.credToCheck(sig, info, p)) yield;
    const error = this.check_kill_permission(sig, info, p, this.value(task_struct.real_cred));
    this.rcu_read_unlock();
    return error === 0 && sig !== 0 ? yield* this.do_send_sig_info(sig, info, p, type) : error;
  },

  /** Whether the sender's credentials allow it against the target's. The caller is inside an RCU read-side section. */
  kill_ok_by_cred(this: Kernel, theirs: Ptr<'cred'>): boolean {
    const mine = this.current_cred();
    const euid = this.get(mine, cred.euid);
    const uid = this.get(mine, cred.uid);
    const theirSuid = this.get(theirs, cred.suid);
    const theirUid = this.get(theirs, cred.uid);
    return (
      euid === theirSuid ||
      euid === theirUid ||
      uid === theirSuid ||
      uid === theirUid ||
      this.ns_capable(this.get(theirs, cred.user_ns), CAP_KILL)
    );
  },

  /** Loads the target's credentials where `check_kill_permission` will ask for them. Needs RCU. */
  credToCheck(this: Kernel, sig: number, info: SigInfo, t: Task): boolean {
    if (!valid_signal(sig) || !si_fromuser(info) || this.same_thread_group(this.current, t)) return false;
    return this.__task_cred(t);
  },

  /**
   * Whether the sender may. The caller is inside an RCU read-side section. Left out: audit and security modules.
   *
   * @param theirs the target's credentials, from `credToCheck`
   */
  check_kill_permission(this: Kernel, sig: number, info: SigInfo, t: Task, theirs: Ptr<'cred'>): number {
    if (!valid_signal(sig)) return -EINVAL;
    if (!si_fromuser(info)) return 0;
    if (this.same_thread_group(this.current, t)) return 0;
    if (this.kill_ok_by_cred(theirs)) return 0;
    if (sig === SIGCONT) {
      // Within a session a shell may continue its jobs, whoever they run as.
      const sid = this.task_pid_type(t, PIDTYPE_SID);
      if (!sid || sid === this.task_pid_type(this.current, PIDTYPE_SID)) return 0;
    }
    return -EPERM;
  },

  /** Sends to a process group, for the kernel: to all of it with `priv`, otherwise to those that the task may. */
  *kill_pgrp(this: Kernel, pid: Ptr<'pid'>, sig: number, priv: boolean): Coroutine<number> {
    const lock = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(lock)) yield;
    const error = yield* this.__kill_pgrp_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, pid);
    this.read_unlock(lock);
    return error;
  },

  /** Sends to a process, for the kernel. */
  kill_pid(this: Kernel, pid: Ptr<'pid'>, sig: number, priv: boolean): Coroutine<number> {
    return this.kill_pid_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, pid);
  },
};
