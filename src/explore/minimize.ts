/**
 * Shrinking: from a schedule that fails to the simplest that fails in the same way. The simplest has the fewest
 * preemptions, then the fewest steps, then the fewest deviations from the default rule, and is then the earliest: at the
 * first decision in which two differ, the earlier one deviates and the other does not, or it deviates to the CPU with
 * the lower number. So there is only one, and it does not depend on the schedule that one starts from.
 *
 * First one deviation after another is dropped as long as that leaves a failure. Then everything with 0, 1, 2, …
 * preemptions is searched.
 *
 * A livelock is a way to a state and a cycle of states. It is found by turns, perhaps only where an execution has come to the limit
 * of steps, and then most of its way is already the cycle: so first the way is cut where turns can begin. The search is left
 * out, as it knows only executions that end.
 */

import { type Chooser, ControlledMachine } from '../machine/controlled.js';
import { BY_DEFAULT, turnOf } from '../machine/schedule.js';
import type { Violation } from '../sync/gate.js';
import { BoundedSearch } from './bounded-search.js';
import { diagnose } from './diagnosis/diagnose.js';
import { failureOf } from './failure.js';
import {
  byTurnsAfter,
  countSwitches,
  recordedSchedule,
  ScheduleMismatchError,
  scheduleChooser,
  trimSchedule,
} from './schedule.js';
import { fairStrategy } from './strategies/fair.js';
import { explainSwitches, type Switch } from './switches.js';

/** A schedule made as simple as was found, and what it shows. */
export interface Minimized {
  readonly schedule: Uint8Array;
  readonly violation: Violation;
  /** Switches away from a CPU that could go on. */
  readonly preemptions: number;
  /** Scheduling points. */
  readonly steps: number;
  /** True if the search came to its end: no schedule is simpler, and with fewer preemptions none fails so. */
  readonly fewest: boolean;
  /** Executions that the search took. */
  readonly executions: number;
  /** Where the schedule departs from the default rule, and what happens where it does not. */
  readonly switches: readonly Switch[];
}

/** How much may be tried to make a schedule simpler. */
export interface MinimizeOptions {
  /** Executions at most; 50,000 if not given. */
  readonly budget?: number;
}

/** Of schedules that go on by turns: decisions by the default rule that are tried before that, and tries at random. */
const MAX_PREFIX = 64;
const FAIR_TRIES = 200;
/** Steps after which an execution by turns is given up at first, and then so many times as many as those of the best. */
const FIRST_STEPS = 2_000;
const SLACK = 4;
/** Steps of all executions by turns, or to the limit of steps, together, so that the result comes in seconds where each takes long. */
const LONG_STEPS = 4_000_000;

/** A failing schedule, and what it is judged by. */
interface Candidate {
  readonly schedule: Uint8Array;
  readonly violation: Violation;
  readonly preemptions: number;
  readonly steps: number;
  readonly deviations: number;
}

/** Whether a candidate is simpler than another. */
function isSimpler(a: Candidate, b: Candidate): boolean {
  if (a.preemptions !== b.preemptions) return a.preemptions < b.preemptions;
  if (a.steps !== b.steps) return a.steps < b.steps;
  if (a.deviations !== b.deviations) return a.deviations < b.deviations;
  return comesBefore(a.schedule, b.schedule);
}

function comesBefore(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? BY_DEFAULT) - (b[at] ?? BY_DEFAULT);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** The execution that a machine has just made, as a candidate. */
function candidateOf(machine: ControlledMachine, violation: Violation): Candidate {
  const schedule = recordedSchedule(machine);
  const { preemptions } = countSwitches(machine);
  const deviations = schedule.filter((choice) => choice !== BY_DEFAULT).length;
  return { schedule, violation, preemptions, steps: machine.steps, deviations };
}

/** The search for the simplest schedule that fails in one way. */
class Shrinking {
  executions = 1;
  best: Candidate;
  /** How it fails by what its end shows, and by what a closer look shows. */
  private readonly seen: string;
  private readonly goal: string;
  /** Steps after which an execution is given up; only of schedules that go on by turns. */
  private stepLimit = Number.POSITIVE_INFINITY;
  private longSteps = 0;

  constructor(
    private readonly machine: ControlledMachine,
    violation: Violation,
    private readonly budget: number,
  ) {
    const diagnosed = diagnose(machine, violation);
    this.seen = failureOf(violation);
    this.goal = failureOf(diagnosed);
    this.best = candidateOf(machine, diagnosed);
  }

  /** Takes what a machine has just executed for the best if it is. */
  private consider(machine: ControlledMachine, violation: Violation | null): boolean {
    if (violation === null || failureOf(violation) !== this.seen) return false;
    const candidate = candidateOf(machine, violation);
    if (!isSimpler(candidate, this.best)) return false;
    const diagnosed = diagnose(machine, violation);
    if (failureOf(diagnosed) !== this.goal) return false;
    this.best = { ...candidate, violation: diagnosed };
    return true;
  }

  /** Makes one decision after another by the default rule, and keeps what still fails. */
  dropDeviations(): void {
    for (let improved = true; improved; ) {
      improved = false;
      for (let at = this.best.schedule.length - 1; at >= 0; at--) {
        if (this.best.schedule[at] === BY_DEFAULT || this.executions >= this.budget) continue;
        const changed = this.best.schedule.slice();
        changed[at] = BY_DEFAULT;
        this.executions++;
        if (this.attempt(trimSchedule(changed))) {
          improved = true;
          at = Math.min(at, this.best.schedule.length);
        }
      }
    }
  }

  private attempt(schedule: Uint8Array): boolean {
    try {
      return this.execute(scheduleChooser(schedule));
    } catch (error) {
      if (error instanceof ScheduleMismatchError) return false;
      throw error;
    }
  }

  /** Makes an execution, and takes it for the best if it is. */
  private execute(chooser: Chooser): boolean {
    const { machine, stepLimit } = this;
    if (this.longSteps > LONG_STEPS) return false;
    if (stepLimit === Number.POSITIVE_INFINITY) {
      const { violation } = machine.execute(chooser);
      if (this.best.violation.kind === 'step-limit') this.longSteps += machine.steps;
      return this.consider(machine, violation);
    }
    const { violation } = machine.execute({
      everyStep: true,
      choose(movers, current) {
        if (machine.steps > stepLimit) return -1;
        const asks = movers.count > 1 || chooser.everyStep === true;
        return asks ? chooser.choose(movers, current, machine) : movers.byDefault;
      },
    });
    this.longSteps += machine.steps;
    return this.consider(machine, violation);
  }

  /** Of a schedule that goes on by turns: begins with that where it leaves the failure, as early as halving the way shows. */
  cutWay(): void {
    const way = this.best.schedule;
    const turn = way.at(-1) as number;
    if (turnOf(turn) === 0) return;
    const fails = (length: number): boolean => {
      this.executions++;
      return this.attempt(byTurnsAfter(way.subarray(0, length), turn));
    };
    for (let limit = FIRST_STEPS; limit < this.best.steps; limit *= SLACK) {
      this.stepLimit = limit;
      const most = Math.min(way.length - 1, limit);
      let ends = -1;
      let length = 0;
      while (length < most && !fails(length)) {
        ends = length;
        length = Math.min(most, 2 * length + 1);
      }
      if (length >= most) continue;
      while (length - ends > 1) {
        const middle = (ends + length) >> 1;
        if (fails(middle)) length = middle;
        else ends = middle;
      }
      break;
    }
    this.stepLimit = SLACK * this.best.steps;
  }

  /**
   * Of a schedule that goes on by turns: tries to begin with that at once, after one decision by the default rule, after two,
   * and so on, and then after a few at random. True if no switch is left before it.
   */
  private shortenPrefix(): boolean {
    const turn = this.best.schedule.at(-1) as number;
    for (let length = 0; length < Math.min(this.best.schedule.length, MAX_PREFIX); length++) {
      this.executions++;
      const schedule = new Uint8Array(length + 1).fill(BY_DEFAULT);
      schedule[length] = turn;
      if (this.attempt(schedule)) break;
    }
    const fair = fairStrategy();
    for (let tries = 0; tries < FAIR_TRIES && this.executions < this.budget; tries++) {
      fair.begin();
      this.executions++;
      this.execute(fair);
    }
    return this.best.preemptions === 0;
  }

  /** Searches with 0, 1, 2, … preemptions until something fails. True if all of that space was covered. */
  search(): boolean {
    if (turnOf(this.best.schedule.at(-1)) > 0) return this.shortenPrefix();
    // What goes on to the limit of steps has no end that a search could come to.
    if (this.best.violation.kind === 'step-limit') return false;
    const { model, checkers } = this.machine;
    const machine = new ControlledMachine(model, { checked: checkers, footprints: true });
    // A schedule is to mean here what it means where it is replayed: what a grace period frees is freed when it ends.
    machine.deferred.on = false;
    for (let bound = 0; bound <= this.best.preemptions; bound++) {
      if (!this.searchWithin(machine, bound)) return false;
    }
    return true;
  }

  private searchWithin(machine: ControlledMachine, bound: number): boolean {
    // Whether two accesses race depends on what has ordered them, which a state does not tell.
    const search = new BoundedSearch(machine, bound, this.best.violation.kind !== 'data-race');
    while (search.begin()) {
      if (++this.executions > this.budget) return false;
      // With as many preemptions as the best, what takes more steps is not simpler.
      search.stepLimit = this.best.preemptions <= bound ? this.best.steps : Number.POSITIVE_INFINITY;
      this.consider(machine, machine.execute(search).violation);
    }
    return true;
  }
}

/**
 * Shrinks a schedule.
 *
 * @param schedule one that ends in a violation
 * @throws ScheduleMismatchError if it does not fit the model, or does not fail
 * @example
 * const { schedule, switches, fewest } = minimize(machine, found.schedule);
 * for (const { from, to, without } of switches) console.log(`CPU ${from} to ${to}; without: ${without.outcome}`);
 */
export function minimize(machine: ControlledMachine, schedule: Uint8Array, options: MinimizeOptions = {}): Minimized {
  const { budget = 50_000 } = options;
  const chooser = scheduleChooser(schedule);
  const first = machine.execute(chooser).violation;
  chooser.assertEnded(machine, first);
  if (first === null) throw new ScheduleMismatchError(0, 'there is nothing to minimize: the schedule does not fail');
  const shrinking = new Shrinking(machine, first, budget);
  shrinking.cutWay();
  shrinking.dropDeviations();
  const fewest = shrinking.search();
  const { executions, best } = shrinking;
  return {
    schedule: best.schedule,
    violation: best.violation,
    preemptions: best.preemptions,
    steps: best.steps,
    fewest,
    executions,
    switches: explainSwitches(machine, best.schedule),
  };
}
