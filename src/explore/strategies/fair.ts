/**
 * Fair scheduling, to find livelocks: at random for a while, and then by turns, as in the scheduler of Musuvathi and
 * Qadeer, "Fair Stateless Model Checking" (PLDI 2008). What goes on at random gets out of most loops in which some only get in
 * each other's way; by turns it may stay in them, and that is then no fault of the scheduling.
 */

import { inTurn, LONGEST_TURN } from '../../machine/schedule.js';
import type { Strategy } from '../strategy.js';
import { mix } from './lots.js';

/**
 * With each length of a turn, the first execution is by turns at once, the next after up to 2 decisions, then after up to 4,
 * and so on up to 2 to the power of this; then from the beginning.
 */
const LONGEST_BITS = 6;

/**
 * By turns, after up to 64 decisions at random: for livelocks.
 *
 * @param seed the same seed gives the same executions
 * @param first the number of the first execution, for a share of a longer exploration
 * @example
 * const polite = defineModel('polite', (m) => {
 *   const [left, right] = [m.mutex('left'), m.mutex('right')];
 *   for (const [name, first, second] of [['one', left, right] as const, ['other', right, left] as const]) {
 *     m.thread(name, function* (t) {
 *       for (let got = false; !got; ) {
 *         yield t.lock(first);
 *         got = yield* t.tryLock(second);
 *         if (got) t.unlock(second);
 *         t.unlock(first);
 *       }
 *     });
 *   }
 * });
 * explore(polite, { strategy: fairStrategy(1), schedules: 100 }).found?.violation.kind; // 'livelock'
 * @see "Fair Stateless Model Checking" (Musuvathi, Qadeer; PLDI 2008)
 */
export function fairStrategy(seed = 1, first = 0): Strategy {
  let execution = first;
  let state = 1;
  let left = 0;
  let turn = inTurn(1);
  const draw = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 8) % below;
  };
  return {
    name: 'fair',
    begin() {
      state = mix(mix(seed) + Math.imul(execution, 0x9e3779b1)) || 1;
      turn = inTurn(1 + (execution % LONGEST_TURN));
      const bits = Math.floor(execution++ / LONGEST_TURN) % (LONGEST_BITS + 1);
      left = bits === 0 ? 0 : draw(1 << bits) + 1;
      return true;
    },
    choose({ ids, count }) {
      return left-- > 0 ? (ids[draw(count)] as number) : turn;
    },
    end() {},
  };
}
