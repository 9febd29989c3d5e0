/**
 * Depth-first search over all schedules, or over those with at most so many preemptions. A preemption is a switch
 * away from a CPU that could go on; switches that blocking forces are free.
 */

import { defaultChoice } from '../machine/schedule.js';
import type { Strategy } from './strategy.js';

/** The machine did not do the same thing twice. */
export class NondeterminismError extends Error {
  override readonly name = 'NondeterminismError';
}

/** A decision on the path of the present execution. */
interface Node {
  readonly enabled: number;
  /** Taken now. */
  picked: number;
  /** Not yet taken, a bit each. */
  left: number;
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
    begin() {
      depth = 0;
      used = 0;
      if (!started) {
        started = true;
        return true;
      }
      for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
        if (node.left !== 0) {
          const next = node.left & -node.left;
          node.left &= ~next;
          node.picked = 31 - Math.clz32(next);
          return true;
        }
        path.pop();
      }
      return false;
    },
    choose(enabled, current) {
      const known = path[depth++];
      if (known !== undefined) {
        if (known.enabled !== enabled) {
          throw new NondeterminismError(
            `decision ${depth} of a schedule made again: CPUs ${bits(known.enabled)} could move before, ${bits(enabled)} now`,
          );
        }
        used += cost(known, current);
        return known.picked;
      }
      const picked = defaultChoice(enabled, current);
      const preemptive = ((enabled >> current) & 1) !== 0;
      const open = !preemptive || used < preemptions;
      const left = open ? enabled & ~(1 << picked) : 0;
      path.push({ enabled, picked, left, preemptive });
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

function bits(mask: number): string {
  const cpus: number[] = [];
  for (let cpu = 0; cpu < 32; cpu++) if (((mask >> cpu) & 1) !== 0) cpus.push(cpu);
  return cpus.join(' and ');
}
