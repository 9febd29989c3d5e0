/**
 * Schedules: who moves, at each decision. A decision that a schedule does not cover is made by the default rule: the
 * CPU that moved last goes on if it can, otherwise the one with the lowest number that can.
 */

import type { Movers } from './movers.js';

/** In a schedule: make this decision by the default rule. */
export const BY_DEFAULT = 0xff;

/** Decisions that a turn lasts at most. */
export const LONGEST_TURN = 4;

/**
 * What ends a schedule that goes on by turns: after so many decisions it is the next one's turn, in the order of the numbers.
 *
 * @param decisions 1 to `LONGEST_TURN`
 * @example
 * // CPU 1 first, and from then on by turns of two decisions.
 * const { violation } = replay(machine, Uint8Array.of(1, inTurn(2)), { loose: true });
 */
export function inTurn(decisions: number): number {
  return BY_DEFAULT - decisions;
}

/** How many decisions a turn lasts; 0 for what says nothing of turns. */
export function turnOf(choice: number | undefined): number {
  return choice === undefined || choice === BY_DEFAULT || choice < BY_DEFAULT - LONGEST_TURN ? 0 : BY_DEFAULT - choice;
}

/**
 * A decision by turns.
 *
 * @param since decisions made by turns before it
 * @param after who moved last, the clock included
 */
export function takeTurn(movers: Movers, turn: number, since: number, after: number): number {
  return since % turn === 0 ? movers.next(after) : movers.byDefault;
}

/** The decision at a position of a schedule. A CPU that the schedule names but that cannot move is passed over. @param after who moved last, the clock included */
export function followSchedule(schedule: Uint8Array, position: number, movers: Movers, after = -1): number {
  const since = position - schedule.length + 1;
  const turn = since < 0 ? 0 : turnOf(schedule[schedule.length - 1]);
  if (turn > 0) return takeTurn(movers, turn, since, after);
  const named = schedule[position];
  if (named === undefined || named === BY_DEFAULT || !movers.has(named)) return movers.byDefault;
  return named;
}
