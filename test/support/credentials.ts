/** What the tests of credentials have in common: ids and capabilities as a task sees them. */

import { _LINUX_CAPABILITY_VERSION_3, type CapUserData } from '../../src/kernel/capability.js';
import type { IdOut } from '../../src/kernel/setid.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';

/** `ruid euid suid`. */
export function* uids(sys: Sys): Coroutine<string> {
  const ids: IdOut[] = [{}, {}, {}];
  yield* sys.getresuid(ids[0] as IdOut, ids[1] as IdOut, ids[2] as IdOut);
  return ids.map(({ value }) => value).join(' ');
}

/** `rgid egid sgid`. */
export function* gids(sys: Sys): Coroutine<string> {
  const ids: IdOut[] = [{}, {}, {}];
  yield* sys.getresgid(ids[0] as IdOut, ids[1] as IdOut, ids[2] as IdOut);
  return ids.map(({ value }) => value).join(' ');
}

/** The capabilities of the task, or of another thread. */
export function* caps(sys: Sys, pid = 0): Coroutine<CapUserData> {
  const data: CapUserData = { effective: 0, permitted: 0, inheritable: 0 };
  yield* sys.capget({ version: _LINUX_CAPABILITY_VERSION_3, pid }, data);
  return data;
}

/** Ends the run where a call has not given what was wanted, or the user ids after it are others. */
export function* expectUids(sys: Sys, result: number, wanted: number, ids: string): Coroutine<void> {
  const now = yield* uids(sys);
  sys.check(result === wanted, `gave ${result}, not ${wanted}; ids ${now}`);
  sys.check(now === ids, `ids are ${now}, not ${ids}`);
}
