/** Depth-first search over all schedules, or over those with at most so many preemptions or delays. */

import type { Movers } from '../../machine/movers.js';
import type { Strategy } from '../strategy.js';
import { boundInWords, delaysOf, isPreemption } from './bounds.js';
import { type Branches, type Decision, WHOLE_TREE } from './branches.js';
import { sizeByProbes } from './tree-size.js';

/**
 * The machine did not do the same thing twice.
 *
 * @example
 * let executions = 0;
 * const drifting = defineModel('drifting', (m) => {
 *   const cell = m.cell('cell');
 *   for (const name of ['one', 'other']) {
 *     m.thread(name, function* (t) {
 *       yield t.store(cell, executions++);
 *     });
 *   }
 * });
 * try {
 *   explore(drifting, { strategy: checkDeterminism(randomStrategy(1), 1), schedules: 1 });
 * } catch (error) {
 *   if (error instanceof NondeterminismError) console.log(error.message); // a schedule made again differs from event 1 on: …
 * }
 */
export class NondeterminismError extends Error {
  override readonly name = 'NondeterminismError';
}

/** A decision on the path of the present execution. */
interface Node {
  readonly movers: readonly number[];
  picked: number;
  readonly left: number[];
}

/** A depth-first search that can be gone on with. */
export interface DepthFirst extends Strategy {
  /** What there is left after the executions made so far; null if nothing is. */
  rest(): Branches | null;
}

/**
 * Depth-first search: every schedule once, or every one within the bounds (`Bounds`).
 *
 * @param preemptions switches at most away from a CPU that could go on; none if not given
 * @param delays CPUs at most that are passed over, counted in turn from the default rule's choice; none if not given
 * @param from what to explore, as plain data; everything if not given
 * @example
 * const { exhausted, phases } = explore(modelOf({ scenario: 'kill-vs-exec', patches: [], cpus: 3 }), {
 *   strategy: dfsStrategy(1),
 * });
 * exhausted; // true
 * phases[0]?.bound; // 'at most 1 preemption'
 * @see "Iterative Context Bounding for Systematic Testing of Multithreaded Programs" (Musuvathi, Qadeer; PLDI 2007),
 *   "Delay-Bounded Scheduling" (Emmi, Qadeer, Rakamarić; POPL 2011)
 */
export function dfsStrategy(
  preemptions = Number.POSITIVE_INFINITY,
  delays = Number.POSITIVE_INFINITY,
  from: Branches = WHOLE_TREE,
): DepthFirst {
  const path: Node[] = from.path.map(({ left, ...decision }) => ({ ...decision, left: [...left] }));
  let depth = 0;
  let preempted = 0;
  let delayed = 0;
  /** The execution that the path is of was made. */
  let { made } = from;
  /** Decisions of the path that the present execution begins with. */
  let given = path.length;

  return {
    name: 'dfs',
    bound: boundInWords({ preemptions, delays }),
    estimate: (machine) => sizeByProbes(machine, { preemptions, delays }),
    begin() {
      depth = 0;
      preempted = 0;
      delayed = 0;
      if (!made) return true;
      for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
        const next = node.left.pop();
        if (next !== undefined) {
          node.picked = next;
          made = false;
          given = path.length;
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
        if (isPreemption(movers, current, known.picked)) preempted++;
        delayed += delaysOf(movers, known.picked);
        return known.picked;
      }
      const picked = movers.byDefault;
      const left: number[] = [];
      for (let at = movers.count - 1; at >= 0; at--) {
        const other = movers.ids[at] as number;
        if (other === picked || (preempted >= preemptions && isPreemption(movers, current, other))) continue;
        if (delayed + delaysOf(movers, other) <= delays) left.push(other);
      }
      path.push({ movers: movers.toArray(), picked, left });
      return picked;
    },
    rest() {
      if (made && path.every(({ left }) => left.length === 0)) return null;
      // One that was begun and not ended is to be made from its beginning.
      const decisions = made ? path : path.slice(0, given);
      return { made, path: decisions.map(({ left, ...decision }): Decision => ({ ...decision, left: [...left] })) };
    },
    end() {
      made = true;
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
