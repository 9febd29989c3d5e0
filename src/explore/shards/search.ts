/**
 * An exploration in shards, over any number of threads. Which shards there are, and in which order their results are
 * taken in, does not depend on who makes them: the same exploration comes to the same result on one core and on many,
 * unless a limit of time ends it.
 */

import { addCounts, type Exploration, type ExploreOptions, type Phase, phasesOf } from '../explore.js';
import { SeenSchedules } from '../seen.js';
import { WHOLE_TREE } from '../strategies/branches.js';
import { type StrategyOptions, strategyNamed } from '../strategies/index.js';
import { DfsShares, type DfsSharesState } from './dfs-shares.js';
import { DporShares, type DporSharesState } from './dpor-shares.js';
import type { ShardRunner } from './runner.js';
import { type FoundData, foundOf, type Shard, type ShardResult } from './shard.js';
import type { Shares, Slot } from './shares.js';

/** Executions of a shard that draws lots. */
const LOTS = 512;
/** Shards given to each thread ahead. */
const AHEAD = 2;
/** Between two looks at the clock, in milliseconds. */
const LOOK_MS = 50;

/** A file of another version was written by another siglab. */
export const STATE_VERSION = 6;

/** Where a search stands, as plain data: what `--resume` keeps. */
export interface SearchState {
  readonly version: typeof STATE_VERSION;
  /** The phase under way, from 0. */
  readonly phase: number;
  readonly phases: readonly Phase[];
  readonly totals: Omit<Totals, 'found'> & { readonly found: FoundData | null };
  /** Schedules seen in this phase, two words of hash each, as often as they came. */
  readonly schedules: readonly number[];
  /** Of a partial-order reduction under way, whose shares under way are not in the totals; null if none is. */
  readonly reduction: DporSharesState | null;
  /** The same of a depth-first search. */
  readonly depthFirst: DfsSharesState | null;
}

export interface SearchOptions extends Omit<ExploreOptions, 'strategy' | 'observe'> {
  /** A strategy's name. If not given, lots are drawn for a while, and then `dpor` covers what there is. */
  readonly strategy?: string;
  /** Asked now and then: true ends the search. */
  readonly interrupted?: () => boolean;
  /** Told now and then how many executions were made. */
  readonly progress?: (executions: number) => void;
  /** Goes on from there. */
  readonly from?: SearchState;
}

export interface Search {
  readonly exploration: Exploration;
  /** Where it stands at its end. */
  readonly state: SearchState;
}

interface Totals {
  executions: number;
  redundant: number;
  steps: number;
  seconds: number;
  violations: number;
  outcomes: Readonly<Record<string, number>>;
  witnesses: Readonly<Record<string, readonly number[]>>;
  found: FoundData | null;
}

/**
 * Explores in shards.
 *
 * @throws UnknownStrategyError for a strategy of another name
 */
export async function searchInShards(runner: ShardRunner, options: SearchOptions): Promise<Search> {
  const { schedules = Number.POSITIVE_INFINITY, seconds = Number.POSITIVE_INFINITY, keepGoing = false, from } = options;
  const planned = phasesOf(options);
  const totals: Totals = { ...(from?.totals ?? NOTHING) };
  const before = totals.seconds;
  await runner.ready();
  const started = performance.now();
  /** Seconds of this call: a limit of time is for each anew. */
  const elapsed = (): number => (performance.now() - started) / 1000;
  const done: Phase[] = [...(from?.phases ?? [])];
  let until = seconds;
  let interrupted = false;
  let stopped = false;
  const look = (): void => {
    if (options.interrupted?.() === true) interrupted = true;
    if (interrupted || elapsed() >= until) {
      stopped = true;
      runner.stop();
    }
  };
  const timer = setInterval(look, LOOK_MS);
  const hashes: number[] = [...(from?.schedules ?? [])];
  let at = Math.min(from?.phase ?? 0, planned.length - 1);
  let phase: MutablePhase = NO_PHASE;
  /** Where the phase under way began, if it can only be made as a whole and was not. */
  const whole: { begun: Pick<SearchState, 'totals' | 'phases'> | null } = { begun: null };
  let reduction: DporSharesState | null = from?.reduction ?? null;
  let depthFirst: DfsSharesState | null = from?.depthFirst ?? null;

  /** Takes a shard's result in. @returns whether to go on */
  function take(result: ShardResult): boolean {
    const { found } = result;
    totals.found ??= found === null ? null : { ...found, execution: found.execution + totals.executions };
    totals.executions += result.executions;
    totals.steps += result.steps;
    totals.violations += result.violations;
    totals.outcomes = addCounts(totals.outcomes, result.outcomes);
    totals.witnesses = { ...result.witnesses, ...totals.witnesses };
    phase.executions += result.executions;
    phase.bound = result.bound ?? phase.bound;
    options.progress?.(totals.executions);
    return keepGoing || totals.found === null;
  }

  async function drawLots(strategy: string, most: number): Promise<void> {
    const seen = new SeenSchedules();
    for (let one = 0; one < hashes.length; one += 2) seen.addHash(hashes[one] as number, hashes[one + 1] as number);
    function* shards(): Generator<Shard> {
      for (let first = phase.executions; first < most; first += LOTS) {
        yield {
          kind: 'lots',
          strategy,
          options: strategyOptions(options),
          first,
          executions: Math.min(LOTS, most - first),
          keepGoing,
        };
      }
    }
    await inOrder(runner, shards(), (result) => {
      let redundant = 0;
      for (let one = 0; one < result.schedules.length; one += 2) {
        const [low = 0, high = 0] = result.schedules.slice(one, one + 2);
        hashes.push(low, high);
        if (!seen.addHash(low, high)) redundant++;
      }
      phase.redundant += redundant;
      totals.redundant += redundant;
      return take(result) && !result.interrupted;
    });
    phase.seen = seen.counts();
  }

  async function makeWhole(strategy: string, most: number): Promise<void> {
    whole.begun = { totals: { ...totals }, phases: done.slice(0, at) };
    const shard: Shard = { kind: 'whole', strategy, options: strategyOptions(options), executions: most, keepGoing };
    await inOrder(runner, [shard], (result) => {
      phase.redundant += result.redundant;
      totals.redundant += result.redundant;
      phase.exhausted = result.exhausted;
      if (result.estimate !== undefined) phase.estimate = result.estimate;
      return take(result);
    });
    if (phase.exhausted || totals.found !== null) whole.begun = null;
  }

  /** The same of a share of a reduction; all that was made before it was for nothing where everything begins again. */
  function takeReduced(result: ShardResult): boolean {
    const redundant =
      result.rest?.again === true ? phase.executions + result.redundant : phase.redundant + result.redundant;
    totals.redundant += redundant - phase.redundant;
    phase.redundant = redundant;
    return take(result);
  }

  async function reduce(most: number): Promise<void> {
    const shares = new DporShares(reduction);
    reduction = null;
    await exploreShares(shares, most, {
      shardOf: ({ subtree }, executions) => ({ kind: 'subtree', subtree, executions, keepGoing }),
      keep: () => {
        reduction = shares.state();
      },
      size: async () => shares.estimate(),
    });
  }

  async function searchDepthFirst(most: number): Promise<void> {
    const shares = new DfsShares(depthFirst);
    depthFirst = null;
    const own = strategyOptions(options);
    await exploreShares(shares, most, {
      shardOf: ({ branches }, executions) => {
        return { kind: 'branches', options: own, branches: branches ?? WHOLE_TREE, executions, keepGoing };
      },
      keep: () => {
        depthFirst = shares.state();
      },
      size: async () => (await runner.run({ kind: 'size', options: own })).estimate ?? 0,
    });
  }

  /**
   * Explores a tree in shares. What they come to is looked at in the order in which they were given out, and taken in in
   * the order of the shares.
   *
   * @param most executions at most, of all shares
   */
  async function exploreShares<S extends Slot>(
    shares: Shares<S>,
    most: number,
    { shardOf, keep, size }: SharesSteps<S>,
  ): Promise<void> {
    const endsBy = (found: unknown): boolean => found !== null && !keepGoing;
    if (phase.exhausted || endsBy(totals.found)) return;
    const { slots } = shares;
    shares.fill();
    const under: { readonly slot: S; readonly executions: number; readonly result: Promise<ShardResult> }[] = [];
    const made = (): number => slots.reduce((sum, { result }) => sum + (result?.executions ?? 0), phase.executions);
    /** Of shares that are to be made again: for those who look now. */
    const cut: ShardResult[] = [];
    const giveOut = (): void => {
      let free = under.reduce((left, { executions }) => left - executions, most - made());
      for (const slot of slots) {
        // Those after it are not wanted any more.
        if (endsBy(slot.result?.found ?? null)) return;
        const executions = Math.min(slot.left, free);
        if (executions <= 0 || under.some((one) => one.slot === slot)) continue;
        free -= executions;
        const result = runner.run(shardOf(slot, executions));
        result.catch(() => {});
        under.push({ slot, executions, result });
      }
    };
    const drop = async (): Promise<void> => {
      await Promise.allSettled(under.map(({ result }) => result));
      under.length = 0;
      cut.length = 0;
    };
    for (;;) {
      if (!stopped) giveOut();
      const next = under.shift();
      if (next === undefined) break;
      const { slot } = next;
      const result = await next.result;
      if (result.interrupted) stopped = true;
      if (result.cut) cut.push(result);
      else {
        shares.advance(slot, result);
        if (endsBy(result.found)) slot.left = 0;
        options.progress?.(totals.executions - phase.executions + made());
      }
      for (;;) {
        const first = shares.takeFirst();
        if (first === null) break;
        takeReduced(first);
        if (endsBy(totals.found)) {
          runner.stop();
          await drop();
          return;
        }
        // The others are of a tree that is given up.
        if (first.rest?.again === true) await drop();
      }
    }
    phase.exhausted = slots.length === 0;
    if (phase.exhausted) return;
    keep();
    whole.begun = { totals: { ...totals }, phases: [...done.slice(0, at), { ...phase }] };
    for (const { result } of slots) if (result !== null) takeReduced(result);
    for (const result of cut) takeReduced(result);
    if (phase.executions === 0 || cut.length > 0 || endsBy(totals.found)) return;
    phase.estimate = Math.max(phase.executions, Math.round(await size()));
  }

  try {
    for (; at < planned.length; at++) {
      const { strategy, schedules: most, seconds: share } = planned[at] as (typeof planned)[number];
      phase = { ...(done[at] ?? { ...NO_PHASE, strategy }) };
      const others = totals.executions - phase.executions;
      until = Math.min(seconds, elapsed() + share);
      stopped = false;
      runner.go();
      look();
      const left = Math.min(most, schedules - others);
      if (left > phase.executions && !stopped) {
        if (strategy === 'dpor') await reduce(left);
        else if (strategy === 'dfs' && options.iterative !== true) await searchDepthFirst(left);
        else if (strategyNamed(strategy, options).bound === undefined) await drawLots(strategy, left);
        else await makeWhole(strategy, left);
      }
      done[at] = phase;
      look();
      if (interrupted || (totals.found !== null && !keepGoing) || elapsed() >= seconds) break;
      if (at + 1 < planned.length) hashes.length = 0;
    }
  } finally {
    clearInterval(timer);
  }
  totals.seconds = before + elapsed();
  const exploration: Exploration = {
    ...totals,
    exhausted: phase.exhausted,
    interrupted,
    witnesses: Object.fromEntries(Object.entries(totals.witnesses).map(([name, one]) => [name, Uint8Array.from(one)])),
    found: totals.found === null ? null : foundOf(totals.found),
    phases: done,
  };
  const state: SearchState = {
    version: STATE_VERSION,
    phase: Math.min(at, planned.length - 1),
    phases: done,
    totals,
    ...whole.begun,
    schedules: hashes,
    reduction,
    depthFirst,
  };
  return { exploration, state };
}

/** What a kind of tree has of its own. */
interface SharesSteps<S extends Slot> {
  shardOf(slot: S, executions: number): Shard;
  /** Keeps where the tree stands. */
  keep(): void;
  /** How many executions there are, estimated. */
  size(): Promise<number>;
}

type MutablePhase = { -readonly [K in keyof Phase]: Phase[K] };

const NO_PHASE: Phase = { strategy: '', executions: 0, redundant: 0, exhausted: false, bound: null };
const NOTHING: Totals = {
  executions: 0,
  redundant: 0,
  steps: 0,
  seconds: 0,
  violations: 0,
  outcomes: {},
  witnesses: {},
  found: null,
};

/** What a strategy is told, without the limits of the search. */
function strategyOptions(options: SearchOptions): StrategyOptions {
  const { strategy, schedules, seconds, keepGoing, interrupted, progress, from, ...rest } = options;
  return rest;
}

/**
 * Makes shards, several at once, and hands their results over in the order of the shards, until `take` says that it is
 * enough. Those under way are stopped then, and their results dropped.
 */
async function inOrder(
  runner: ShardRunner,
  shards: Iterable<Shard>,
  take: (result: ShardResult) => boolean,
): Promise<void> {
  const under: Promise<ShardResult>[] = [];
  const source = shards[Symbol.iterator]();
  let open = true;
  const fill = (): void => {
    while (open && under.length < runner.size * AHEAD) {
      const next = source.next();
      if (next.done === true) open = false;
      else {
        const result = runner.run(next.value);
        result.catch(() => {});
        under.push(result);
      }
    }
  };
  for (fill(); under.length > 0; fill()) {
    if (take(await (under.shift() as Promise<ShardResult>))) continue;
    runner.stop();
    await Promise.allSettled(under);
    return;
  }
}
