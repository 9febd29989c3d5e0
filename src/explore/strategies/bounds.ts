/** What a decision costs, for searches that go no further than a bound. */

import type { Movers } from '../../machine/movers.js';

/** What bounds a search of all schedules. */
export interface Bounds {
  /**
   * Preemptions at most: switches away from a CPU that could go on. Switches that blocking forces are free. After
   * "Iterative Context Bounding for Systematic Testing of Multithreaded Programs" (Musuvathi, Qadeer, PLDI 2007).
   */
  readonly preemptions?: number;
  /**
   * Delays at most: how many CPUs that can move are passed over, counted in turn from the one that the default rule
   * picks. After "Delay-Bounded Scheduling" (Emmi, Qadeer, Rakamarić, POPL 2011).
   */
  readonly delays?: number;
}

/** How many delays it takes to pick a mover. */
export function delaysOf(movers: Movers, picked: number): number {
  let from = 0;
  let to = 0;
  for (let at = 0; at < movers.count; at++) {
    if (movers.ids[at] === movers.byDefault) from = at;
    if (movers.ids[at] === picked) to = at;
  }
  return to >= from ? to - from : to - from + movers.count;
}

/** Whether it is a preemption to pick a mover. @param current the CPU that moved last */
export function isPreemption(movers: Movers, current: number, picked: number): boolean {
  return movers.byDefault === current && picked !== current;
}

/** The bounds in words; null if there are none. */
export function boundInWords({ preemptions, delays }: Bounds): string | null {
  const parts: string[] = [];
  if (preemptions !== undefined && Number.isFinite(preemptions)) parts.push(plural(preemptions, 'preemption'));
  if (delays !== undefined && Number.isFinite(delays)) parts.push(plural(delays, 'delay'));
  return parts.length === 0 ? null : `at most ${parts.join(' and ')}`;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
