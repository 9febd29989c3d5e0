/** `kernel/exit.c`, the second half: waiting for children. */

import { addr, container_of, hlist_head, list_head, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { type WaitEntryPtr, wait_queue_entry } from '../sync/wait.js';
import {
  __WALL,
  __WCLONE,
  __WNOTHREAD,
  CLD_CONTINUED,
  CLD_DUMPED,
  CLD_EXITED,
  CLD_KILLED,
  CLD_STOPPED,
  CLD_TRAPPED,
  EBADF,
  ECHILD,
  EINVAL,
  ERESTARTSYS,
  ESRCH,
  EXIT_DEAD,
  EXIT_TRACE,
  EXIT_ZOMBIE,
  INT_MIN,
  JOBCTL_LISTENING,
  P_ALL,
  P_PGID,
  P_PID,
  P_PIDFD,
  PIDTYPE_MAX,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  SIGCHLD,
  SIGCONT,
  SIGNAL_GROUP_EXIT,
  SIGNAL_STOP_CONTINUED,
  SIGNAL_STOP_STOPPED,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TIF_SIGPENDING,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WUNTRACED,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { pidTasks } from './pid.js';
import { cred, globals, sighand_struct, signal_struct, task_struct } from './structs.js';
import { TRACE_SCHED_PROCESS_WAIT } from './trace.js';

type Task = Ptr<'task_struct'>;

/** `struct wait_opts`: one call's wishes, and what it found. Only the calling task uses it. */
export interface WaitOpts {
  readonly wo_type: number;
  readonly wo_flags: number;
  readonly wo_pid: Ptr<'pid'>;
  wo_stat: number;
  /** What `waitid` fills; null for `wait4`. */
  readonly wo_info: WaitidInfo | null;
  notask_error: number;
}

/** The caller's `siginfo_t` of `waitid`. */
export interface WaitidInfo {
  si_signo: number;
  /** `CLD_…`. */
  si_code: number;
  si_pid: number;
  si_uid: number;
  si_status: number;
}

/** The caller's variable for a status: only its own task uses it, and it must be filled before a handler runs. */
export interface WaitStatus {
  status: number;
}

/** The number of `child_wait_callback` in a wait-queue entry; its waiter's wishes are in the table below. */
export const CHILD_WAIT_CALLBACK = 1;

export const waitFunctions = {
  eligible_pid(this: Kernel, wo: WaitOpts, p: Task): boolean {
    return wo.wo_type === PIDTYPE_MAX || this.task_pid_type(p, wo.wo_type) === wo.wo_pid;
  },

  /** Whether a call asks for this child at all. A tracer's asks for any kind of task. */
  eligible_child(this: Kernel, wo: WaitOpts, ptrace: boolean, p: Task): boolean {
    if (!this.eligible_pid(wo, p)) return false;
    if (ptrace || (wo.wo_flags & __WALL) !== 0) return true;
    const clone = this.get(p, task_struct.exit_signal) !== SIGCHLD;
    return clone === ((wo.wo_flags & __WCLONE) !== 0);
  },

  /** A leader whose threads are not all dead: it cannot be waited for yet. */
  delay_group_leader(this: Kernel, p: Task): boolean {
    return this.thread_group_leader(p) && !this.thread_group_empty(p);
  },

  /**
   * Takes a zombie, if no other waiter does: the exchange on `exit_state` has one winner. Needs `tasklist_lock` for
   * reading; a result other than 0 means that it was released.
   */
  *wait_task_zombie(this: Kernel, wo: WaitOpts, p: Task): Coroutine<number> {
    const pid = this.task_pid_vnr(p);
    const tasklist = addr(this.globals, globals.tasklist_lock);
    if ((wo.wo_flags & WEXITED) === 0) return 0;
    if ((wo.wo_flags & WNOWAIT) !== 0) {
      // The task's own code, though the process may have been ended as a whole since.
      const status = this.get(p, task_struct.exit_code);
      const uid = this.task_uid(p);
      this.read_unlock(tasklist);
      this.reportExit(wo, pid, uid, status);
      return pid;
    }
    // Somebody else's child that is traced: its parent is to have it after its tracer.
    const state = this.ptrace_reparented(p) && this.thread_group_leader(p) ? EXIT_TRACE : EXIT_DEAD;
    if (this.cmpxchg(p, task_struct.exit_state, EXIT_ZOMBIE, state)) yield;
    if (this.value(task_struct.exit_state) !== EXIT_ZOMBIE) return 0;
    this.read_unlock(tasklist);
    // Left out: adding the child's times to the parent's, under the parent's siglock.
    const uid = this.task_uid(p);
    const status = this.exitStatus(p);
    if (state !== EXIT_TRACE || (yield* this.giveToParent(p))) yield* this.release_task(p);
    this.reportExit(wo, pid, uid, status);
    return pid;
  },

  /** A tracer has waited for a zombie: now its parent may. @returns whether the parent does not want to */
  *giveToParent(this: Kernel, p: Task): Coroutine<boolean> {
    const tasklist = addr(this.globals, globals.tasklist_lock);
    if (this.write_lock_irq(tasklist)) yield;
    // The tracer may have died since, and let go of it.
    if (this.get(p, task_struct.ptrace) !== 0) yield* this.__ptrace_unlink(p);
    const dead = yield* this.do_notify_parent(p, this.get(p, task_struct.exit_signal));
    if (this.WRITE_ONCE(p, task_struct.exit_state, dead ? EXIT_DEAD : EXIT_ZOMBIE)) yield;
    this.write_unlock_irq(tasklist);
    return dead;
  },

  /** The status of a zombie: its process's, where that was ended as a whole. */
  exitStatus(this: Kernel, p: Task): number {
    const signal = this.get(p, task_struct.signal);
    const grouped = (this.get(signal, signal_struct.flags) & SIGNAL_GROUP_EXIT) !== 0;
    return grouped ? this.get(signal, signal_struct.group_exit_code) : this.get(p, task_struct.exit_code);
  },

  reportExit(this: Kernel, wo: WaitOpts, pid: number, uid: number, status: number): void {
    wo.wo_stat = status;
    if (wo.wo_info === null) return;
    const killed = (status & 0x7f) !== 0;
    const si_code = !killed ? CLD_EXITED : (status & 0x80) !== 0 ? CLD_DUMPED : CLD_KILLED;
    Object.assign(wo.wo_info, { si_code, si_pid: pid, si_uid: uid, si_status: killed ? status & 0x7f : status >> 8 });
  },

  /**
   * The address of the code of a stop, where the task is stopped; it holds 0 when somebody has waited for it.
   *
   * @param ptrace for the tracer: a stop of this task; otherwise one of its process
   */
  task_stopped_code(this: Kernel, p: Task, ptrace: boolean): number {
    if (ptrace) {
      if (!this.task_is_traced(p) || (this.peek(p + task_struct.jobctl) & JOBCTL_LISTENING) !== 0) return 0;
      return p + task_struct.exit_code;
    }
    const signal = this.get(p, task_struct.signal);
    if ((this.peek(signal + signal_struct.flags) & SIGNAL_STOP_STOPPED) === 0) return 0;
    return signal + signal_struct.group_exit_code;
  },

  /**
   * Takes the news that a child or tracee has stopped; a tracer gets them whatever it asked for. Needs `tasklist_lock`
   * for reading; a result other than 0 released it.
   */
  *wait_task_stopped(this: Kernel, wo: WaitOpts, ptrace: boolean, p: Task): Coroutine<number> {
    if (!ptrace && (wo.wo_flags & WUNTRACED) === 0) return 0;
    if (this.task_stopped_code(p, ptrace) === 0) return 0;
    const lock = addr(this.get(p, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    const p_code = this.task_stopped_code(p, ptrace);
    const exit_code = p_code === 0 ? 0 : this.load(p_code);
    if (exit_code !== 0 && (wo.wo_flags & WNOWAIT) === 0) this.store(p_code, 0);
    const uid = this.task_uid(p);
    this.spin_unlock_irq(lock);
    if (exit_code === 0) return 0;
    const pid = this.task_pid_vnr(p);
    this.read_unlock(addr(this.globals, globals.tasklist_lock));
    if ((wo.wo_flags & WNOWAIT) === 0) wo.wo_stat = (exit_code << 8) | 0x7f;
    if (wo.wo_info !== null) {
      const si_code = ptrace ? CLD_TRAPPED : CLD_STOPPED;
      Object.assign(wo.wo_info, { si_code, si_pid: pid, si_uid: uid, si_status: exit_code });
    }
    return pid;
  },

  /** Takes the news that a child goes on. Needs `tasklist_lock` for reading; a result other than 0 released it. */
  *wait_task_continued(this: Kernel, wo: WaitOpts, p: Task): Coroutine<number> {
    if ((wo.wo_flags & WCONTINUED) === 0) return 0;
    const signal = this.get(p, task_struct.signal);
    if ((this.peek(signal + signal_struct.flags) & SIGNAL_STOP_CONTINUED) === 0) return 0;
    const lock = addr(this.get(p, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    const flags = this.get(signal, signal_struct.flags);
    const continued = (flags & SIGNAL_STOP_CONTINUED) !== 0;
    if (continued && (wo.wo_flags & WNOWAIT) === 0) {
      this.set(signal, signal_struct.flags, flags & ~SIGNAL_STOP_CONTINUED);
    }
    const uid = this.task_uid(p);
    this.spin_unlock_irq(lock);
    if (!continued) return 0;
    const pid = this.task_pid_vnr(p);
    this.read_unlock(addr(this.globals, globals.tasklist_lock));
    wo.wo_stat = 0xffff;
    if (wo.wo_info !== null) {
      Object.assign(wo.wo_info, { si_code: CLD_CONTINUED, si_pid: pid, si_uid: uid, si_status: SIGCONT });
    }
    return pid;
  },

  /** A task's user, as the caller is told it. Needs `tasklist_lock` or a reference, so that the task stays. */
  task_uid(this: Kernel, p: Task): number {
    const c = this.peek(p + task_struct.real_cred) as Ptr<'cred'>;
    return this.from_kuid_munged(this.current_user_ns(), this.get(c, cred.uid));
  },

  /**
   * What a child has for this call: its pid, 0 for nothing now, or an error. Needs `tasklist_lock` for reading.
   *
   * @param ptrace the current process traces it; otherwise it is a child
   */
  *wait_consider_task(this: Kernel, wo: WaitOpts, ptrace: boolean, p: Task): Coroutine<number> {
    if (this.READ_ONCE(p, task_struct.exit_state)) yield;
    const exit_state = this.value(task_struct.exit_state);
    if (exit_state === EXIT_DEAD) return 0;
    if (!this.eligible_child(wo, ptrace, p)) return 0;
    if (exit_state === EXIT_TRACE) {
      // Its tracer waits for it just now: the parent will be told.
      if (!ptrace) wo.notask_error = 0;
      return 0;
    }
    const traced = this.get(p, task_struct.ptrace) !== 0;
    // A child that is traced by a thread of its parent has one kind of stop only.
    const asTracer = ptrace || (traced && !this.ptrace_reparented(p));
    if (exit_state === EXIT_ZOMBIE) {
      if (!this.delay_group_leader(p) && (asTracer || !traced)) return yield* this.wait_task_zombie(wo, p);
      // Also of a zombie leader whose threads live: its process can still stop and go on. A zombie thread cannot.
      if (!asTracer || (wo.wo_flags & (WCONTINUED | WEXITED)) !== 0) wo.notask_error = 0;
    } else {
      wo.notask_error = 0;
    }
    return (yield* this.wait_task_stopped(wo, asTracer, p)) || (yield* this.wait_task_continued(wo, p));
  },

  *do_wait_thread(this: Kernel, wo: WaitOpts, tsk: Task): Coroutine<number> {
    const children = addr(tsk, task_struct.children);
    for (let node = this.get(children, list_head.next); node !== children; node = this.get(node, list_head.next)) {
      const result = yield* this.wait_consider_task(wo, false, container_of(node, task_struct.sibling));
      if (result !== 0) return result;
    }
    return 0;
  },

  *ptrace_do_wait(this: Kernel, wo: WaitOpts, tsk: Task): Coroutine<number> {
    const ptraced = addr(tsk, task_struct.ptraced);
    for (let node = this.get(ptraced, list_head.next); node !== ptraced; node = this.get(node, list_head.next)) {
      const result = yield* this.wait_consider_task(wo, true, container_of(node, task_struct.ptrace_entry));
      if (result !== 0) return result;
    }
    return 0;
  },

  /** Wakes a waiter only for a child that it asked for. */
  *child_wait_callback(this: Kernel, entry: WaitEntryPtr, mode: number, child: Task): Coroutine<boolean> {
    const waiter = this.get(entry, wait_queue_entry.private);
    const type = this.get(waiter, task_struct.wait_type);
    if (type !== PIDTYPE_MAX && this.task_pid_type(child, type) !== this.get(waiter, task_struct.wait_pid)) {
      return false;
    }
    if (this.get(waiter, task_struct.wait_nothread) !== 0 && this.get(child, task_struct.parent) !== waiter) {
      return false;
    }
    return yield* this.default_wake_function(waiter, mode);
  },

  __wake_up_parent(this: Kernel, child: Task, parent: Task): Coroutine<void> {
    const queue = addr(this.get(parent, task_struct.signal), signal_struct.wait_chldexit);
    return this.__wake_up(queue, TASK_INTERRUPTIBLE, 1, child);
  },

  /** Waits for a child. The state is set before the children are looked at, so that a death in between wakes. */
  *do_wait(this: Kernel, wo: WaitOpts): Coroutine<number> {
    const tsk = this.current;
    if (this.trace !== null) this.emit(TRACE_SCHED_PROCESS_WAIT, wo.wo_pid, 0);
    const entry = addr(tsk, task_struct.child_wait);
    this.set(entry, wait_queue_entry.private, tsk);
    this.set(entry, wait_queue_entry.func, CHILD_WAIT_CALLBACK);
    this.set(tsk, task_struct.wait_type, wo.wo_type);
    this.set(tsk, task_struct.wait_pid, wo.wo_pid);
    this.set(tsk, task_struct.wait_nothread, wo.wo_flags & __WNOTHREAD);
    const queue = addr(this.get(tsk, task_struct.signal), signal_struct.wait_chldexit);
    yield* this.add_wait_queue(queue, entry);
    const lock = addr(this.globals, globals.tasklist_lock);
    let retval: number;
    for (;;) {
      wo.notask_error = -ECHILD;
      retval = 0;
      const nobody =
        wo.wo_type < PIDTYPE_MAX &&
        (!wo.wo_pid || this.peek(pidTasks(wo.wo_pid, wo.wo_type) + hlist_head.first) === NULL);
      if (!nobody) {
        if (this.set_current_state(TASK_INTERRUPTIBLE)) yield;
        if (this.read_lock(lock)) yield;
        let t = tsk;
        do {
          retval = yield* this.do_wait_thread(wo, t);
          if (retval === 0 && !this.list_empty(addr(t, task_struct.ptraced)))
            retval = yield* this.ptrace_do_wait(wo, t);
          if (retval !== 0 || (wo.wo_flags & __WNOTHREAD) !== 0) break;
          t = this.next_thread(t);
        } while (t !== tsk);
        if (retval !== 0) break;
        this.read_unlock(lock);
      }
      retval = wo.notask_error;
      if (retval !== 0 || (wo.wo_flags & WNOHANG) !== 0) break;
      retval = -ERESTARTSYS;
      // Looked at without a lock: a child may die here, after the list was searched, and its signal be seen first.
      if (this.READ_ONCE(tsk, task_struct.thread_flags)) yield;
      if ((this.value(task_struct.thread_flags) & TIF_SIGPENDING) !== 0) break;
      yield* this.schedule();
    }
    this.__set_current_state(TASK_RUNNING);
    yield* this.remove_wait_queue(queue, entry);
    return retval;
  },

  /**
   * `wait4(2)`, without the resource usage.
   *
   * @param stat_addr where the caller wants the status
   */
  *wait4(this: Kernel, upid: number, stat_addr: WaitStatus, options: number): Coroutine<number> {
    if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL)) !== 0) return -EINVAL;
    if (upid === INT_MIN) return -ESRCH;
    let type = PIDTYPE_MAX;
    let pid: Ptr<'pid'> = NULL;
    if (upid < -1) {
      type = PIDTYPE_PGID;
      pid = yield* this.find_get_pid(-upid);
    } else if (upid === 0) {
      type = PIDTYPE_PGID;
      pid = this.get_pid(this.task_pid_type(this.current, PIDTYPE_PGID));
    } else if (upid > 0) {
      type = PIDTYPE_PID;
      pid = yield* this.find_get_pid(upid);
    }
    const wo: WaitOpts = {
      wo_type: type,
      wo_flags: options | WEXITED,
      wo_pid: pid,
      wo_stat: 0,
      wo_info: null,
      notask_error: 0,
    };
    const result = yield* this.do_wait(wo);
    this.put_pid(pid);
    if (result > 0) stat_addr.status = wo.wo_stat;
    return result;
  },

  /**
   * `waitid(2)`, without the resource usage.
   *
   * @param infop gets what was found, or zeros; null where the caller does not care
   * @returns 0 or a negative errno
   */
  *waitid(this: Kernel, which: number, upid: number, infop: WaitidInfo | null, options: number): Coroutine<number> {
    const info: WaitidInfo = { si_signo: 0, si_code: 0, si_pid: 0, si_uid: 0, si_status: 0 };
    let result = yield* this.kernel_waitid(which, upid, info, options);
    if (result > 0) {
      info.si_signo = SIGCHLD;
      result = 0;
    }
    if (infop !== null) Object.assign(infop, info);
    return result;
  },

  *kernel_waitid(this: Kernel, which: number, upid: number, info: WaitidInfo, options: number): Coroutine<number> {
    const known = WNOHANG | WNOWAIT | WEXITED | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    if ((options & ~known) !== 0) return -EINVAL;
    if ((options & (WEXITED | WUNTRACED | WCONTINUED)) === 0) return -EINVAL;
    if (which !== P_ALL && which !== P_PID && which !== P_PGID && which !== P_PIDFD) return -EINVAL;
    if (which === P_PIDFD ? upid < 0 : which !== P_ALL && upid <= 0) return -EINVAL;
    const wo_type = which === P_ALL ? PIDTYPE_MAX : which === P_PGID ? PIDTYPE_PGID : PIDTYPE_PID;
    let wo_pid: Ptr<'pid'> = NULL;
    if (which === P_PIDFD) {
      // Not of 5.3.1: P_PIDFD came with Linux 5.4.
      wo_pid = yield* this.pidfd_get_pid(upid);
      if (!wo_pid) return -EBADF;
    } else if (which !== P_ALL) {
      wo_pid = yield* this.find_get_pid(upid);
    }
    const wo: WaitOpts = { wo_type, wo_flags: options, wo_pid, wo_stat: 0, wo_info: info, notask_error: 0 };
    const result = yield* this.do_wait(wo);
    this.put_pid(wo_pid);
    return result;
  },
};

export type WaitFunctions = typeof waitFunctions;
