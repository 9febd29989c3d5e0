/**
 * Schedules: who moves, at each decision. A decision that a schedule does not cover is made by the default rule: the
 * CPU that moved last goes on if it can, otherwise the one with the lowest number that can.
 */

/** In a schedule: make this decision by the default rule. */
export const BY_DEFAULT = 0xff;

/** The default rule. */
export function defaultChoice(enabled: number, current: number): number {
  if (((enabled >> current) & 1) !== 0) return current;
  return 31 - Math.clz32(enabled & -enabled);
}

/** The decision at a position of a schedule. A CPU that the schedule names but that cannot move is passed over. */
export function followSchedule(schedule: Uint8Array, position: number, enabled: number, current: number): number {
  const named = schedule[position];
  if (named === undefined || named === BY_DEFAULT || ((enabled >> named) & 1) === 0) {
    return defaultChoice(enabled, current);
  }
  return named;
}
