/** What the checkers put over the operations of a CPU. Made once for each selection, as machines share their classes. */

import { lockdepOps } from './lockdep-ops.js';
import { checkedRaceAccess, raceOps } from './race-ops.js';
import type { Checker } from './selection.js';
import { operationsUnder } from './under.js';

const PROVES_RCU = { provesRcu: true };
const NO_PROOF = { provesRcu: false };

const made = new Map<string, object>();

/**
 * The parts of a CPU's class that watch.
 *
 * @param selected the checkers that are on
 * @param footprints whether footprints are kept
 */
export function checkerOps(selected: ReadonlySet<Checker>, footprints: boolean): readonly object[] {
  const parts: object[] = [selected.has('rcu') ? PROVES_RCU : NO_PROOF];
  const lockdep = selected.has('lockdep');
  const race = selected.has('race');
  if (!lockdep && !race) return parts;
  const memory = selected.has('memory');
  const key = [footprints, memory, lockdep, race].join();
  let ops = made.get(key);
  if (ops === undefined) {
    const under = operationsUnder(footprints, memory);
    const watched = race ? { ...under, ...raceOps(under), ...(memory && !footprints ? checkedRaceAccess : {}) } : under;
    ops = { ...watched, ...(lockdep ? lockdepOps(watched) : {}) };
    made.set(key, ops);
  }
  parts.push(ops);
  return parts;
}
