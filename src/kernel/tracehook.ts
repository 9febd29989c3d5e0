/** `include/linux/tracehook.h` and `arch/x86/entry/common.c`: where a tracee stops on its way into the kernel and out. */

import type { Coroutine } from '../sync/gate.js';
import {
  ENOSYS,
  PT_PTRACED,
  PT_TRACESYSGOOD,
  PTRACE_EVENTMSG_SYSCALL_ENTRY,
  PTRACE_EVENTMSG_SYSCALL_EXIT,
  SIGTRAP,
  TIF_SINGLESTEP,
  TRAP_BRKPT,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { task_struct } from './structs.js';

export const tracehookFunctions = {
  /**
   * The stop at a system call. What the tracer goes on with is sent as a signal.
   *
   * @param message `PTRACE_EVENTMSG_SYSCALL_…`
   * @returns whether the task is to die, and not to make the call
   */
  *ptrace_report_syscall(this: Kernel, message: number): Coroutine<boolean> {
    const tsk = this.current;
    const ptrace = this.get(tsk, task_struct.ptrace);
    if ((ptrace & PT_PTRACED) === 0) return false;
    this.set(tsk, task_struct.ptrace_message, message);
    yield* this.ptrace_notify(SIGTRAP | ((ptrace & PT_TRACESYSGOOD) !== 0 ? 0x80 : 0));
    const code = this.get(tsk, task_struct.exit_code);
    if (code !== 0) {
      yield* this.send_sig(code, tsk, true);
      this.set(tsk, task_struct.exit_code, 0);
    }
    this.set(tsk, task_struct.ptrace_message, 0);
    return this.fatal_signal_pending(tsk);
  },

  /**
   * Before a system call of a task with `TIF_SYSCALL_TRACE`. Left out: a tracer that changes the call.
   *
   * @returns whether the call is to be left out: the task is to die
   */
  *syscall_trace_enter(this: Kernel, nr: number): Coroutine<boolean> {
    this.set(this.current, task_struct.orig_ax, nr);
    this.set(this.current, task_struct.ax, -ENOSYS);
    return yield* this.ptrace_report_syscall(PTRACE_EVENTMSG_SYSCALL_ENTRY);
  },

  /** After a system call, once: a stop, or the trap of a step. */
  *syscall_slow_exit_work(this: Kernel, cached_flags: number): Coroutine<void> {
    if ((cached_flags & TIF_SINGLESTEP) !== 0) yield* this.user_single_step_report();
    else yield* this.ptrace_report_syscall(PTRACE_EVENTMSG_SYSCALL_EXIT);
  },

  /** The whole slow way out of a system call. @param flags of `SYSCALL_EXIT_WORK_FLAGS`, one at least */
  *syscall_return_slowpath(this: Kernel, flags: number): Coroutine<void> {
    yield* this.syscall_slow_exit_work(flags);
    if (this.prepare_exit_to_usermode()) yield;
    yield* this.exit_to_usermode_loop(this.result);
  },

  /**
   * The trap of a step: a SIGTRAP that a tracee gets even where it blocks or ignores it. Left out: where it stands.
   *
   * A step is one system call, one access to shared memory, or the entry of a handler; the stop is after it.
   */
  *user_single_step_report(this: Kernel): Coroutine<void> {
    yield* this.force_sig_fault(SIGTRAP, TRAP_BRKPT, 0);
  },

  /** The trap after a step in user mode. */
  *do_debug(this: Kernel): Coroutine<void> {
    this.rcu_eqs_exit();
    yield* this.user_single_step_report();
    this.rcu_eqs_enter();
    yield* this.interruptFromUser();
  },

  /** A handler's frame is set up: with a step under way the task stops at the handler's beginning. */
  *tracehook_signal_handler(this: Kernel, stepping: boolean): Coroutine<void> {
    if (stepping) yield* this.ptrace_notify(SIGTRAP);
  },
};

export type TracehookFunctions = typeof tracehookFunctions;
