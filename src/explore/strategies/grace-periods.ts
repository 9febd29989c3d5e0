/**
 * Whether what RCU callbacks freed at the end of an execution (`machine/deferred-rcu.ts`) may have been freed while
 * somebody still used it, in this execution or in one that differs from it only in the order of steps that commute.
 *
 * An object is freed a grace period after each step that queued a callback which has accessed it, and after everybody
 * who counted a reference to it down. A grace period does not end before a CPU's quiescent state that comes after its
 * start. So whoever came out of its last quiescent state before the callback was queued, in all those executions, has
 * done with the object in time; and so has whoever did so before a reference was given up that the object was freed after.
 */

import type { FreedObject } from '../../machine/deferred-rcu.js';
import type { ExecutionGraph } from './execution-graph.js';

/** Whether every access to an object is known to come before it is freed. */
export function isFreedInTime(steps: ExecutionGraph, object: FreedObject): boolean {
  const { address, words, after } = object;
  const puts = steps.stepsCountingDown(address, words);
  const inTime = (step: number, since: number): boolean => {
    if (since < 0 || after.some((queued) => steps.comesBefore(since, queued))) return true;
    return puts.some((put) => steps.comesBefore(step, put));
  };
  for (let word = 0; word < words; word++) if (!steps.everyAccess(address + word, inTime)) return false;
  return true;
}
