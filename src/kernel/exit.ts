/** `kernel/exit.c`, the first half: how a task dies and is released. */

import { addr, container_of, list_head, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  EXIT_DEAD,
  EXIT_ZOMBIE,
  PF_EXITING,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_SID,
  PIDTYPE_TGID,
  PTRACE_EVENT_EXIT,
  SEND_SIG_PRIV,
  SIGCHLD,
  SIGCONT,
  SIGHUP,
  SIGNAL_GROUP_EXIT,
  SIGNAL_STOP_STOPPED,
  TIF_SIGPENDING,
} from './constants.js';
import type { Kernel } from './kernel.js';
import {
  cred,
  globals,
  pid,
  pid_namespace,
  sighand_struct,
  signal_struct,
  task_struct,
  user_struct,
} from './structs.js';
import { EXIT_RESOURCES, TRACE_RESOURCE, TRACE_SCHED_PROCESS_EXIT, TRACE_SCHED_PROCESS_FREE } from './trace.js';

type Task = Ptr<'task_struct'>;
type ListPtr = Ptr<'list_head'>;

const EXIT_FILES = EXIT_RESOURCES.indexOf('exit_files');
const EXIT_FS = EXIT_RESOURCES.indexOf('exit_fs');

export const exitFunctions = {
  /** Takes a task out of every list by which others find it. Needs `tasklist_lock` for writing. */
  *__unhash_process(this: Kernel, p: Task, group_dead: boolean): Coroutine<void> {
    this.set(this.globals, globals.nr_threads, this.get(this.globals, globals.nr_threads) - 1);
    yield* this.detach_pid(p, PIDTYPE_PID);
    if (group_dead) {
      yield* this.detach_pid(p, PIDTYPE_TGID);
      yield* this.detach_pid(p, PIDTYPE_PGID);
      yield* this.detach_pid(p, PIDTYPE_SID);
      if (this.list_del_rcu(addr(p, task_struct.tasks))) yield;
      this.list_del_init(addr(p, task_struct.sibling));
    }
    if (this.list_del_rcu(addr(p, task_struct.thread_group))) yield;
    if (this.list_del_rcu(addr(p, task_struct.thread_node))) yield;
  },

  /**
   * Parts a dead task from its group. Needs `tasklist_lock` for writing.
   *
   * From `sighand = NULL` on nobody can send it a signal: a sender that found the task before gets no lock.
   */
  *__exit_signal(this: Kernel, tsk: Task): Coroutine<void> {
    const sig = this.get(tsk, task_struct.signal);
    const group_dead = this.thread_group_leader(tsk);
    const sighand = this.get(tsk, task_struct.sighand);
    const lock = addr(sighand, sighand_struct.siglock);
    if (this.spin_lock(lock)) yield;
    if (!group_dead) {
      // An exec waits until it is alone: the last of the others wakes it.
      const waiting = this.get(sig, signal_struct.notify_count);
      if (waiting > 0) {
        this.set(sig, signal_struct.notify_count, waiting - 1);
        if (waiting === 1) yield* this.wake_up_process(this.get(sig, signal_struct.group_exit_task));
      }
      if (this.get(sig, signal_struct.curr_target) === tsk) {
        this.set(sig, signal_struct.curr_target, this.next_thread(tsk));
      }
    }
    // Left out: adding up the dead thread's times and counters, which nothing here reads.
    this.set(sig, signal_struct.nr_threads, this.get(sig, signal_struct.nr_threads) - 1);
    yield* this.__unhash_process(tsk, group_dead);
    this.flush_sigqueue(addr(tsk, task_struct.pending));
    if (this.WRITE_ONCE(tsk, task_struct.sighand, NULL)) yield;
    this.spin_unlock(lock);
    this.__cleanup_sighand(sighand);
    this.clear_tsk_thread_flag(tsk, TIF_SIGPENDING);
    if (group_dead) this.flush_sigqueue(addr(sig, signal_struct.shared_pending));
  },

  delayed_put_task_struct(this: Kernel, tsk: Task): void {
    if (this.trace !== null) this.emit(TRACE_SCHED_PROCESS_FREE, tsk, this.get(tsk, task_struct.pid));
    this.put_task_struct(tsk);
  },

  /**
   * Removes a dead task for good: after it nothing finds the task, and its memory is freed when those that had found
   * it under RCU are done. The last thread of a group whose leader is a zombie tells the leader's parent, and releases
   * the leader as well if the parent does not wait.
   */
  *release_task(this: Kernel, dead: Task): Coroutine<void> {
    const lock = addr(this.globals, globals.tasklist_lock);
    let p = dead;
    for (;;) {
      this.rcu_read_lock();
      if (this.__task_cred(p)) yield;
      const c = this.value(task_struct.real_cred);
      this.atomic_dec(this.get(c, cred.user), user_struct.processes);
      this.rcu_read_unlock();
      // Left out: proc_flush_task and cgroup_release.
      if (this.write_lock_irq(lock)) yield;
      yield* this.ptrace_release_task(p);
      yield* this.__exit_signal(p);
      let zap_leader = false;
      const leader = this.get(p, task_struct.group_leader);
      if (leader !== p && this.thread_group_empty(leader) && this.get(leader, task_struct.exit_state) === EXIT_ZOMBIE) {
        zap_leader = yield* this.do_notify_parent(leader, this.get(leader, task_struct.exit_signal));
        if (zap_leader) this.storeOnce(leader + task_struct.exit_state, EXIT_DEAD);
      }
      this.write_unlock_irq(lock);
      this.call_rcu(addr(p, task_struct.rcu), this.rcuCallbacks.delayed_put_task_struct);
      if (!zap_leader) return;
      p = leader;
    }
  },

  /** The oldest thread of a process that is not exiting, or NULL. Needs `tasklist_lock`. */
  find_alive_thread(this: Kernel, p: Task): Task {
    const head = addr(this.get(p, task_struct.signal), signal_struct.thread_head);
    for (let node = this.get(head, list_head.next); node !== head; node = this.get(node, list_head.next)) {
      const t = container_of(node, task_struct.thread_node);
      if ((this.get(t, task_struct.flags) & PF_EXITING) === 0) return t;
    }
    return NULL;
  },

  /**
   * Who inherits children when nobody nearer does, for a task that has been that itself: another thread of it. The
   * last one ends its namespace first. Needs `tasklist_lock` for writing, and may release it for a while.
   */
  *find_child_reaper(this: Kernel, father: Task, dead: ListPtr): Coroutine<Task> {
    const ns = this.task_active_pid_ns(father);
    const thread = this.find_alive_thread(father);
    if (thread) {
      this.set(ns, pid_namespace.child_reaper, thread);
      return thread;
    }
    const lock = addr(this.globals, globals.tasklist_lock);
    this.write_unlock_irq(lock);
    if (ns === this.init_pid_ns) this.violate('panic', 'Kernel panic - not syncing: Attempted to kill init!');
    yield* this.releaseDead(dead);
    yield* this.zap_pid_ns_processes(ns);
    if (this.write_lock_irq(lock)) yield;
    return father;
  },

  /** Releases the tasks on a list that only the caller has. */
  *releaseDead(this: Kernel, dead: ListPtr): Coroutine<void> {
    for (let node = this.get(dead, list_head.next); node !== dead; node = this.get(dead, list_head.next)) {
      this.list_del_init(node);
      yield* this.release_task(container_of(node, task_struct.ptrace_entry));
    }
  },

  /** Who inherits a dead task's children: a thread of its own group, a subreaper above it, or init. */
  find_new_reaper(this: Kernel, father: Task, child_reaper: Task): Task {
    const thread = this.find_alive_thread(father);
    if (thread) return thread;
    if (this.get(this.get(father, task_struct.signal), signal_struct.has_child_subreaper) !== 0) {
      // Not past the namespace: an exiting task need not be a descendant of its namespace's init.
      const ns_level = this.get(this.get(father, task_struct.thread_pid), pid.level);
      let reaper = this.get(father, task_struct.real_parent);
      for (; reaper !== this.init_task; reaper = this.get(reaper, task_struct.real_parent)) {
        if (this.get(this.get(reaper, task_struct.thread_pid), pid.level) !== ns_level) break;
        if (this.get(this.get(reaper, task_struct.signal), signal_struct.is_child_subreaper) === 0) continue;
        const alive = this.find_alive_thread(reaper);
        if (alive) return alive;
      }
    }
    return child_reaper;
  },

  /**
   * Whether a process group has no member, but the one given, whose parent is outside the group and in its session:
   * nobody there could continue it. Needs `tasklist_lock`.
   */
  will_become_orphaned_pgrp(this: Kernel, pgrp: Ptr<'pid'>, ignored: Task): boolean {
    for (let p = this.firstOfGroup(pgrp); p; p = this.nextOfGroup(p)) {
      const parent = this.get(p, task_struct.real_parent);
      const gone = this.get(p, task_struct.exit_state) !== 0 && this.thread_group_empty(p);
      if (p === ignored || gone || this.is_global_init(parent)) continue;
      const sameSession = this.task_pid_type(parent, PIDTYPE_SID) === this.task_pid_type(p, PIDTYPE_SID);
      if (this.task_pid_type(parent, PIDTYPE_PGID) !== pgrp && sameSession) return false;
    }
    return true;
  },

  *is_current_pgrp_orphaned(this: Kernel): Coroutine<boolean> {
    const lock = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(lock)) yield;
    const orphaned = this.will_become_orphaned_pgrp(this.task_pid_type(this.current, PIDTYPE_PGID), NULL);
    this.read_unlock(lock);
    return orphaned;
  },

  has_stopped_jobs(this: Kernel, pgrp: Ptr<'pid'>): boolean {
    for (let p = this.firstOfGroup(pgrp); p; p = this.nextOfGroup(p)) {
      const flags = this.get(this.get(p, task_struct.signal), signal_struct.flags);
      if ((flags & SIGNAL_STOP_STOPPED) !== 0) return true;
    }
    return false;
  },

  /**
   * A group that loses its last tie to its session, and has stopped members, is told with SIGHUP and SIGCONT. Needs
   * `tasklist_lock` for writing.
   *
   * @param given the parent that `tsk` had; NULL if it is `tsk` that goes
   */
  *kill_orphaned_pgrp(this: Kernel, tsk: Task, given: Task): Coroutine<void> {
    const pgrp = this.task_pid_type(tsk, PIDTYPE_PGID);
    const parent = given || this.get(tsk, task_struct.real_parent);
    const ignored = given ? NULL : tsk;
    if (
      this.task_pid_type(parent, PIDTYPE_PGID) !== pgrp &&
      this.task_pid_type(parent, PIDTYPE_SID) === this.task_pid_type(tsk, PIDTYPE_SID) &&
      this.will_become_orphaned_pgrp(pgrp, ignored) &&
      this.has_stopped_jobs(pgrp)
    ) {
      yield* this.__kill_pgrp_info(SIGHUP, SEND_SIG_PRIV, pgrp);
      yield* this.__kill_pgrp_info(SIGCONT, SEND_SIG_PRIV, pgrp);
    }
  },

  /** A child whose parent died: the new parent is told of a zombie, as if it had just died. */
  *reparent_leader(this: Kernel, father: Task, p: Task, dead: ListPtr): Coroutine<void> {
    if (this.get(p, task_struct.exit_state) === EXIT_DEAD) return;
    this.set(p, task_struct.exit_signal, SIGCHLD);
    if (
      this.get(p, task_struct.ptrace) === 0 &&
      this.get(p, task_struct.exit_state) === EXIT_ZOMBIE &&
      this.thread_group_empty(p) &&
      (yield* this.do_notify_parent(p, SIGCHLD))
    ) {
      this.storeOnce(p + task_struct.exit_state, EXIT_DEAD);
      this.list_add(addr(p, task_struct.ptrace_entry), dead);
    }
    yield* this.kill_orphaned_pgrp(p, father);
  },

  /** Gives a dying task's children to somebody else. Needs `tasklist_lock` for writing. */
  *forget_original_parent(this: Kernel, father: Task, dead: ListPtr): Coroutine<void> {
    if (!this.list_empty(addr(father, task_struct.ptraced))) yield* this.exit_ptrace(father, dead);
    let child_reaper = this.get(this.task_active_pid_ns(father), pid_namespace.child_reaper);
    if (child_reaper === father) child_reaper = yield* this.find_child_reaper(father, dead);
    const children = addr(father, task_struct.children);
    if (this.list_empty(children)) return;
    const reaper = this.find_new_reaper(father, child_reaper);
    for (let node = this.get(children, list_head.next); node !== children; node = this.get(node, list_head.next)) {
      const p = container_of(node, task_struct.sibling);
      let t = p;
      do {
        this.storeOnce(t + task_struct.real_parent, reaper);
        if (this.get(t, task_struct.ptrace) === 0) this.set(t, task_struct.parent, reaper);
        const sig = this.get(t, task_struct.pdeath_signal);
        if (sig !== 0) yield* this.group_send_sig_info(sig, 0, t, PIDTYPE_TGID);
        t = this.next_thread(t);
      } while (t !== p);
      if (!this.same_thread_group(reaper, father)) yield* this.reparent_leader(father, p, dead);
    }
    this.list_splice_tail_init(children, addr(reaper, task_struct.children));
  },

  /** Makes the current task a zombie and tells those who wait for that: its parent, or an exec of its own group. */
  *exit_notify(this: Kernel, tsk: Task, group_dead: boolean): Coroutine<void> {
    const lock = addr(this.globals, globals.tasklist_lock);
    const dead = addr(tsk, task_struct.dead);
    this.INIT_LIST_HEAD(dead);
    if (this.write_lock_irq(lock)) yield;
    yield* this.forget_original_parent(tsk, dead);
    if (group_dead) yield* this.kill_orphaned_pgrp(this.get(tsk, task_struct.group_leader), NULL);
    if (this.WRITE_ONCE(tsk, task_struct.exit_state, EXIT_ZOMBIE)) yield;
    let autoreap = true;
    // init, which never runs here, would wait for a zombie that it traces.
    const traced = this.get(tsk, task_struct.ptrace) !== 0;
    if (traced && this.is_global_init(this.get(tsk, task_struct.parent))) yield* this.__ptrace_unlink(tsk);
    if (this.get(tsk, task_struct.ptrace) !== 0) {
      const whole = this.thread_group_leader(tsk) && this.thread_group_empty(tsk);
      const sig = whole && !this.ptrace_reparented(tsk) ? this.get(tsk, task_struct.exit_signal) : SIGCHLD;
      autoreap = yield* this.do_notify_parent(tsk, sig);
    } else if (this.thread_group_leader(tsk)) {
      autoreap =
        this.thread_group_empty(tsk) && (yield* this.do_notify_parent(tsk, this.get(tsk, task_struct.exit_signal)));
    }
    if (autoreap) {
      // pidfd_poll looks without a lock, whether it is 0.
      this.storeOnce(tsk + task_struct.exit_state, EXIT_DEAD);
      this.list_add(addr(tsk, task_struct.ptrace_entry), dead);
    }
    // An exec in this group waits for its leader to be a zombie.
    const signal = this.get(tsk, task_struct.signal);
    if (this.get(signal, signal_struct.notify_count) < 0) {
      yield* this.wake_up_process(this.get(signal, signal_struct.group_exit_task));
    }
    this.write_unlock_irq(lock);
    if (!this.list_empty(dead)) yield* this.releaseDead(dead);
  },

  traceResources(this: Kernel, tsk: Task, first: number, last: number): void {
    if (this.trace === null) return;
    for (let resource = first; resource <= last; resource++) this.emit(TRACE_RESOURCE, tsk, resource);
  },

  /** The end of a task. Never returns. */
  *do_exit(this: Kernel, code: number): Coroutine<never> {
    const tsk = this.current;
    this.BUG_ON(this.get(tsk, task_struct.pid) === 0, 'Attempted to kill the idle task!');
    if (this.get(tsk, task_struct.ptrace) !== 0) yield* this.ptrace_event(PTRACE_EVENT_EXIT, code);
    yield* this.exit_signals(tsk);
    // Waits for a waker that still looks at the task's state.
    const piLock = addr(tsk, task_struct.pi_lock);
    this.raw_spin_lock(piLock);
    this.raw_spin_unlock(piLock);
    const signal = this.get(tsk, task_struct.signal);
    const group_dead = this.refcount_dec_and_test(signal, signal_struct.live);
    if (group_dead) {
      yield* this.hrtimer_cancel(addr(signal, signal_struct.real_timer));
      if (!this.list_empty(addr(signal, signal_struct.posix_timers))) yield* this.exit_itimers(signal);
    }
    this.set(tsk, task_struct.exit_code, code);
    this.releaseUserFrames(tsk);
    if (this.trace !== null) {
      this.emit(TRACE_SCHED_PROCESS_EXIT, tsk, code);
    }
    // exit_mm.
    if (this.get(tsk, task_struct.vfork_done)) yield* this.mm_release(tsk);
    const mm = this.peek(signal + signal_struct.mm);
    // The last thread of a process that shares its memory with no other leaves nobody behind who could dump it.
    if ((!group_dead || mm) && this.leave_mm()) yield* this.exitMmCore();
    if (group_dead && mm) this.mmput(signal);
    this.traceResources(tsk, 0, EXIT_FILES);
    this.exit_files(tsk);
    this.traceResources(tsk, EXIT_FILES + 1, EXIT_FS);
    // exit_task_work. From here on nothing drops a reference to a file.
    if (this.get(tsk, task_struct.task_works)) yield* this.task_work_run();
    this.traceResources(tsk, EXIT_FS + 1, EXIT_RESOURCES.length - 1);
    if (this.get(tsk, task_struct.nsproxy) !== this.init_nsproxy) this.exit_task_namespaces(tsk);
    yield* this.exit_notify(tsk, group_dead);
    return yield* this.do_task_dead();
  },

  /** Ends the whole process. The first to take siglock sets the code; everybody else dies with that. */
  *do_group_exit(this: Kernel, code: number): Coroutine<never> {
    const sig = this.get(this.current, task_struct.signal);
    let exitCode = code;
    // Without the lock: a fatal signal that comes after this look sets another code than the one we go with.
    if (this.READ_ONCE(sig, signal_struct.flags)) yield;
    if (this.signal_group_exit(sig)) {
      exitCode = this.get(sig, signal_struct.group_exit_code);
    } else if (!this.thread_group_empty(this.current)) {
      const lock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
      if (this.spin_lock_irq(lock)) yield;
      if (this.signal_group_exit(sig)) {
        exitCode = this.get(sig, signal_struct.group_exit_code);
      } else {
        this.set(sig, signal_struct.group_exit_code, exitCode);
        this.set(sig, signal_struct.flags, SIGNAL_GROUP_EXIT);
        yield* this.zap_other_threads(this.current);
      }
      this.spin_unlock_irq(lock);
    }
    return yield* this.do_exit(exitCode);
  },

  /** `exit_group(2)`. */
  exit_group(this: Kernel, code: number): Coroutine<never> {
    return this.do_group_exit((code & 0xff) << 8);
  },

  /** `exit(2)`: of one thread. */
  exit(this: Kernel, code: number): Coroutine<never> {
    return this.do_exit((code & 0xff) << 8);
  },
};

export type ExitFunctions = typeof exitFunctions;
