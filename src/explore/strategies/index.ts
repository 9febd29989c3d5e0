/** The strategies by name. */

import type { Strategy } from '../strategy.js';
import { dfsStrategy } from './dfs.js';
import { dporStrategy } from './dpor.js';
import { fairStrategy } from './fair.js';
import { iterativeStrategy } from './iterative.js';
import { pctStrategy } from './pct.js';
import { portfolioStrategy } from './portfolio.js';
import { posStrategy } from './pos.js';
import { randomStrategy } from './random.js';
import { rffStrategy } from './rff.js';
import { roundRobinStrategy } from './round-robin.js';
import { surwStrategy } from './surw.js';

/** What a strategy can be told. Each uses what concerns it. */
export interface StrategyOptions {
  /** Of the strategies that draw lots; 1 if not given. */
  readonly seed?: number;
  /** Number of the first execution, for a share of a longer exploration; 0 if not given. */
  readonly first?: number;
  /** Of dfs: switches at most away from a CPU that could go on; no bound if not given. */
  readonly preemptions?: number;
  /** Of dfs and round-robin: CPUs at most that are passed over, counted in turn from the default choice; no bound if not given. */
  readonly delays?: number;
  /** Of dfs: within bound 0 first, then 1, and so on, up to the bound that is given; false if not given. */
  readonly iterative?: boolean;
  /** Of pct: how many orderings the bug needs; 3 if not given. */
  readonly depth?: number;
}

const MAKERS: Readonly<Record<string, (options: StrategyOptions) => Strategy>> = {
  random: ({ seed = 1, first }) => randomStrategy(seed, first),
  pct: (options) => pctStrategy(options),
  pos: ({ seed, first }) => posStrategy(seed, first),
  surw: (options) => surwStrategy(options),
  urw: (options) => surwStrategy({ ...options, select: false }),
  rff: ({ seed, first }) => rffStrategy(seed, first),
  dfs: (options) =>
    options.iterative === true ? iterativeStrategy(options) : dfsStrategy(options.preemptions, options.delays),
  portfolio: (options) => portfolioStrategy(options),
  fair: ({ seed, first }) => fairStrategy(seed, first),
  'round-robin': (options) => roundRobinStrategy(options),
  dpor: () => dporStrategy(),
};

/** The names that `explore` takes for a strategy. */
export const STRATEGY_NAMES: readonly string[] = Object.keys(MAKERS);

/**
 * There is no strategy of a name.
 *
 * @example
 * try {
 *   explore(model, { strategy: 'depth-first' });
 * } catch (error) {
 *   if (error instanceof UnknownStrategyError) console.log(error.message); // there is no strategy "depth-first"; there is …
 * }
 */
export class UnknownStrategyError extends Error {
  override readonly name = 'UnknownStrategyError';
}

/**
 * Makes a strategy.
 *
 * @param name one of `STRATEGY_NAMES`
 * @param options those that concern it are used
 * @throws UnknownStrategyError for another name
 * @example
 * const strategy = strategyNamed('dfs', { preemptions: 2, iterative: true });
 * explore(model, { strategy }).found?.violation.kind; // 'invariant'
 */
export function strategyNamed(name: string, options: StrategyOptions = {}): Strategy {
  const make = MAKERS[name];
  if (make === undefined) {
    throw new UnknownStrategyError(`there is no strategy "${name}"; there is ${STRATEGY_NAMES.join(', ')}`);
  }
  return make(options);
}
