/** The strategies by name. */

import type { Strategy } from '../strategy.js';
import { dfsStrategy } from './dfs.js';
import { dporStrategy } from './dpor.js';
import { randomStrategy } from './random.js';

/** What a strategy can be told. Each uses what concerns it. */
export interface StrategyOptions {
  /** Of the strategies that draw lots; 1 if not given. */
  readonly seed?: number;
  /** Number of the first execution, for a share of a longer exploration; 0 if not given. */
  readonly first?: number;
  /** Of dfs: switches at most away from a CPU that could go on; no bound if not given. */
  readonly preemptions?: number;
}

const MAKERS: Readonly<Record<string, (options: StrategyOptions) => Strategy>> = {
  random: ({ seed = 1, first }) => randomStrategy(seed, first),
  dfs: ({ preemptions }) => dfsStrategy(preemptions),
  dpor: () => dporStrategy(),
};

export const STRATEGY_NAMES: readonly string[] = Object.keys(MAKERS);

/** There is no strategy of a name. */
export class UnknownStrategyError extends Error {
  override readonly name = 'UnknownStrategyError';
}

/**
 * Makes a strategy.
 *
 * @param name one of `STRATEGY_NAMES`
 * @throws UnknownStrategyError
 */
export function strategyNamed(name: string, options: StrategyOptions = {}): Strategy {
  const make = MAKERS[name];
  if (make === undefined) {
    throw new UnknownStrategyError(`there is no strategy "${name}"; there is ${STRATEGY_NAMES.join(', ')}`);
  }
  return make(options);
}
