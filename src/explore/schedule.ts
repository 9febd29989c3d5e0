/** Schedules as they are kept: only what differs from the default rule is named. */

import type { Chooser, ControlledMachine } from '../machine/controlled.js';
import { isAtRest } from '../machine/enabled.js';
import { describeOperation } from '../machine/end.js';
import { BY_DEFAULT, inTurn, turnOf } from '../machine/schedule.js';
import type { Violation } from '../sync/gate.js';

/**
 * A schedule does not fit: it names a CPU that cannot move, or goes on after the end.
 *
 * @example
 * try {
 *   replay(machine, new Uint8Array(9).fill(2));
 * } catch (error) {
 *   if (error instanceof ScheduleMismatchError) console.log(error.message); // the schedule does not fit: decision 9, …
 * }
 */
export class ScheduleMismatchError extends Error {
  override readonly name = 'ScheduleMismatchError';
  /**
   * @param decision the number of the decision, from 1
   * @param message one sentence
   * @param step scheduling points passed up to there
   */
  constructor(
    readonly decision: number,
    message: string,
    readonly step = 0,
  ) {
    super(message);
  }
}

/** The schedule of the execution that a machine has just made. */
export function recordedSchedule(machine: ControlledMachine): Uint8Array {
  const schedule = new Uint8Array(machine.choices);
  for (let at = 0; at < schedule.length; at++) {
    const picked = machine.picked[at] as number;
    schedule[at] = picked === machine.defaultAt[at] ? BY_DEFAULT : picked;
  }
  if (machine.inTurnFrom < 0) return trimSchedule(schedule);
  // That it does not end by itself is what it shows: the machine goes on by turns at its limit of steps.
  if (machine.endsUncovered) return trimSchedule(schedule.subarray(0, machine.inTurnFrom));
  // Also where nobody had a choice any more: what spins alone is found out by turns.
  return byTurnsAfter(schedule.subarray(0, machine.inTurnFrom), inTurn(machine.turn));
}

/** A schedule that goes on by turns after some decisions. @param turn `inTurn(…)` */
export function byTurnsAfter(decisions: Uint8Array, turn: number): Uint8Array {
  const schedule = new Uint8Array(decisions.length + 1);
  schedule.set(decisions);
  schedule[decisions.length] = turn;
  return schedule;
}

/** Without the decisions at the end that the default rule makes anyway. */
export function trimSchedule(schedule: Uint8Array): Uint8Array {
  let length = schedule.length;
  while (length > 0 && schedule[length - 1] === BY_DEFAULT) length--;
  return schedule.slice(0, length);
}

/** A decision of a schedule that could not be followed. */
export interface Departure {
  /** The number of the decision, from 1. */
  readonly decision: number;
  /** Scheduling points passed, this one included. */
  readonly step: number;
  /** What was expected, and why it is not so: a sentence without a full stop. */
  readonly reason: string;
}

/** Makes the decisions of a schedule. */
export interface ScheduleChooser extends Chooser {
  /** Decisions made. */
  readonly decisions: number;
  /** Where the schedule could not be followed. */
  readonly departures: readonly Departure[];
  /**
   * Called when the execution has ended.
   *
   * @param machine as it has left it
   * @param violation how it ended
   * @throws ScheduleMismatchError if the schedule has decisions left, unless it may be departed from
   */
  assertEnded(machine: ControlledMachine, violation: Violation | null): void;
}

/** Why one that a schedule names cannot move. */
function whyNot(named: number, machine: ControlledMachine): string {
  const { cpus } = machine;
  if (named === cpus.length) return 'expects that time passes, and no timer is armed there';
  const cpu = cpus[named];
  if (cpu === undefined) return `names CPU ${named}, and the machine has ${cpus.length}`;
  return `names ${cpu.label(named)}, which cannot move there: ${standsText(cpu)}`;
}

function standsText(cpu: ControlledMachine['cpus'][number]): string {
  return isAtRest(cpu.op) ? 'it has nothing to do' : `it waits at ${describeOperation(cpu, cpu)}`;
}

/**
 * Why a decision that a schedule names is not come to: the execution has ended before it.
 *
 * @param named who is to move there
 * @param made decisions that were made
 */
function whyOver(named: number, made: number, machine: ControlledMachine, violation: Violation | null): string {
  const cpu = machine.cpus[named];
  const who =
    named === machine.cpus.length ? 'expects that time passes' : `names ${cpu?.label(named) ?? `CPU ${named}`}`;
  const over = `${who}, and the run is over there, after ${made} decision${made === 1 ? '' : 's'}`;
  if (violation !== null) return `${over}, with ${violation.kind}: ${violation.message}`;
  return cpu === undefined ? over : `${over}: ${standsText(cpu)}`;
}

/**
 * Follows a schedule, and by the default rule after its end.
 *
 * @param schedule the decisions
 * @param loose where the schedule names a CPU that cannot move, makes that decision by the default rule, notes it, and
 *   goes on with the next; otherwise it throws a `ScheduleMismatchError`
 */
export function scheduleChooser(schedule: Uint8Array, loose = false): ScheduleChooser {
  let position = 0;
  let steps = 0;
  const last = schedule.at(-1);
  const isInTurn = turnOf(last) > 0;
  const departures: Departure[] = [];
  const depart = (departure: Departure): void => {
    const { decision, step, reason } = departure;
    if (!loose) {
      const place = `decision ${decision}, at step ${step},`;
      throw new ScheduleMismatchError(decision, `the schedule does not fit: ${place} ${reason}`, step);
    }
    departures.push(departure);
  };
  return {
    departures,
    // Turns begin where its last decision is made, even if nobody has a choice there.
    everyStep: isInTurn,
    // One that says nothing of turns is to end without them.
    ...(isInTurn ? {} : { bound: null }),
    get decisions() {
      return position;
    },
    choose(movers, _, machine) {
      ({ steps } = machine);
      if (isInTurn && position >= schedule.length - 1) {
        position = schedule.length;
        return last as number;
      }
      if (movers.count === 1) return movers.byDefault;
      const named = schedule[position++];
      if (named === undefined || named === BY_DEFAULT) return movers.byDefault;
      if (movers.has(named)) return named;
      depart({ decision: position, step: steps, reason: whyNot(named, machine) });
      return movers.byDefault;
    },
    assertEnded(machine, violation) {
      // Where the machine goes on by turns by itself, at its limit of steps, it does not ask whether it is to.
      const end = schedule.length - Number(isInTurn);
      if (position >= end) return;
      let at = position;
      while (at < end - 1 && schedule[at] === BY_DEFAULT) at++;
      const reason = whyOver(schedule[at] as number, position, machine, violation);
      depart({ decision: at + 1, step: machine.steps, reason });
    },
  };
}

/** How an execution moved between CPUs. */
export interface Switches {
  /** Switches away from a CPU that could go on. */
  readonly preemptions: number;
  /** Decisions in which the CPU that moved last could not go on. */
  readonly forced: number;
}

/** Counts the switches of the execution that a machine has just made. */
export function countSwitches(machine: ControlledMachine): Switches {
  let preemptions = 0;
  let forced = 0;
  // By turns nobody is told to move.
  const end = machine.inTurnFrom < 0 ? machine.choices : machine.inTurnFrom;
  for (let at = 0; at < end; at++) {
    const current = machine.currentAt[at] as number;
    const couldGoOn = machine.defaultAt[at] === current;
    if (!couldGoOn) forced++;
    else if (machine.picked[at] !== current) preemptions++;
  }
  return { preemptions, forced };
}
