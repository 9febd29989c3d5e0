/** Schedules as they are kept: only what differs from the default rule is named. */

import type { Chooser, ControlledMachine } from '../machine/controlled.js';
import { BY_DEFAULT } from '../machine/schedule.js';

/** A schedule does not fit the model: it was made with another, or the model has changed. */
export class ScheduleMismatchError extends Error {
  override readonly name = 'ScheduleMismatchError';
  /**
   * @param decision the number of the decision, from 1
   * @param message one sentence
   */
  constructor(
    readonly decision: number,
    message: string,
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
  return trimSchedule(schedule);
}

/** Without the decisions at the end that the default rule makes anyway. */
export function trimSchedule(schedule: Uint8Array): Uint8Array {
  let length = schedule.length;
  while (length > 0 && schedule[length - 1] === BY_DEFAULT) length--;
  return schedule.slice(0, length);
}

/** Follows a schedule to the letter, and by the default rule after its end. */
export function scheduleChooser(schedule: Uint8Array): Chooser & { readonly decisions: number } {
  let position = 0;
  return {
    get decisions() {
      return position;
    },
    choose(movers) {
      const named = schedule[position++];
      if (named === undefined || named === BY_DEFAULT) return movers.byDefault;
      if (!movers.has(named)) {
        throw new ScheduleMismatchError(
          position,
          `the schedule does not fit: decision ${position} names CPU ${named}, which cannot move there`,
        );
      }
      return named;
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
  for (let at = 0; at < machine.choices; at++) {
    const current = machine.currentAt[at] as number;
    const couldGoOn = machine.defaultAt[at] === current;
    if (!couldGoOn) forced++;
    else if (machine.picked[at] !== current) preemptions++;
  }
  return { preemptions, forced };
}
