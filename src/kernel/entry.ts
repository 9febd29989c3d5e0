/** `arch/x86/entry/common.c` and `arch/x86/kernel/signal.c`: the way into the kernel, and back to user mode. */

import { addr, NULL, type Ptr } from '../memory/layout.js';
import { cpu_data } from '../sync/cpu.js';
import { type Coroutine, OP_IDLE, OP_SYSCALL_ENTRY, OP_SYSCALL_EXIT } from '../sync/gate.js';
import {
  __NR_clone,
  __NR_execve,
  __NR_exit_group,
  __NR_kill,
  __NR_restart_syscall,
  __NR_rt_sigreturn,
  __NR_wait4,
  EINTR,
  ENOSYS,
  ERESTART_RESTARTBLOCK,
  ERESTARTNOHAND,
  ERESTARTNOINTR,
  ERESTARTSYS,
  EXIT_TO_USERMODE_LOOP_FLAGS,
  PIDTYPE_TGID,
  SA_RESTART,
  SA_SIGINFO,
  SIG_HANDLER_BASE,
  SIGSEGV,
  SYSCALL_EXIT_WORK_FLAGS,
  SYSCALLS,
  TIF_NEED_RESCHED,
  TIF_NOTIFY_RESUME,
  TIF_RESTORE_SIGMASK,
  TIF_SIGPENDING,
  TIF_SINGLESTEP,
  TIF_SYSCALL_TRACE,
} from './constants.js';
import type { Kernel } from './kernel.js';
import type { KSignal } from './signal/get-signal.js';
import { pid, sigframe, task_struct } from './structs.js';
import { COUNT_SYSCALLS, TRACE_SYS_EXIT, TRACE_USER_HANDLER } from './trace.js';

type Task = Ptr<'task_struct'>;

/** A system call with its arguments, as a program makes it. */
export type Syscall = {
  [NR in keyof typeof SYSCALLS]: { readonly nr: NR; readonly args: Parameters<Kernel[(typeof SYSCALLS)[NR]]> };
}[keyof typeof SYSCALLS];

/** What stands behind a number of the table. */
type SyscallFunction = (this: Kernel, ...args: readonly unknown[]) => Coroutine<number>;

export const entryFunctions = {
  /** `getpid(2)`. */
  *getpid(this: Kernel): Coroutine<number> {
    // The number in the namespace that the process is in.
    return this.get(this.task_pid_type(this.current, PIDTYPE_TGID), pid.nr);
  },

  /** `gettid(2)`. */
  *gettid(this: Kernel): Coroutine<number> {
    return this.task_pid_vnr(this.current);
  },

  /**
   * Makes a system call and comes back to user mode, handlers and all. It is made again for as long as it is to be
   * restarted.
   *
   * @returns the result as the program sees it, negative errnos included
   */
  *do_syscall_64(this: Kernel, call: Syscall): Coroutine<number> {
    const tsk = this.current;
    let skip = false;
    for (;;) {
      if (this.get(tsk, task_struct.in_syscall) !== 0) {
        // Inside it since before the race began.
        this.set(tsk, task_struct.in_syscall, 0);
      } else {
        if (this.point(OP_SYSCALL_ENTRY, tsk + task_struct.thread_flags, call.nr, 0)) yield;
        if (this.irqsPending()) {
          // An interrupt found the task in user mode before it made the call.
          yield* this.interruptFromUser();
          continue;
        }
        this.rcu_eqs_exit();
        if (this.hasTick()) this.pauseTick();
        if ((this.peek(tsk + task_struct.thread_flags) & TIF_SYSCALL_TRACE) !== 0) {
          const again = this.get(tsk, task_struct.restart) === RESTART_BLOCK;
          skip = yield* this.syscall_trace_enter(again ? __NR_restart_syscall : call.nr);
        }
      }
      this.count(COUNT_SYSCALLS);
      if (this.trace !== null) this.trace_sys_enter(call.nr, call.args);
      const restart = this.get(tsk, task_struct.restart);
      this.set(tsk, task_struct.orig_ax, restart === RESTART_BLOCK ? __NR_restart_syscall : call.nr);
      this.set(tsk, task_struct.restart, 0);
      // `sys_call_table`. A `yield*` for each call that is made often, so that the engine knows what it waits for there.
      let result: number;
      if (skip) result = -ENOSYS;
      else if (restart === RESTART_BLOCK) result = yield* this.restart_syscall(call.args);
      else
        switch (call.nr) {
          case __NR_kill:
            result = yield* this.kill(call.args[0], call.args[1]);
            break;
          case __NR_wait4:
            result = yield* this.wait4(call.args[0], call.args[1], call.args[2]);
            break;
          case __NR_execve:
            result = yield* this.execve(call.args[0], call.args[1]);
            break;
          case __NR_clone:
            result = yield* this.clone(call.args[0]);
            break;
          case __NR_rt_sigreturn:
            result = yield* this.rt_sigreturn();
            break;
          case __NR_exit_group:
            result = yield* this.exit_group(call.args[0]);
            break;
          default:
            result = yield* (this[SYSCALLS[call.nr]] as SyscallFunction)(...call.args);
        }
      if (call.nr !== __NR_rt_sigreturn) this.set(tsk, task_struct.ax, result);
      if (this.trace !== null) this.emit(TRACE_SYS_EXIT, tsk, result, call.nr);
      // returnToUserMode, without the call: this is the way of every system call.
      if (this.prepare_exit_to_usermode()) yield;
      if ((this.result & SYSCALL_EXIT_WORK_FLAGS) !== 0) yield* this.syscall_return_slowpath(this.result);
      else if ((this.result & EXIT_TO_USERMODE_LOOP_FLAGS) !== 0) yield* this.exit_to_usermode_loop(this.result);
      if (this.hasCpuTimers()) this.startTick();
      this.rcu_eqs_enter();
      if (this.get(tsk, task_struct.sigframe)) yield* this.runHandlers();
      // After sigreturn the registers are those of whatever the handler interrupted: its restart is not ours to make.
      if (call.nr === __NR_rt_sigreturn || this.get(tsk, task_struct.restart) === 0) {
        return this.get(tsk, task_struct.ax);
      }
    }
  },

  /** The task was in user mode when an interrupt came. */
  *interruptFromUser(this: Kernel): Coroutine<void> {
    const tsk = this.current;
    this.rcu_eqs_exit();
    if (this.hasTick()) this.pauseTick();
    this.do_IRQ();
    // Not from a system call: nothing is to be restarted, and no result may be touched.
    const ax = this.get(tsk, task_struct.ax);
    // The task may have been about to make a call again: it still is after the handlers.
    const restart = this.get(tsk, task_struct.restart);
    this.set(tsk, task_struct.orig_ax, -1);
    this.set(tsk, task_struct.restart, 0);
    yield* this.returnToUserMode();
    this.set(tsk, task_struct.ax, ax);
    this.set(tsk, task_struct.restart, restart);
  },

  /** Before user mode: takes the interrupts that wait, and looks at what the thread's flags ask for. */
  prepare_exit_to_usermode(this: Kernel): boolean {
    if (this.irqsPending()) this.do_IRQ();
    return this.point(OP_SYSCALL_EXIT, this.current + task_struct.thread_flags, 0, 0);
  },

  /** Does what the thread's flags ask for, until they ask for nothing. */
  *exit_to_usermode_loop(this: Kernel, cached_flags: number): Coroutine<void> {
    let flags = cached_flags;
    while ((flags & EXIT_TO_USERMODE_LOOP_FLAGS) !== 0) {
      if ((flags & TIF_NEED_RESCHED) !== 0) yield* this.schedule();
      if ((flags & TIF_SIGPENDING) !== 0) yield* this.do_signal();
      if ((flags & TIF_NOTIFY_RESUME) !== 0) {
        this.clear_tsk_thread_flag(this.current, TIF_NOTIFY_RESUME);
        yield* this.task_work_run();
      }
      if (this.prepare_exit_to_usermode()) yield;
      flags = this.result;
    }
  },

  /** The whole way back to user mode, and the handlers there. */
  *returnToUserMode(this: Kernel): Coroutine<void> {
    if (this.prepare_exit_to_usermode()) yield;
    if ((this.result & EXIT_TO_USERMODE_LOOP_FLAGS) !== 0) yield* this.exit_to_usermode_loop(this.result);
    if (this.hasCpuTimers()) this.startTick();
    this.rcu_eqs_enter();
    if (this.get(this.current, task_struct.sigframe)) yield* this.runHandlers();
  },

  /** Takes a signal, or, where there is none for a handler, restarts the system call that it interrupted. */
  *do_signal(this: Kernel): Coroutine<void> {
    const tsk = this.current;
    this.set(tsk, task_struct.staying, 0);
    const ksig = yield* this.get_signal();
    if (ksig !== null) {
      yield* this.handle_signal(ksig);
      return;
    }
    if (this.get(tsk, task_struct.orig_ax) >= 0) {
      switch (this.get(tsk, task_struct.ax)) {
        case -ERESTARTNOHAND:
        case -ERESTARTSYS:
        case -ERESTARTNOINTR:
          this.set(tsk, task_struct.restart, RESTART_CALL);
          break;
        case -ERESTART_RESTARTBLOCK:
          this.set(tsk, task_struct.restart, RESTART_BLOCK);
      }
    }
    yield* this.restore_saved_sigmask();
  },

  /** Puts back the mask that a system call like sigsuspend replaced. */
  *restore_saved_sigmask(this: Kernel): Coroutine<void> {
    if (!this.test_tsk_thread_flag(this.current, TIF_RESTORE_SIGMASK)) return;
    this.clear_tsk_thread_flag(this.current, TIF_RESTORE_SIGMASK);
    yield* this.set_current_blocked(this.loadSigset(addr(this.current, task_struct.saved_sigmask)));
  },

  /** Decides whether the interrupted system call is restarted after the handler, and sets up the handler's frame. */
  *handle_signal(this: Kernel, ksig: KSignal): Coroutine<void> {
    const tsk = this.current;
    if (this.get(tsk, task_struct.orig_ax) >= 0) {
      switch (this.get(tsk, task_struct.ax)) {
        case -ERESTART_RESTARTBLOCK:
        case -ERESTARTNOHAND:
          this.set(tsk, task_struct.ax, -EINTR);
          break;
        case -ERESTARTSYS:
          if ((ksig.flags & SA_RESTART) === 0) this.set(tsk, task_struct.ax, -EINTR);
          else this.set(tsk, task_struct.restart, RESTART_CALL);
          break;
        case -ERESTARTNOINTR:
          this.set(tsk, task_struct.restart, RESTART_CALL);
          break;
      }
    }
    const stepping = this.test_tsk_thread_flag(tsk, TIF_SINGLESTEP);
    // user_disable_single_step.
    if (stepping) this.clear_tsk_thread_flag(tsk, TIF_SINGLESTEP);
    // signal_setup_done.
    if (this.setup_rt_frame(ksig)) yield* this.signal_delivered(ksig, stepping);
    else yield* this.force_sigsegv(ksig.sig);
  },

  /**
   * Saves what the handler interrupts on the user stack, and makes the handler what runs next in user mode.
   *
   * @returns false where there is no room for the frame: on the stack, or in the machine
   */
  setup_rt_frame(this: Kernel, ksig: KSignal): boolean {
    const tsk = this.current;
    const sp = this.get_sigframe(ksig.flags);
    const frame = sp === -1 ? NULL : this.kmem_cache_alloc<'sigframe'>(this.caches.sigframe);
    if (!frame) return false;
    this.saveAltstack(frame);
    this.set(frame, sigframe.sp, this.get(tsk, task_struct.sp));
    this.set(tsk, task_struct.sp, sp);
    this.set(frame, sigframe.next, this.get(tsk, task_struct.sigframe));
    this.set(frame, sigframe.ax, this.get(tsk, task_struct.ax));
    this.set(frame, sigframe.orig_ax, this.get(tsk, task_struct.orig_ax));
    this.set(frame, sigframe.restart, this.get(tsk, task_struct.restart));
    const restoring = this.test_tsk_thread_flag(tsk, TIF_RESTORE_SIGMASK);
    const mask = addr(tsk, restoring ? task_struct.saved_sigmask : task_struct.blocked);
    this.storeSigset(addr(frame, sigframe.blocked), this.loadSigset(mask));
    this.set(frame, sigframe.handler, ksig.handler - SIG_HANDLER_BASE);
    this.set(frame, sigframe.flags, ksig.flags);
    this.copy_siginfo(addr(frame, sigframe.info), ksig.info);
    this.set(tsk, task_struct.sigframe, frame);
    // In the handler: not in a system call, nothing to restart.
    this.set(tsk, task_struct.orig_ax, -1);
    this.set(tsk, task_struct.restart, 0);
    return true;
  },

  /** Runs the handlers whose frames are new, innermost first; each returns through `sigreturn`. */
  *runHandlers(this: Kernel): Coroutine<void> {
    const tsk = this.current;
    for (;;) {
      const frame = this.get(tsk, task_struct.sigframe);
      if (!frame) return;
      const number = this.get(frame, sigframe.handler);
      if (number < 0) return;
      // Entered: while it runs, system calls in it find this frame below theirs.
      this.set(frame, sigframe.handler, -1);
      const info = this.loadSiginfo(addr(frame, sigframe.info));
      if (this.trace !== null) this.emit(TRACE_USER_HANDLER, tsk, info.si_signo);
      const wanted = (this.get(frame, sigframe.flags) & SA_SIGINFO) !== 0;
      yield* this.start_handler(number, info.si_signo, wanted ? info : null);
      yield* this.do_syscall_64(SIGRETURN);
    }
  },

  /** `rt_sigreturn(2)`: everything is as it was before the handler. */
  *rt_sigreturn(this: Kernel): Coroutine<number> {
    const tsk = this.current;
    const frame = this.get(tsk, task_struct.sigframe);
    if (!frame) {
      // signal_fault: it was called outside a handler.
      yield* this.force_sig(SIGSEGV);
      this.set(tsk, task_struct.ax, 0);
      return 0;
    }
    yield* this.set_current_blocked(this.loadSigset(addr(frame, sigframe.blocked)));
    this.forgetRestart();
    const ax = this.get(frame, sigframe.ax);
    this.set(tsk, task_struct.ax, ax);
    this.set(tsk, task_struct.orig_ax, -1);
    this.set(tsk, task_struct.restart, this.get(frame, sigframe.restart));
    this.set(tsk, task_struct.sp, this.get(frame, sigframe.sp));
    this.restore_altstack(frame);
    this.set(tsk, task_struct.sigframe, this.get(frame, sigframe.next));
    this.kmem_cache_free(this.caches.sigframe, frame);
    return ax;
  },

  /** Frees the signal frames of a task whose user stack is gone. */
  releaseUserFrames(this: Kernel, tsk: Task): void {
    let frame = this.get(tsk, task_struct.sigframe);
    while (frame) {
      const next = this.get(frame, sigframe.next);
      this.kmem_cache_free(this.caches.sigframe, frame);
      frame = next;
    }
    this.set(tsk, task_struct.sigframe, NULL);
  },

  /**
   * User mode with nothing to do: stays there until an interrupt brings a signal, or gives the CPU to a task that
   * waits for it. Never returns: the task ends by a signal, or with the run.
   */
  *stayInUserMode(this: Kernel): Coroutine<never> {
    const tsk = this.current;
    for (;;) {
      this.set(tsk, task_struct.staying, 1);
      if (this.point(OP_IDLE, this.data + cpu_data.irq_pending, this.someoneWantsCpu() ? 1 : 0, 0)) yield;
      // The tick: another task of this CPU gets its turn, and the flags are looked at again when we are back.
      if (this.someoneWantsCpu()) this.set_tsk_thread_flag(tsk, TIF_NEED_RESCHED);
      yield* this.interruptFromUser();
    }
  },
};

/** In `task_struct.restart`. */
const RESTART_CALL = 1;
const RESTART_BLOCK = 2;

const SIGRETURN: Syscall = { nr: __NR_rt_sigreturn, args: [] };

export type EntryFunctions = typeof entryFunctions;
