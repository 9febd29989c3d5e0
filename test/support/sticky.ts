/** A random walk that seldom leaves a CPU: it finds what needs one CPU to stand still for long much sooner. */

import type { Strategy } from '../../src/explore/strategy.js';

/** One decision in so many is made at random. */
const SELDOM = 8;

export function stickyStrategy(seed: number): Strategy {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  const draw = (count: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
  return {
    name: 'sticky',
    begin: () => true,
    choose(movers) {
      const goesOn = draw(SELDOM) !== 0;
      return goesOn ? movers.byDefault : (movers.ids[draw(movers.count)] as number);
    },
    end() {},
  };
}
