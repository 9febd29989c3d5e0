/** Events as text, a line each, in the columns of the kernel's ftrace: task, CPU, time, event, fields. */

import type { StoryEvent } from '../explore/replay.js';
import {
  EVENT_CONTENDED,
  EVENT_MODEL,
  EVENT_READ_UNLOCK,
  EVENT_UNLOCK,
  EVENT_WRITE_UNLOCK,
  OP_LOCK,
  OP_NAMES,
  OP_READ_LOCK,
  OP_WRITE_LOCK,
} from '../sync/gate.js';

/** `lock:…` of the kernel. What it calls `lock_acquire`, the attempt, is not an event here: one that waits is `lock_contended`. */
const LOCK_EVENTS: Readonly<Record<number, string>> = {
  [OP_LOCK]: 'lock_acquired',
  [OP_READ_LOCK]: 'lock_acquired',
  [OP_WRITE_LOCK]: 'lock_acquired',
  [EVENT_CONTENDED]: 'lock_contended',
  [EVENT_UNLOCK]: 'lock_release',
  [EVENT_READ_UNLOCK]: 'lock_release',
  [EVENT_WRITE_UNLOCK]: 'lock_release',
};

/** What stands behind an event's name. */
function fieldsOf(event: StoryEvent): string {
  if (event.fields !== null) return event.fieldText;
  // The kernel prints the lock's address, and what lockdep calls its class; this is the one lock itself.
  if (LOCK_EVENTS[event.event] !== undefined) return `0x${event.address.toString(16)} ${event.name}`;
  const said = event.event < EVENT_MODEL ? null : event.said;
  return said ?? (event.name === '' ? '' : `${event.name} = ${event.valueName}`);
}

/** One line. The time is the event's number, as no simulated time passes here: a microsecond each. */
export function ftraceLine(event: StoryEvent, index: number, eventNames: Readonly<Record<number, string>>): string {
  const task = taskColumn(event);
  const cpu = `[${String(event.cpu).padStart(3, '0')}]`;
  const time = `0.${String(index).padStart(6, '0')}`.padStart(12);
  const name = eventNames[event.event] ?? LOCK_EVENTS[event.event] ?? OP_NAMES[event.event] ?? `event_${event.event}`;
  const fields = fieldsOf(event);
  return `${task} ${cpu} ${time}: ${name}: ${fields}`.trimEnd();
}

/** The name and the number of who does it: a task's, as it is at the moment, or those of a model's thread. */
function taskColumn({ task, taskName, cpu }: StoryEvent): string {
  if (task === 0) return columnsOf(taskName.replace(/^thread /, ''), String(cpu));
  // `task 102 (now 101)`: the kernel prints the pid that a task has at the moment.
  const [kind = '', first = '', now] = /^(\S+?)[ /](\d+)(?: \(now (\d+)\))?/.exec(taskName)?.slice(1) ?? [];
  return columnsOf(kind, kind === 'idle' ? '0' : (now ?? first));
}

function columnsOf(name: string, number: string): string {
  return `${name.slice(0, 15).padStart(16)}-${number.padEnd(7)}`;
}
