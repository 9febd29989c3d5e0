/**
 * The switches of a schedule: where it departs from the default rule, and what happens where it does not. A switch is
 * told by how far the CPU that it leaves has come, so that it keeps its place where another one is left out.
 */

import type { Chooser, ControlledMachine } from '../machine/controlled.js';
import { isAtRest } from '../machine/enabled.js';
import { describeOperation } from '../machine/end.js';
import { turnOf } from '../machine/schedule.js';
import type { Violation } from '../sync/gate.js';
import { scheduleChooser } from './schedule.js';
import { keepingStacks } from './stacks.js';

/** How an execution ended. */
export interface Ending {
  /** What was wrong, or null. */
  readonly violation: { readonly kind: string; readonly message: string } | null;
  /** The outcome in the model's words. */
  readonly outcome: string;
  /** Scheduling points passed. */
  readonly steps: number;
}

/** A switch, without what happens where it is not made. */
export type FoundSwitch = Omit<Switch, 'without'>;

/** A switch of a schedule, and how the execution ends without it. */
export interface Switch {
  /** The scheduling point at which it happens, from 1. */
  readonly step: number;
  /** The CPU that moved last. */
  readonly from: number;
  /** The one that moves; the clock has the number after the last CPU's. */
  readonly to: number;
  /** What reports call the two: `CPU 0`, `the clock`. */
  readonly fromName: string;
  readonly toName: string;
  /** The CPU that moved last could have gone on. Otherwise it is only a choice of who goes on. */
  readonly preemption: boolean;
  /** What the CPU that moved last was about to do: `read(task 101 sighand)`. */
  readonly before: string;
  /** The call stack of the CPU that moved last, as JavaScript prints it. */
  readonly stack: string;
  /** How the execution ends without this switch, and with the others. */
  readonly without: Ending;
}

/** A switch by the steps that the CPU it leaves has made. */
interface Place {
  readonly from: number;
  readonly moves: number;
  readonly to: number;
}

type Noted = FoundSwitch & Place;

/**
 * Explains the switches of a schedule, in order: how the execution ends without each of them.
 *
 * @param machine any machine of the model
 * @param schedule one that fits
 * @param most none are explained where there are more; no limit if not given
 * @example
 * const { schedule } = minimize(machine, found.schedule);
 * for (const { fromName, toName, without } of explainSwitches(machine, schedule)) {
 *   console.log(`${fromName} to ${toName}; without it: ${without.violation?.message ?? without.outcome}`);
 * }
 */
export function explainSwitches(
  machine: ControlledMachine,
  schedule: Uint8Array,
  most = Number.POSITIVE_INFINITY,
): readonly Switch[] {
  // What happens without a switch is not told of schedules that go on by turns, which is what matters in them.
  if (turnOf(schedule.at(-1)) > 0) return [];
  const noted = noteSwitches(machine, schedule);
  if (noted.length > most) return [];
  return noted.map(({ moves, ...at }, index) => {
    const others = noted.filter((_, other) => other !== index);
    const { violation, steps } = machine.execute(placesChooser(others, machine.cpus.length));
    const without: Ending = {
      violation: plain(violation),
      outcome: machine.model.outcome(machine.arena, violation),
      steps,
    };
    return { ...at, without };
  });
}

function plain(violation: Violation | null): Ending['violation'] {
  return violation === null ? null : { kind: violation.kind, message: violation.message };
}

function nameOf(machine: ControlledMachine, id: number): string {
  return machine.cpus[id]?.label(id) ?? 'the clock';
}

/**
 * The switches of a schedule, in order.
 *
 * @param machine any machine of the model
 * @param schedule one that fits
 * @example
 * const preemptions = findSwitches(machine, found.schedule).filter(({ preemption }) => preemption);
 * for (const { fromName, before, toName } of preemptions) {
 *   console.log(`${fromName} is about to ${before}; ${toName} goes on`);
 * }
 */
export function findSwitches(machine: ControlledMachine, schedule: Uint8Array): readonly FoundSwitch[] {
  return noteSwitches(machine, schedule).map(({ moves, ...found }) => found);
}

/** Runs a schedule and notes where it departs from the default rule. */
function noteSwitches(machine: ControlledMachine, schedule: Uint8Array): readonly Noted[] {
  const inner = scheduleChooser(schedule, true);
  const moves = new Int32Array(machine.cpus.length + 1);
  const noted: Noted[] = [];
  const chooser: Chooser = {
    everyStep: true,
    choose(movers, current) {
      const asks = movers.count > 1 || inner.everyStep === true;
      const picked = asks ? inner.choose(movers, current, machine) : movers.byDefault;
      // From there on by turns: none of that is a switch of the schedule's own.
      if (turnOf(picked) > 0) return picked;
      if (picked !== movers.byDefault) {
        const cpu = machine.cpus[current];
        const preemption = movers.byDefault === current;
        const before = cpu === undefined || isAtRest(cpu.op) ? 'idle' : describeOperation(cpu, cpu);
        const at = { from: current, to: picked, moves: moves[current] as number };
        const names = { fromName: nameOf(machine, current), toName: nameOf(machine, picked) };
        noted.push({ ...at, ...names, step: machine.steps, preemption, before, stack: cpu?.announcedAt ?? '' });
      }
      moves[picked] = (moves[picked] as number) + 1;
      return picked;
    },
  };
  // Operations are announced to whoever watches.
  keepingStacks(machine, () => machine.execute(chooser, { emit() {} }));
  return noted;
}

/** Makes switches at their places, one after the other, and everything else by the default rule. */
function placesChooser(places: readonly Place[], clock: number): Chooser {
  const moves = new Int32Array(clock + 1);
  let next = 0;
  return {
    everyStep: true,
    choose(movers, current) {
      let picked = movers.byDefault;
      if (movers.count > 1) {
        // One whose place the execution has gone past is left out.
        const at = places.findIndex(
          (place, index) =>
            index >= next && place.from === current && place.moves === moves[current] && movers.has(place.to),
        );
        if (at >= 0) {
          picked = (places[at] as Place).to;
          next = at + 1;
        }
      }
      moves[picked] = (moves[picked] as number) + 1;
      return picked;
    },
  };
}
