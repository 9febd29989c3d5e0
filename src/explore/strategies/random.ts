/** The random walk: at every decision each CPU that can move is as likely as another. */

import type { Strategy } from '../strategy.js';
import { mix } from './lots.js';

/**
 * @param seed the same seed gives the same walks
 * @param first the number of the first execution, for a share of a longer exploration
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
