/** The parts of `kernel/signal.c` for traced tasks, and of `kernel/sched/wait_bit.c`: how a tracee stops. */

import { addr, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { type WaitEntryPtr, wait_queue_entry } from '../sync/wait.js';
import {
  __TASK_TRACED,
  CLD_STOPPED,
  CLD_TRAPPED,
  EINTR,
  JOBCTL_LISTENING,
  JOBCTL_STOP_DEQUEUED,
  JOBCTL_STOP_PENDING,
  JOBCTL_STOP_SIGMASK,
  JOBCTL_TRAP_NOTIFY,
  JOBCTL_TRAP_STOP,
  JOBCTL_TRAPPING,
  PIDTYPE_PID,
  PT_SEIZED,
  PTRACE_EVENT_STOP,
  SIGNAL_STOP_STOPPED,
  SIGTRAP,
  TASK_NORMAL,
  TASK_RUNNING,
  TASK_TRACED,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { clear_siginfo, type KernelSiginfo } from './signal/siginfo.js';
import { cred, globals, sighand_struct, signal_struct, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

/** The number of `wake_bit_function` in a wait-queue entry. */
export const WAKE_BIT_FUNCTION = 5;

export const ptraceStopFunctions = {
  // ---- waiting for a tracee to be in its trap ----

  /**
   * Sleeps until a bit of a task's `jobctl` is clear: 0, or −EINTR after a signal that `mode` lets in. A task waits for
   * one thing at a time, so that the entry is that of its `wait4`.
   */
  *wait_on_bit(this: Kernel, task: Task, bit: number, mode: number): Coroutine<number> {
    const tsk = this.current;
    if (this.READ_ONCE(task, task_struct.jobctl)) yield;
    if ((this.value(task_struct.jobctl) & bit) === 0) return 0;
    const queue = addr(this.globals, globals.bit_wait_table);
    const entry = addr(tsk, task_struct.child_wait);
    this.init_wait_entry(entry, WAKE_BIT_FUNCTION);
    this.set(tsk, task_struct.wait_bit_key, task);
    let ret = 0;
    do {
      yield* this.prepare_to_wait(queue, entry, mode);
      if (this.READ_ONCE(task, task_struct.jobctl)) yield;
      if ((this.value(task_struct.jobctl) & bit) !== 0) {
        yield* this.schedule();
        if (this.signal_pending_state(mode, tsk)) ret = -EINTR;
      }
      if (this.READ_ONCE(task, task_struct.jobctl)) yield;
    } while ((this.value(task_struct.jobctl) & bit) !== 0 && ret === 0);
    yield* this.finish_wait(queue, entry);
    return ret;
  },

  /** Wakes whoever waits for `JOBCTL_TRAPPING` of this task. */
  *wake_bit_function(this: Kernel, entry: WaitEntryPtr, mode: number, task: Task): Coroutine<boolean> {
    const waiter = this.get(entry, wait_queue_entry.private);
    if (this.get(waiter, task_struct.wait_bit_key) !== task) return false;
    return yield* this.autoremove_wake_function(entry, mode);
  },

  *wake_up_bit(this: Kernel, task: Task): Coroutine<void> {
    const queue = addr(this.globals, globals.bit_wait_table);
    if (this.waitqueue_active(queue)) yield* this.__wake_up(queue, TASK_NORMAL, 1, task);
  },

  /** A tracer that waits for this task to be in a trap need wait no longer. Needs siglock. */
  *task_clear_jobctl_trapping(this: Kernel, task: Task): Coroutine<void> {
    const jobctl = this.get(task, task_struct.jobctl);
    if ((jobctl & JOBCTL_TRAPPING) === 0) return;
    // A scheduling point: the tracer looks at it without a lock.
    if (this.WRITE_ONCE(task, task_struct.jobctl, jobctl & ~JOBCTL_TRAPPING)) yield;
    yield* this.wake_up_bit(task);
  },

  // ---- what others do to a tracee ----

  /** Tells a tracee that it has something to do. Needs siglock. @param resume also where it is stopped for its tracer */
  ptrace_signal_wake_up(this: Kernel, t: Task, resume: boolean): Coroutine<void> {
    return this.signal_wake_up_state(t, resume ? __TASK_TRACED : 0);
  },

  /** Has a seized tracee tell its tracer that its process has stopped, or goes on. Needs siglock. */
  *ptrace_trap_notify(this: Kernel, t: Task): Coroutine<void> {
    this.BUG_ON((this.get(t, task_struct.ptrace) & PT_SEIZED) === 0, 'ptrace_trap_notify of a task that is not seized');
    this.task_set_jobctl_pending(t, JOBCTL_TRAP_NOTIFY);
    yield* this.ptrace_signal_wake_up(t, (this.get(t, task_struct.jobctl) & JOBCTL_LISTENING) !== 0);
  },

  // ---- what a tracee does ----

  /**
   * Whether the current task has a tracer still, and one that will hear of a stop: not one that shares its memory, and
   * dumps it. Needs `tasklist_lock`.
   */
  may_ptrace_stop(this: Kernel): boolean {
    if (this.get(this.current, task_struct.ptrace) === 0) return false;
    const signal = this.get(this.current, task_struct.signal);
    if (!this.get(signal, signal_struct.core_state)) return true;
    const mm = this.peek(signal + signal_struct.mm) as Ptr<'mm_struct'>;
    const parent = this.get(this.current, task_struct.parent);
    return !mm || mm !== this.peek(this.get(parent, task_struct.signal) + signal_struct.mm);
  },

  /**
   * Every stop for a tracer. If the tracer is gone, the task does not stop and its `exit_code` stays as it was set.
   * Needs siglock, and releases it while it is stopped. Left out: cgroups.
   *
   * @param why `CLD_TRAPPED`, or `CLD_STOPPED` where the stop is one of the process
   * @param clear_code set `exit_code` to 0 where it does not stop
   * @param info what the tracer is told; null for a stop of the process where the task was not seized
   */
  *ptrace_stop(
    this: Kernel,
    exit_code: number,
    why: number,
    clear_code: boolean,
    info: KernelSiginfo | null,
  ): Coroutine<void> {
    const tsk = this.current;
    const siglock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
    const tasklist = addr(this.globals, globals.tasklist_lock);
    yield* this.set_special_state(TASK_TRACED);
    // The state before JOBCTL_TRAPPING: the tracer that waited for it must find the task stopped.
    const place = addr(tsk, task_struct.ptrace_siginfo);
    if (info !== null) {
      this.copy_siginfo(place, info);
      this.set(tsk, task_struct.last_siginfo, place);
    }
    this.set(tsk, task_struct.exit_code, exit_code);
    let gstop_done = false;
    if (why === CLD_STOPPED && (this.get(tsk, task_struct.jobctl) & JOBCTL_STOP_PENDING) !== 0) {
      gstop_done = this.task_participate_group_stop(tsk);
    }
    const event_stop = info !== null && info.si_code >> 8 === PTRACE_EVENT_STOP;
    this.task_clear_jobctl_pending(tsk, event_stop ? JOBCTL_TRAP_STOP | JOBCTL_TRAP_NOTIFY : JOBCTL_TRAP_STOP);
    yield* this.task_clear_jobctl_trapping(tsk);
    this.spin_unlock_irq(siglock);

    if (this.read_lock(tasklist)) yield;
    if (this.may_ptrace_stop()) {
      yield* this.do_notify_parent_cldstop(tsk, true, why);
      // The tracer hears of each stop, the parent only that its child has stopped as a whole.
      if (gstop_done && this.ptrace_reparented(tsk)) yield* this.do_notify_parent_cldstop(tsk, false, why);
      this.read_unlock(tasklist);
      yield* this.schedule();
    } else {
      if (gstop_done) yield* this.do_notify_parent_cldstop(tsk, false, why);
      this.__set_current_state(TASK_RUNNING);
      if (clear_code) this.set(tsk, task_struct.exit_code, 0);
      this.read_unlock(tasklist);
    }
    if (this.spin_lock_irq(siglock)) yield;
    this.set(tsk, task_struct.last_siginfo, 0 as Ptr<'kernel_siginfo'>);
    const jobctl = this.get(tsk, task_struct.jobctl);
    if ((jobctl & JOBCTL_LISTENING) !== 0) this.set(tsk, task_struct.jobctl, jobctl & ~JOBCTL_LISTENING);
    // Signals that came meanwhile did not wake it.
    this.recalc_sigpending_tsk(tsk);
  },

  /** A stop with a siginfo that says why. Needs siglock. */
  *ptrace_do_notify(this: Kernel, signr: number, exit_code: number, why: number): Coroutine<void> {
    yield* this.ptrace_stop(exit_code, why, true, {
      ...clear_siginfo(signr),
      si_code: exit_code,
      si_pid: this.task_pid_vnr(this.current),
      si_uid: this.from_kuid_munged(this.current_user_ns(), this.get(this.current_cred(), cred.uid)),
    });
  },

  /** A stop for an event or a system call. */
  *ptrace_notify(this: Kernel, exit_code: number): Coroutine<void> {
    this.BUG_ON((exit_code & (0x7f | ~0xffff)) !== SIGTRAP, 'ptrace_notify without SIGTRAP');
    if (this.get(this.current, task_struct.task_works)) yield* this.task_work_run();
    const lock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    yield* this.ptrace_do_notify(SIGTRAP, exit_code, CLD_TRAPPED);
    this.spin_unlock_irq(lock);
  },

  /** The trap for a stop of the process, and for a seized task also that of `PTRACE_INTERRUPT`. Needs siglock. */
  *do_jobctl_trap(this: Kernel): Coroutine<void> {
    const tsk = this.current;
    const signal = this.get(tsk, task_struct.signal);
    let signr = this.get(tsk, task_struct.jobctl) & JOBCTL_STOP_SIGMASK;
    if ((this.get(tsk, task_struct.ptrace) & PT_SEIZED) !== 0) {
      const stopping =
        this.get(signal, signal_struct.group_stop_count) !== 0 ||
        (this.get(signal, signal_struct.flags) & SIGNAL_STOP_STOPPED) !== 0;
      if (!stopping) signr = SIGTRAP;
      yield* this.ptrace_do_notify(signr, signr | (PTRACE_EVENT_STOP << 8), CLD_STOPPED);
    } else {
      yield* this.ptrace_stop(signr, CLD_STOPPED, false, null);
      this.set(tsk, task_struct.exit_code, 0);
    }
  },

  /**
   * The stop before a signal is taken. Needs siglock.
   *
   * @returns what is taken instead: perhaps another signal, perhaps with another siginfo, perhaps nothing
   */
  *ptrace_signal(this: Kernel, signr: number, info: KernelSiginfo): Coroutine<KernelSiginfo | null> {
    const tsk = this.current;
    // Whatever the signal: the tracer may make it one that stops. SIGCONT clears it while the task is stopped here.
    this.set(tsk, task_struct.jobctl, this.get(tsk, task_struct.jobctl) | JOBCTL_STOP_DEQUEUED);
    yield* this.ptrace_stop(signr, CLD_TRAPPED, false, info);
    const wanted = this.get(tsk, task_struct.exit_code);
    if (wanted === 0) return null;
    this.set(tsk, task_struct.exit_code, 0);
    let taken = this.loadSiginfo(addr(tsk, task_struct.ptrace_siginfo));
    if (wanted !== taken.si_signo) {
      this.rcu_read_lock();
      const parent = this.get(tsk, task_struct.parent);
      taken = { ...clear_siginfo(wanted), si_pid: this.task_pid_vnr(parent), si_uid: this.task_uid(parent) };
      this.rcu_read_unlock();
    }
    if (this.sigismember(addr(tsk, task_struct.blocked), wanted)) {
      yield* this.send_signal(wanted, taken, tsk, PIDTYPE_PID);
      return null;
    }
    return taken;
  },
};

export type PtraceStopFunctions = typeof ptraceStopFunctions;
