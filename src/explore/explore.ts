/** Exploration: many executions of a model on the controlled machine, until a violation or the end of the space. */

import type { ControlledMachine, Execution } from '../machine/controlled.js';
import type { Violation } from '../sync/gate.js';
import { recordedSchedule } from './schedule.js';
import { SeenSchedules } from './seen.js';
import type { Strategy } from './strategy.js';

export interface ExploreOptions {
  readonly strategy: Strategy;
  /** Executions at most; no limit if not given. */
  readonly schedules?: number;
  /** Seconds at most; no limit if not given. */
  readonly seconds?: number;
  /** Goes on after a violation. */
  readonly keepGoing?: boolean;
}

/** A violation and the schedule that led to it. */
export interface FoundViolation {
  readonly violation: Violation;
  /** The number of the execution, from 1. */
  readonly execution: number;
  readonly schedule: Uint8Array;
}

export interface Exploration {
  readonly executions: number;
  /** Executions whose schedule had been executed before. Depth-first search has none. */
  readonly redundant: number;
  /** Every schedule of the strategy's space was executed. */
  readonly exhausted: boolean;
  /** Stopped from outside, before any limit was reached. */
  readonly interrupted: boolean;
  readonly seconds: number;
  /** Scheduling points passed, all executions together. */
  readonly steps: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** The first violation, or null. */
  readonly found: FoundViolation | null;
  readonly violations: number;
}

/** Executions between two looks at the clock. */
const PROGRESS_EVERY = 256;
/**
 * Explores a model.
 *
 * @example
 * const machine = new ControlledMachine(model);
 * explore(machine, { strategy: randomStrategy(1), schedules: 10_000 }).found;
 */
export function explore(machine: ControlledMachine, options: ExploreOptions): Exploration {
  const exploring = exploreInSlices(machine, options);
  for (;;) {
    const slice = exploring.next(false);
    if (slice.done) return slice.value;
  }
}

/**
 * Explores a model a slice at a time: yields how many executions were made, and takes whether to stop. For callers
 * that have something else to do in between, like listening to Ctrl-C.
 */
export function* exploreInSlices(
  machine: ControlledMachine,
  options: ExploreOptions,
): Generator<number, Exploration, boolean> {
  const { strategy, schedules = Number.POSITIVE_INFINITY, seconds = Number.POSITIVE_INFINITY } = options;
  const outcomes = new Map<string, number>();
  const seen = strategy.name === 'dfs' ? null : new SeenSchedules();
  const started = performance.now();
  let executions = 0;
  let redundant = 0;
  let steps = 0;
  let violations = 0;
  let found: FoundViolation | null = null;
  let exhausted = false;
  let interrupted = false;
  while (executions < schedules) {
    if (executions % PROGRESS_EVERY === 0) {
      if (performance.now() - started >= seconds * 1000) break;
      if (yield executions) {
        interrupted = true;
        break;
      }
    }
    if (!strategy.begin()) {
      exhausted = true;
      break;
    }
    const execution: Execution = machine.execute(strategy);
    strategy.end(execution);
    executions++;
    steps += execution.steps;
    if (seen !== null && !seen.add(machine)) redundant++;
    const outcome = machine.model.outcome(machine.arena);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (execution.violation !== null) {
      violations++;
      found ??= { violation: execution.violation, execution: executions, schedule: recordedSchedule(machine) };
      if (options.keepGoing !== true) break;
    }
  }
  return {
    executions,
    redundant,
    exhausted,
    interrupted,
    seconds: (performance.now() - started) / 1000,
    steps,
    outcomes: Object.fromEntries(outcomes),
    found,
    violations,
  };
}
