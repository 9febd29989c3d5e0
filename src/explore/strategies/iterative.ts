/**
 * Iterative bounding: all schedules without a preemption, then all with one, with two, and so on; or by delays. After
 * "Iterative Context Bounding for Systematic Testing of Multithreaded Programs" (Musuvathi, Qadeer, PLDI 2007).
 */

import type { Strategy } from '../strategy.js';
import { Beginnings } from './beginnings.js';
import { type Bounds, boundInWords, delaysOf, isPreemption } from './bounds.js';
import { sizeByProbes } from './tree-size.js';

/** A strategy whose bound rises. */
export interface Iterative extends Strategy {
  /** The cost of the present execution's schedule: preemptions, or delays. */
  readonly level: number;
}

/**
 * The first bug that it finds is one with the fewest preemptions that any has. No schedule is executed twice.
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
  const beginnings = new Beginnings(delays ?? preemptions);

  return {
    name: 'iterative',
    bound: boundInWords(bounds),
    estimate: (machine) => sizeByProbes(machine, delays === undefined ? { preemptions } : { delays }),
    get level() {
      return beginnings.cost;
    },
    begin() {
      const { lowest } = beginnings;
      return lowest >= 0 && beginnings.begin(lowest);
    },
    choose(movers, current) {
      const given = beginnings.given(movers);
      const picked = given < 0 ? movers.byDefault : given;
      if (given < 0) {
        for (let at = movers.count - 1; at >= 0; at--) {
          const other = movers.ids[at] as number;
          if (other === picked) continue;
          const cost = delays === undefined ? Number(isPreemption(movers, current, other)) : delaysOf(movers, other);
          beginnings.pass(other, cost);
        }
      }
      beginnings.take(picked);
      return picked;
    },
    end() {
      beginnings.end();
    },
  };
}
