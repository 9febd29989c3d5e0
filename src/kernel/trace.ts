/** The kernel's trace points on this path, under their own names, and what is counted. */

import type { Ptr } from '../memory/layout.js';
import { EVENT_MODEL } from '../sync/gate.js';
import { SEND_SIG_NOINFO, SI_KERNEL, SI_USER } from './constants.js';
import type { Kernel } from './kernel.js';
import type { KernelSiginfo, SigInfo } from './signal/siginfo.js';
import { task_struct } from './structs.js';

/** Event numbers. Each event has an address, a value and two operands; what they are is said beside it. */
export const TRACE_SIGNAL_GENERATE = EVENT_MODEL; // task, sig, group, result | si_code << 8
export const TRACE_SIGNAL_DELIVER = EVENT_MODEL + 1; // task, sig | si_code << 8, handler, flags
export const TRACE_SCHED_SWITCH = EVENT_MODEL + 2; // previous task, next task, previous state
export const TRACE_SCHED_WAKING = EVENT_MODEL + 3; // task
export const TRACE_SCHED_WAKEUP = EVENT_MODEL + 4; // task
export const TRACE_SCHED_WAKEUP_NEW = EVENT_MODEL + 5; // task
export const TRACE_SCHED_PROCESS_FORK = EVENT_MODEL + 6; // parent, child
export const TRACE_SCHED_PROCESS_EXEC = EVENT_MODEL + 7; // task, pid, old pid
export const TRACE_SCHED_PROCESS_EXIT = EVENT_MODEL + 8; // task, code
export const TRACE_SCHED_PROCESS_FREE = EVENT_MODEL + 9; // task, pid
export const TRACE_SCHED_PROCESS_WAIT = EVENT_MODEL + 10; // pid
export const TRACE_RCU_GRACE_PERIOD = EVENT_MODEL + 11; // its number, 1 at its end
export const TRACE_SYS_EXIT = EVENT_MODEL + 12; // number of the call, result
export const TRACE_USER_HANDLER = EVENT_MODEL + 13; // task, sig
export const TRACE_USER_RESULT = EVENT_MODEL + 14; // number of the result, value
export const TRACE_RESOURCE = EVENT_MODEL + 15; // task, what exit releases
export const TRACE_HRTIMER_EXPIRE = EVENT_MODEL + 16; // timer, CPU

export const TRACE_SYS_ENTER = EVENT_MODEL + 17; // number of the call, its first three arguments

export const TRACE_NAMES: Readonly<Record<number, string>> = {
  [TRACE_SIGNAL_GENERATE]: 'signal_generate',
  [TRACE_SIGNAL_DELIVER]: 'signal_deliver',
  [TRACE_SCHED_SWITCH]: 'sched_switch',
  [TRACE_SCHED_WAKING]: 'sched_waking',
  [TRACE_SCHED_WAKEUP]: 'sched_wakeup',
  [TRACE_SCHED_WAKEUP_NEW]: 'sched_wakeup_new',
  [TRACE_SCHED_PROCESS_FORK]: 'sched_process_fork',
  [TRACE_SCHED_PROCESS_EXEC]: 'sched_process_exec',
  [TRACE_SCHED_PROCESS_EXIT]: 'sched_process_exit',
  [TRACE_SCHED_PROCESS_FREE]: 'sched_process_free',
  [TRACE_SCHED_PROCESS_WAIT]: 'sched_process_wait',
  [TRACE_RCU_GRACE_PERIOD]: 'rcu_grace_period',
  [TRACE_SYS_EXIT]: 'sys_exit',
  [TRACE_USER_HANDLER]: 'user_handler',
  [TRACE_USER_RESULT]: 'user_result',
  [TRACE_RESOURCE]: 'exit_resource',
  [TRACE_HRTIMER_EXPIRE]: 'hrtimer_expire_entry',
  [TRACE_SYS_ENTER]: 'sys_enter',
};

/** What the kernel counts, in the order of the counters' array. */
export const COUNTER_NAMES = [
  'kill_pid_info.retry',
  'lock_task_sighand.retry',
  'syscalls',
  'context_switches',
  'wakeups',
  'signals_generated',
  'signals_delivered',
  'grace_periods',
] as const;

export const COUNT_KILL_RETRY = 0;
export const COUNT_SIGHAND_RETRY = 1;
export const COUNT_SYSCALLS = 2;
export const COUNT_SWITCHES = 3;
export const COUNT_WAKEUPS = 4;
export const COUNT_GENERATED = 5;
export const COUNT_DELIVERED = 6;
export const COUNT_GRACE_PERIODS = 7;

/** What `do_exit` gives back, in the kernel's order. Of these the model has files; each is an event. */
export const EXIT_RESOURCES = ['exit_mm', 'exit_sem', 'exit_shm', 'exit_files', 'exit_fs', 'exit_thread'] as const;

type Task = Ptr<'task_struct'>;

export const traceFunctions = {
  count(this: Kernel, counter: number): void {
    this.counters[counter] = (this.counters[counter] as number) + 1;
  },

  trace_signal_generate(this: Kernel, sig: number, info: SigInfo, t: Task, group: boolean, result: number): void {
    this.count(COUNT_GENERATED);
    if (this.trace === null) return;
    const code = typeof info === 'object' ? info.si_code : info === SEND_SIG_NOINFO ? SI_USER : SI_KERNEL;
    this.emit(TRACE_SIGNAL_GENERATE, t, sig, group ? 1 : 0, result | (code << 8));
  },

  trace_signal_deliver(this: Kernel, sig: number, info: KernelSiginfo | null, handler: number, flags: number): void {
    this.count(COUNT_DELIVERED);
    // Without a siginfo it is the kernel's own, for a thread that is to die.
    const code = info === null ? SI_USER : info.si_code;
    if (this.trace !== null) this.emit(TRACE_SIGNAL_DELIVER, this.current, sig | (code << 8), handler, flags);
  },

  /** Left out of it: the fourth to sixth argument. What a pointer leads to is the program's: it counts as 0. */
  trace_sys_enter(this: Kernel, nr: number, args: readonly unknown[]): void {
    const word = (index: number): number => (typeof args[index] === 'number' ? (args[index] as number) : 0);
    this.emit(TRACE_SYS_ENTER, nr, word(0), word(1), word(2));
  },

  trace_sched_switch(this: Kernel, prev: Task, next: Task): void {
    this.count(COUNT_SWITCHES);
    if (this.trace !== null) this.emit(TRACE_SCHED_SWITCH, prev, next, this.get(prev, task_struct.state));
  },

  trace_sched_waking(this: Kernel, p: Task): void {
    if (this.trace !== null) this.emit(TRACE_SCHED_WAKING, p, this.get(p, task_struct.cpu));
  },

  trace_sched_wakeup(this: Kernel, p: Task): void {
    this.count(COUNT_WAKEUPS);
    if (this.trace !== null) this.emit(TRACE_SCHED_WAKEUP, p, this.get(p, task_struct.cpu));
  },

  trace_rcu_grace_period(this: Kernel, gp: number, ended: boolean): void {
    if (ended) this.count(COUNT_GRACE_PERIODS);
    if (this.trace !== null) this.emit(TRACE_RCU_GRACE_PERIOD, 0, gp, ended ? 1 : 0);
  },
};

export type TraceFunctions = typeof traceFunctions;
