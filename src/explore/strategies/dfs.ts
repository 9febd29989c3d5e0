/**
 * Depth-first search over all schedules, or over those with at most so many preemptions. A preemption is a switch
 * away from a CPU that could go on; switches that blocking forces are free.
 */

import type { Movers } from '../../machine/movers.js';
import type { Strategy } from '../strategy.js';

/** The machine did not do the same thing twice. */
export class NondeterminismError extends Error {
  override readonly name = 'NondeterminismError';
}

/** A decision on the path of the present execution. */
interface Node {
  /** Who could move. */
  readonly movers: readonly number[];
  /** Taken now. */
  picked: number;
  /** Not yet taken, the next one last. */
  readonly left: number[];
  /** Whether another choice than the CPU that moved last is a preemption. */
  readonly preemptive: boolean;
}

/** @param preemptions the bound; none if not given */
export function dfsStrategy(preemptions = Number.POSITIVE_INFINITY): Strategy {
  const path: Node[] = [];
  let depth = 0;
  let used = 0;
  let started = false;

  function cost(node: Node, current: number): number {
    return node.preemptive && node.picked !== current ? 1 : 0;
  }

  return {
    name: 'dfs',
    bound: Number.isFinite(preemptions) ? `at most ${preemptions} preemption${preemptions === 1 ? '' : 's'}` : null,
    begin() {
      depth = 0;
      used = 0;
      if (!started) {
        started = true;
        return true;
      }
      for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
        const next = node.left.pop();
        if (next !== undefined) {
          node.picked = next;
          return true;
        }
        path.pop();
      }
      return false;
    },
    choose(movers, current) {
      const known = path[depth++];
      if (known !== undefined) {
        if (!isSame(known.movers, movers)) {
          throw new NondeterminismError(
            `decision ${depth} of a schedule made again: CPUs ${list(known.movers)} could move before, ${list(movers.toArray())} now`,
          );
        }
        used += cost(known, current);
        return known.picked;
      }
      const picked = movers.byDefault;
      const preemptive = picked === current;
      const could = movers.toArray();
      const left = !preemptive || used < preemptions ? could.filter((id) => id !== picked).reverse() : [];
      path.push({ movers: could, picked, left, preemptive });
      return picked;
    },
    end() {
      if (depth < path.length) {
        throw new NondeterminismError(
          `a schedule made again ended after ${depth} decisions, before decision ${path.length}, which was to be made otherwise`,
        );
      }
    },
  };
}

function isSame(known: readonly number[], movers: Movers): boolean {
  return known.length === movers.count && known.every((id, at) => id === movers.ids[at]);
}

function list(cpus: readonly number[]): string {
  return cpus.join(' and ');
}
