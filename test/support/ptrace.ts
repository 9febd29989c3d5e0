/** What the tests of ptrace have in common: tracers that wait for stops of their tracees. */

import { __WALL, PTRACE_CONT, PTRACE_TRACEME, SIGTRAP } from '../../src/kernel/constants.js';
import type { Program } from '../../src/kernel/scenario.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import type { Parts } from './programs.js';

/** The status of a stop as `wait4` gives it. */
export const stopped = (code: number): number => (code << 8) | 0x7f;

/** The status of a stop by `PTRACE_EVENT_…`. */
export const event = (number: number, sig = SIGTRAP): number => stopped(sig | (number << 8));

/** A process that forks a child that has itself traced. */
export function traces(parent: Program, child: Program, results: readonly string[], more: Partial<Parts> = {}): Parts {
  return {
    results,
    setup: (setup) => void setup.process('parent'),
    ...more,
    programs: {
      parent,
      *child(sys) {
        sys.check((yield* sys.ptrace(PTRACE_TRACEME, 0)) === 0, 'TRACEME failed');
        const code = yield* child(sys);
        return typeof code === 'number' ? code : 0;
      },
      ...more.programs,
    },
  };
}

/** Waits for a task and checks what comes. */
export function* expectStop(sys: Sys, pid: number, status: number, options = __WALL): Coroutine<void> {
  const got = yield* sys.wait4(pid, options);
  sys.check(
    got.pid === pid && got.status === status,
    `wait4 gave ${got.pid} with ${got.status.toString(16)}, not ${pid} with ${status.toString(16)}`,
  );
}

/** Waits for the end of a tracee. One that is killed may stop on its way, as far as its tracer can tell. */
export function* endOf(sys: Sys, pid: number): Coroutine<number> {
  for (;;) {
    const { status } = yield* sys.wait4(pid, __WALL);
    if ((status & 0x7f) !== 0x7f) return status;
    yield* sys.ptrace(PTRACE_CONT, pid);
  }
}
