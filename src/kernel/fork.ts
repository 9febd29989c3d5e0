/** `kernel/fork.c`: how a task is made. */

import { addr, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { spinOwner } from '../sync/spinlock.js';
import {
  CAP_SYS_ADMIN,
  CAP_SYS_RESOURCE,
  CLONE_DETACHED,
  CLONE_FS,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_PIDFD,
  CLONE_PTRACE,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_UNTRACED,
  CLONE_VFORK,
  CLONE_VM,
  EAGAIN,
  EFAULT,
  EINTR,
  EINVAL,
  ENOMEM,
  ERESTARTNOINTR,
  O_CLOEXEC,
  O_RDWR,
  PF_FORKNOEXEC,
  PF_IDLE,
  PF_NPROC_EXCEEDED,
  PIDNS_ADDING,
  PIDTYPE_MAX,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_SID,
  PIDTYPE_TGID,
  PTRACE_EVENT_CLONE,
  PTRACE_EVENT_FORK,
  PTRACE_EVENT_VFORK,
  PTRACE_EVENT_VFORK_DONE,
  pidfd_fops,
  SIGCHLD,
  SIGNAL_UNKILLABLE,
  TASK_NEW,
  TIF_SIGPENDING,
  USER_STACK_TOP,
} from './constants.js';
import type { FilePtr } from './file.js';
import { IT_REAL_FN } from './hrtimer.js';
import type { Kernel } from './kernel.js';
import { pidLink } from './pid.js';
import { EMPTY_MASK } from './sigset.js';
import {
  cred,
  globals,
  multiprocess_signals,
  nsproxy,
  pid,
  pid_namespace,
  sighand_struct,
  signal_struct,
  sigpending,
  task_struct,
  user_struct,
} from './structs.js';
import { TRACE_SCHED_PROCESS_FORK } from './trace.js';

type Task = Ptr<'task_struct'>;

/** What a new task is to be. */
export interface CloneArgs {
  /** `CLONE_…`. */
  readonly flags: number;
  /** What its parent is sent when it dies. */
  readonly exit_signal: number;
  /** What it runs in user mode. */
  readonly program: number;
  readonly arg: number;
  /** The CPU that it is placed on. */
  readonly cpu: number;
  /** Gets the pidfd with `CLONE_PIDFD`. */
  readonly pidfd?: { pidfd: number } | null;
}

/** A pidfd that a fork has made for its child. */
export interface ForkPidfd {
  readonly fd: number;
  readonly file: FilePtr;
}

export const forkFunctions = {
  /** For the checker: a lock is held that keeps a task where it is in its group. */
  proveThreadListed(this: Kernel, t: Task): void {
    if (this.tasklist_lock_is_held()) return;
    const sighand = this.words[t + task_struct.sighand] as number;
    if (sighand !== 0 && spinOwner(this.words[sighand + sighand_struct.siglock] as number) === this.id) return;
    this.suspiciousRcuUsage(t + task_struct.thread_group);
  },

  /** `lockdep_tasklist_lock_is_held`. */
  tasklist_lock_is_held(this: Kernel): boolean {
    return this.rwlock_is_held(addr(this.globals, globals.tasklist_lock));
  },

  /** A copy of the current task's struct, with two references: one for the parent's release, one for the scheduler. */
  dup_task_struct(this: Kernel): Task {
    const p = this.kmem_cache_alloc<'task_struct'>(this.caches.task_struct);
    if (!p) return NULL;
    // The whole struct, as it is: what others may be writing meanwhile is set anew below, or under a lock later.
    for (let word = 0; word < task_struct.$.words; word++) this.store(p + word, this.data_race(this.current + word));
    this.set(p, task_struct.usage, 2);
    this.set(p, task_struct.thread_flags, 0);
    this.set(p, task_struct.on_rq, 0);
    this.set(p, task_struct.on_cpu, 0);
    this.set(p, task_struct.exit_state, 0);
    this.set(p, task_struct.exit_code, 0);
    this.set(p, task_struct.jobctl, 0);
    this.set(p, task_struct.ptrace, 0);
    this.set(p, task_struct.ptracer_cred, NULL);
    this.set(p, task_struct.last_siginfo, NULL);
    this.set(p, task_struct.sigframe, NULL);
    this.set(p, task_struct.restart, 0);
    this.set(p, task_struct.in_syscall, 0);
    this.set(p, task_struct.restart_fn, 0);
    this.set(p, task_struct.task_works, NULL);
    this.store(addr(p, task_struct.pi_lock), 0);
    this.store(addr(p, task_struct.alloc_lock), 0);
    this.set(p, task_struct.vfork_done, NULL);
    this.store(addr(p, task_struct.vfork_lock), 0);
    return p;
  },

  *copy_sighand(this: Kernel, flags: number, p: Task): Coroutine<number> {
    const mine = this.get(this.current, task_struct.sighand);
    if ((flags & CLONE_SIGHAND) !== 0) {
      this.atomic_inc(mine, sighand_struct.count);
      return 0;
    }
    const sighand = this.allocSighand();
    this.set(p, task_struct.sighand, sighand);
    if (!sighand) return -ENOMEM;
    const lock = addr(mine, sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    this.copyActions(mine, sighand);
    this.spin_unlock_irq(lock);
    return 0;
  },

  copy_signal(this: Kernel, flags: number, p: Task): number {
    if ((flags & CLONE_THREAD) !== 0) return 0;
    const sig = this.kmem_cache_zalloc<'signal_struct'>(this.caches.signal_struct);
    this.set(p, task_struct.signal, sig);
    if (!sig) return -ENOMEM;
    const mine = this.get(this.current, task_struct.signal);
    this.set(sig, signal_struct.nr_threads, 1);
    this.set(sig, signal_struct.live, 1);
    this.set(sig, signal_struct.sigcnt, 1);
    this.INIT_LIST_HEAD(addr(sig, signal_struct.thread_head));
    this.INIT_LIST_HEAD(addr(p, task_struct.thread_node));
    this.list_add_tail(addr(p, task_struct.thread_node), addr(sig, signal_struct.thread_head));
    this.init_waitqueue_head(addr(sig, signal_struct.wait_chldexit));
    this.set(sig, signal_struct.curr_target, p);
    this.init_sigpending(addr(sig, signal_struct.shared_pending));
    this.hrtimer_init(addr(sig, signal_struct.real_timer), IT_REAL_FN, sig);
    this.INIT_LIST_HEAD(addr(sig, signal_struct.posix_timers));
    this.task_lock(this.get(this.current, task_struct.group_leader));
    for (let word: number = signal_struct.rlim_nproc; word <= signal_struct.rlim_core_max; word++) {
      this.store(sig + word, this.load(mine + word));
    }
    this.task_unlock(this.get(this.current, task_struct.group_leader));
    this.set(sig, signal_struct.dumpable, this.get(mine, signal_struct.dumpable));
    this.mutex_init(addr(sig, signal_struct.cred_guard_mutex));
    return 0;
  },

  /**
   * Makes a task out of the current one. Signals to several processes at once that arrive meanwhile are collected in
   * `multiprocess`, so that the child gets what its parent got; one that has arrived already makes the fork start over.
   *
   * @param trace the event for which the tracer of the current task traces the new one, or 0
   * @returns the new task, not yet running, or a negative errno
   */
  *copy_process(this: Kernel, args: CloneArgs, trace = 0): Coroutine<number> {
    const { flags } = args;
    if ((flags & (CLONE_NEWNS | CLONE_FS)) === (CLONE_NEWNS | CLONE_FS)) return -EINVAL;
    if ((flags & (CLONE_NEWUSER | CLONE_FS)) === (CLONE_NEWUSER | CLONE_FS)) return -EINVAL;
    if ((flags & CLONE_THREAD) !== 0 && (flags & CLONE_SIGHAND) === 0) return -EINVAL;
    if ((flags & CLONE_SIGHAND) !== 0 && (flags & CLONE_VM) === 0) return -EINVAL;
    if ((flags & CLONE_PIDFD) !== 0 && (flags & (CLONE_DETACHED | CLONE_THREAD)) !== 0) return -EINVAL;
    const current = this.current;
    const mySignal = this.get(current, task_struct.signal);
    if ((flags & CLONE_PARENT) !== 0 && (this.get(mySignal, signal_struct.flags) & SIGNAL_UNKILLABLE) !== 0) {
      return -EINVAL;
    }
    if ((flags & CLONE_THREAD) !== 0) {
      // The threads of a process are all in the same namespaces.
      const pid_ns = this.get(this.get(current, task_struct.nsproxy), nsproxy.pid_ns_for_children);
      if ((flags & (CLONE_NEWUSER | CLONE_NEWPID)) !== 0 || this.task_active_pid_ns(current) !== pid_ns) return -EINVAL;
    }
    const siglock = addr(this.get(current, task_struct.sighand), sighand_struct.siglock);
    const delayed = addr(current, task_struct.delayed);
    this.storeSigset(addr(delayed, multiprocess_signals.signal), EMPTY_MASK);
    this.INIT_HLIST_NODE(addr(delayed, multiprocess_signals.node));
    if (this.spin_lock_irq(siglock)) yield;
    if ((flags & CLONE_THREAD) === 0) {
      this.hlist_add_head(addr(delayed, multiprocess_signals.node), addr(mySignal, signal_struct.multiprocess));
    }
    this.recalc_sigpending();
    this.spin_unlock_irq(siglock);
    const early = yield* this.signalBeforeFork();
    if (early !== 0) return yield* this.fork_out(early);

    const p = this.dup_task_struct();
    if (!p) return yield* this.fork_out(-ENOMEM);
    const user = this.get(this.current_cred(), cred.user);
    // Looked at here and counted in copy_creds: two forks at the limit may both pass.
    if (this.READ_ONCE(user, user_struct.processes)) yield;
    const processes = this.value(user_struct.processes);
    if (processes >= this.get(mySignal, signal_struct.rlim_nproc)) {
      const root = user === this.get(this.globals, globals.root_user);
      if (!root && !this.capable(CAP_SYS_RESOURCE) && !this.capable(CAP_SYS_ADMIN)) {
        this.free_task(p);
        return yield* this.fork_out(-EAGAIN);
      }
    }
    const myFlags = this.get(current, task_struct.flags);
    if ((myFlags & PF_NPROC_EXCEEDED) !== 0) this.set(current, task_struct.flags, myFlags & ~PF_NPROC_EXCEEDED);
    const error = yield* this.copy_creds(p, flags);
    if (error !== 0) {
      this.free_task(p);
      return yield* this.fork_out(error);
    }
    if (this.peek(this.globals + globals.nr_threads) >= this.get(this.globals, globals.max_threads)) {
      return yield* this.bad_fork_cleanup_count(p, -EAGAIN);
    }
    this.set(p, task_struct.flags, (this.get(p, task_struct.flags) & ~PF_IDLE) | PF_FORKNOEXEC);
    this.INIT_LIST_HEAD(addr(p, task_struct.children));
    this.INIT_LIST_HEAD(addr(p, task_struct.sibling));
    this.INIT_LIST_HEAD(addr(p, task_struct.ptraced));
    this.INIT_LIST_HEAD(addr(p, task_struct.ptrace_entry));
    this.INIT_LIST_HEAD(addr(p, task_struct.run_list));
    this.init_sigpending(addr(p, task_struct.pending));
    if ((flags & (CLONE_VM | CLONE_VFORK)) === CLONE_VM) {
      // On a stack of its own.
      this.set(p, task_struct.sp, USER_STACK_TOP);
      this.sas_ss_reset(p);
    }
    this.storeTime(
      addr(p, task_struct.default_timer_slack_ns),
      this.loadTime(addr(current, task_struct.timer_slack_ns)),
    );
    this.set(p, task_struct.state, TASK_NEW);
    this.set(p, task_struct.cpu, args.cpu);
    this.set(p, task_struct.program, args.program);
    this.set(p, task_struct.arg, args.arg);
    const noFiles = yield* this.copy_files(flags, p);
    if (noFiles !== 0) return yield* this.bad_fork_cleanup_count(p, noFiles);
    const noSighand = yield* this.copy_sighand(flags, p);
    if (noSighand !== 0) return yield* this.bad_fork_cleanup_files(p, noSighand);
    const noSignal = this.copy_signal(flags, p);
    if (noSignal !== 0) return yield* this.bad_fork_cleanup_sighand(p, noSignal);
    this.copy_mm(flags, p);
    const noNamespaces = this.copy_namespaces(flags, p);
    if (noNamespaces !== 0) return yield* this.bad_fork_cleanup_signal(p, flags, noNamespaces);
    const pid_ns = this.get(this.get(p, task_struct.nsproxy), nsproxy.pid_ns_for_children);
    const newPid = yield* this.alloc_pid(pid_ns);
    if (newPid < 0) return yield* this.bad_fork_cleanup_namespaces(p, flags, newPid);
    let pidfd: ForkPidfd | null = null;
    if ((flags & CLONE_PIDFD) !== 0) {
      const made = yield* this.forkPidfd(newPid as Ptr<'pid'>, args);
      if (typeof made === 'number') {
        yield* this.free_pid(newPid as Ptr<'pid'>);
        return yield* this.bad_fork_cleanup_namespaces(p, flags, made);
      }
      pidfd = made;
    }
    return yield* this.publishTask(p, newPid as Ptr<'pid'>, args, pidfd, trace);
  },

  /** Whether a signal came before those that come are collected, so that it is to be taken first: 0, or the errno. */
  *signalBeforeFork(this: Kernel): Coroutine<number> {
    if (this.READ_ONCE(this.current, task_struct.thread_flags)) yield;
    return (this.value(task_struct.thread_flags) & TIF_SIGPENDING) !== 0 ? -ERESTARTNOINTR : 0;
  },

  /** Whether a signal that came while the current task forks ends that: 0, or the errno. Needs siglock. */
  signalEndsFork(this: Kernel): number {
    return this.fatal_signal_pending(this.current) ? -EINTR : 0;
  },

  /** The second half of `copy_process`: makes the new task visible, unless a fatal signal came first. */
  *publishTask(
    this: Kernel,
    p: Task,
    newPid: Ptr<'pid'>,
    args: CloneArgs,
    pidfd: ForkPidfd | null,
    trace: number,
  ): Coroutine<number> {
    const { flags } = args;
    const current = this.current;
    const mySignal = this.get(current, task_struct.signal);
    const delayed = addr(current, task_struct.delayed);
    const siglock = addr(this.get(current, task_struct.sighand), sighand_struct.siglock);
    const nr = this.pid_nr(newPid);
    this.set(p, task_struct.pid, nr);
    this.set(p, task_struct.birth_pid, nr);
    if ((flags & CLONE_THREAD) !== 0) {
      this.set(p, task_struct.exit_signal, -1);
      this.set(p, task_struct.group_leader, this.get(current, task_struct.group_leader));
      this.set(p, task_struct.tgid, this.get(current, task_struct.tgid));
    } else {
      const leader = this.get(current, task_struct.group_leader);
      const inherited = (flags & CLONE_PARENT) !== 0;
      this.set(p, task_struct.exit_signal, inherited ? this.get(leader, task_struct.exit_signal) : args.exit_signal);
      this.set(p, task_struct.group_leader, p);
      this.set(p, task_struct.tgid, this.get(p, task_struct.pid));
    }
    this.set(p, task_struct.pdeath_signal, 0);
    this.INIT_LIST_HEAD(addr(p, task_struct.thread_group));

    const tasklist = addr(this.globals, globals.tasklist_lock);
    if (this.write_lock_irq(tasklist)) yield;
    if ((flags & (CLONE_PARENT | CLONE_THREAD)) !== 0) {
      this.set(p, task_struct.real_parent, this.get(current, task_struct.real_parent));
      this.set(p, task_struct.parent_exec_id, this.get(current, task_struct.parent_exec_id));
    } else {
      this.set(p, task_struct.real_parent, current);
      this.set(p, task_struct.parent_exec_id, this.get(current, task_struct.self_exec_id));
    }
    if (this.spin_lock(siglock)) yield;
    // From here to the unlock no signal can come between: those before are in `delayed`, those after find the child.
    const dying = (this.get(this.get(newPid, pid.ns), pid_namespace.pid_allocated) & PIDNS_ADDING) === 0;
    const ended = dying ? -ENOMEM : this.signalEndsFork();
    if (ended !== 0) {
      this.spin_unlock(siglock);
      this.write_unlock_irq(tasklist);
      if (pidfd !== null) yield* this.bad_fork_put_pidfd(pidfd);
      yield* this.free_pid(newPid);
      return yield* this.bad_fork_cleanup_namespaces(p, flags, ended);
    }
    if (pidfd !== null) if (this.fd_install(pidfd.fd, pidfd.file)) yield;
    for (let type = 0; type < PIDTYPE_MAX; type++) this.INIT_HLIST_NODE(pidLink(p, type));
    this.set(p, task_struct.parent, this.get(p, task_struct.real_parent));
    if (this.get(current, task_struct.ptrace) !== 0) {
      this.ptrace_init_task(p, (flags & CLONE_PTRACE) !== 0 || trace !== 0);
    }
    this.set(p, task_struct.thread_pid, newPid);
    if (this.thread_group_leader(p)) {
      const signal = this.get(p, task_struct.signal);
      const pids = signal + signal_struct.pids;
      this.store(pids + PIDTYPE_TGID, newPid);
      this.store(pids + PIDTYPE_PGID, this.task_pid_type(current, PIDTYPE_PGID));
      this.store(pids + PIDTYPE_SID, this.task_pid_type(current, PIDTYPE_SID));
      if (this.is_child_reaper(newPid)) {
        this.set(this.get(newPid, pid.ns), pid_namespace.child_reaper, p);
        this.set(signal, signal_struct.flags, this.get(signal, signal_struct.flags) | SIGNAL_UNKILLABLE);
      }
      this.storeSigset(
        addr(addr(signal, signal_struct.shared_pending), sigpending.signal),
        this.loadSigset(addr(delayed, multiprocess_signals.signal)),
      );
      const parentSignal = this.get(this.get(p, task_struct.real_parent), task_struct.signal);
      const subreaper =
        this.get(parentSignal, signal_struct.has_child_subreaper) |
        this.get(parentSignal, signal_struct.is_child_subreaper);
      this.set(signal, signal_struct.has_child_subreaper, subreaper);
      this.list_add_tail(
        addr(p, task_struct.sibling),
        addr(this.get(p, task_struct.real_parent), task_struct.children),
      );
      if (this.list_add_tail_rcu(addr(p, task_struct.tasks), addr(this.init_task, task_struct.tasks))) yield;
      if (this.attach_pid(p, PIDTYPE_TGID)) yield;
      if (this.attach_pid(p, PIDTYPE_PGID)) yield;
      if (this.attach_pid(p, PIDTYPE_SID)) yield;
    } else {
      this.set(mySignal, signal_struct.nr_threads, this.get(mySignal, signal_struct.nr_threads) + 1);
      this.atomic_inc(mySignal, signal_struct.live);
      this.atomic_inc(mySignal, signal_struct.sigcnt);
      this.task_join_group_stop(p);
      const leader = this.get(p, task_struct.group_leader);
      if (this.list_add_tail_rcu(addr(p, task_struct.thread_group), addr(leader, task_struct.thread_group))) yield;
      if (this.list_add_tail_rcu(addr(p, task_struct.thread_node), addr(mySignal, signal_struct.thread_head))) yield;
    }
    if (this.attach_pid(p, PIDTYPE_PID)) yield;
    this.set(this.globals, globals.nr_threads, this.get(this.globals, globals.nr_threads) + 1);
    this.hlist_del_init(addr(delayed, multiprocess_signals.node));
    this.spin_unlock(siglock);
    this.write_unlock_irq(tasklist);
    return p;
  },

  /** A pidfd for the new task, told to the caller, and not yet to be found under its number. */
  *forkPidfd(this: Kernel, newPid: Ptr<'pid'>, args: CloneArgs): Coroutine<ForkPidfd | number> {
    const fd = yield* this.get_unused_fd_flags(O_RDWR | O_CLOEXEC);
    if (fd < 0) return fd;
    const file = this.anon_inode_getfile(pidfd_fops, newPid, O_RDWR | O_CLOEXEC);
    if (!file) {
      yield* this.put_unused_fd(fd);
      return -ENOMEM;
    }
    this.get_pid(newPid);
    if (!args.pidfd) {
      yield* this.bad_fork_put_pidfd({ fd, file });
      return -EFAULT;
    }
    args.pidfd.pidfd = fd;
    return { fd, file };
  },

  /** Makes a task and starts it. @returns the new number, or a negative errno */
  *_do_fork(this: Kernel, args: CloneArgs): Coroutine<number> {
    const trace = this.get(this.current, task_struct.ptrace) !== 0 ? this.forkEvent(args) : 0;
    const p = yield* this.copy_process(args, trace);
    if (p < 0) return p;
    const child = p as Task;
    const nr = this.task_pid_vnr(child);
    // From when it runs the child may be gone at any time, and its pid with it.
    const keeps = trace !== 0 || (args.flags & CLONE_VFORK) !== 0;
    const number = keeps ? this.get_pid(this.get(child, task_struct.thread_pid)) : NULL;
    if (this.trace !== null) this.emit(TRACE_SCHED_PROCESS_FORK, this.current, child, nr);
    const vfork = (args.flags & CLONE_VFORK) !== 0 ? this.initVforkDone(child) : NULL;
    yield* this.wake_up_new_task(child);
    if (trace !== 0) yield* this.ptrace_event_pid(trace, number);
    if (vfork) {
      const killed = yield* this.wait_for_vfork_done(child, vfork);
      if (killed === 0 && this.get(this.current, task_struct.ptrace) !== 0) {
        yield* this.ptrace_event_pid(PTRACE_EVENT_VFORK_DONE, number);
      }
    }
    this.put_pid(number);
    return nr;
  },

  /** The event that the tracer of the current task is told of for a fork, or 0. */
  forkEvent(this: Kernel, { flags, exit_signal }: CloneArgs): number {
    if ((flags & CLONE_UNTRACED) !== 0) return 0;
    let trace = exit_signal === SIGCHLD ? PTRACE_EVENT_FORK : PTRACE_EVENT_CLONE;
    if ((flags & CLONE_VFORK) !== 0) trace = PTRACE_EVENT_VFORK;
    return this.ptrace_event_enabled(this.current, trace) ? trace : 0;
  },

  /** `clone(2)`, with what the child runs in place of a copy of the caller's stack. Left out: telling its number in memory. */
  *clone(this: Kernel, args: CloneArgs): Coroutine<number> {
    if (args.cpu < 0 || args.cpu >= this.cpus) return -EINVAL;
    // legacy_clone_args_valid: the two have one pointer for what they tell.
    if ((args.flags & CLONE_PIDFD) !== 0 && (args.flags & CLONE_PARENT_SETTID) !== 0) return -EINVAL;
    return yield* this._do_fork(args);
  },
};

export type ForkFunctions = typeof forkFunctions;
