/**
 * Iterative bounding: all schedules without a preemption, then all with one, with two, and so on; or by delays. No
 * schedule is executed twice: where a search passes over a switch for its cost, it notes the place, and the search with
 * the bound that allows it begins there. After "Iterative Context Bounding for Systematic Testing of Multithreaded
 * Programs" (Musuvathi, Qadeer, PLDI 2007).
 */

import type { Strategy } from '../strategy.js';
import { type Bounds, boundInWords, delaysOf, isPreemption } from './bounds.js';
import { NondeterminismError } from './dfs.js';
import { sizeByProbes } from './tree-size.js';

/** A schedule's beginning: the decisions of an execution up to one, and another choice there. */
interface Beginning {
  readonly decisions: Uint8Array;
  readonly length: number;
  readonly pick: number;
}

/** A strategy whose bound rises. */
export interface Iterative extends Strategy {
  /** The cost of the present execution's schedule: preemptions, or delays. */
  readonly level: number;
}

/**
 * The first bug that it finds is one with the fewest preemptions that any has. What is still to be explored is kept
 * in memory, some 50 bytes for each switch that was passed over; the highest bound limits it.
 *
 * @param bounds the last bound; of delays, if they are given, and otherwise of preemptions
 * @example
 * const strategy = iterativeStrategy({ preemptions: 2 });
 * const { found } = explore(model, { strategy });
 * minimize(new ControlledMachine(model), found?.schedule ?? new Uint8Array()).preemptions; // 1
 * @see "Iterative Context Bounding for Systematic Testing of Multithreaded Programs" (Musuvathi, Qadeer; PLDI 2007)
 */
export function iterativeStrategy(bounds: Bounds = {}): Iterative {
  const { preemptions = Number.POSITIVE_INFINITY, delays } = bounds;
  const last = delays ?? preemptions;
  /** By cost: where to begin. Those of the present cost are taken from the end, so that the memory stays small. */
  const levels: Beginning[][] = [[{ decisions: new Uint8Array(0), length: 0, pick: -1 }]];
  let level = 0;
  let beginning: Beginning | null = null;
  let decisions = new Uint8Array(256);
  let depth = 0;
  /** Found in the present execution: the choices after its beginning, to be noted when its decisions are known. */
  const passed: { readonly at: number; readonly pick: number; readonly cost: number }[] = [];

  function follow(at: number): number {
    const { decisions: known, length, pick } = beginning as Beginning;
    return at < length ? (known[at] as number) : pick;
  }

  return {
    name: 'iterative',
    bound: boundInWords(bounds),
    estimate: (machine) => sizeByProbes(machine, delays === undefined ? { preemptions } : { delays }),
    get level() {
      return level;
    },
    begin() {
      while (level < levels.length && levels[level]?.length === 0) {
        levels[level] = [];
        level++;
      }
      beginning = levels[level]?.pop() ?? null;
      depth = 0;
      passed.length = 0;
      return beginning !== null;
    },
    choose(movers, current) {
      const { length, pick } = beginning as Beginning;
      const at = depth++;
      if (at === decisions.length) {
        const grown = new Uint8Array(decisions.length * 2);
        grown.set(decisions);
        decisions = grown;
      }
      const given = at < length || (at === length && pick >= 0);
      const picked = given ? follow(at) : movers.byDefault;
      if (given && !movers.has(picked)) {
        throw new NondeterminismError(
          `decision ${depth} of a schedule made again: CPU ${picked} could move before, ${movers.toArray().join(' and ')} now`,
        );
      }
      decisions[at] = picked;
      if (given) return picked;
      for (let index = movers.count - 1; index >= 0; index--) {
        const other = movers.ids[index] as number;
        if (other === picked) continue;
        const cost = delays === undefined ? Number(isPreemption(movers, current, other)) : delaysOf(movers, other);
        if (level + cost <= last) passed.push({ at, pick: other, cost });
      }
      return picked;
    },
    end() {
      if (depth < (beginning as Beginning).length) {
        throw new NondeterminismError(
          `a schedule made again ended after ${depth} decisions; it had ${(beginning as Beginning).length} before`,
        );
      }
      if (passed.length === 0) return;
      const made = decisions.slice(0, depth);
      for (const { at, pick, cost } of passed) {
        while (levels.length <= level + cost) levels.push([]);
        levels[level + cost]?.push({ decisions: made, length: at, pick });
      }
    },
  };
}
