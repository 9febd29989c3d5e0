/** Exploration: many executions of a model on the controlled machine, until a violation or the end of the space. */

import { CHECKERS } from '../machine/checkers/selection.js';
import { ControlledMachine, type Execution } from '../machine/controlled.js';
import type { Model } from '../machine/model.js';
import type { Violation } from '../sync/gate.js';
import { diagnose } from './diagnosis/diagnose.js';
import { checkOptions } from './options.js';
import { recordedSchedule } from './schedule.js';
import { SeenSchedules } from './seen.js';
import { type StrategyOptions, strategyNamed } from './strategies/index.js';
import type { Strategy } from './strategy.js';

/** What an exploration is to do: its strategy with what that can be told, and when it ends. */
export interface ExploreOptions extends StrategyOptions {
  /** A strategy or the name of one. If not given, a portfolio hunts for a while, and then `dpor` covers what there is. */
  readonly strategy?: Strategy | string;
  /** Executions at most; no limit if not given. */
  readonly schedules?: number;
  /** Seconds at most; no limit if not given. */
  readonly seconds?: number;
  /** Goes on after a violation. */
  readonly keepGoing?: boolean;
  /** Called after each execution that was not given up. */
  readonly observe?: (machine: ControlledMachine) => void;
}

/** A violation and the schedule that led to it. */
export interface FoundViolation {
  readonly violation: Violation;
  /** The number of the execution, from 1. */
  readonly execution: number;
  readonly schedule: Uint8Array;
}

/** How often schedules came. */
export interface Seen {
  readonly different: number;
  readonly once: number;
  readonly twice: number;
}

/** What one strategy did in an exploration. */
export interface Phase {
  readonly strategy: string;
  readonly executions: number;
  readonly redundant: number;
  /** Every schedule of the strategy's space was executed. */
  readonly exhausted: boolean;
  /** What bounds that space; null if nothing does, or if the strategy has no end. */
  readonly bound: string | null;
  /** Of a strategy that has no end: the different schedules seen, and how many of them came once and twice. */
  readonly seen?: Seen;
  /** Of one that ends, and has not: how many executions its space takes, estimated. No less than were made. */
  readonly estimate?: number;
}

/** What an exploration has made and found. */
export interface Exploration {
  readonly executions: number;
  /**
   * Executions that were the same as one before: in their schedule, or, where the strategy can tell, but for steps that
   * commute.
   */
  readonly redundant: number;
  /** Every schedule of the last strategy's space was executed. */
  readonly exhausted: boolean;
  /** Stopped from outside, before any limit was reached. */
  readonly interrupted: boolean;
  readonly seconds: number;
  /** Scheduling points passed, all executions together. */
  readonly steps: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** For each outcome the schedule of the first execution that came to it. */
  readonly witnesses: Readonly<Record<string, Uint8Array>>;
  /** The first violation, or null. */
  readonly found: FoundViolation | null;
  readonly violations: number;
  /** The strategies, one after another. */
  readonly phases: readonly Phase[];
}

/** Executions between two looks at the clock, and scheduling points, where executions are long. */
const PROGRESS_EVERY = 256;
const PROGRESS_STEPS = 1 << 16;
/** Executions that a portfolio makes before the space is covered systematically: most bugs show in fewer. */
export const RANDOM_FIRST = 2_000;
/** The share of the time that they may take. */
const RANDOM_SHARE = 0.25;

/**
 * Explores a model.
 *
 * @param what a model, or a machine made for one: with `footprints`, if the strategy needs them
 * @throws UnknownStrategyError for a strategy of another name, RangeError for a limit or a bound that cannot be
 * @example
 * const { found, exhausted } = explore(model);
 * if (found !== null) console.log(found.violation.message);
 * else if (exhausted) console.log('verified');
 */
export function explore(what: ControlledMachine | Model, options: ExploreOptions = {}): Exploration {
  const exploring = exploreInSlices(what, options);
  for (;;) {
    const slice = exploring.next(false);
    if (slice.done) return slice.value;
  }
}

/**
 * Explores a model a slice at a time: yields how many executions were made, and takes whether to stop. For callers
 * that have something else to do in between, like listening to Ctrl-C.
 *
 * @param what a model, or a machine made for one
 * @throws UnknownStrategyError for a strategy of another name, RangeError for a limit or a bound that cannot be
 * @example
 * const exploring = exploreInSlices(model, { strategy: 'random', keepGoing: true });
 * let slice = exploring.next(false);
 * while (!slice.done) slice = exploring.next(slice.value >= 1000);
 * slice.value.interrupted; // true
 */
export function* exploreInSlices(
  what: ControlledMachine | Model,
  options: ExploreOptions,
): Generator<number, Exploration, boolean> {
  checkOptions(options);
  const { schedules = Number.POSITIVE_INFINITY, seconds = Number.POSITIVE_INFINITY } = options;
  let all: Exploration | null = null;
  for (const phase of phasesOf(options)) {
    const made: number = all?.executions ?? 0;
    const spent: number = all?.seconds ?? 0;
    const limits = {
      schedules: Math.min(phase.schedules, schedules - made),
      seconds: Math.min(phase.seconds, seconds - spent),
    };
    if (all !== null && (limits.schedules <= 0 || limits.seconds <= 0)) break;
    const one: Exploration = yield* exploreBy(phase.strategy, what, { ...options, ...limits }, made);
    all = all === null ? one : oneAfterAnother(all, one);
    if (all.interrupted || (all.found !== null && options.keepGoing !== true)) break;
  }
  return all as Exploration;
}

/** A strategy with its share of an exploration's limits. */
export interface PlannedPhase<S> {
  readonly strategy: S;
  readonly schedules: number;
  readonly seconds: number;
}

/** The strategies of an exploration, one after another, each with at most its share of the limits. */
export function phasesOf<S extends Strategy | string>(
  options: Pick<ExploreOptions, 'schedules' | 'seconds'> & { readonly strategy?: S },
): readonly PlannedPhase<S | string>[] {
  const { strategy, schedules = Number.POSITIVE_INFINITY, seconds = Number.POSITIVE_INFINITY } = options;
  if (strategy !== undefined) return [{ strategy, schedules, seconds }];
  const lots = { schedules: Math.min(RANDOM_FIRST, Math.ceil(schedules / 2)), seconds: seconds * RANDOM_SHARE };
  return [
    { strategy: 'portfolio', ...lots },
    { strategy: 'dpor', schedules, seconds },
  ];
}

function oneAfterAnother(first: Exploration, second: Exploration): Exploration {
  const { found } = second;
  return {
    executions: first.executions + second.executions,
    redundant: first.redundant + second.redundant,
    exhausted: second.exhausted,
    interrupted: second.interrupted,
    seconds: first.seconds + second.seconds,
    steps: first.steps + second.steps,
    outcomes: addCounts(first.outcomes, second.outcomes),
    witnesses: { ...second.witnesses, ...first.witnesses },
    found: first.found ?? (found === null ? null : { ...found, execution: found.execution + first.executions }),
    violations: first.violations + second.violations,
    phases: [...first.phases, ...second.phases],
  };
}

/** Two counts of the same things as one. */
export function addCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sum = { ...a };
  for (const [name, times] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + times;
  return sum;
}

/** @param before executions made by other strategies before this one */
function* exploreBy(
  by: Strategy | string,
  what: ControlledMachine | Model,
  options: ExploreOptions,
  before: number,
): Generator<number, Exploration, boolean> {
  const strategy = typeof by === 'string' ? strategyNamed(by, options) : by;
  const machine = readyFor(strategy, what);
  const { schedules = Number.POSITIVE_INFINITY, seconds = Number.POSITIVE_INFINITY } = options;
  const outcomes = new Map<string, number>();
  const witnesses: Record<string, Uint8Array> = {};
  // Strategies that end make no schedule twice.
  const seen = strategy.bound === undefined ? new SeenSchedules() : null;
  const started = performance.now();
  let executions = 0;
  let redundant = 0;
  let steps = 0;
  let violations = 0;
  let found: FoundViolation | null = null;
  let exhausted = false;
  let interrupted = false;
  let lookAt = 0;
  while (executions < schedules) {
    if (executions % PROGRESS_EVERY === 0 || steps >= lookAt) {
      lookAt = steps + PROGRESS_STEPS;
      if (performance.now() - started >= seconds * 1000) break;
      if (yield before + executions) {
        interrupted = true;
        break;
      }
    }
    if (!strategy.begin()) {
      exhausted = true;
      break;
    }
    const execution: Execution = machine.execute(strategy);
    if (machine.stopped) {
      interrupted = true;
      break;
    }
    strategy.end(execution);
    executions++;
    steps += execution.steps;
    if (execution.abandoned) continue;
    options.observe?.(machine);
    if (seen !== null && !seen.add(machine)) redundant++;
    const outcome = machine.model.outcome(machine.arena, execution.violation);
    const times = outcomes.get(outcome) ?? 0;
    outcomes.set(outcome, times + 1);
    if (times === 0) witnesses[outcome] = recordedSchedule(machine);
    if (execution.violation !== null) {
      violations++;
      if (found === null) {
        const schedule = recordedSchedule(machine);
        found = { violation: diagnose(machine, execution.violation), execution: executions, schedule };
      }
      if (options.keepGoing !== true) break;
    }
  }
  redundant += strategy.redundant ?? 0;
  const asksSize = !exhausted && executions > 0 && (found === null || options.keepGoing === true);
  const size = asksSize ? estimateBy(strategy, machine) : undefined;
  return {
    executions,
    redundant,
    exhausted,
    interrupted,
    seconds: (performance.now() - started) / 1000,
    steps,
    outcomes: Object.fromEntries(outcomes),
    witnesses,
    found,
    violations,
    phases: [
      {
        strategy: strategy.name,
        executions,
        redundant,
        exhausted,
        bound: strategy.bound ?? null,
        ...(seen === null ? {} : { seen: seen.counts() }),
        ...(size === undefined ? {} : { estimate: Math.max(executions, Math.round(size)) }),
      },
    ],
  };
}

/** How many executions a strategy's space takes, estimated. A few may be made for it, which are not stopped. */
export function estimateBy(strategy: Strategy, machine: ControlledMachine): number | undefined {
  const { stopFlag } = machine;
  machine.stopFlag = null;
  const size = strategy.estimate?.(machine);
  machine.stopFlag = stopFlag;
  return size;
}

/** The machine given, unless it lacks what the strategy needs. */
function readyFor(strategy: Strategy, what: ControlledMachine | Model): ControlledMachine {
  if (!(what instanceof ControlledMachine)) return machineFor(what, strategy);
  if (strategy.needsFootprints !== true || what.keepsFootprints) return what;
  const { model, checkers: checked, maxSteps, shutdown, stopFlag } = what;
  const machine = new ControlledMachine(model, { checked, maxSteps, shutdown, footprints: true });
  machine.stopFlag = stopFlag;
  return machine;
}

/** A machine that has what a strategy needs, with all checkers; the memory checker where the model has objects that can be freed. */
export function machineFor(model: Model, strategy: Strategy): ControlledMachine {
  return new ControlledMachine(model, {
    checked: model.arena.caches.length > 0 || CHECKERS.filter((checker) => checker !== 'memory'),
    footprints: strategy.needsFootprints === true,
  });
}
