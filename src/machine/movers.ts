/** Who can move at a decision: CPUs by number, and, one above the last of them, the clock. */

/** CPUs that a machine may have, one less than the numbers that a schedule's byte can hold beside `BY_DEFAULT`. */
export const MAX_CPUS = 250;

export class Movers {
  /** The first `count` are those that can move, in ascending order. */
  readonly ids = new Uint8Array(MAX_CPUS + 1);
  count = 0;
  /** What the default rule picks: the one that moved last if it can go on, otherwise the first. */
  byDefault = 0;

  /** Whether a CPU, or the clock, can move. */
  has(id: number): boolean {
    for (let at = 0; at < this.count; at++) if (this.ids[at] === id) return true;
    return false;
  }

  /** The next after one that moved, in the order of the numbers, and after the last the first. */
  next(after: number): number {
    for (let at = 0; at < this.count; at++) if ((this.ids[at] as number) > after) return this.ids[at] as number;
    return this.ids[0] as number;
  }

  /** Those that can move, as a list of their own. */
  toArray(): number[] {
    return Array.from(this.ids.subarray(0, this.count));
  }
}
