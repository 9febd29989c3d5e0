/** Replaying a schedule on the controlled machine, with everything that happens on the way. */

import type { ControlledMachine } from '../machine/controlled.js';
import { eventAt, TraceBuffer, type TraceEvent } from '../machine/trace-buffer.js';
import type { Cpu } from '../sync/cpu.js';
import { EVENT_MODEL, EVENT_UNLOCK, type TraceSink, type Violation } from '../sync/gate.js';
import { diagnose } from './diagnosis/diagnose.js';
import { type Departure, scheduleChooser } from './schedule.js';
import { keepingStacks } from './stacks.js';

/** An event with what only the controlled machine can tell of it. */
export interface StoryEvent extends TraceEvent {
  /** Scheduling points passed, the one that it belongs to included. */
  readonly step: number;
  /** Where it happened: the call stack of the simulated CPU, as JavaScript prints it. */
  readonly stack: string;
  /** The locks that the CPU held, in the order taken. */
  readonly held: readonly string[];
  /** What reports call the address, at that moment. */
  readonly name: string;
  /** What the value means, at that moment. */
  readonly valueName: string;
  /** What the model says of it. */
  readonly said: string | null;
  /** The model's own trace point's fields, as they were at that moment, and as a line. */
  readonly fields: Readonly<Record<string, number | string>> | null;
  readonly fieldText: string;
  /** What reports call the task, at that moment. */
  readonly taskName: string;
  /** The event in plain words; null for one that a plain account leaves out. */
  readonly told: { readonly who: string; readonly what: string } | null;
}

/** What a schedule came to. */
export interface Replay {
  readonly events: readonly TraceEvent[];
  readonly traceHash: string;
  readonly violation: Violation | null;
  readonly outcome: string;
  readonly steps: number;
  /** Where the schedule could not be followed; none unless that was allowed. */
  readonly departures: readonly Departure[];
}

/** How a schedule is followed. */
export interface ReplayOptions {
  /** Follows a schedule that does not fit as far as it can. */
  readonly loose?: boolean;
}

/**
 * Runs a schedule.
 *
 * @param machine any machine of the model
 * @param schedule who moves at each decision; the default rule makes those that it does not cover
 * @throws ScheduleMismatchError if it does not fit the model, unless `loose`
 * @example
 * const { violation, departures } = replay(machine, decodeToken(token).schedule, { loose: true });
 */
export function replay(
  machine: ControlledMachine,
  schedule: Uint8Array,
  { loose = false }: ReplayOptions = {},
): Replay {
  const buffer = new TraceBuffer();
  const { violation, steps, departures } = runSchedule(machine, schedule, buffer, loose);
  const events = Array.from({ length: buffer.count }, (_, index) => eventAt(buffer.words, index));
  const outcome = machine.model.outcome(machine.arena, violation);
  return { events, traceHash: buffer.hash, violation, outcome, steps, departures };
}

/** What reports call a task; in a model whose threads are its CPUs, the thread. */
export function nameOfTask(cpu: Cpu, task: number): string {
  return task === 0 ? cpu.label(cpu.id) : cpu.describe(task).replace(/ \S+$/, '');
}

/**
 * Runs a schedule and keeps for each event its place in the source, and what it is in words.
 *
 * @throws ScheduleMismatchError if it does not fit the model, unless `loose`
 * @example
 * const { events, violation } = replayWithStacks(machine, found.schedule);
 * for (const { told } of events) if (told !== null) console.log(`${told.who} ${told.what}`);
 * console.log(violation?.message);
 */
export function replayWithStacks(
  machine: ControlledMachine,
  schedule: Uint8Array,
  { loose = false }: ReplayOptions = {},
): { readonly events: readonly StoryEvent[]; readonly violation: Violation | null } {
  const events: StoryEvent[] = [];
  const sink: TraceSink = {
    emit(cpu, task, event, address, value, a, b) {
      const machineCpu = machine.cpus[cpu];
      if (machineCpu === undefined) return;
      // An operation is performed when the machine comes back to it; it was announced where the code stands.
      const stack = event < EVENT_UNLOCK ? machineCpu.announcedAt : (new Error().stack ?? '');
      const held = machineCpu.held.map((lock) => machineCpu.describe(lock));
      const name = address === 0 ? '' : machineCpu.describe(address);
      const { model } = machine;
      const traced = { cpu, task, event, address, value, a, b };
      const said = model.describeEvent?.(machineCpu, traced) ?? null;
      const fields = event < EVENT_MODEL ? null : (model.traceFields?.(machineCpu, traced) ?? null);
      const fieldText = fields === null ? '' : (model.traceText?.(event, fields) ?? '');
      const valueName = address === 0 ? '' : (model.describeValue?.(machineCpu, address, value) ?? String(value));
      const taskName = nameOfTask(machineCpu, task);
      const told = model.narrate?.(machineCpu, traced) ?? null;
      events.push({
        ...traced,
        step: machine.steps,
        told,
        stack,
        held,
        name,
        valueName,
        said,
        fields,
        fieldText,
        taskName,
      });
    },
  };
  const violation = runToReport(machine, loose, (loosely) => {
    events.length = 0;
    return runSchedule(machine, schedule, sink, loosely).violation;
  });
  return { events, violation };
}

/** What `replayWithStacks` finds, without its events: the machine is left as a report needs it. */
export function replayToReport(machine: ControlledMachine, schedule: Uint8Array): Violation | null {
  const sink: TraceSink = { emit() {} };
  return runToReport(machine, false, (loosely) => runSchedule(machine, schedule, sink, loosely).violation);
}

function runToReport(
  machine: ControlledMachine,
  loose: boolean,
  run: (loosely: boolean) => Violation | null,
): Violation | null {
  const violation = keepingStacks(machine, () => run(loose));
  const { races } = machine;
  if (violation?.kind !== 'data-race' || races === null || races.atOnce) return violation;
  // Nothing has come of the race: what there is to see is where it is.
  races.atOnce = true;
  try {
    // The schedule goes on beyond it.
    return keepingStacks(machine, () => run(true));
  } finally {
    races.atOnce = false;
  }
}

function runSchedule(
  machine: ControlledMachine,
  schedule: Uint8Array,
  sink: TraceSink,
  loose: boolean,
): { readonly violation: Violation | null; readonly steps: number; readonly departures: readonly Departure[] } {
  const chooser = scheduleChooser(schedule, loose);
  const { violation, steps } = machine.execute(chooser, sink);
  chooser.assertEnded(machine, violation);
  return { violation: diagnose(machine, violation), steps, departures: chooser.departures };
}
