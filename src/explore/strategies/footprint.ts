/** What a step accesses, and whether that leaves another step's accesses in their order. */

import { ACCESS_WORDS, accessesConflict } from '../../machine/access-log.js';

/** What a step accesses: the words of an `AccessLog`. */
export type Footprint = Int32Array;

/** Whether two footprints have accesses that do not commute. */
export function footprintsConflict(one: Footprint, other: Footprint): boolean {
  for (let at = 0; at < one.length; at += ACCESS_WORDS) {
    const address = one[at];
    for (let with_ = 0; with_ < other.length; with_ += ACCESS_WORDS) {
      if (
        other[with_] === address &&
        accessesConflict(
          one[at + 1] as number,
          one[at + 3] as number,
          other[with_ + 1] as number,
          other[with_ + 3] as number,
        )
      ) {
        return true;
      }
    }
  }
  return false;
}
