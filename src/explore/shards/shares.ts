/**
 * A tree of executions that is explored in shares. Some are under way at any time, and each is explored for a number of
 * executions; what has become of one is taken in when that was done with all those handed out before it. Which shares
 * are handed out depends on what was taken in, and on nothing else: not on who explores them, nor on when one is done.
 */

import { addCounts } from '../explore.js';
import type { SubtreeRest } from '../strategies/subtree.js';
import type { ShardResult } from './shard.js';

/** A share that is under way. */
export interface Slot {
  /** Executions that it is still to make. */
  left: number;
  /** What it came to so far. */
  result: ShardResult | null;
}

export interface SharesOptions {
  /** Executions of a share. */
  readonly budget: number;
  /** Executions of the first one, which is the root; as many as `budget` if not given. */
  readonly first?: number;
  /** Shares that are under way at most. */
  readonly shares: number;
}

/** What has no more executions than the first share is one search. */
export const SHARES: SharesOptions = { first: 500, budget: 500, shares: 32 };

export abstract class Shares<S extends Slot> {
  /** Those under way, in the order in which they were handed out. */
  readonly slots: S[] = [];

  constructor(readonly options: SharesOptions) {}

  /** Divides what nobody explores. @returns shares, as many as there are up to `most` */
  protected abstract divide(most: number): S[];

  /** Takes in what a part of a share came to. */
  abstract advance(slot: S, result: ShardResult): void;

  /** Takes in a share that was explored as far as it is to be. @returns false if all begins again, without the others under way */
  protected abstract takeIn(slot: S): boolean;

  /** Hands out shares, where no more than half as many as there may be are under way. None is under way after it if all is explored. */
  fill(): void {
    const { slots, options } = this;
    if (slots.length * 2 <= options.shares) slots.push(...this.divide(options.shares - slots.length));
  }

  /** Takes in the first share, if it was explored as far as it is to be, and fills. @returns what it came to; null if it was not taken in */
  takeFirst(): ShardResult | null {
    const [first] = this.slots;
    if (first === undefined || first.left > 0) return null;
    this.slots.shift();
    if (!this.takeIn(first)) this.slots.length = 0;
    this.fill();
    return first.result;
  }
}

/** Two results of a share, one after the other, as one. */
export function together(first: ShardResult | null, second: ShardResult): ShardResult {
  if (first === null) return second;
  const { found } = second;
  const executions = first.executions + second.executions;
  return {
    ...second,
    executions,
    // Where everything begins again what was made before was for nothing.
    redundant: second.rest?.again === true ? first.executions + second.redundant : first.redundant + second.redundant,
    steps: first.steps + second.steps,
    outcomes: addCounts(first.outcomes, second.outcomes),
    witnesses: { ...second.witnesses, ...first.witnesses },
    violations: first.violations + second.violations,
    found: first.found ?? (found === null ? null : { ...found, execution: found.execution + first.executions }),
    rest: restOf(first.rest, second.rest),
  };
}

function restOf(first: SubtreeRest | null, second: SubtreeRest | null): SubtreeRest | null {
  if (first === null || second === null) return second ?? first;
  return { ...second, reversals: [...first.reversals, ...second.reversals], again: first.again || second.again };
}
