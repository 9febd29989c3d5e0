/** Objects that were not freed: where each was allocated, and where a reference to it was dropped last. */

import type { Recorder } from './recording.js';
import { actorName, type Moment, type Told } from './tell.js';

/** Objects that are told of at most: where a task was forgotten so was all that it has. */
const MOST = 6;

/**
 * @param recorder an execution that it has recorded, at its end
 */
export function tellLeaks({ machine, accesses }: Recorder): Told {
  const { model, arena } = machine;
  const moments: Moment[] = [];
  const notes: string[] = [];
  for (const { address, name, count } of (model.leaked?.(arena) ?? []).slice(0, MOST)) {
    const allocated = accesses.findLast((noted) => noted.address === address - 1);
    if (allocated === undefined) notes.push(`${name} was there from the beginning`);
    else moments.push({ noted: allocated, what: `${actorName(machine, allocated)} allocated ${name}` });
    const since = allocated?.index ?? -1;
    const dropped = accesses.findLast((noted) => noted.address === count && noted.index > since && noted.countsDown);
    if (dropped === undefined) continue;
    const what = `${actorName(machine, dropped)} was the last to drop a reference to ${name}, and left ${dropped.after}`;
    moments.push({ noted: dropped, what });
  }
  moments.sort((a, b) => a.noted.index - b.noted.index);
  return { kind: 'leak', who: '', why: '', moments, notes };
}
