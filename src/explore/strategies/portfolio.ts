/**
 * A portfolio: executions of several strategies by turns, and now and then one by fair scheduling. None of them is best on every model; by turns one is never
 * worse than the best of them by more than their number.
 */

import type { Strategy } from '../strategy.js';
import { fairStrategy } from './fair.js';
import { pctStrategy } from './pct.js';
import { posStrategy } from './pos.js';
import { surwStrategy } from './surw.js';

/** What `portfolioStrategy` can be told. */
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

/** Every so many executions one is by fair scheduling: what the others cannot find are livelocks. */
const FAIR_EVERY = 64;

/** How many executions before number `first` are a member's. */
function madeBefore(first: number, member: number, members: number): number {
  let made = 0;
  for (let at = member; at < first; at += members) if (!isFairTurn(at)) made++;
  return made;
}

function isFairTurn(execution: number): boolean {
  return execution % FAIR_EVERY === FAIR_EVERY - 1;
}

/**
 * Several strategies by turns: `pos`, `pct` and `surw` if no others are given, and one execution in 64 by `fair`. Some of the
 * members learn, so an execution depends on those before it.
 *
 * @example
 * const strategy = portfolioStrategy({ seed: 7 });
 * const { executions, found } = explore(model, { strategy, schedules: 2000 });
 * console.log(found === null ? `nothing in ${executions} executions` : found.violation.message);
 */
export function portfolioStrategy({ seed = 1, first = 0, members = MEMBERS }: PortfolioOptions = {}): Strategy {
  // Member number m makes the executions m, m + n, m + 2n, … but for the fair ones; those before `first` are somebody else's.
  const strategies = members.map((make, at) => make(seed, madeBefore(first, at, members.length)));
  const fair = fairStrategy(seed, Math.floor(first / FAIR_EVERY));
  let turn = first;
  let present = strategies[0] as Strategy;
  return {
    name: 'portfolio',
    learns: strategies.some(({ learns }) => learns),
    needsFootprints: strategies.some(({ needsFootprints }) => needsFootprints),
    everyStep: true,
    begin() {
      present = isFairTurn(turn) ? fair : (strategies[turn % strategies.length] as Strategy);
      turn++;
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
