/** What the tasks of many tests do. */

import { SIGABRT } from '../../src/kernel/constants.js';
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

/** Sends a signal to its own process by kill. */
export function* killsItself(sys: Sys, sig: number): Coroutine<void> {
  yield* sys.kill(yield* sys.getpid(), sig);
}

/** Ends by SIGABRT, which dumps core. */
export const aborts: Program = (sys) => killsItself(sys, SIGABRT);

/** Reads a word of the memory that all share until it is not 0. */
export function* until(sys: Sys, cell: number): Coroutine<void> {
  while ((yield* sys.load(cell)) === 0);
}

/** Ends the run where a call does not give 0. */
export function* must(sys: Sys, call: Coroutine<number>): Coroutine<void> {
  const result = yield* call;
  sys.check(result === 0, `a call gave ${result}`);
}

/** Where `waitid` puts what it has found: nothing yet. */
export const noInfo = (): WaitidInfo => ({ si_signo: 0, si_code: 0, si_pid: 0, si_uid: 0, si_status: 0 });

/** Waits for a child, and gives its exit code, or the number of the signal that ended it, below 0. */
export function* codeOf(sys: Sys, pid: number): Coroutine<number> {
  sys.check(pid > 0, `clone gave ${pid}`);
  const { pid: reaped, status } = yield* sys.wait4(pid);
  sys.check(reaped === pid, `wait4 gave ${reaped}`);
  return (status & 0x7f) === 0 ? status >> 8 : -(status & 0x7f);
}
