/** The schedules that an exploration has executed, as 64-bit hashes in a table without objects. */

import type { ControlledMachine } from '../machine/controlled.js';

/** Schedules remembered at most; later ones are counted as new. */
const MOST = 1 << 21;
/** Two words of hash and how often it came. */
const WORDS = 3;

/** A hash of the schedule of the execution that a machine has just made, as two words; the first is not 0. */
export function scheduleHash(machine: ControlledMachine): readonly [number, number] {
  const { picked, choices } = machine;
  let low = 0x811c9dc5 | 0;
  let high = 0x01000193;
  for (let at = 0; at < choices; at++) {
    low = Math.imul(low ^ (picked[at] as number), 0x01000193);
    high = Math.imul(high ^ (low >>> 11), 0x85ebca6b);
  }
  low = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d);
  return [low === 0 ? 1 : low, high];
}

/** Remembers schedules, to tell an execution that was made before. Two different ones are taken for one with a chance of 2^-64. */
export class SeenSchedules {
  /** Three words for each; a first word of 0 marks a free place. The number of places is a power of two. */
  private table = new Int32Array(WORDS << 12);
  private size = 0;
  private once = 0;
  private twice = 0;

  /** Adds the schedule of the execution that a machine has just made. @returns false if it was known */
  add(machine: ControlledMachine): boolean {
    const [low, high] = scheduleHash(machine);
    return this.addHash(low, high);
  }

  /** @returns false if it was known */
  addHash(low: number, high: number): boolean {
    const at = this.place(low, high);
    if (this.table[at] !== 0) {
      const times = (this.table[at + 2] as number) + 1;
      this.table[at + 2] = times;
      if (times === 2) {
        this.once--;
        this.twice++;
      } else if (times === 3) this.twice--;
      return false;
    }
    if (this.size >= MOST) return true;
    this.table[at] = low;
    this.table[at + 1] = high;
    this.table[at + 2] = 1;
    this.size++;
    this.once++;
    if (this.size * 2 * WORDS > this.table.length) this.grow();
    return true;
  }

  /** How many different ones came, and how many of them once and twice. */
  counts(): { readonly different: number; readonly once: number; readonly twice: number } {
    return { different: this.size, once: this.once, twice: this.twice };
  }

  /** The place of a hash, or the free one where it would be. */
  private place(low: number, high: number): number {
    const { table } = this;
    const mask = table.length / WORDS - 1;
    let index = low & mask;
    while (table[index * WORDS] !== 0) {
      if (table[index * WORDS] === low && table[index * WORDS + 1] === high) break;
      index = (index + 1) & mask;
    }
    return index * WORDS;
  }

  private grow(): void {
    const old = this.table;
    this.table = new Int32Array(old.length * 2);
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at] === 0) continue;
      this.table.set(old.subarray(at, at + WORDS), this.place(old[at] as number, old[at + 1] as number));
    }
  }
}
