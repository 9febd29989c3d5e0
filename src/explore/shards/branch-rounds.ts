/**
 * A depth-first search in rounds: what is left of the tree is divided into shares, each is explored for a number of
 * executions, and what they came to is taken in in their order. Shares of a depth-first search know nothing of each other.
 */

import { type Branches, divideBranches, WHOLE_TREE } from '../strategies/branches.js';
import { together } from './rounds.js';
import type { ShardResult } from './shard.js';

/** Executions of the first round, which has one share, and of each share after it. One search, if no more are made. */
const FIRST = 1000;
const BUDGET = 500;
/** Shares of a round at most. */
const SHARES = 32;

/** A share in the round under way. */
export interface BranchSlot {
  /** What there is left of it; null if nothing is. */
  branches: Branches | null;
  /** Executions that it is still to make in this round. */
  left: number;
  result: ShardResult | null;
}

/** Where it stands, as plain data. */
export interface BranchRoundsState {
  readonly slots: readonly Readonly<BranchSlot>[];
  /** What comes after the round. */
  readonly waiting: readonly Branches[];
}

export class BranchRounds {
  slots: BranchSlot[];
  private waiting: readonly Branches[];

  /** @param from goes on from there */
  constructor(from: BranchRoundsState | null = null) {
    this.slots = (from?.slots ?? []).map((slot) => ({ ...slot }));
    this.waiting = from?.waiting ?? [WHOLE_TREE];
  }

  /** Begins a round, if none is under way. @returns false if all is explored */
  begin(): boolean {
    if (this.slots.length > 0) return true;
    const isFirst = this.waiting[0]?.path.length === 0;
    const shares = divide(this.waiting);
    this.slots = shares
      .slice(0, SHARES)
      .map((branches) => ({ branches, left: isFirst ? FIRST : BUDGET, result: null }));
    this.waiting = shares.slice(SHARES);
    return this.slots.length > 0;
  }

  /** Ends the round: all shares have been explored as far as they are to be. */
  end(): void {
    this.waiting = [...this.slots.flatMap(({ branches }) => (branches === null ? [] : [branches])), ...this.waiting];
    this.slots = [];
  }

  state(): BranchRoundsState {
    return { slots: this.slots.map((slot) => ({ ...slot })), waiting: this.waiting };
  }
}

/** Takes in what was made of a share. */
export function advanceBranches(slot: BranchSlot, result: ShardResult): void {
  slot.result = slot.result === null ? result : together(slot.result, result);
  slot.branches = result.branches;
  slot.left = slot.branches === null ? 0 : slot.left - result.executions;
}

/** Divides what is left into as many shares as a round has, or more, or as many as there can be. */
function divide(whole: readonly Branches[]): readonly Branches[] {
  for (let shares = whole; ; ) {
    if (shares.length >= SHARES) return shares;
    const finer: readonly Branches[] = shares.flatMap(divideBranches);
    if (finer.length === shares.length && finer.every((one, at) => one === shares[at])) return finer;
    shares = finer;
  }
}
