/** User mode: memory that programs share, and what a run of theirs is to report. */

import { nth } from '../../memory/layout.js';
import { cpu_data } from '../../sync/cpu.js';
import { type Coroutine, OP_READ, OP_WRITE } from '../../sync/gate.js';
import { TIF_SINGLESTEP } from '../constants.js';
import type { Scenario } from '../scenario.js';
import { task_struct, user_memory } from '../structs.js';
import { TRACE_USER_RESULT } from '../trace.js';
import { type Caller, numberOf } from './caller.js';

/** What a result holds before a program has reported it. */
export const NO_RESULT = -0x80000000;

/** What a program does without a system call. */
export interface UserMode {
  /** The number given to `fork`, `thread` or `execve`. */
  readonly arg: number;
  /** This task's number, as a C library remembers it: no system call. */
  readonly tid: number;
  /**
   * Executes an instruction that faults: the kernel sends `SIGSEGV`, `SIGBUS`, `SIGILL`, `SIGFPE` or `SIGTRAP` so that it
   * cannot be ignored. When a handler has run the program goes on, as if the handler had stepped over the instruction.
   *
   * @param code `SEGV_MAPERR`, `FPE_INTDIV`, …
   * @param addr for `si_addr`
   */
  fault(sig: number, code: number, addr?: number): Coroutine<void>;
  /** Stays in user mode doing nothing, for good: a signal can still end it. */
  stay(): Coroutine<never>;
  /** A moment in user mode at which a signal may be taken, as there is one before any instruction. */
  step(): Coroutine<void>;
  /** Loads a cell of memory that all programs share. */
  load(cell: number): Coroutine<number>;
  /** Stores to a cell of memory that all programs share. */
  store(cell: number, value: number): Coroutine<void>;
  /** Reports a value under one of the scenario's result names. */
  result(name: string, value: number): void;
  /** What was reported last under a name, by anybody; null if nothing was. For what only one task reports. */
  reported(name: string): number | null;
  /** Ends the run with a violation if a claim does not hold. */
  check(holds: boolean, message: string): void;
}

export function userMode({ k }: Caller, scenario: Scenario): UserMode {
  const memory = k.arena.static(user_memory);
  /**
   * Before an access of user mode: takes the interrupts that have come. The access that follows is a part of the same
   * step, so that an interrupt may come before it and after it.
   */
  function* beforeAccess(): Coroutine<void> {
    for (;;) {
      if (k.point(OP_READ, k.data + cpu_data.irq_pending, 0, 0)) yield;
      if (!k.irqsPending()) return;
      yield* k.interruptFromUser();
    }
  }
  return {
    get arg() {
      return k.get(k.current, task_struct.arg);
    },
    get tid() {
      return k.get(k.current, task_struct.pid);
    },
    fault: (sig, code, address = 0) => k.exception(sig, code, address),
    stay: () => k.stayInUserMode(),
    step: () => beforeAccess(),
    *load(cell) {
      yield* beforeAccess();
      const at = nth(user_memory.cells, cell) + memory;
      const value = k.peek(at);
      if (k.trace !== null) k.emit(OP_READ, at, value);
      if (k.test_tsk_thread_flag(k.current, TIF_SINGLESTEP)) yield* k.do_debug();
      return value;
    },
    *store(cell, value) {
      yield* beforeAccess();
      const at = nth(user_memory.cells, cell) + memory;
      k.atomicXchg(at, value);
      if (k.trace !== null) k.emit(OP_WRITE, at, value, value);
      if (k.test_tsk_thread_flag(k.current, TIF_SINGLESTEP)) yield* k.do_debug();
    },
    result(name, value) {
      const number = numberOf('result', scenario.results, name);
      k.store(memory + user_memory.results + number, value);
      if (k.trace !== null) k.emit(TRACE_USER_RESULT, number, value);
    },
    reported(name) {
      const value = k.load(memory + user_memory.results + numberOf('result', scenario.results, name));
      return value === NO_RESULT ? null : value;
    },
    check(holds, message) {
      if (!holds) k.violate('invariant', message);
    },
  };
}
