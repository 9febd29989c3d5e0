/** How many executions a tree of them has, estimated from a part of it. */

import type { Chooser, ControlledMachine } from '../../machine/controlled.js';
import type { Movers } from '../../machine/movers.js';
import { type Bounds, delaysOf, isPreemption } from './bounds.js';
import { Lots } from './lots.js';

/** A node on the path of the execution that a depth-first search made last. */
export interface TreeNode {
  /** Executions that the search had made when it came to the node for the first time. */
  readonly born: number;
  /** And when it began the node's present branch. */
  branchBorn: number;
  /** Branches that are explored; the present one is not among them. */
  explored: number;
}

/**
 * By a search that is under way: a branch not yet explored is taken to be as large as those explored beside it are on
 * average. The recursive estimator of Kilby, Slaney, Thiébaux and Walsh, "Estimating search tree size" (AAAI 2006).
 * Exact when nothing is left; before, it can be wrong by an order of magnitude either way.
 *
 * @param path from the root
 * @param left how many branches of a node are still to be explored, as far as is known
 */
export function sizeBySearch<N extends TreeNode>(path: readonly N[], left: (node: N) => number): number {
  let size = 1;
  for (let at = path.length - 1; at >= 0; at--) {
    const node = path[at] as N;
    const branches = node.explored + 1;
    size = ((node.branchBorn - node.born + size) / branches) * (branches + left(node));
  }
  return size;
}

const PROBES = 256;
/** Scheduling points of all probes together: fewer are made where executions are long. */
const PROBED_STEPS = 200_000;
/** Decisions of an execution, before the first probe has shown how many there are. */
const DECISIONS = 50;

/**
 * By probes: an execution that is drawn with a chance of p stands for 1/p, and the mean of these is right on average.
 * After Knuth, "Estimating the efficiency of backtrack programs" (1975). Where a bound makes most decisions forced once
 * it is used up, what costs is drawn as seldom as a schedule within the bound has it.
 *
 * @param bounds those of the search; decisions are drawn evenly if there are none
 */
export function sizeByProbes(machine: ControlledMachine, bounds: Bounds): number {
  const { preemptions = Number.POSITIVE_INFINITY, delays = Number.POSITIVE_INFINITY } = bounds;
  const lots = new Lots(1);
  const free: number[] = [];
  const dear: number[] = [];
  let preempted = 0;
  let delayed = 0;
  let decisions = 0;
  let expected = DECISIONS;
  /** What the present execution stands for. */
  let weight = 1;

  function sort(movers: Movers, current: number): void {
    free.length = 0;
    dear.length = 0;
    for (let at = 0; at < movers.count; at++) {
      const id = movers.ids[at] as number;
      const preempting = Number(isPreemption(movers, current, id));
      const delaying = delaysOf(movers, id);
      if (preempted + preempting > preemptions || delayed + delaying > delays) continue;
      const costs = (preempting > 0 && Number.isFinite(preemptions)) || (delaying > 0 && Number.isFinite(delays));
      (costs ? dear : free).push(id);
    }
  }

  const probe: Chooser = {
    choose(movers, current) {
      sort(movers, current);
      let from = free;
      if (dear.length > 0) {
        const left = Math.min(preemptions - preempted, delays - delayed);
        const chance = Math.min(0.9, left / Math.max(1, expected - decisions));
        const pays = lots.upTo(1) < chance;
        weight /= pays ? chance : 1 - chance;
        if (pays) from = dear;
      }
      decisions++;
      weight *= from.length;
      const picked = from[lots.below(from.length)] as number;
      if (isPreemption(movers, current, picked)) preempted++;
      delayed += delaysOf(movers, picked);
      return picked;
    },
  };

  let sum = 0;
  let probes = 0;
  let steps = 0;
  let allDecisions = 0;
  while (probes < PROBES && steps < PROBED_STEPS) {
    lots.begin(probes++);
    preempted = 0;
    delayed = 0;
    decisions = 0;
    weight = 1;
    steps += machine.execute(probe).steps;
    sum += weight;
    allDecisions += decisions;
    expected = allDecisions / probes;
  }
  return sum / probes;
}
