/** The story of an execution: a row for each step that matters, told in words. */

import type { StoryEvent } from '../explore/replay.js';
import {
  EVENT_CONTENDED,
  EVENT_MODEL,
  OP_ADD,
  OP_AWAIT,
  OP_CMPXCHG,
  OP_IDLE,
  OP_LOCK,
  OP_READ,
  OP_READ_LOCK,
  OP_SCHEDULE,
  OP_SYSCALL_ENTRY,
  OP_SYSCALL_EXIT,
  OP_WRITE,
  OP_WRITE_LOCK,
  OP_XCHG,
} from '../sync/gate.js';
import { type Frame, simulatedFrames } from './stack.js';

export interface StoryRow {
  /** Scheduling points passed before and including this one; the trace points after it have the same. */
  readonly step: number;
  readonly cpu: number;
  readonly task: string;
  /** The innermost function and its place in the source. */
  readonly frame: Frame | null;
  /** The nearest function around it that the scenario says to watch, where that has gone on since the row before. */
  readonly watched: Frame | null;
  readonly stack: readonly Frame[];
  /** What it does, with the value read or written. */
  readonly what: string;
  readonly held: readonly string[];
  /** The CPU is another than in the row before. */
  readonly switched: boolean;
}

export interface StoryOptions {
  /** The name of a system call by its number. */
  readonly syscallName: (nr: number) => string;
  /** The functions to watch. */
  readonly watch: readonly string[];
  /** Leaves nothing out. */
  readonly all?: boolean;
}

/** What an operation does, in words; null for one that only machinery cares for. */
function tell(event: StoryEvent, { syscallName }: StoryOptions): string | null {
  const { name, valueName, said } = event;
  if (said !== null) return said;
  switch (event.event) {
    case OP_READ:
      return `reads ${name}: ${valueName}`;
    case OP_WRITE:
      return `writes ${name} = ${valueName}`;
    case OP_XCHG:
      return `exchanges ${name}: was ${valueName}`;
    case OP_CMPXCHG:
      return `compares and exchanges ${name}: was ${valueName}`;
    case OP_ADD:
      return `adds to ${name}: now ${valueName}`;
    case OP_AWAIT:
      return `waited for ${name}`;
    case OP_LOCK:
      return `takes ${name}`;
    case OP_READ_LOCK:
      return `takes ${name} for reading`;
    case OP_WRITE_LOCK:
      return `takes ${name} for writing`;
    case OP_SCHEDULE:
      return 'gives up its CPU';
    case OP_SYSCALL_ENTRY:
      return `calls ${syscallName(event.a)}`;
    case OP_SYSCALL_EXIT:
      return valueName === 'nothing to do' ? 'back to user mode' : `on the way to user mode: ${valueName}`;
    case OP_IDLE:
      return 'is interrupted';
    case EVENT_CONTENDED:
      return `waits for ${name}`;
    default:
      return null;
  }
}

/** Whether an operation is bookkeeping of the machine that no reader of a race needs. */
function isBackground(event: StoryEvent): boolean {
  return event.event === OP_IDLE || (event.event < EVENT_MODEL && event.taskName.startsWith('idle'));
}

/** Kernel code, a patch, a scenario, or a file of the user's, which has no folder. */
function isShown(file: string): boolean {
  return !file.includes('/') || /^(?:scenarios|src\/kernel|src\/patches)\//.test(file);
}

/** Where an event is shown: kernel code, or the program, but not the trace point itself. */
function placeOf(stack: readonly Frame[]): Frame | null {
  const shown = stack.find(({ file }) => isShown(file) && !/kernel\/trace\./.test(file));
  return shown ?? null;
}

/** Tells an execution. */
export function tellStory(events: readonly StoryEvent[], options: StoryOptions): readonly StoryRow[] {
  const rows: StoryRow[] = [];
  let last = -1;
  /** By CPU: where the watched function stood in its last row. */
  const stood = new Map<number, string>();
  for (const event of events) {
    if (options.all !== true && isBackground(event)) continue;
    const what = tell(event, options);
    if (what === null) continue;
    const stack = simulatedFrames(event.stack);
    const frame = placeOf(stack);
    const around = stack.slice(frame === null ? 0 : stack.indexOf(frame) + 1);
    const watched = options.watch.includes(frame?.function ?? '')
      ? null
      : (around.find((candidate) => options.watch.includes(candidate.function)) ?? null);
    const stands = watched === null ? '' : `${watched.function}:${watched.line}`;
    const moved = stood.get(event.cpu) !== stands;
    stood.set(event.cpu, stands);
    rows.push({
      step: event.step,
      cpu: event.cpu,
      task: event.taskName,
      frame,
      watched: moved ? watched : null,
      stack,
      what,
      held: event.held,
      switched: event.cpu !== last,
    });
    last = event.cpu;
  }
  return rows;
}
