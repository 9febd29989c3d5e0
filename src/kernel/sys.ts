/** What a program sees of the machine it runs on: its system calls, and memory that it shares with others. */

import { nth } from '../memory/layout.js';
import { type Coroutine, OP_READ, OP_WRITE } from '../sync/gate.js';
import {
  __NR_alarm,
  __NR_clock_gettime,
  __NR_clone,
  __NR_execve,
  __NR_exit,
  __NR_exit_group,
  __NR_getitimer,
  __NR_getpid,
  __NR_gettid,
  __NR_kill,
  __NR_nanosleep,
  __NR_pause,
  __NR_rt_sigaction,
  __NR_rt_sigprocmask,
  __NR_setitimer,
  __NR_wait4,
  CLONE_PTHREAD,
  type SIG_DFL,
  SIG_HANDLER_BASE,
  type SIG_IGN,
  SIGCHLD,
} from './constants.js';
import type { Timespec } from './hrtimer.js';
import type { Itimerval } from './itimer.js';
import type { Kernel } from './kernel.js';
import type { Scenario } from './scenario.js';
import type { KernelSiginfo } from './signal.js';
import { EMPTY_MASK, type SigMask } from './sigset.js';
import { task_struct, user_memory } from './structs.js';
import { TRACE_USER_RESULT } from './trace.js';

/** What a result holds before a program has reported it. */
export const NO_RESULT = -0x80000000;

/** `siginfo_t`, as a handler installed with `SA_SIGINFO` gets it. */
export interface Siginfo {
  readonly si_signo: number;
  readonly si_errno: number;
  /** `SI_USER`, `SI_QUEUE`, `CLD_EXITED`, … */
  readonly si_code: number;
  /** The sender, or the child; of a timer its number. */
  readonly si_pid: number;
  /** The sender's real user id, or the child's; of a timer the overrun count. */
  readonly si_uid: number;
  /** Of `SIGCHLD` the exit status or the signal. */
  readonly si_status: number;
  /** The value given to `sigqueue(3)` or with a timer. The same place as `si_status`. */
  readonly si_value: number;
}

/** A siginfo as a program sees it. */
export function userSiginfo(info: KernelSiginfo): Siginfo {
  const { si_signo, si_errno, si_code, si_pid, si_uid, si_status } = info;
  return { si_signo, si_errno, si_code, si_pid, si_uid, si_status, si_value: si_status };
}

/** What `wait4` found. */
export interface WaitResult {
  /** The child's pid, 0, or a negative errno. */
  readonly pid: number;
  /** The status word, as `WIFEXITED` and the like take it. Meaningful where `pid` is above 0. */
  readonly status: number;
}

/** How a handler is installed. */
export interface HandlerOptions {
  /** `SA_…`. */
  readonly flags?: number;
  readonly mask?: SigMask;
}

/** What a program sees of the machine it runs on. Each system call is a coroutine: call it with `yield*`. */
export interface Sys {
  /** The number given to `fork`, `thread` or `execve`. */
  readonly arg: number;
  /** `kill(2)`: 0 or a negative errno. */
  kill(pid: number, sig: number): Coroutine<number>;
  /** `wait4(2)`. */
  wait4(pid: number, options?: number): Coroutine<WaitResult>;
  /** `pause(2)`. */
  pause(): Coroutine<number>;
  /** `execve(2)`: the process goes on with another of the scenario's programs. Returns only on failure. */
  execve(program: string, arg?: number): Coroutine<number>;
  /** `fork(2)`: the child runs a program, on this CPU or the one named. The child's pid or a negative errno. */
  fork(program: string, arg?: number, cpu?: number): Coroutine<number>;
  /** `pthread_create(3)`: a thread of this process. Its tid or a negative errno. */
  thread(program: string, arg?: number, cpu?: number): Coroutine<number>;
  /** `sigaction(2)`: one of the scenario's handlers by name, `SIG_DFL` or `SIG_IGN`. */
  sigaction(
    sig: number,
    handler: string | typeof SIG_DFL | typeof SIG_IGN,
    options?: HandlerOptions,
  ): Coroutine<number>;
  /** `sigprocmask(2)`. */
  sigprocmask(how: number, set: SigMask): Coroutine<number>;
  /**
   * `nanosleep(2)`.
   *
   * @param rem gets the time that is left when a signal comes first
   */
  nanosleep(req: Timespec | null, rem?: Timespec): Coroutine<number>;
  /** `clock_gettime(2)` of the simulated clock. */
  clock_gettime(clock: number, tp: Timespec | null): Coroutine<number>;
  /** `alarm(2)`: the seconds that were left of the last one. */
  alarm(seconds: number): Coroutine<number>;
  /** `setitimer(2)` with `ITIMER_REAL`. */
  setitimer(which: number, value: Itimerval | null, old?: Itimerval): Coroutine<number>;
  /** `getitimer(2)`. */
  getitimer(which: number, value: Itimerval | null): Coroutine<number>;
  getpid(): Coroutine<number>;
  gettid(): Coroutine<number>;
  /** `exit(2)`: ends this thread. */
  exit(code: number): Coroutine<number>;
  /** `exit_group(2)`: ends this process. */
  exit_group(code: number): Coroutine<number>;
  /** Stays in user mode doing nothing, for good: a signal can still end it. */
  stay(): Coroutine<never>;
  /** Loads a cell of memory that all programs share. */
  load(cell: number): Coroutine<number>;
  /** Stores to a cell of memory that all programs share. */
  store(cell: number, value: number): Coroutine<void>;
  /** Reports a value under one of the scenario's result names. */
  result(name: string, value: number): void;
  /** Ends the run with a violation if a claim does not hold. */
  check(holds: boolean, message: string): void;
}

function numberOf(kind: string, names: readonly string[], name: string): number {
  const number = names.indexOf(name);
  if (number < 0) throw new Error(`the scenario has no ${kind} "${name}"; it has ${names.join(', ') || 'none'}`);
  return number;
}

/** The names of a scenario's programs, in the order of their numbers. */
export function programNames(scenario: Scenario): readonly string[] {
  return Object.keys(scenario.programs);
}

/** Makes a CPU's view of user mode. */
export function makeSys(k: Kernel, scenario: Scenario): Sys {
  const programs = programNames(scenario);
  const handlers = Object.keys(scenario.handlers ?? {});
  const memory = k.arena.static(user_memory);
  return {
    get arg() {
      return k.get(k.current, task_struct.arg);
    },
    kill: (pid, sig) => k.do_syscall_64({ nr: __NR_kill, args: [pid, sig] }),
    *wait4(pid, options = 0) {
      const status = { status: 0 };
      const result = yield* k.do_syscall_64({ nr: __NR_wait4, args: [pid, options, status] });
      return { pid: result, status: status.status };
    },
    pause: () => k.do_syscall_64({ nr: __NR_pause, args: [] }),
    execve: (program, arg = 0) =>
      k.do_syscall_64({ nr: __NR_execve, args: [numberOf('program', programs, program), arg] }),
    fork: (program, arg = 0, cpu = k.id) =>
      k.do_syscall_64({
        nr: __NR_clone,
        args: [{ flags: 0, exit_signal: SIGCHLD, program: numberOf('program', programs, program), arg, cpu }],
      }),
    thread: (program, arg = 0, cpu = k.id) =>
      k.do_syscall_64({
        nr: __NR_clone,
        args: [{ flags: CLONE_PTHREAD, exit_signal: 0, program: numberOf('program', programs, program), arg, cpu }],
      }),
    sigaction(sig, handler, options = {}) {
      const number = typeof handler === 'number' ? handler : SIG_HANDLER_BASE + numberOf('handler', handlers, handler);
      const act = { handler: number, flags: options.flags ?? 0, mask: options.mask ?? EMPTY_MASK };
      return k.do_syscall_64({ nr: __NR_rt_sigaction, args: [sig, act] });
    },
    sigprocmask: (how, set) => k.do_syscall_64({ nr: __NR_rt_sigprocmask, args: [how, set] }),
    nanosleep: (req, rem) => k.do_syscall_64({ nr: __NR_nanosleep, args: [req, rem ?? null] }),
    clock_gettime: (clock, tp) => k.do_syscall_64({ nr: __NR_clock_gettime, args: [clock, tp] }),
    alarm: (seconds) => k.do_syscall_64({ nr: __NR_alarm, args: [seconds] }),
    setitimer: (which, value, old) => k.do_syscall_64({ nr: __NR_setitimer, args: [which, value, old ?? null] }),
    getitimer: (which, value) => k.do_syscall_64({ nr: __NR_getitimer, args: [which, value] }),
    getpid: () => k.do_syscall_64({ nr: __NR_getpid, args: [] }),
    gettid: () => k.do_syscall_64({ nr: __NR_gettid, args: [] }),
    exit: (code) => k.do_syscall_64({ nr: __NR_exit, args: [code] }),
    exit_group: (code) => k.do_syscall_64({ nr: __NR_exit_group, args: [code] }),
    stay: () => k.stay_in_user_mode(),
    // An interrupt that comes while the access is about to be made is taken after it, before the next.
    *load(cell) {
      if (k.irqs_pending()) yield* k.interrupt_from_user();
      if (k.point(OP_READ, nth(user_memory.cells, cell) + memory, 0, 0)) yield;
      return k.result;
    },
    *store(cell, value) {
      if (k.irqs_pending()) yield* k.interrupt_from_user();
      if (k.point(OP_WRITE, nth(user_memory.cells, cell) + memory, value, 0)) yield;
    },
    result(name, value) {
      const number = numberOf('result', scenario.results, name);
      k.store(memory + user_memory.results + number, value);
      if (k.trace !== null) k.emit(TRACE_USER_RESULT, number, value);
    },
    check(holds, message) {
      if (!holds) k.violate('invariant', message);
    },
  };
}
