/** Events as text, a line each, in the columns of the kernel's ftrace: task, CPU, time, event, fields. */

import type { StoryEvent } from '../explore/replay.js';
import { EVENT_READ_UNLOCK, EVENT_UNLOCK, EVENT_WRITE_UNLOCK, OP_NAMES } from '../sync/gate.js';

const RELEASE_NAMES: Readonly<Record<number, string>> = {
  [EVENT_UNLOCK]: 'unlock',
  [EVENT_READ_UNLOCK]: 'read_unlock',
  [EVENT_WRITE_UNLOCK]: 'write_unlock',
};

/** One line. The time is the event's number, as no simulated time passes here: a microsecond each. */
export function ftraceLine(event: StoryEvent, index: number, eventName: (event: number) => string | undefined): string {
  // `task 102 (now 101)`: the kernel prints the pid that a task has at the moment.
  const [kind = '', first = '', now] = /^(\S+?)[ /](\d+)(?: \(now (\d+)\))?/.exec(event.taskName)?.slice(1) ?? [];
  const task = `${kind.slice(0, 15).padStart(16)}-${(kind === 'idle' ? '0' : (now ?? first)).padEnd(7)}`;
  const cpu = `[${String(event.cpu).padStart(3, '0')}]`;
  const time = `0.${String(index).padStart(6, '0')}`.padStart(12);
  const name = eventName(event.event) ?? OP_NAMES[event.event] ?? RELEASE_NAMES[event.event] ?? `event_${event.event}`;
  const fields = event.said ?? (event.name === '' ? '' : `${event.name} = ${event.valueName}`);
  return `${task} ${cpu} ${time}: ${name}: ${fields}`.trimEnd();
}
