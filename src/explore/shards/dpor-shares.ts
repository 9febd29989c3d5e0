/** A partial-order reduction in shares: what one finds that belongs to the rest of the tree is taken in with it. */

import { type Subtree, type SubtreeRest, wholeTree } from '../strategies/subtree.js';
import {
  type Branch,
  type BranchData,
  divide,
  estimate,
  newTree,
  type Share,
  take,
  treeData,
  treeOf,
} from './dpor-tree.js';
import type { ShardResult } from './shard.js';
import { SHARES, Shares, type SharesOptions, type Slot, together } from './shares.js';

export interface DporSlot extends Slot {
  readonly share: Share;
  /** What there is left of it. */
  subtree: Subtree;
}

interface DporSlotData extends Omit<DporSlot, 'share'> {
  /** Where its branch is in the tree: from the root on the place among the branches. */
  readonly place: readonly number[];
  readonly whole: Subtree;
}

/** Where it stands, as plain data. */
export interface DporSharesState {
  readonly tree: BranchData;
  readonly freesMatter: boolean;
  readonly slots: readonly DporSlotData[];
}

export class DporShares extends Shares<DporSlot> {
  private tree: Branch;
  private freesMatter: boolean;

  /** @param from goes on from there */
  constructor(from: DporSharesState | null = null, options: SharesOptions = SHARES) {
    super(options);
    this.tree = from === null ? newTree() : treeOf(from.tree);
    this.freesMatter = from?.freesMatter ?? false;
    for (const { place, whole, ...slot } of from?.slots ?? []) {
      const path = [this.tree];
      for (const at of place) path.push(path.at(-1)?.branches[at] as Branch);
      this.slots.push({ ...slot, share: { path, subtree: whole } });
    }
  }

  protected override divide(most: number): DporSlot[] {
    const { budget, first = budget } = this.options;
    const left = this.tree.kind === 'closed' && this.tree.made === 0 ? first : budget;
    return divide(this.tree, most, this.freesMatter).map((share) => {
      return { share, subtree: share.subtree, left, result: null };
    });
  }

  override advance(slot: DporSlot, result: ShardResult): void {
    slot.result = together(slot.result, result);
    slot.left -= result.executions;
    const { rest } = result;
    if (rest === null) return;
    if (rest.finished || rest.openTo > 0) slot.left = 0;
    else slot.subtree = subtreeAfter(slot.subtree, rest);
  }

  protected override takeIn({ share, result }: DporSlot): boolean {
    if (result?.rest == null) return true;
    const { rest, executions } = result;
    if (!rest.again) {
      take(share, rest, executions);
      return true;
    }
    // Nothing counts but what comes after it.
    this.freesMatter = true;
    this.tree = newTree();
    if (share.subtree.base === 0) take({ path: [this.tree], subtree: wholeTree(true) }, rest, 0);
    return false;
  }

  state(): DporSharesState {
    const slots = this.slots.map(({ share, ...slot }) => ({
      ...slot,
      place: placeOf(share.path),
      whole: share.subtree,
    }));
    return { tree: treeData(this.tree), freesMatter: this.freesMatter, slots };
  }

  /** How many executions there are, estimated. */
  estimate(): number {
    const copy = new DporShares(this.state(), this.options);
    for (const slot of copy.slots) if (!copy.takeIn(slot)) break;
    return estimate(copy.tree);
  }
}

function subtreeAfter(subtree: Subtree, { steps, states, again }: SubtreeRest): Subtree {
  const { from } = subtree;
  return {
    ...subtree,
    schedule: [...subtree.schedule.slice(0, from), ...steps.map(({ who }) => who)],
    states: [...subtree.states.slice(0, from), ...states],
    freesMatter: subtree.freesMatter || again,
  };
}

function placeOf(path: readonly Branch[]): number[] {
  return path.slice(1).map((branch, at) => (path[at] as Branch).branches.indexOf(branch));
}
