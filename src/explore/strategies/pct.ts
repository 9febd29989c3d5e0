/**
 * Probabilistic concurrency testing: every CPU has a random priority and the highest one moves; at `depth` − 1 random
 * decisions the one that is to move falls below all others. After "A Randomized Scheduler with Probabilistic Guarantees of
 * Finding Bugs" (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010).
 */

import { MAX_CPUS } from '../../machine/movers.js';
import type { Strategy } from '../strategy.js';
import { Lots } from './lots.js';

/** What `pctStrategy` can be told. */
export interface PctOptions {
  readonly seed?: number;
  readonly first?: number;
  /** The number of orderings that the bug needs: 1 for an order of two CPUs, one more for each preemption; 3 if not given. */
  readonly depth?: number;
}

/** A depth at which most bugs are found: an order, and two preemptions. */
const DEFAULT_DEPTH = 3;

/**
 * Probabilistic concurrency testing: the CPU with the highest random priority moves, and at `depth` − 1 decisions it falls below
 * all others.
 *
 * An execution finds a bug of depth d, in a model of n CPUs with k decisions, with a chance of at least 1 / (n · k^(d−1)).
 * The original counts steps; where only one CPU can move, a change of priorities comes to the same as at the next
 * decision. How many decisions there are is learnt: the points are drawn from as many as the longest execution had so
 * far, and the first execution has none. So an execution depends on those before it.
 *
 * @throws RangeError for a depth that is no whole number from 1
 * @example
 * const { found } = explore(model, { strategy: pctStrategy({ seed: 1, depth: 2 }), schedules: 5000 });
 * found?.violation.kind; // 'invariant'
 * @see "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs" (Burckhardt, Kothari, Musuvathi,
 *   Nagarakatte; ASPLOS 2010)
 */
export function pctStrategy({ seed = 1, first = 0, depth = DEFAULT_DEPTH }: PctOptions = {}): Strategy {
  if (!Number.isInteger(depth) || depth < 1) {
    throw new RangeError(`the depth of pct is a whole number from 1, not ${depth}`);
  }
  const lots = new Lots(seed);
  /** By CPU, and by the clock behind the last of them. */
  const priorities = new Float64Array(MAX_CPUS + 1);
  /** By change point, in no order: the decision at which it is; 0 for one that is behind. */
  const points = new Int32Array(depth - 1);
  let execution = first;
  let longest = 0;
  let decision = 0;
  return {
    name: 'pct',
    learns: true,
    begin() {
      lots.begin(execution++);
      decision = 0;
      points.fill(0);
      for (let at = 0; at < Math.min(points.length, longest); at++) {
        let point: number;
        do point = 1 + lots.below(longest);
        while (points.includes(point));
        points[at] = point;
      }
      return true;
    },
    choose({ ids, count }, _current, { cpus }) {
      if (decision++ === 0) for (let id = 0; id <= cpus.length; id++) priorities[id] = lots.draw();
      for (;;) {
        let highest = ids[0] as number;
        for (let at = 1; at < count; at++) {
          const id = ids[at] as number;
          if ((priorities[id] as number) > (priorities[highest] as number)) highest = id;
        }
        const point = points.indexOf(decision);
        if (point < 0) return highest;
        points[point] = 0;
        priorities[highest] = -1 - point;
      }
    },
    end({ choices }) {
      longest = Math.max(longest, choices);
    },
  };
}
