/** When two executions fail in the same way. */

import type { Violation } from '../sync/gate.js';

/** Ways to fail that have no place: they are found when nobody can move, or after so many steps. */
const WITHOUT_PLACE = new Set(['deadlock', 'livelock', 'rcu-stall', 'step-limit', 'hung-task', 'lost-wakeup', 'leak']);

/** Addresses, pids and counts differ between schedules; what went wrong does not. */
function withoutNumbers(message: string): string {
  return message.replaceAll(/\d+/g, 'N');
}

/** The innermost function of the model in a stack: kernel code, a patch, or a program. */
function placeOf(stack: string): string {
  for (const line of stack.split('\n')) {
    const name = /^\s*at (\S+) .*\/(?:src\/(?:kernel|patches)|scenarios)\//.exec(line)?.[1];
    if (name !== undefined) return name.split('.').at(-1) ?? name;
  }
  return '';
}

/**
 * The way in which an execution failed, as text: equal for two that failed in the same way. It is the kind of the
 * violation, the message without its numbers, and the function that it was found in. Of a hung task it is the first
 * sentence only: what follows lists what all tasks do, which need not matter.
 */
export function failureOf({ kind, message, stack = '' }: Violation): string {
  const said = kind === 'hung-task' ? (message.split(';')[0] ?? '') : message;
  const place = WITHOUT_PLACE.has(kind) ? '' : placeOf(stack);
  return `${kind}: ${withoutNumbers(said)} ${place}`.trimEnd();
}
