/**
 * Shrinking: from a schedule that fails to the simplest that fails in the same way. First by depth-first search with
 * 0, 1, 2, … preemptions, which finds the fewest there can be; where that takes too long, by dropping one deviation
 * from the default rule after another.
 */

import type { ControlledMachine } from '../machine/controlled.js';
import { BY_DEFAULT } from '../machine/schedule.js';
import type { Violation } from '../sync/gate.js';
import { countSwitches, recordedSchedule, ScheduleMismatchError, scheduleChooser, trimSchedule } from './schedule.js';
import { dfsStrategy } from './strategies/dfs.js';

export interface Minimized {
  readonly schedule: Uint8Array;
  readonly violation: Violation;
  /** Switches away from a CPU that could go on. */
  readonly preemptions: number;
  /** Scheduling points. */
  readonly steps: number;
  /** True if no schedule with fewer preemptions fails so: all of them were executed. */
  readonly fewest: boolean;
  /** Executions that the search took. */
  readonly executions: number;
}

export interface MinimizeOptions {
  /** Executions at most; 50,000 if not given. */
  readonly budget?: number;
}

/** What a failing schedule is judged by, the most important first. */
type Score = readonly [preemptions: number, deviations: number, steps: number];

function isBetter(a: Score, b: Score): boolean {
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Whether a schedule comes before another: at the first difference it deviates earlier, or to a lower CPU. */
function comesBefore(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? BY_DEFAULT) - (b[at] ?? BY_DEFAULT);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function sameKind(a: Violation | null, b: Violation): boolean {
  return a !== null && a.kind === b.kind && withoutNumbers(a.message) === withoutNumbers(b.message);
}

/** Addresses and pids differ between schedules; what went wrong does not. */
function withoutNumbers(message: string): string {
  return message.replaceAll(/\d+/g, 'N');
}

interface Best extends Omit<Minimized, 'fewest' | 'executions'> {
  readonly score: Score;
}

/**
 * Shrinks a schedule.
 *
 * @param schedule one that ends in a violation
 * @throws ScheduleMismatchError if it does not fit the model, or does not fail
 */
export function minimize(machine: ControlledMachine, schedule: Uint8Array, options: MinimizeOptions = {}): Minimized {
  const { budget = 50_000 } = options;
  const chooser = scheduleChooser(schedule);
  const first = machine.execute(chooser).violation;
  if (chooser.decisions < schedule.length) {
    throw new ScheduleMismatchError(
      chooser.decisions,
      `the schedule does not fit: it has ${schedule.length} decisions, and the run ended after ${chooser.decisions}`,
    );
  }
  if (first === null) throw new ScheduleMismatchError(0, 'there is nothing to minimize: the schedule does not fail');
  const goal: Violation = first;
  let executions = 1;
  let best = evaluate(goal);

  /** The execution that the machine has just made, as a candidate. */
  function evaluate(violation: Violation): Best {
    const candidate = recordedSchedule(machine);
    const { preemptions } = countSwitches(machine);
    const deviations = candidate.filter((choice) => choice !== BY_DEFAULT).length;
    const { steps } = machine;
    return { schedule: candidate, violation, preemptions, steps, score: [preemptions, deviations, steps] };
  }

  function consider(violation: Violation | null): boolean {
    if (violation === null || !sameKind(violation, goal)) return false;
    const candidate = evaluate(violation);
    const worse = isBetter(best.score, candidate.score);
    const better = isBetter(candidate.score, best.score);
    // Of equals the first in order, so that the result does not depend on where the search began.
    if (worse || (!better && !comesBefore(candidate.schedule, best.schedule))) return false;
    best = candidate;
    return true;
  }

  dropDeviations();
  // Until a bound is reached at which something fails: with fewer nothing does.
  let fewest = false;
  for (let bound = 0; bound <= best.preemptions; bound++) {
    const covered = searchWithin(bound);
    if (!covered) break;
    if (best.preemptions === bound) {
      fewest = true;
      break;
    }
  }
  return { ...withoutScore(best), fewest, executions };

  /** Executes every schedule within a bound; false if the budget ran out. */
  function searchWithin(bound: number): boolean {
    const strategy = dfsStrategy(bound);
    while (strategy.begin()) {
      if (++executions > budget) return false;
      const execution = machine.execute(strategy);
      strategy.end(execution);
      consider(execution.violation);
    }
    return true;
  }

  /** Makes one decision after another by the default rule, and keeps what still fails. */
  function dropDeviations(): void {
    for (let improved = true; improved; ) {
      improved = false;
      for (let at = best.schedule.length - 1; at >= 0; at--) {
        if (best.schedule[at] === BY_DEFAULT || executions >= budget) continue;
        const candidate = best.schedule.slice();
        candidate[at] = BY_DEFAULT;
        executions++;
        if (consider(attempt(trimSchedule(candidate)))) {
          improved = true;
          at = Math.min(at, best.schedule.length);
        }
      }
    }
  }

  function attempt(candidate: Uint8Array): Violation | null {
    try {
      return machine.execute(scheduleChooser(candidate)).violation;
    } catch (error) {
      if (error instanceof ScheduleMismatchError) return null;
      throw error;
    }
  }
}

function withoutScore({ schedule, violation, preemptions, steps }: Best): Omit<Minimized, 'fewest' | 'executions'> {
  return { schedule, violation, preemptions, steps };
}
