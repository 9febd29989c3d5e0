/** The schedules that an exploration has executed, as 64-bit hashes in a table without objects. */

import type { ControlledMachine } from '../machine/controlled.js';

/** Schedules remembered at most; later ones are counted as new. */
const MOST = 1 << 21;

/** Remembers schedules, to tell an execution that was made before. Two different ones are taken for one with a chance of 2^-64. */
export class SeenSchedules {
  /** Two words for each hash; a first word of 0 marks a free place. The length is a power of two. */
  private table = new Int32Array(1 << 12);
  private size = 0;
  private low = 0;
  private high = 0;

  /** Adds the schedule of the execution that a machine has just made. @returns false if it was known */
  add(machine: ControlledMachine): boolean {
    this.hash(machine);
    if (this.size >= MOST) return this.place() >= 0;
    const at = this.place();
    if (at < 0) return false;
    this.table[at] = this.low;
    this.table[at + 1] = this.high;
    if (++this.size * 4 > this.table.length) this.grow();
    return true;
  }

  private hash(machine: ControlledMachine): void {
    const { picked, choices } = machine;
    let low = 0x811c9dc5 | 0;
    let high = 0x01000193;
    for (let at = 0; at < choices; at++) {
      low = Math.imul(low ^ (picked[at] as number), 0x01000193);
      high = Math.imul(high ^ (low >>> 11), 0x85ebca6b);
    }
    low = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d);
    this.low = low === 0 ? 1 : low;
    this.high = high;
  }

  /** The free place for the hash; −1 if it is in the table. */
  private place(): number {
    const { table, low, high } = this;
    const mask = table.length - 1;
    let at = (low * 2) & mask;
    while (table[at] !== 0) {
      if (table[at] === low && table[at + 1] === high) return -1;
      at = (at + 2) & mask;
    }
    return at;
  }

  private grow(): void {
    const old = this.table;
    this.table = new Int32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      this.low = old[at] as number;
      if (this.low === 0) continue;
      this.high = old[at + 1] as number;
      const place = this.place();
      this.table[place] = this.low;
      this.table[place + 1] = this.high;
    }
  }
}
