/**
 * A partial-order reduction in rounds: the tree is divided into shares, each is explored for a number of executions, and
 * what has become of them is taken in, in their order. Which shares there are does not depend on who explores them, nor
 * on when one is done.
 */

import { addCounts } from '../explore.js';
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

export interface RoundsOptions {
  /** Executions of a share in a round. */
  readonly budget: number;
  /** Executions of the first one, which has the root alone; as many as `budget` if not given. */
  readonly first?: number;
  /** Shares of a round at most. */
  readonly shares: number;
}

/** What has no more executions than the first round is one search. Many small shares keep two threads busy to a round's end. */
const ROUNDS: RoundsOptions = { first: 1000, budget: 500, shares: 32 };

/** A share in the round under way. */
export interface Slot {
  readonly share: Share;
  /** What there is left of it. */
  subtree: Subtree;
  /** Executions that it is still to make in this round. */
  left: number;
  result: ShardResult | null;
}

interface SlotData extends Omit<Slot, 'share'> {
  /** Where its branch is in the tree: from the root on the place among the branches. */
  readonly place: readonly number[];
  readonly whole: Subtree;
}

/** Where it stands, as plain data. */
export interface RoundsState {
  readonly tree: BranchData;
  readonly freesMatter: boolean;
  readonly slots: readonly SlotData[];
}

export class Rounds {
  private tree: Branch;
  private freesMatter: boolean;
  slots: Slot[] = [];
  readonly options: RoundsOptions;

  /** @param from goes on from there */
  constructor(from: RoundsState | null = null, options: RoundsOptions = ROUNDS) {
    this.options = options;
    this.tree = from === null ? newTree() : treeOf(from.tree);
    this.freesMatter = from?.freesMatter ?? false;
    for (const { place, whole, ...slot } of from?.slots ?? []) {
      const path = [this.tree];
      for (const at of place) path.push(path.at(-1)?.branches[at] as Branch);
      this.slots.push({ ...slot, share: { path, subtree: whole } });
    }
  }

  /** Begins a round, if none is under way. @returns false if all is explored */
  begin(): boolean {
    if (this.slots.length > 0) return true;
    const { shares, budget, first = budget } = this.options;
    const left = this.tree.kind === 'closed' && this.tree.made === 0 ? first : budget;
    for (const share of divide(this.tree, shares, this.freesMatter)) {
      this.slots.push({ share, subtree: share.subtree, left, result: null });
    }
    return this.slots.length > 0;
  }

  /** Ends the round: all shares have been explored as far as they are to be. */
  end(): void {
    for (const { share, result } of this.slots) {
      if (result?.rest == null) continue;
      if (result.rest.again) {
        // Nothing counts but what comes after it.
        this.freesMatter = true;
        this.tree = newTree();
        if (share.subtree.base === 0) take({ path: [this.tree], subtree: wholeTree(true) }, result.rest, 0);
        break;
      }
      take(share, result.rest, result.executions);
    }
    this.slots = [];
  }

  state(): RoundsState {
    const slots = this.slots.map(({ share, ...slot }) => ({
      ...slot,
      place: placeOf(share.path),
      whole: share.subtree,
    }));
    return { tree: treeData(this.tree), freesMatter: this.freesMatter, slots };
  }

  /** How many executions there are, estimated. */
  estimate(): number {
    const copy = new Rounds(this.state(), this.options);
    copy.end();
    return estimate(copy.tree);
  }
}

/** Takes in what was made of a slot's share. */
export function advance(slot: Slot, result: ShardResult): void {
  slot.result = slot.result === null ? result : together(slot.result, result);
  slot.left -= result.executions;
  const { rest } = result;
  if (rest === null) return;
  if (rest.finished || rest.openTo > 0) {
    slot.left = 0;
    return;
  }
  const { subtree } = slot;
  const { from } = subtree;
  slot.subtree = {
    ...subtree,
    schedule: [...subtree.schedule.slice(0, from), ...rest.steps.map(({ who }) => who)],
    states: [...subtree.states.slice(0, from), ...rest.states],
    freesMatter: subtree.freesMatter || rest.again,
  };
}

/** Two results of a share, one after the other, as one. */
export function together(first: ShardResult, second: ShardResult): ShardResult {
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

function placeOf(path: readonly Branch[]): number[] {
  return path.slice(1).map((branch, at) => (path[at] as Branch).branches.indexOf(branch));
}
