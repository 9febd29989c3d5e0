/** What `siglab explore` is to do, from its flags. */

import type { SearchOptions } from '../explore/shards/search.js';
import { STRATEGY_NAMES, strategyNamed } from '../explore/strategies/index.js';
import { chooseWord, positiveNumber, UsageError, wholeNumber } from './context.js';

export interface PlanFlags {
  readonly strategy?: string;
  readonly schedules?: string;
  readonly seconds?: string;
  readonly preemptions?: string;
  readonly delays?: string;
  readonly iterative?: boolean;
  readonly depth?: string;
  readonly seed: string;
  readonly exhaustive?: boolean;
}

/** What stands on the command line for no strategy in particular. */
const DEFAULT = 'default';
/** Executions of a strategy without an end, where no limit is given. */
const WITHOUT_END = 20_000;
/** Of pct: change points beyond it would be more than there are steps. */
const MAX_DEPTH = 1000;
/** Flags that only some strategies understand, and what they say of them. */
const OWN_FLAGS = [
  ['preemptions', ['dfs'], 'bounds the search'],
  ['delays', ['dfs', 'round-robin'], 'bounds the search'],
  ['iterative', ['dfs'], 'raises the bound'],
  ['depth', ['pct'], 'is the depth'],
] as const;
/** Seconds of an exploration without a strategy named, where no limit is given. */
const DEFAULT_SECONDS = 60;

/** The exploration that flags ask for. @throws UsageError for flags that do not go together */
export function planOf(flags: PlanFlags): SearchOptions {
  const { exhaustive = false } = flags;
  const named =
    flags.strategy === undefined ? null : chooseWord('strategy', flags.strategy, [...STRATEGY_NAMES, DEFAULT]);
  const options = {
    seed: wholeNumber('--seed', flags.seed, 0, 0xffffffff),
    ...(flags.preemptions === undefined ? {} : { preemptions: wholeNumber('--preemptions', flags.preemptions, 0) }),
    ...(flags.delays === undefined ? {} : { delays: wholeNumber('--delays', flags.delays, 0) }),
    ...(flags.iterative === undefined ? {} : { iterative: flags.iterative }),
    ...(flags.depth === undefined ? {} : { depth: wholeNumber('--depth', flags.depth, 1, MAX_DEPTH) }),
  };
  const limits = {
    ...(flags.seconds === undefined ? {} : { seconds: positiveNumber('--seconds', flags.seconds) }),
    ...(flags.schedules === undefined ? {} : { schedules: wholeNumber('--schedules', flags.schedules, 1) }),
  };
  const limited = Object.keys(limits).length > 0;
  const name = named === DEFAULT || named === null ? impliedStrategy(flags) : named;
  if (name === null) return { ...options, ...(limited ? limits : { seconds: DEFAULT_SECONDS }) };
  for (const [flag, of, says] of OWN_FLAGS) {
    if (flags[flag] !== undefined && !of.some((one) => one === name))
      throw new UsageError(`--${flag} ${says} of ${of.join(' and ')}; ${name} has none`);
  }
  const ends = strategyNamed(name, options).bound !== undefined;
  if (exhaustive && !ends) {
    throw new UsageError(`--exhaustive needs a strategy that ends: dpor, dfs or round-robin, not ${name}`);
  }
  return { strategy: name, ...options, ...(limited || ends ? limits : { schedules: WITHOUT_END }) };
}

/** The strategy that other flags ask for; null where none does. */
function impliedStrategy({ preemptions, delays, iterative, depth, exhaustive }: PlanFlags): string | null {
  if (preemptions !== undefined || delays !== undefined || iterative !== undefined) return 'dfs';
  if (depth !== undefined) return 'pct';
  return exhaustive === true ? 'dpor' : null;
}
