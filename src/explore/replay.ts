/** Replaying a schedule on the controlled machine, with everything that happens on the way. */

import type { ControlledMachine } from '../machine/controlled.js';
import { eventAt, TraceBuffer, type TraceEvent } from '../machine/trace-buffer.js';
import { EVENT_MODEL, EVENT_UNLOCK, type TraceSink, type Violation } from '../sync/gate.js';
import { ScheduleMismatchError, scheduleChooser } from './schedule.js';

/** An event with what only the controlled machine can tell of it. */
export interface StoryEvent extends TraceEvent {
  /** Where it happened: the call stack of the simulated CPU, as JavaScript prints it. */
  readonly stack: string;
  /** The locks that the CPU held, in the order taken. */
  readonly held: readonly string[];
  /** What reports call the address, at that moment. */
  readonly name: string;
  /** What the value means, at that moment. */
  readonly valueName: string;
  /** What the model says of one of its own trace points. */
  readonly said: string | null;
  /** The model's own trace point's fields, as they were at that moment, and as a line. */
  readonly fields: Readonly<Record<string, number | string>> | null;
  readonly fieldText: string;
  /** What reports call the task, at that moment. */
  readonly taskName: string;
}

export interface Replay {
  readonly events: readonly TraceEvent[];
  readonly traceHash: string;
  readonly violation: Violation | null;
  readonly outcome: string;
  readonly steps: number;
}

/**
 * Runs a schedule.
 *
 * @throws ScheduleMismatchError if it does not fit the model
 */
export function replay(machine: ControlledMachine, schedule: Uint8Array): Replay {
  const buffer = new TraceBuffer();
  const { violation, steps } = runSchedule(machine, schedule, buffer);
  const events = Array.from({ length: buffer.count }, (_, index) => eventAt(buffer.words, index));
  return { events, traceHash: buffer.hash, violation, outcome: machine.model.outcome(machine.arena), steps };
}

/** Runs a schedule and keeps for each event its place in the source. */
export function replayWithStacks(
  machine: ControlledMachine,
  schedule: Uint8Array,
): { readonly events: readonly StoryEvent[]; readonly violation: Violation | null } {
  const events: StoryEvent[] = [];
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  machine.captureStacks = true;
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
      const taskName = machineCpu.describe(task).replace(/ \S+$/, '');
      events.push({ ...traced, stack, held, name, valueName, said, fields, fieldText, taskName });
    },
  };
  try {
    const { violation } = runSchedule(machine, schedule, sink);
    return { events, violation };
  } finally {
    Error.stackTraceLimit = limit;
    machine.captureStacks = false;
  }
}

function runSchedule(
  machine: ControlledMachine,
  schedule: Uint8Array,
  sink: TraceSink,
): { readonly violation: Violation | null; readonly steps: number } {
  const chooser = scheduleChooser(schedule);
  const { violation, steps } = machine.execute(chooser, sink);
  if (chooser.decisions < schedule.length) {
    throw new ScheduleMismatchError(
      chooser.decisions,
      `the schedule does not fit: it has ${schedule.length} decisions, and the run ended after ${chooser.decisions}`,
    );
  }
  return { violation, steps };
}
