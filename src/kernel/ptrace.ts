/**
 * `kernel/ptrace.c` and `include/linux/ptrace.h`: who traces whom, from attaching to letting go, and the events that a
 * tracer is told of. What tracees do is in `ptrace-stop.ts`, what a tracer asks of them in `ptrace-request.ts`.
 */

import { addr, container_of, list_head, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  __TASK_STOPPED,
  __TASK_TRACED,
  EIO,
  EPERM,
  ERESTARTNOINTR,
  EXIT_DEAD,
  EXIT_ZOMBIE,
  JOBCTL_STOP_PENDING,
  JOBCTL_STOP_SIGMASK,
  JOBCTL_TRAP_MASK,
  JOBCTL_TRAP_STOP,
  JOBCTL_TRAPPING,
  PF_EXITING,
  PIDTYPE_PID,
  PT_EXITKILL,
  PT_OPT_FLAG_SHIFT,
  PT_PTRACED,
  PT_SEIZED,
  PTRACE_EVENT_EXEC,
  PTRACE_O_MASK,
  PTRACE_SEIZE,
  SA_NOCLDWAIT,
  SEND_SIG_PRIV,
  SIG_IGN,
  SIGCHLD,
  SIGKILL,
  SIGNAL_STOP_STOPPED,
  SIGSTOP,
  SIGTRAP,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TIF_SINGLESTEP,
  TIF_SYSCALL_TRACE,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { valid_signal } from './sigset.js';
import { globals, k_sigaction, sighand_struct, signal_struct, sigpending, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

type Cred = Ptr<'cred'>;

export const ptraceFunctions = {
  /** Whether a task's tracer is of another process than its parent. */
  ptrace_reparented(this: Kernel, child: Task): boolean {
    const real_parent = this.get(child, task_struct.real_parent);
    const parent = this.get(child, task_struct.parent);
    return real_parent !== parent && !this.same_thread_group(real_parent, parent);
  },

  task_is_traced(this: Kernel, t: Task): boolean {
    return (this.peek(t + task_struct.state) & __TASK_TRACED) !== 0;
  },

  /** Puts a task among those that another traces. Needs `tasklist_lock` for writing. */
  __ptrace_link(this: Kernel, child: Task, new_parent: Task, ptracer_cred: Cred): void {
    const entry = addr(child, task_struct.ptrace_entry);
    this.BUG_ON(!this.list_empty(entry), '__ptrace_link of a task that is traced');
    this.list_add(entry, addr(new_parent, task_struct.ptraced));
    this.set(child, task_struct.parent, new_parent);
    this.set(child, task_struct.ptracer_cred, this.get_cred(ptracer_cred));
  },

  /** With the current task's credentials, whoever the tracer is. Needs `tasklist_lock` for writing. */
  ptrace_link(this: Kernel, child: Task, new_parent: Task): void {
    this.__ptrace_link(child, new_parent, this.current_cred());
  },

  /**
   * Ends the tracing of a task: it goes on, or stops again where its process is stopped. Needs `tasklist_lock` for
   * writing. The task may be in any state where its tracer dies.
   */
  *__ptrace_unlink(this: Kernel, child: Task): Coroutine<void> {
    this.BUG_ON(this.get(child, task_struct.ptrace) === 0, '__ptrace_unlink of a task that is not traced');
    this.clear_tsk_thread_flag(child, TIF_SYSCALL_TRACE);
    this.set(child, task_struct.parent, this.get(child, task_struct.real_parent));
    this.list_del_init(addr(child, task_struct.ptrace_entry));
    const old_cred = this.get(child, task_struct.ptracer_cred);
    this.set(child, task_struct.ptracer_cred, NULL);
    this.put_cred(old_cred);

    const lock = addr(this.get(child, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock(lock)) yield;
    this.set(child, task_struct.ptrace, 0);
    this.task_clear_jobctl_pending(child, JOBCTL_TRAP_MASK);
    // Also where a stop is pending still: the tracer may be asleep until the task is in its trap.
    yield* this.task_clear_jobctl_trapping(child);
    const signal = this.get(child, task_struct.signal);
    let jobctl = this.get(child, task_struct.jobctl);
    if (
      (this.get(child, task_struct.flags) & PF_EXITING) === 0 &&
      ((this.get(signal, signal_struct.flags) & SIGNAL_STOP_STOPPED) !== 0 ||
        this.get(signal, signal_struct.group_stop_count) !== 0)
    ) {
      jobctl |= JOBCTL_STOP_PENDING;
      // A thread made while its process was stopped: it has not heard of the signal.
      if ((jobctl & JOBCTL_STOP_SIGMASK) === 0) jobctl |= SIGSTOP;
      this.set(child, task_struct.jobctl, jobctl);
    }
    if ((jobctl & JOBCTL_STOP_PENDING) !== 0 || this.task_is_traced(child)) {
      yield* this.ptrace_signal_wake_up(child, true);
    }
    this.spin_unlock(lock);
  },

  /**
   * `PTRACE_ATTACH` and `PTRACE_SEIZE`. `cred_guard_mutex` keeps an exec of the other process from choosing its
   * credentials meanwhile; so an attach waits for as long as that exec waits for its other threads.
   *
   * @param data the options of `PTRACE_SEIZE`
   */
  *ptrace_attach(this: Kernel, task: Task, request: number, address: number, data: number): Coroutine<number> {
    const seize = request === PTRACE_SEIZE;
    let flags = PT_PTRACED;
    if (seize) {
      if (address !== 0 || (data & ~PTRACE_O_MASK) !== 0) return -EIO;
      flags = PT_PTRACED | PT_SEIZED | (data << PT_OPT_FLAG_SHIFT);
    }
    // Left out: kernel threads, which have no number here.
    if (this.same_thread_group(task, this.current)) return -EPERM;
    const guard = addr(this.get(task, task_struct.signal), signal_struct.cred_guard_mutex);
    if ((yield* this.__mutex_lock_common(guard, TASK_INTERRUPTIBLE)) !== 0) return -ERESTARTNOINTR;
    // Left out: alloc_lock (task_lock), which nothing that is looked at here needs.
    const denied = yield* this.__ptrace_may_access(task);
    if (denied !== 0) {
      yield* this.mutex_unlock(guard);
      return denied;
    }
    if (this.is_global_init(task)) this.violate('unmodelled', 'ptrace of init, which never runs');
    const tasklist = addr(this.globals, globals.tasklist_lock);
    if (this.write_lock_irq(tasklist)) yield;
    const error = yield* this.attachLocked(task, flags);
    this.write_unlock_irq(tasklist);
    yield* this.mutex_unlock(guard);
    // A tracer that is killed while it waits does not come back to user mode: it unlinks the task when it dies.
    if (error === 0) yield* this.wait_on_bit(task, JOBCTL_TRAPPING, TASK_KILLABLE);
    return error;
  },

  /** The part of `ptrace_attach` that needs `tasklist_lock` for writing. */
  *attachLocked(this: Kernel, task: Task, flags: number): Coroutine<number> {
    if (this.get(task, task_struct.exit_state) !== 0 || this.get(task, task_struct.ptrace) !== 0) return -EPERM;
    this.set(task, task_struct.ptrace, flags);
    this.ptrace_link(task, this.current);
    if ((flags & PT_SEIZED) === 0) yield* this.do_send_sig_info(SIGSTOP, SEND_SIG_PRIV, task, PIDTYPE_PID);
    const lock = addr(this.get(task, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock(lock)) yield;
    // One that is stopped already goes from its stop to a trap, and the tracer waits for that.
    if (this.task_is_stopped(task) && this.task_set_jobctl_pending(task, JOBCTL_TRAP_STOP | JOBCTL_TRAPPING)) {
      yield* this.signal_wake_up_state(task, __TASK_STOPPED);
    }
    this.spin_unlock(lock);
    return 0;
  },

  /** `PTRACE_TRACEME`: by the parent, unless that is past the point where it lets its tracees go. */
  *ptrace_traceme(this: Kernel): Coroutine<number> {
    const lock = addr(this.globals, globals.tasklist_lock);
    const tsk = this.current;
    let ret = -EPERM;
    if (this.write_lock_irq(lock)) yield;
    if (this.get(tsk, task_struct.ptrace) === 0) {
      ret = yield* this.cap_ptrace_traceme(this.get(tsk, task_struct.parent));
      const real_parent = this.get(tsk, task_struct.real_parent);
      if (ret === 0 && (this.get(real_parent, task_struct.flags) & PF_EXITING) === 0) {
        this.set(tsk, task_struct.ptrace, PT_PTRACED);
        this.ptrace_link(tsk, real_parent);
      }
    }
    this.write_unlock_irq(lock);
    return ret;
  },

  /** Whether a process's children release themselves. Needs interrupts disabled. */
  *ignoring_children(this: Kernel, sigh: Ptr<'sighand_struct'>): Coroutine<boolean> {
    const lock = addr(sigh, sighand_struct.siglock);
    if (this.spin_lock(lock)) yield;
    const ka = (sigh + sighand_struct.action + (SIGCHLD - 1) * k_sigaction.$.words) as Ptr<'k_sigaction'>;
    const ret =
      this.get(ka, k_sigaction.sa_handler) === SIG_IGN || (this.get(ka, k_sigaction.sa_flags) & SA_NOCLDWAIT) !== 0;
    this.spin_unlock(lock);
    return ret;
  },

  /**
   * Unlinks a tracee, and does for a zombie what being traced held up: its parent is told, or it is to be released.
   * Needs `tasklist_lock` for writing.
   *
   * @returns whether the caller is to release it
   */
  *__ptrace_detach(this: Kernel, tracer: Task, p: Task): Coroutine<boolean> {
    yield* this.__ptrace_unlink(p);
    if (this.get(p, task_struct.exit_state) !== EXIT_ZOMBIE) return false;
    let dead = !this.thread_group_leader(p);
    if (!dead && this.thread_group_empty(p)) {
      if (!this.same_thread_group(this.get(p, task_struct.real_parent), tracer)) {
        dead = yield* this.do_notify_parent(p, this.get(p, task_struct.exit_signal));
      } else if (yield* this.ignoring_children(this.get(tracer, task_struct.sighand))) {
        yield* this.__wake_up_parent(p, tracer);
        dead = true;
      }
    }
    if (dead) this.storeOnce(p + task_struct.exit_state, EXIT_DEAD);
    return dead;
  },

  /** `PTRACE_DETACH` of a frozen tracee. @param data the signal to go on with */
  *ptrace_detach(this: Kernel, child: Task, data: number): Coroutine<number> {
    if (!valid_signal(data)) return -EIO;
    // ptrace_disable.
    this.clear_tsk_thread_flag(child, TIF_SINGLESTEP);
    const lock = addr(this.globals, globals.tasklist_lock);
    if (this.write_lock_irq(lock)) yield;
    this.set(child, task_struct.exit_code, data);
    yield* this.__ptrace_detach(this.current, child);
    this.write_unlock_irq(lock);
    return 0;
  },

  /** A task that dies lets go of all that it traces. Needs `tasklist_lock` for writing. @param dead gets those to release */
  *exit_ptrace(this: Kernel, tracer: Task, dead: Ptr<'list_head'>): Coroutine<void> {
    const ptraced = addr(tracer, task_struct.ptraced);
    for (let node = this.get(ptraced, list_head.next); node !== ptraced; ) {
      const next = this.get(node, list_head.next);
      const p = container_of(node, task_struct.ptrace_entry);
      if ((this.get(p, task_struct.ptrace) & PT_EXITKILL) !== 0) {
        yield* this.do_send_sig_info(SIGKILL, SEND_SIG_PRIV, p, PIDTYPE_PID);
      }
      if (yield* this.__ptrace_detach(tracer, p)) this.list_add(addr(p, task_struct.ptrace_entry), dead);
      node = next;
    }
  },

  /** Whether the current task's tracer wants to know of an event. */
  ptrace_event_enabled(this: Kernel, task: Task, event: number): boolean {
    return (this.get(task, task_struct.ptrace) & (1 << (PT_OPT_FLAG_SHIFT + event))) !== 0;
  },

  /** Stops for the tracer, if it wants to know of the event. @param message what `PTRACE_GETEVENTMSG` gives */
  *ptrace_event(this: Kernel, event: number, message: number): Coroutine<void> {
    const tsk = this.current;
    if (this.ptrace_event_enabled(tsk, event)) {
      this.set(tsk, task_struct.ptrace_message, message);
      yield* this.ptrace_notify((event << 8) | SIGTRAP);
    } else if (event === PTRACE_EVENT_EXEC) {
      // A tracer that has asked for nothing sees a SIGTRAP.
      const seized = this.get(tsk, task_struct.ptrace) & (PT_PTRACED | PT_SEIZED);
      if (seized === PT_PTRACED) yield* this.send_sig(SIGTRAP, tsk, false);
    }
  },

  /** The same with a pid, as a number of the tracer's namespace. */
  *ptrace_event_pid(this: Kernel, event: number, p: Ptr<'pid'>): Coroutine<void> {
    this.rcu_read_lock();
    if (this.rcu_dereference(this.current, task_struct.parent)) yield;
    const ns = this.task_active_pid_ns(this.value(task_struct.parent));
    const message = ns ? this.pid_nr_ns(p, ns) : 0;
    this.rcu_read_unlock();
    yield* this.ptrace_event(event, message);
  },

  /** A new task of a traced one is traced as well, and stops before it does anything. Needs siglock and `tasklist_lock`. */
  ptrace_init_task(this: Kernel, child: Task, ptrace: boolean): void {
    const tsk = this.current;
    const flags = this.get(tsk, task_struct.ptrace);
    if (!ptrace || flags === 0) return;
    this.set(child, task_struct.ptrace, flags);
    this.__ptrace_link(child, this.get(tsk, task_struct.parent), this.get(tsk, task_struct.ptracer_cred));
    if ((flags & PT_SEIZED) !== 0) this.task_set_jobctl_pending(child, JOBCTL_TRAP_STOP);
    else this.sigaddset(addr(addr(child, task_struct.pending), sigpending.signal), SIGSTOP);
  },

  /** A dead task is traced by nobody, and traces nobody. Needs `tasklist_lock` for writing. */
  *ptrace_release_task(this: Kernel, task: Task): Coroutine<void> {
    this.BUG_ON(!this.list_empty(addr(task, task_struct.ptraced)), 'ptrace_release_task of a tracer');
    if (this.get(task, task_struct.ptrace) !== 0) yield* this.__ptrace_unlink(task);
    this.BUG_ON(!this.list_empty(addr(task, task_struct.ptrace_entry)), 'ptrace_release_task of a tracee');
  },
};

export type PtraceFunctions = typeof ptraceFunctions;
