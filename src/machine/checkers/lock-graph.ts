/**
 * Which classes of locks are taken while which are held, and whether that can close a cycle. Readers are told from
 * writers as lockdep does since Linux 5.10: a reader that may overtake a waiting writer (in interrupt context) waits
 * for a writer only, and so is not held up by readers.
 */

import { nextGeneration } from './generation.js';
import { MAX_CLASSES } from './lock-classes.js';

/** How a lock is taken. */
export const TAKEN_EXCLUSIVE = 0;
/** For reading, behind any writer that waits. */
export const TAKEN_SHARED = 1;
/** For reading, past writers that wait. */
export const TAKEN_RECURSIVE = 2;

/** A kind of edge is a bit: held exclusively or shared, then taken so that readers hold it up or so that they do not. */
function edgeBit(held: number, taken: number): number {
  return 1 << ((held === TAKEN_EXCLUSIVE ? 0 : 2) + (taken === TAKEN_RECURSIVE ? 1 : 0));
}
const HELD_SHARED = 0b1100;
const TAKEN_RECURSIVELY = 0b1010;
/** More than all kinds together. */
const KINDS = 1 << 4;

/** The key of the edge from one class to another. */
export function edgeKey(held: number, taken: number): number {
  return held * MAX_CLASSES + taken;
}

export class LockGraph {
  /** By key: the kinds of edges that there are, in the low bits, and above them the generation that they belong to. */
  private readonly edges = new Int32Array(MAX_CLASSES * MAX_CLASSES);
  private generation = KINDS;
  private last = 0;

  clear(): void {
    this.generation = nextGeneration(this.edges, this.generation, KINDS);
  }

  /**
   * Adds an edge.
   *
   * @param key from `edgeKey`
   * @param heldAs how the first lock is held
   * @param takenAs how the second is taken
   * @returns false if it was there
   */
  add(key: number, heldAs: number, takenAs: number): boolean {
    const found = this.edges[key] as number;
    const isOurs = found >= this.generation;
    const after = (isOurs ? found : this.generation) | edgeBit(heldAs, takenAs);
    if (after === found) return false;
    if (!isOurs) this.last = Math.max(this.last, Math.floor(key / MAX_CLASSES), key % MAX_CLASSES);
    this.edges[key] = after;
    return true;
  }

  /** The kinds of edges from one class to another. */
  private kindsOf(key: number): number {
    const found = this.edges[key] as number;
    return found >= this.generation ? found & (KINDS - 1) : 0;
  }

  /**
   * The classes from the one that is taken to the one that is held, along edges that together with this one can hang;
   * null if there is no such way.
   */
  cycleOf(held: number, heldAs: number, taken: number, takenAs: number): readonly number[] | null {
    const recursive = takenAs === TAKEN_RECURSIVE;
    const shared = heldAs !== TAKEN_EXCLUSIVE;
    return this.wayFrom(taken, recursive, (at, arrivedRecursively) => at === held && !(arrivedRecursively && shared));
  }

  /** The classes from one to the first for which `isGoal` holds, that one included; null if there is none. */
  wayTo(from: number, isGoal: (at: number) => boolean): readonly number[] | null {
    return this.wayFrom(from, false, (at) => at !== from && isGoal(at));
  }

  /** Breadth first, so that the way is a shortest one. A state is a class, and whether it was taken recursively. */
  private wayFrom(
    from: number,
    recursive: boolean,
    isGoal: (at: number, recursive: boolean) => boolean,
  ): readonly number[] | null {
    const start = from * 2 + (recursive ? 1 : 0);
    const cameFrom = new Map<number, number>([[start, -1]]);
    const queue = [start];
    for (let state = queue.shift(); state !== undefined; state = queue.shift()) {
      const at = state >> 1;
      const arrivedRecursively = (state & 1) === 1;
      if (isGoal(at, arrivedRecursively)) return unwind(cameFrom, state);
      for (let next = 1; next <= this.last; next++) {
        let kinds = this.kindsOf(edgeKey(at, next));
        // A reader that waits for writers only does not wait for one who holds the lock as a reader.
        if (arrivedRecursively) kinds &= ~HELD_SHARED;
        for (const recursively of [0, 1]) {
          const mask = recursively === 1 ? TAKEN_RECURSIVELY : ~TAKEN_RECURSIVELY;
          const following = next * 2 + recursively;
          if ((kinds & mask) === 0 || cameFrom.has(following)) continue;
          cameFrom.set(following, state);
          queue.push(following);
        }
      }
    }
    return null;
  }
}

function unwind(cameFrom: ReadonlyMap<number, number>, last: number): readonly number[] {
  const way: number[] = [];
  for (let state = last; state >= 0; state = cameFrom.get(state) ?? -1) way.push(state >> 1);
  return way.reverse();
}
