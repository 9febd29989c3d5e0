/** How much of a space lots that were drawn from it have shown. */

import type { Seen } from './explore.js';

export interface Estimate {
  /**
   * Schedules that there are, at least: what was seen, and what is likely to be missing, by how many came once and twice
   * (Chao, "Nonparametric estimation of the number of classes in a population", 1984; the bias-corrected form).
   */
  readonly schedules: number;
  /** The chance that the next execution has a schedule that did not come before (Good and Turing), from 0 to 1. */
  readonly chanceOfNew: number;
}

/**
 * @param executions drawn
 * @example
 * estimateOf({ different: 6, once: 0, twice: 1 }, 100); // { schedules: 6, chanceOfNew: 0 }
 */
export function estimateOf({ different, once, twice }: Seen, executions: number): Estimate {
  return {
    schedules: Math.round(different + (once * (once - 1)) / (2 * (twice + 1))),
    chanceOfNew: executions === 0 ? 1 : once / executions,
  };
}
