/**
 * A portfolio: executions of several strategies by turns. None of them is best on every model; by turns one is never
 * worse than the best of them by more than their number.
 */

import type { Strategy } from '../strategy.js';
import { pctStrategy } from './pct.js';
import { posStrategy } from './pos.js';
import { surwStrategy } from './surw.js';

export interface PortfolioOptions {
  readonly seed?: number;
  readonly first?: number;
  /** Makes a member whose first execution has a number. If not given: `pos`, `pct` of depth 4 and `surw`. */
  readonly members?: readonly ((seed: number, first: number) => Strategy)[];
}

/**
 * What finds bugs in the fewest executions of those that need no footprints, measured on the models of
 * docs/benchmarks.md and on kill-vs-exec: each is the best of the three on some of them.
 */
const MEMBERS: NonNullable<PortfolioOptions['members']> = [
  (seed, first) => posStrategy(seed, first),
  (seed, first) => pctStrategy({ seed, first, depth: 4 }),
  (seed, first) => surwStrategy({ seed, first }),
];

/** Some of the members learn, so an execution depends on those before it. */
export function portfolioStrategy({ seed = 1, first = 0, members = MEMBERS }: PortfolioOptions = {}): Strategy {
  // Member number m makes the executions m, m + n, m + 2n, …; those before `first` are somebody else's.
  const strategies = members.map((make, at) => make(seed, Math.max(0, Math.ceil((first - at) / members.length))));
  let turn = first;
  let present = strategies[0] as Strategy;
  return {
    name: 'portfolio',
    learns: strategies.some(({ learns }) => learns),
    needsFootprints: strategies.some(({ needsFootprints }) => needsFootprints),
    everyStep: true,
    begin() {
      present = strategies[turn++ % strategies.length] as Strategy;
      return present.begin();
    },
    choose(movers, current, machine) {
      if (movers.count === 1 && present.everyStep !== true) return movers.byDefault;
      return present.choose(movers, current, machine);
    },
    end(execution) {
      present.end(execution);
    },
  };
}
