/**
 * Executions to the first bug that other tools were measured to need, as means of 20 trials. Computed from the raw data that
 * two papers published: of PCT, POS and SURW in github.com/zhaohuanqdcn/SURW (`stats/period`, commit 2a4c5de), of PCT, POS,
 * RFF and PERIOD in github.com/dylanjwolff/RFF (`scripts/data-analysis/full-data.csv` and `finalResults.csv`, commit
 * b717e06). Of PCT and POS, which both measured, the lower mean; of PCT in the first the lower of depths 3 and 10. Null where
 * a trial did not find the bug.
 */

export const TOOLS = ['PCT', 'POS', 'SURW', 'RFF', 'PERIOD'] as const;
export type Tool = (typeof TOOLS)[number];
/** Of each mean. */
export const TRIALS = 20;

export const PUBLISHED: Readonly<Record<string, Readonly<Record<Tool, number | null>>>> = {
  account: { PCT: 4.3, POS: 1, SURW: 5.8, RFF: 1, PERIOD: 10.1 },
  bluetooth_driver: { PCT: 83, POS: 36.1, SURW: 70.2, RFF: 44.9, PERIOD: 9 },
  circular_buffer: { PCT: 4.6, POS: 1.6, SURW: 2.8, RFF: 1.6, PERIOD: 3.1 },
  deadlock01: { PCT: 7.4, POS: 3.5, SURW: 1.8, RFF: 4.7, PERIOD: 3 },
  lazy01: { PCT: 4.6, POS: 4.7, SURW: 2, RFF: 6.4, PERIOD: 7 },
  queue: { PCT: 2.3, POS: 1, SURW: 2.1, RFF: 1, PERIOD: 3.5 },
  stack: { PCT: 2.2, POS: 1.7, SURW: 4.6, RFF: 1.6, PERIOD: 8 },
  token_ring: { PCT: 7.7, POS: 7, SURW: 8.2, RFF: 5.1, PERIOD: 2 },
  twostage: { PCT: 8.7, POS: 14.6, SURW: 7.5, RFF: 8.2, PERIOD: 4 },
  twostage_20: { PCT: 100.7, POS: 156, SURW: 5.7, RFF: 21.7, PERIOD: 76 },
  twostage_100: { PCT: null, POS: null, SURW: 453.9, RFF: 56, PERIOD: 690 },
  reorder_3: { PCT: 148.1, POS: 85.5, SURW: 7.3, RFF: 6.7, PERIOD: 6 },
  reorder_5: { PCT: 646.8, POS: 2169.1, SURW: 10.4, RFF: 5.8, PERIOD: 12 },
  reorder_10: { PCT: 2355.8, POS: null, SURW: 17.2, RFF: 5.8, PERIOD: 27 },
  reorder_20: { PCT: 2127.7, POS: null, SURW: 6, RFF: 5.8, PERIOD: 39 },
  reorder_100: { PCT: null, POS: null, SURW: 194.2, RFF: 5.8, PERIOD: 297 },
  wronglock: { PCT: 20.1, POS: 1, SURW: 7.5, RFF: 1, PERIOD: 4.3 },
  wronglock_3: { PCT: 14.1, POS: 1, SURW: 8.8, RFF: 1, PERIOD: 5 },
  stringbuffer: { PCT: 25.7, POS: 17.8, SURW: 8.5, RFF: 15.4, PERIOD: 26.9 },
  WorkStealQueue: { PCT: 12.1, POS: 10.1, SURW: 6, RFF: 10.1, PERIOD: 57 },
  SafeStack: { PCT: null, POS: null, SURW: null, RFF: null, PERIOD: null },
};

/** Where only some of the 20 trials found the bug: how many, and their mean. So it is lower than that of all trials would be. */
export const FOUND_BY_SOME: Readonly<
  Record<string, { readonly tool: Tool; readonly mean: number; readonly trials: number }>
> = {
  SafeStack: { tool: 'SURW', mean: 368919.6, trials: 19 },
};

/** The lowest mean of a model, whose it is, and of how many trials; null where no trial found the bug. */
export function bestPublished(
  model: string,
): { readonly tool: Tool; readonly mean: number; readonly trials: number } | null {
  let best = FOUND_BY_SOME[model] ?? null;
  for (const tool of TOOLS) {
    const mean = PUBLISHED[model]?.[tool] ?? null;
    if (mean !== null && (best === null || best.trials < TRIALS || mean < best.mean))
      best = { tool, mean, trials: TRIALS };
  }
  return best;
}
