/** The random walk: at every decision each CPU that can move is as likely as another. */

import type { Strategy } from '../strategy.js';
import { mix } from './lots.js';

/**
 * At every decision each CPU that can move is as likely as another.
 *
 * @param seed the same seed gives the same walks
 * @param first the number of the first execution, for a share of a longer exploration
 * @example
 * // The executions 1,000 to 1,999 of an exploration: another thread may make those before them.
 * const { executions } = explore(model, { strategy: randomStrategy(1, 1000), schedules: 1000, keepGoing: true });
 * executions; // 1000
 */
export function randomStrategy(seed: number, first = 0): Strategy {
  let execution = first;
  let state = 1;
  return {
    name: 'random',
    begin() {
      // From the execution's number, not from the one before it: any execution can be made alone.
      state = mix(mix(seed) + Math.imul(execution, 0x9e3779b1)) || 1;
      execution++;
      return true;
    },
    choose({ ids, count }) {
      // xorshift32
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      // `(state >>> 0) % count`, but by integers that the engine need not take for floating point.
      return ids[(((state >>> 16) % count) * 0x10000 + (state & 0xffff)) % count] as number;
    },
    end() {},
  };
}
