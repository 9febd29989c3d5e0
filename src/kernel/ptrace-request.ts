/** `kernel/ptrace.c` and `arch/x86/kernel/ptrace.c`: `ptrace(2)`, and what a tracer asks of its tracee. */

import { addr, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  __TASK_TRACED,
  EFAULT,
  EINVAL,
  EIO,
  ESRCH,
  JOBCTL_LISTENING,
  JOBCTL_TRAP_NOTIFY,
  JOBCTL_TRAP_STOP,
  ORIG_RAX,
  PT_OPT_FLAG_SHIFT,
  PT_SEIZED,
  PTRACE_ATTACH,
  PTRACE_CONT,
  PTRACE_DETACH,
  PTRACE_EVENT_STOP,
  PTRACE_GETEVENTMSG,
  PTRACE_GETREGS,
  PTRACE_GETSIGINFO,
  PTRACE_GETSIGMASK,
  PTRACE_INTERRUPT,
  PTRACE_KILL,
  PTRACE_LISTEN,
  PTRACE_O_MASK,
  PTRACE_O_SUSPEND_SECCOMP,
  PTRACE_OLDSETOPTIONS,
  PTRACE_PEEKDATA,
  PTRACE_PEEKTEXT,
  PTRACE_PEEKUSR,
  PTRACE_POKEDATA,
  PTRACE_POKETEXT,
  PTRACE_SEIZE,
  PTRACE_SETOPTIONS,
  PTRACE_SETSIGINFO,
  PTRACE_SETSIGMASK,
  PTRACE_SINGLESTEP,
  PTRACE_SYSCALL,
  PTRACE_TRACEME,
  RAX,
  SIGKILL,
  SIGSTOP,
  TASK_TRACED,
  TIF_RESTORE_SIGMASK,
  TIF_SINGLESTEP,
  TIF_SYSCALL_TRACE,
  USER_SIZE,
} from './constants.js';
import type { Kernel } from './kernel.js';
import type { SigMaskOut } from './signal/sigprocmask.js';
import { SIGSET_SIZE, valid_signal } from './sigset.js';
import { globals, kernel_siginfo, sighand_struct, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

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

/** `put_user` of a number. */
function putWord(out: PtraceWord | null, value: number): number {
  if (out === null) return -EFAULT;
  out.value = value;
  return 0;
}

const KILL_AND_STOP = (1 << (SIGKILL - 1)) | (1 << (SIGSTOP - 1));

export const ptraceRequestFunctions = {
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

  /**
   * What a tracer asks of its tracee. Left out: memory, so that there is no address to be read or written, floating point,
   * and what came for checkpoints and seccomp.
   */
  *ptrace_request(this: Kernel, child: Task, request: number, address: number, data: PtraceData): Coroutine<number> {
    const number = typeof data === 'number' ? data : 0;
    const pointer = typeof data === 'object' ? data : null;
    switch (request) {
      case PTRACE_PEEKTEXT:
      case PTRACE_PEEKDATA:
      case PTRACE_POKETEXT:
      case PTRACE_POKEDATA:
        return -EIO;
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
};

export type PtraceRequestFunctions = typeof ptraceRequestFunctions;
