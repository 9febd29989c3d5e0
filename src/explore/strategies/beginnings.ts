/**
 * What a search by cost has still to explore: the beginnings of schedules. Where an execution passes over a choice, the
 * search notes the place, and an execution that begins so is made when it is that cost's turn. So no schedule is executed
 * twice. After "Iterative Context Bounding for Systematic Testing of Multithreaded Programs" (Musuvathi, Qadeer, PLDI
 * 2007).
 */

import type { Movers } from '../../machine/movers.js';
import { NondeterminismError } from './dfs.js';

/** A schedule's beginning: the decisions of an execution up to one, and another choice there. */
interface Beginning {
  readonly decisions: Uint8Array;
  readonly length: number;
  /** −1 for the first execution of all, which begins with nothing. */
  readonly pick: number;
}

/** A choice that the present execution passed over. */
interface Passed {
  readonly at: number;
  readonly pick: number;
  readonly cost: number;
  readonly rank: number;
}

/** All of it is kept in memory, some 50 bytes for each choice that was passed over; the highest cost limits it. */
export class Beginnings {
  /** What the schedule of the present execution costs. */
  cost = 0;
  /** By cost and rank. Those of a rank are taken from the end, so that the memory stays small. */
  private readonly waiting: Beginning[][][] = [[[{ decisions: new Uint8Array(0), length: 0, pick: -1 }]]];
  private present: Beginning | null = null;
  private decisions = new Uint8Array(256);
  private depth = 0;
  private readonly passed: Passed[] = [];

  /** @param most the highest cost */
  constructor(private readonly most: number) {}

  /** The lowest cost at which something waits; −1 if nothing does. */
  get lowest(): number {
    return this.waiting.findIndex((ranks) => ranks.some((list) => list.length > 0));
  }

  /** Begins an execution of a cost, with a beginning of the highest rank; false if none of that cost waits. */
  begin(cost: number): boolean {
    const ranks = this.waiting[cost] ?? [];
    while (ranks.length > 0 && ranks.at(-1)?.length === 0) ranks.pop();
    this.present = ranks.at(-1)?.pop() ?? null;
    this.cost = cost;
    this.depth = 0;
    this.passed.length = 0;
    return this.present !== null;
  }

  /** The choice that the beginning has for the next decision; −1 after its end. @throws NondeterminismError if it cannot be made */
  given(movers: Movers): number {
    const { decisions, length, pick } = this.present as Beginning;
    const at = this.depth;
    const given = at < length ? (decisions[at] as number) : at === length ? pick : -1;
    if (given >= 0 && !movers.has(given)) {
      throw new NondeterminismError(
        `decision ${at + 1} of a schedule made again: CPU ${given} could move before, ${movers.toArray().join(' and ')} now`,
      );
    }
    return given;
  }

  /**
   * Notes a choice that is passed over at the next decision.
   *
   * @param cost of the choice; 0 for none
   * @param rank among equal costs the highest is executed first; a small whole number
   */
  pass(pick: number, cost: number, rank = 0): void {
    if (this.cost + cost <= this.most) this.passed.push({ at: this.depth, pick, cost, rank });
  }

  /** The decision is made. */
  take(picked: number): void {
    if (this.depth === this.decisions.length) {
      const grown = new Uint8Array(this.depth * 2);
      grown.set(this.decisions);
      this.decisions = grown;
    }
    this.decisions[this.depth++] = picked;
  }

  /** The execution has ended. @throws NondeterminismError if it has fewer decisions than its beginning */
  end(): void {
    const { length } = this.present as Beginning;
    if (this.depth < length) {
      throw new NondeterminismError(
        `a schedule made again ended after ${this.depth} decisions; it had ${length} before`,
      );
    }
    if (this.passed.length === 0) return;
    const decisions = this.decisions.slice(0, this.depth);
    for (const { at, pick, cost, rank } of this.passed) {
      while (this.waiting.length <= this.cost + cost) this.waiting.push([]);
      const ranks = this.waiting[this.cost + cost] as Beginning[][];
      while (ranks.length <= rank) ranks.push([]);
      ranks[rank]?.push({ decisions, length: at, pick });
    }
  }
}
