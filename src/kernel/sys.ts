/** What a program sees of the machine it runs on: its system calls, and memory that it shares with others. */

import type { Kernel } from './kernel.js';
import type { Scenario } from './scenario.js';
import { makeCaller } from './sys/caller.js';
import { type FileCalls, fileCalls } from './sys/files.js';
import { type IdentityCalls, identityCalls } from './sys/identity.js';
import { type LibcCalls, libcCalls } from './sys/libc.js';
import { type ProcessCalls, processCalls } from './sys/processes.js';
import { type SignalCalls, signalCalls } from './sys/signals.js';
import { type TimeCalls, timeCalls } from './sys/time.js';
import { type UserMode, userMode } from './sys/user-mode.js';

export { programNames } from './sys/caller.js';
export type { CloneOptions, WaitResult } from './sys/processes.js';
export { type HandlerOptions, type OldAction, type ReceivedSiginfo, type Siginfo, userSiginfo } from './sys/signals.js';
export { NO_RESULT } from './sys/user-mode.js';

/** What a program sees of the machine it runs on. Each system call is a coroutine: call it with `yield*`. */
export interface Sys extends UserMode, ProcessCalls, SignalCalls, TimeCalls, FileCalls, IdentityCalls, LibcCalls {}

/** Makes a CPU's view of user mode. */
export function makeSys(k: Kernel, scenario: Scenario): Sys {
  const caller = makeCaller(k, scenario);
  const calls = {
    ...processCalls(caller),
    ...signalCalls(caller),
    ...timeCalls(caller),
    ...fileCalls(caller),
    ...identityCalls(caller),
  };
  return Object.assign(userMode(caller, scenario), calls, libcCalls(calls));
}
