/** `kernel/ptrace.c` and `include/linux/ptrace.h`: what a tracer does. What its tracees do is in `ptrace-stop.ts`. */

import { addr, container_of, list_head, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  __TASK_STOPPED,
  __TASK_TRACED,
  CAP_SYS_PTRACE,
  EFAULT,
  EINVAL,
  EIO,
  EPERM,
  ERESTARTNOINTR,
  ESRCH,
  EXIT_DEAD,
  EXIT_ZOMBIE,
  JOBCTL_LISTENING,
  JOBCTL_STOP_PENDING,
  JOBCTL_STOP_SIGMASK,
  JOBCTL_TRAP_MASK,
  JOBCTL_TRAP_NOTIFY,
  JOBCTL_TRAP_STOP,
  JOBCTL_TRAPPING,
  ORIG_RAX,
  PF_EXITING,
  PF_KTHREAD,
  PIDTYPE_PID,
  PT_EXITKILL,
  PT_OPT_FLAG_SHIFT,
  PT_PTRACED,
  PT_SEIZED,
  PTRACE_ATTACH,
  PTRACE_CONT,
  PTRACE_DETACH,
  PTRACE_EVENT_EXEC,
  PTRACE_EVENT_STOP,
  PTRACE_GETEVENTMSG,
  PTRACE_GETREGS,
  PTRACE_GETSIGINFO,
  PTRACE_GETSIGMASK,
  PTRACE_INTERRUPT,
  PTRACE_KILL,
  PTRACE_LISTEN,
  PTRACE_MODE_ATTACH_REALCREDS,
  PTRACE_MODE_REALCREDS,
  PTRACE_O_MASK,
  PTRACE_O_SUSPEND_SECCOMP,
  PTRACE_OLDSETOPTIONS,
  PTRACE_PEEKUSR,
  PTRACE_SEIZE,
  PTRACE_SETOPTIONS,
  PTRACE_SETSIGINFO,
  PTRACE_SETSIGMASK,
  PTRACE_SINGLESTEP,
  PTRACE_SYSCALL,
  PTRACE_TRACEME,
  RAX,
  SA_NOCLDWAIT,
  SEND_SIG_PRIV,
  SIG_IGN,
  SIGCHLD,
  SIGKILL,
  SIGNAL_STOP_STOPPED,
  SIGSTOP,
  SIGTRAP,
  SUID_DUMP_USER,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_TRACED,
  TIF_RESTORE_SIGMASK,
  TIF_SINGLESTEP,
  TIF_SYSCALL_TRACE,
  USER_SIZE,
} from './constants.js';
import type { Kernel } from './kernel.js';
import type { SigMaskOut } from './signal/sigprocmask.js';
import { SIGSET_SIZE, valid_signal } from './sigset.js';
import {
  cred,
  globals,
  k_sigaction,
  kernel_siginfo,
  sighand_struct,
  signal_struct,
  sigpending,
  task_struct,
} from './structs.js';

type Task = Ptr<'task_struct'>;
type Cred = Ptr<'cred'>;

/** Where a tracer wants a word: with `PTRACE_PEEKUSR` and `PTRACE_GETEVENTMSG`. */
export interface PtraceWord {
  value: number;
}

/** `struct user_regs_struct`, as far as a system call's number and result. */
export interface UserRegs {
  orig_ax: number;
  ax: number;
}

/** A `siginfo_t` to read (`PTRACE_SETSIGINFO`) or to fill (`PTRACE_GETSIGINFO`). */
export interface PtraceSiginfo {
  si_signo?: number;
  si_errno?: number;
  si_code?: number;
  si_pid?: number;
  si_uid?: number;
  si_status?: number;
  /** The same place as `si_status`. */
  si_value?: number;
}

/** The last argument of `ptrace(2)`: a number, or what a pointer leads to. */
export type PtraceData = number | PtraceWord | UserRegs | PtraceSiginfo | SigMaskOut | null;

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
   * Makes a stopped tracee stay so while its tracer looks at it: not even SIGKILL wakes it. Needs `tasklist_lock`, for
   * `sighand`.
   */
  *ptrace_freeze_traced(this: Kernel, task: Task): Coroutine<boolean> {
    // No lock: only the tracer sets this flag.
    if ((this.get(task, task_struct.jobctl) & JOBCTL_LISTENING) !== 0) return false;
    const lock = addr(this.get(task, task_struct.sighand), sighand_struct.siglock);
    let ret = false;
    if (this.spin_lock_irq(lock)) yield;
    if (this.task_is_traced(task) && !this.__fatal_signal_pending(task)) {
      this.set(task, task_struct.state, __TASK_TRACED);
      ret = true;
    }
    this.spin_unlock_irq(lock);
    return ret;
  },

  /** The tracer has looked: a SIGKILL that came meanwhile wakes the tracee now. */
  *ptrace_unfreeze_traced(this: Kernel, task: Task): Coroutine<void> {
    if (this.peek(task + task_struct.state) !== __TASK_TRACED) return;
    const lock = addr(this.get(task, task_struct.sighand), sighand_struct.siglock);
    // With PTRACE_LISTEN the tracee can be woken from here to the lock: looked at once more.
    if (this.spin_lock_irq(lock)) yield;
    if (this.peek(task + task_struct.state) === __TASK_TRACED) {
      if (this.__fatal_signal_pending(task)) yield* this.wake_up_state(task, __TASK_TRACED);
      else this.set(task, task_struct.state, TASK_TRACED);
    }
    this.spin_unlock_irq(lock);
  },

  /**
   * Whether a task is traced by the current one and, unless `ignore_state`, stopped: then it stays stopped until
   * `ptrace_unfreeze_traced`. 0 or −ESRCH.
   */
  *ptrace_check_attach(this: Kernel, child: Task, ignore_state: boolean): Coroutine<number> {
    const lock = addr(this.globals, globals.tasklist_lock);
    let ret = -ESRCH;
    if (this.read_lock(lock)) yield;
    if (this.get(child, task_struct.ptrace) !== 0 && this.get(child, task_struct.parent) === this.current) {
      if (ignore_state || (yield* this.ptrace_freeze_traced(child))) ret = 0;
    }
    this.read_unlock(lock);
    // It has set its state, and told the tracer, before it has left its CPU.
    if (ret === 0 && !ignore_state && !(yield* this.wait_task_inactive(child, __TASK_TRACED))) ret = -ESRCH;
    return ret;
  },

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
    if ((this.get(task, task_struct.flags) & PF_KTHREAD) !== 0) return -EPERM;
    if (this.same_thread_group(task, this.current)) return -EPERM;
    const guard = addr(this.get(task, task_struct.signal), signal_struct.cred_guard_mutex);
    if ((yield* this.__mutex_lock_common(guard, TASK_INTERRUPTIBLE)) !== 0) return -ERESTARTNOINTR;
    // Left out: alloc_lock (task_lock), which nothing that is looked at here needs.
    const denied = yield* this.__ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS);
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
    if (dead) this.set(p, task_struct.exit_state, EXIT_DEAD);
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

  /** `PTRACE_SETOPTIONS`. */
  ptrace_setoptions(this: Kernel, child: Task, data: number): number {
    // There is no seccomp to suspend.
    if ((data & ~PTRACE_O_MASK) !== 0 || (data & PTRACE_O_SUSPEND_SECCOMP) !== 0) return -EINVAL;
    const flags = this.get(child, task_struct.ptrace) & ~(PTRACE_O_MASK << PT_OPT_FLAG_SHIFT);
    this.set(child, task_struct.ptrace, flags | (data << PT_OPT_FLAG_SHIFT));
    return 0;
  },

  /** `PTRACE_GETSIGINFO`: −EINVAL in a stop that has none, a group-stop without `PTRACE_SEIZE`. */
  *ptrace_getsiginfo(this: Kernel, child: Task, out: PtraceSiginfo | null): Coroutine<number> {
    const sighand = yield* this.__lock_task_sighand(child);
    if (!sighand) return -ESRCH;
    const flags = this.irqflags;
    const last = this.get(child, task_struct.last_siginfo);
    const info = last ? this.loadSiginfo(last) : null;
    this.unlock_task_sighand(sighand, flags);
    if (info === null) return -EINVAL;
    if (out === null) return -EFAULT;
    const { si_sys_private: _, ...seen } = info;
    Object.assign(out, seen, { si_value: info.si_status });
    return 0;
  },

  /** `PTRACE_SETSIGINFO`: what the tracee goes on with, if it goes on with that signal. */
  *ptrace_setsiginfo(this: Kernel, child: Task, from: PtraceSiginfo): Coroutine<number> {
    const sighand = yield* this.__lock_task_sighand(child);
    if (!sighand) return -ESRCH;
    const flags = this.irqflags;
    const last = this.get(child, task_struct.last_siginfo);
    if (last) {
      const { si_signo = 0, si_errno = 0, si_code = 0, si_pid = 0, si_uid = 0, si_value = 0 } = from;
      const { si_status = si_value } = from;
      this.copy_siginfo(last, { si_signo, si_errno, si_code, si_pid, si_uid, si_status, si_sys_private: 0 });
    }
    this.unlock_task_sighand(sighand, flags);
    return last ? 0 : -EINVAL;
  },

  /** `PTRACE_CONT` and the like. @param data the signal that the tracee goes on with */
  *ptrace_resume(this: Kernel, child: Task, request: number, data: number): Coroutine<number> {
    if (!valid_signal(data)) return -EIO;
    if (request === PTRACE_SYSCALL) this.set_tsk_thread_flag(child, TIF_SYSCALL_TRACE);
    else this.clear_tsk_thread_flag(child, TIF_SYSCALL_TRACE);
    if (request === PTRACE_SINGLESTEP) this.set_tsk_thread_flag(child, TIF_SINGLESTEP);
    else this.clear_tsk_thread_flag(child, TIF_SINGLESTEP);
    // Another thread of the tracer that waits must not take the signal for a new report, nor clear it.
    const need_siglock = data !== 0 && !this.thread_group_empty(this.current);
    const sighand = this.get(child, task_struct.sighand);
    if (need_siglock) if (this.spin_lock_irq(addr(sighand, sighand_struct.siglock))) yield;
    this.set(child, task_struct.exit_code, data);
    yield* this.wake_up_state(child, __TASK_TRACED);
    if (need_siglock) this.spin_unlock_irq(addr(sighand, sighand_struct.siglock));
    return 0;
  },

  /** What a tracer asks of its tracee. Left out: memory, floating point, and what came for checkpoints and seccomp. */
  *ptrace_request(this: Kernel, child: Task, request: number, address: number, data: PtraceData): Coroutine<number> {
    const number = typeof data === 'number' ? data : 0;
    const pointer = typeof data === 'object' ? data : null;
    switch (request) {
      case PTRACE_OLDSETOPTIONS:
      case PTRACE_SETOPTIONS:
        return this.ptrace_setoptions(child, number);
      case PTRACE_GETEVENTMSG:
        return putWord(pointer as PtraceWord | null, this.get(child, task_struct.ptrace_message));
      case PTRACE_GETSIGINFO:
        return yield* this.ptrace_getsiginfo(child, pointer as PtraceSiginfo | null);
      case PTRACE_SETSIGINFO:
        if (pointer === null) return -EFAULT;
        return yield* this.ptrace_setsiginfo(child, pointer as PtraceSiginfo);
      case PTRACE_GETSIGMASK:
      case PTRACE_SETSIGMASK:
        return yield* this.ptraceSigmask(child, request, address, pointer as SigMaskOut | null);
      case PTRACE_INTERRUPT:
      case PTRACE_LISTEN:
        return yield* this.ptraceSeized(child, request);
      case PTRACE_DETACH:
        return yield* this.ptrace_detach(child, number);
      case PTRACE_SINGLESTEP:
      case PTRACE_SYSCALL:
      case PTRACE_CONT:
        return yield* this.ptrace_resume(child, request, number);
      case PTRACE_KILL:
        if (this.get(child, task_struct.exit_state) !== 0) return 0;
        return yield* this.ptrace_resume(child, request, SIGKILL);
      default:
        return -EIO;
    }
  },

  /** `PTRACE_GETSIGMASK` and `PTRACE_SETSIGMASK`. @param size that of a set, as the tracer knows it */
  *ptraceSigmask(this: Kernel, child: Task, request: number, size: number, set: SigMaskOut | null): Coroutine<number> {
    if (size !== SIGSET_SIZE) return -EINVAL;
    if (set === null) return -EFAULT;
    const blocked = addr(child, task_struct.blocked);
    if (request === PTRACE_GETSIGMASK) {
      const restoring = this.test_tsk_thread_flag(child, TIF_RESTORE_SIGMASK);
      Object.assign(set, this.loadSigset(restoring ? addr(child, task_struct.saved_sigmask) : blocked));
      return 0;
    }
    const lock = addr(this.get(child, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    // The tracee looks for signals that it can take now when it goes on.
    this.storeSigset(blocked, { lo: set.lo & ~KILL_AND_STOP, hi: set.hi });
    this.spin_unlock_irq(lock);
    this.clear_tsk_thread_flag(child, TIF_RESTORE_SIGMASK);
    return 0;
  },

  /** `PTRACE_INTERRUPT` and `PTRACE_LISTEN`, for tracees that were seized. */
  *ptraceSeized(this: Kernel, child: Task, request: number): Coroutine<number> {
    if ((this.get(child, task_struct.ptrace) & PT_SEIZED) === 0) return -EIO;
    const sighand = yield* this.__lock_task_sighand(child);
    if (!sighand) return -EIO;
    const flags = this.irqflags;
    let ret = 0;
    if (request === PTRACE_INTERRUPT) {
      // One that is in a trap stays there, and has another when it goes on; one that only listens has it now.
      if (this.task_set_jobctl_pending(child, JOBCTL_TRAP_STOP)) {
        const listening = (this.get(child, task_struct.jobctl) & JOBCTL_LISTENING) !== 0;
        yield* this.ptrace_signal_wake_up(child, listening);
      }
    } else {
      const last = this.get(child, task_struct.last_siginfo);
      if (last && this.get(last, kernel_siginfo.si_code) >> 8 === PTRACE_EVENT_STOP) {
        const jobctl = this.get(child, task_struct.jobctl) | JOBCTL_LISTENING;
        this.set(child, task_struct.jobctl, jobctl);
        // Something has happened since the trap began: it is told at once.
        if ((jobctl & JOBCTL_TRAP_NOTIFY) !== 0) yield* this.ptrace_signal_wake_up(child, true);
      } else {
        ret = -EIO;
      }
    }
    this.unlock_task_sighand(sighand, flags);
    return ret;
  },

  /** The requests of x86: registers. Left out: all but `orig_ax` and `ax`, which read as 0, and changing them. */
  *arch_ptrace(this: Kernel, child: Task, request: number, address: number, data: PtraceData): Coroutine<number> {
    const pointer = typeof data === 'object' ? data : null;
    if (request === PTRACE_PEEKUSR) {
      if ((address & 7) !== 0 || address < 0 || address >= USER_SIZE) return -EIO;
      let value = 0;
      if (address === RAX) value = yield* this.getreg(child, task_struct.ax);
      else if (address === ORIG_RAX) value = yield* this.getreg(child, task_struct.orig_ax);
      return putWord(pointer as PtraceWord | null, value);
    }
    if (request === PTRACE_GETREGS) {
      const orig_ax = yield* this.getreg(child, task_struct.orig_ax);
      const ax = yield* this.getreg(child, task_struct.ax);
      if (pointer === null) return -EFAULT;
      Object.assign(pointer, { orig_ax, ax });
      return 0;
    }
    return yield* this.ptrace_request(child, request, address, data);
  },

  /** Reads a register of a frozen tracee. Others go on meanwhile, and must leave it as it is. */
  *getreg(this: Kernel, task: Task, register: typeof task_struct.ax): Coroutine<number> {
    if (this.READ_ONCE(task, register)) yield;
    const running = this.peek(task + task_struct.on_cpu) !== 0 || this.peek(task + task_struct.on_rq) !== 0;
    this.BUG_ON(running, 'ptrace: the registers of a task that runs');
    return this.value(register);
  },

  /** `ptrace(2)`. */
  *ptrace(this: Kernel, request: number, nr: number, address: number, data: PtraceData): Coroutine<number> {
    if (request === PTRACE_TRACEME) return yield* this.ptrace_traceme();
    this.rcu_read_lock();
    const child = yield* this.find_task_by_vpid(nr);
    if (child) this.atomic_inc(child, task_struct.usage);
    this.rcu_read_unlock();
    if (!child) return -ESRCH;
    let ret: number;
    if (request === PTRACE_ATTACH || request === PTRACE_SEIZE) {
      ret = yield* this.ptrace_attach(child, request, address, typeof data === 'number' ? data : 0);
    } else {
      ret = yield* this.ptrace_check_attach(child, request === PTRACE_KILL || request === PTRACE_INTERRUPT);
      if (ret === 0) {
        ret = yield* this.arch_ptrace(child, request, address, data);
        if (ret !== 0 || request !== PTRACE_DETACH) yield* this.ptrace_unfreeze_traced(child);
      }
    }
    this.put_task_struct(child);
    return ret;
  },

  // ---- include/linux/ptrace.h ----

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
    const ns = this.task_active_pid_ns(this.get(this.current, task_struct.parent));
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

/** `put_user` of a number. */
function putWord(out: PtraceWord | null, value: number): number {
  if (out === null) return -EFAULT;
  out.value = value;
  return 0;
}

const KILL_AND_STOP = (1 << (SIGKILL - 1)) | (1 << (SIGSTOP - 1));

export type PtraceFunctions = typeof ptraceFunctions;
