/** A depth-first search in shares, which know nothing of each other. */

import { type Branches, divideBranches, WHOLE_TREE } from '../strategies/branches.js';
import type { ShardResult } from './shard.js';
import { SHARES, Shares, type SharesOptions, type Slot, together } from './shares.js';

interface DfsSlot extends Slot {
  /** What there is left of it; null if nothing is. */
  branches: Branches | null;
}

/** Where it stands, as plain data. */
export interface DfsSharesState {
  readonly slots: readonly Readonly<DfsSlot>[];
  /** What nobody explores, in the order in which a depth-first search comes to it. */
  readonly waiting: readonly Branches[];
}

export class DfsShares extends Shares<DfsSlot> {
  private waiting: readonly Branches[];

  /** @param from goes on from there */
  constructor(from: DfsSharesState | null = null, options: SharesOptions = SHARES) {
    super(options);
    this.waiting = from?.waiting ?? [WHOLE_TREE];
    for (const slot of from?.slots ?? []) this.slots.push({ ...slot });
  }

  protected override divide(most: number): DfsSlot[] {
    const { budget, first = budget } = this.options;
    const left = this.waiting[0]?.path.length === 0 ? first : budget;
    const shares = divided(this.waiting, most);
    this.waiting = shares.slice(most);
    return shares.slice(0, most).map((branches) => ({ branches, left, result: null }));
  }

  override advance(slot: DfsSlot, result: ShardResult): void {
    slot.result = together(slot.result, result);
    slot.branches = result.branches;
    slot.left = slot.branches === null ? 0 : slot.left - result.executions;
  }

  protected override takeIn({ branches }: DfsSlot): boolean {
    if (branches !== null) this.waiting = [branches, ...this.waiting];
    return true;
  }

  state(): DfsSharesState {
    return { slots: this.slots.map((slot) => ({ ...slot })), waiting: this.waiting };
  }
}

/** Divides what is left into a number of shares, or more, or as many as there can be. */
function divided(whole: readonly Branches[], most: number): readonly Branches[] {
  for (let shares = whole; ; ) {
    if (shares.length >= most) return shares;
    const finer: readonly Branches[] = shares.flatMap(divideBranches);
    if (finer.length === shares.length && finer.every((one, at) => one === shares[at])) return finer;
    shares = finer;
  }
}
