/** What the tasks of many tests do. */

import type { Program } from '../../src/kernel/scenario.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { WaitidInfo } from '../../src/kernel/wait.js';
import type { Coroutine } from '../../src/sync/gate.js';

/** Stays in user mode until a signal ends it. */
export const stays: Program = (sys) => sys.stay();

/** Waits in the kernel until a signal ends it. */
export const pauses: Program = function* (sys) {
  for (;;) yield* sys.pause();
};

/** Ends at once, with its argument as its exit code. */
export const ends: Program = function* (sys) {
  yield* sys.getpid();
  return sys.arg;
};

/** Reads a word of the memory that all share until it is not 0. */
export function* until(sys: Sys, cell: number): Coroutine<void> {
  while ((yield* sys.load(cell)) === 0);
}

/** Ends the run where a call does not give 0. */
export function* must(sys: Sys, call: Coroutine<number>): Coroutine<void> {
  const result = yield* call;
  sys.check(result === 0, `a call gave ${result}`);
}

/** Makes a pipe, and gives the end to read from and the one to write to. */
export function* pipeOf(sys: Sys, flags = 0): Coroutine<[number, number]> {
  const fds: [number, number] = [-1, -1];
  const result = yield* sys.pipe2(fds, flags);
  sys.check(result === 0, `pipe2 gave ${result}`);
  return fds;
}

/** Where `waitid` puts what it has found: nothing yet. */
export const noInfo = (): WaitidInfo => ({ si_signo: 0, si_code: 0, si_pid: 0, si_uid: 0, si_status: 0 });
