/**
 * Pidfds: the parts of `kernel/pid.c`, `kernel/fork.c` and `kernel/signal.c` that are about them. A pidfd holds a
 * `struct pid`: that lives on when its number has another owner, and then leads to nobody.
 */

import { addr, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  EBADF,
  EINVAL,
  EPERM,
  ESRCH,
  O_CLOEXEC,
  O_RDWR,
  PIDTYPE_PID,
  PIDTYPE_TGID,
  POLLIN,
  POLLRDNORM,
  pidfd_fops,
  SI_TKILL,
  SI_USER,
  TASK_NORMAL,
} from './constants.js';
import type { FilePtr } from './file.js';
import type { Kernel } from './kernel.js';
import type { PollTable } from './select.js';
import { fromUser, type UserSiginfo } from './signal/siginfo.js';
import { file, pid, pid_namespace, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;
type Pid = Ptr<'pid'>;

/** A program's `siginfo_t` for `pidfd_send_signal`, which must have the number of the signal. */
export interface PidfdSiginfo extends UserSiginfo {
  readonly si_signo: number;
}

export const pidfdFunctions = {
  /** A pidfd for a pid, closed on exec. */
  *pidfd_create(this: Kernel, p: Pid): Coroutine<number> {
    const fd = yield* this.anon_inode_getfd(pidfd_fops, this.get_pid(p), O_RDWR | O_CLOEXEC);
    if (fd < 0) this.put_pid(p);
    return fd;
  },

  /** `pidfd_open(2)`: of a process, by the number of its leader. */
  *pidfd_open(this: Kernel, upid: number, flags: number): Coroutine<number> {
    if (flags !== 0 || upid <= 0) return -EINVAL;
    const p = yield* this.find_get_pid(upid);
    if (!p) return -ESRCH;
    this.rcu_read_lock();
    if (this.pid_task(p, PIDTYPE_TGID)) yield;
    const leads = this.foundTask(PIDTYPE_TGID) !== NULL;
    this.rcu_read_unlock();
    // The process may be dead by now, and the pid its last trace.
    const fd = leads ? yield* this.pidfd_create(p) : -EINVAL;
    this.put_pid(p);
    return fd;
  },

  pidfd_release(this: Kernel, f: FilePtr): void {
    this.put_pid(this.get(f, file.private_data) as Pid);
  },

  /** Whether the process is dead: its leader a zombie with no other thread left, or gone. */
  *pidfd_poll(this: Kernel, f: FilePtr, wait: PollTable): Coroutine<number> {
    const p = this.get(f, file.private_data) as Pid;
    yield* this.poll_wait(f, addr(p, pid.wait_pidfd), wait);
    let dead = true;
    this.rcu_read_lock();
    if (this.pid_task(p, PIDTYPE_PID)) yield;
    const task = this.foundTask(PIDTYPE_PID);
    if (task) {
      if (this.READ_ONCE(task, task_struct.exit_state)) yield;
      dead = this.value(task_struct.exit_state) !== 0 && this.thread_group_empty(task);
    }
    this.rcu_read_unlock();
    return dead ? POLLIN | POLLRDNORM : 0;
  },

  /**
   * Wakes those that poll for a process's death. The kernel takes the queue's lock even if nobody waits there: whoever
   * comes to wait later sees the process dead.
   */
  *do_notify_pidfd(this: Kernel, task: Task): Coroutine<void> {
    this.BUG_ON(this.get(task, task_struct.exit_state) === 0, 'do_notify_pidfd of a living task');
    const queue = addr(this.get(task, task_struct.thread_pid), pid.wait_pidfd);
    if (this.waitqueue_active(queue)) yield* this.__wake_up(queue, TASK_NORMAL, 0, 0);
  },

  /** Whether a pid is of the caller's namespace or of one below it. */
  access_pidfd_pidns(this: Kernel, p: Pid): boolean {
    const active = this.task_active_pid_ns(this.current);
    for (let ns = this.get(p, pid.ns); ns; ns = this.get(ns, pid_namespace.parent)) if (ns === active) return true;
    return false;
  },

  /** The pid of a pidfd; NULL for another file. Left out: the directories of `/proc`. */
  pidfd_to_pid(this: Kernel, f: FilePtr): Pid {
    return this.get(f, file.f_op) === pidfd_fops ? (this.get(f, file.private_data) as Pid) : NULL;
  },

  /** `pidfd_send_signal(2)`: `kill(2)` to the process that the pidfd was made for, or to nobody. */
  *pidfd_send_signal(
    this: Kernel,
    pidfd: number,
    sig: number,
    info: PidfdSiginfo | null,
    flags: number,
  ): Coroutine<number> {
    if (flags !== 0) return -EINVAL;
    const f = yield* this.fdget(pidfd);
    if (!f.file) return -EBADF;
    const result = yield* this.pidfdSend(f.file, sig, info);
    this.fdput(f);
    return result;
  },

  /** The part of `pidfd_send_signal` that has the file. */
  *pidfdSend(this: Kernel, f: FilePtr, sig: number, info: PidfdSiginfo | null): Coroutine<number> {
    const p = this.pidfd_to_pid(f);
    if (!p) return -EBADF;
    if (!this.access_pidfd_pidns(p)) return -EINVAL;
    if (info === null) return yield* this.kill_pid_info(sig, this.senderSiginfo(sig, SI_USER), p);
    if (info.si_signo !== sig) return -EINVAL;
    // Any siginfo to itself; to others none that looks like one of the kernel's or of kill.
    const own = this.get(this.current, task_struct.thread_pid) === p;
    if (!own && (info.si_code >= 0 || info.si_code === SI_TKILL)) return -EPERM;
    return yield* this.kill_pid_info(sig, fromUser(sig, info), p);
  },

  /** For `waitid`: the pid of a pidfd, with a reference; NULL if it is none. As Linux 5.4 has it. */
  *pidfd_get_pid(this: Kernel, fd: number): Coroutine<Pid> {
    const f = yield* this.fdget(fd);
    if (!f.file) return NULL;
    const p = this.get_pid(this.pidfd_to_pid(f.file));
    this.fdput(f);
    return p;
  },
};

export type PidfdFunctions = typeof pidfdFunctions;
