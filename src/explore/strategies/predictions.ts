/**
 * What a step accesses where it is made after other steps than in the execution at hand. With other values it may do
 * anything else: what it does with those that it will find there is looked up among what was seen of threads that had seen the
 * same, and where nothing is known it is tried.
 */

import { ACCESS_WORDS } from '../../machine/access-log.js';
import type { Chooser, ControlledMachine } from '../../machine/controlled.js';
import { NondeterminismError } from './dfs.js';
import type { ExecutionGraph } from './execution-graph.js';
import { type Footprint, firstDifference, footprintOf, whatWouldBeSeen } from './footprint.js';

/** Footprints that are kept at most. */
const KEPT = 1 << 18;

/** A footprint of a thread that had seen something. */
interface Known {
  readonly footprint: Footprint;
  /** Of those that begin like it: the access before which they do, and what it sees in them. */
  readonly others: { readonly at: number; readonly sees: number; readonly known: Known }[];
}

export class Predictions {
  /** How often a beginning of an execution was made for nothing else than to see what a step does. */
  tried = 0;
  /** By all that a thread has seen. */
  private readonly known = new Map<number, Known>();
  private kept = 0;
  /** Whether the grace periods of RCU are not in the footprints. */
  private deferring = false;

  /**
   * What a thread's next step accesses after all steps of an execution but one and those that happen after it.
   *
   * @param step the thread's step in the execution, or a later one of it before which it has made none; −1 if it makes none any more
   * @param without the number of the other step
   * @param end the step up to which the execution is looked at
   */
  footprintOf(
    steps: ExecutionGraph,
    machine: ControlledMachine,
    who: number,
    step: number,
    without: number,
    end: number,
  ): Footprint {
    const valueAt = (address: number): number => steps.valueWithout(address, without, end);
    if (step >= 0 && step < end && firstDifference(steps.footprint(step), 0, valueAt) < 0) return steps.footprint(step);
    if (machine.deferred.on !== this.deferring || this.kept >= KEPT) {
      this.known.clear();
      this.kept = 0;
      this.deferring = machine.deferred.on;
    }
    const history = steps.history(who, step);
    let known = this.known.get(history);
    let at = 0;
    let sees = 0;
    for (let next = known; next !== undefined; at += ACCESS_WORDS) {
      known = next;
      at = firstDifference(known.footprint, at, valueAt);
      if (at < 0) return known.footprint;
      sees = whatWouldBeSeen(known.footprint, at, valueAt);
      next = known.others.find((other) => other.at === at && other.sees === sees)?.known;
      if (next === undefined) break;
    }
    const schedule: number[] = [];
    for (let one = 0; one < end; one++) {
      if (one < without || !steps.happensBefore(without, one)) schedule.push(steps.who[one] as number);
    }
    const made = lastFootprint(machine, [...schedule, who]);
    if (firstDifference(made.footprint, 0, valueAt) >= 0) {
      throw new NondeterminismError(`CPU ${who}, after ${schedule.length} steps, does not find what others have left`);
    }
    this.tried++;
    if (made.whole) {
      this.kept++;
      const found: Known = { footprint: made.footprint, others: [] };
      if (known === undefined) this.known.set(history, found);
      else known.others.push({ at, sees, known: found });
    }
    return made.footprint;
  }
}

/**
 * Makes the beginning of an execution, and tells what its last step accesses.
 *
 * @throws NondeterminismError if it cannot be made
 */
function lastFootprint(
  machine: ControlledMachine,
  schedule: readonly number[],
): { readonly footprint: Footprint; readonly whole: boolean } {
  let made = 0;
  let possible = true;
  const chooser: Chooser = {
    everyStep: true,
    choose(movers, _current, { accesses }) {
      const who = schedule[made];
      if (who === undefined) return -1;
      possible = movers.has(who);
      if (!possible) return -1;
      made++;
      accesses.clear();
      accesses.recording = made === schedule.length;
      return who;
    },
  };
  // It is no longer than an execution that was made, and not stopped as one may be. Nor does a data race end the step in its
  // middle: whether there is one depends on more than what the thread has seen.
  const { stopFlag, races } = machine;
  const atOnce = races?.atOnce === true;
  machine.stopFlag = null;
  if (races !== null) races.atOnce = false;
  const { violation } = machine.execute(chooser);
  machine.stopFlag = stopFlag;
  if (races !== null) races.atOnce = atOnce;
  if (!possible || made < schedule.length) {
    throw new NondeterminismError(
      `step ${made + 1} of ${schedule.length} that commute with what they are made without is not possible`,
    );
  }
  return { footprint: footprintOf(machine.accesses), whole: violation === null || machine.ended };
}
