/** Events as text, a line each, in the columns of the kernel's ftrace: task, CPU, time, event, fields. */

import type { StoryEvent } from '../explore/replay.js';
import { OP_NAMES } from '../sync/gate.js';

/** One line. The time is the event's number, as no simulated time passes here: a microsecond each. */
export function ftraceLine(event: StoryEvent, index: number, eventName: (event: number) => string | undefined): string {
  const task = event.taskName.replace(' ', '-').padStart(16);
  const cpu = `[${String(event.cpu).padStart(3, '0')}]`;
  const time = `0.${String(index).padStart(6, '0')}`.padStart(12);
  const name = eventName(event.event) ?? OP_NAMES[event.event] ?? `event_${event.event}`;
  const fields = event.said ?? (event.name === '' ? '' : `${event.name} = ${event.valueName}`);
  return `${task} ${cpu} ${time}: ${name}: ${fields}`.trimEnd();
}
