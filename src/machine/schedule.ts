/**
 * Schedules: who moves, at each decision. A decision that a schedule does not cover is made by the default rule: the
 * CPU that moved last goes on if it can, otherwise the one with the lowest number that can.
 */

import type { Movers } from './movers.js';

/** In a schedule: make this decision by the default rule. */
export const BY_DEFAULT = 0xff;

/** The decision at a position of a schedule. A CPU that the schedule names but that cannot move is passed over. */
export function followSchedule(schedule: Uint8Array, position: number, movers: Movers): number {
  const named = schedule[position];
  if (named === undefined || named === BY_DEFAULT || !movers.has(named)) return movers.byDefault;
  return named;
}
