/**
 * An exploration in shards, over any number of threads. Which shards there are, and in which order their results are
 * taken in, does not depend on who makes them: the same exploration comes to the same result on one core and on many,
 * unless a limit of time ends it.
 */

import { addCounts, type Exploration, type ExploreOptions, type Phase, phasesOf } from '../explore.js';
import { SeenSchedules } from '../seen.js';
import { WHOLE_TREE } from '../strategies/branches.js';
import { type StrategyOptions, strategyNamed } from '../strategies/index.js';
import { advanceBranches, BranchRounds, type BranchRoundsState } from './branch-rounds.js';
import { advance, Rounds, type RoundsState, type Slot } from './rounds.js';
import type { ShardRunner } from './runner.js';
import { type FoundData, foundOf, type Shard, type ShardResult } from './shard.js';

/** Executions of a shard that draws lots. */
const LOTS = 512;
/** Shards given to each thread ahead. */
const AHEAD = 2;
/** Between two looks at the clock, in milliseconds. */
const LOOK_MS = 50;

/** A file of another version was written by another siglab. */
export const STATE_VERSION = 4;

/** Where a search stands, as plain data: what `--resume` keeps. */
export interface SearchState {
  readonly version: typeof STATE_VERSION;
  /** The phase under way, from 0. */
  readonly phase: number;
  readonly phases: readonly Phase[];
  readonly totals: Omit<Totals, 'found'> & { readonly found: FoundData | null };
  /** Schedules seen in this phase, two words of hash each, as often as they came. */
  readonly schedules: readonly number[];
  /** Of a partial-order reduction under way, whose round is not in the totals; null if none is. */
  readonly rounds: RoundsState | null;
  /** The same of a depth-first search. */
  readonly branches: BranchRoundsState | null;
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
  let rounds: RoundsState | null = from?.rounds ?? null;
  let branches: BranchRoundsState | null = from?.branches ?? null;

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
    await inOrder(runner, shards(), (_, result) => {
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
    await inOrder(runner, [shard], (_, result) => {
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
    const tree = new Rounds(rounds);
    rounds = null;
    await goRound(tree, advance, most, {
      shardOf: ({ subtree }, executions) => ({ kind: 'subtree', subtree, executions, keepGoing }),
      keep: () => {
        rounds = tree.state();
      },
      size: async () => tree.estimate(),
    });
  }

  async function searchDepthFirst(most: number): Promise<void> {
    const tree = new BranchRounds(branches);
    branches = null;
    const own = strategyOptions(options);
    await goRound(tree, advanceBranches, most, {
      shardOf: (slot, executions) => {
        const left = slot.branches ?? WHOLE_TREE;
        return { kind: 'branches', options: own, branches: left, executions, keepGoing };
      },
      keep: () => {
        branches = tree.state();
      },
      size: async () => (await runner.run({ kind: 'size', options: own })).estimate ?? 0,
    });
  }

  /**
   * Explores a tree round by round.
   *
   * @param advanceSlot takes in what was made of a share
   * @param most executions at most, of all rounds
   */
  async function goRound<S extends RoundSlot>(
    tree: RoundTree<S>,
    advanceSlot: (slot: S, result: ShardResult) => void,
    most: number,
    { shardOf, keep, size }: RoundSteps<S>,
  ): Promise<void> {
    const endsBy = (found: unknown): boolean => found !== null && !keepGoing;
    if (phase.exhausted || endsBy(totals.found)) return;
    const made = (): number =>
      tree.slots.reduce((sum, { result }) => sum + (result?.executions ?? 0), phase.executions);
    /** Of shares that are to be made again: for those who look now. */
    const cut: ShardResult[] = [];
    while (!stopped && tree.begin()) {
      const under = underWay(tree.slots, most - made());
      if (under.length === 0) break;
      const shards = function* (): Generator<Shard> {
        for (const { slot, executions } of under) {
          if (stopped) return;
          yield shardOf(slot, executions);
        }
      };
      let taken = 0;
      let goesOn = true;
      const takeShare = (_: Shard, result: ShardResult): boolean => {
        const { slot } = under[taken++] as (typeof under)[number];
        if (result.interrupted) goesOn = false;
        if (result.cut) {
          cut.push(result);
          return true;
        }
        advanceSlot(slot, result);
        if (endsBy(result.found)) slot.left = 0;
        options.progress?.(totals.executions - phase.executions + made());
        return !endsBy(result.found);
      };
      await inOrder(runner, shards(), takeShare, under.length);
      if (!goesOn) break;
      const last = tree.slots.findIndex(({ left, result }) => left > 0 || endsBy(result?.found ?? null));
      if (last >= 0 && !endsBy(tree.slots[last]?.result?.found ?? null)) continue;
      for (const { result } of last < 0 ? tree.slots : tree.slots.slice(0, last + 1)) {
        if (result !== null) takeReduced(result);
        // Those after it are of a tree that is given up.
        if (result?.rest?.again === true) break;
      }
      if (last >= 0) return;
      tree.end();
    }
    phase.exhausted = !tree.begin();
    if (phase.exhausted) return;
    keep();
    whole.begun = { totals: { ...totals }, phases: [...done.slice(0, at), { ...phase }] };
    for (const { result } of tree.slots) if (result !== null) takeReduced(result);
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
    rounds,
    branches,
  };
  return { exploration, state };
}

/** A share in a round. */
type RoundSlot = Pick<Slot, 'left' | 'result'>;

/** A tree that is explored in rounds. */
interface RoundTree<S extends RoundSlot> {
  readonly slots: readonly S[];
  begin(): boolean;
  end(): void;
}

/** What a kind of tree has of its own. */
interface RoundSteps<S extends RoundSlot> {
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

/** The shares of a round that are still to be explored, each with how many executions it may make of those that are left. */
function underWay<S extends RoundSlot>(
  slots: readonly S[],
  left: number,
): { readonly slot: S; readonly executions: number }[] {
  let rest = left;
  return slots.flatMap((slot) => {
    const executions = Math.min(slot.left, rest);
    rest -= executions;
    return executions > 0 ? [{ slot, executions }] : [];
  });
}

/** What a strategy is told, without the limits of the search. */
function strategyOptions(options: SearchOptions): StrategyOptions {
  const { strategy, schedules, seconds, keepGoing, interrupted, progress, from, ...rest } = options;
  return rest;
}

/**
 * Makes shards, several at once, and hands their results over in the order of the shards, until `take` says that it is
 * enough. Those under way are stopped then, and their results dropped.
 *
 * @param ahead how many are given out before the result of the first is there
 * @returns false if `take` ended it
 */
async function inOrder(
  runner: ShardRunner,
  shards: Iterable<Shard>,
  take: (shard: Shard, result: ShardResult) => boolean,
  ahead = runner.size * AHEAD,
): Promise<boolean> {
  const under: { readonly shard: Shard; readonly result: Promise<ShardResult> }[] = [];
  const source = shards[Symbol.iterator]();
  let open = true;
  const fill = (): void => {
    while (open && under.length < ahead) {
      const next = source.next();
      if (next.done === true) open = false;
      else {
        const result = runner.run(next.value);
        result.catch(() => {});
        under.push({ shard: next.value, result });
      }
    }
  };
  for (fill(); under.length > 0; fill()) {
    const { shard, result } = under.shift() as (typeof under)[number];
    if (take(shard, await result)) continue;
    runner.stop();
    await Promise.allSettled(under.map((one) => one.result));
    return false;
  }
  return true;
}
