/** The table of the benchmark of bugs, in Markdown, beside what was published. */

import type { BugsResult, Needed } from './bugs.js';

/**
 * The best published mean of PCT, POS, SURW, RFF and PERIOD, where it is known here: see `docs/benchmarks.md` for where
 * from.
 */
const PUBLISHED: Readonly<Record<string, number>> = {
  reorder_100: 5.8,
  twostage_100: 56,
  bluetooth_driver: 9,
  stringbuffer: 15,
};

/** The mean, where all seeds that there was time for found the bug. */
export function meanOf({ executions, missed }: Needed): number | null {
  if (missed > 0 || executions.length === 0) return null;
  return executions.reduce((sum, one) => sum + one, 0) / executions.length;
}

function medianOf({ executions }: Needed): number {
  const middle = (executions.length - 1) / 2;
  return ((executions[Math.floor(middle)] as number) + (executions[Math.ceil(middle)] as number)) / 2;
}

/** Mean and median; where some seeds found nothing, how many did. */
function cell(needed: Needed): string {
  const mean = meanOf(needed);
  const { executions, missed, untried } = needed;
  if (mean === null) return executions.length === 0 ? '–' : `${executions.length} of ${executions.length + missed}`;
  if (executions.length + untried === 1) return String(mean);
  return `${mean.toFixed(1)} (${medianOf(needed)})${untried > 0 ? `, ${executions.length} seeds` : ''}`;
}

function best(needed: readonly Needed[]): string {
  let least: Needed | null = null;
  for (const one of needed) {
    if (
      meanOf(one) !== null &&
      (meanOf(one) as number) < (least === null ? Number.POSITIVE_INFINITY : (meanOf(least) as number))
    )
      least = one;
  }
  return least === null ? '–' : `${(meanOf(least) as number).toFixed(1)} ${least.contender}`;
}

export function bugsTable(results: readonly BugsResult[]): string {
  const contenders = results[0]?.needed.map(({ contender }) => contender) ?? [];
  const rows = [
    ['model', 'threads', ...contenders, 'best here', 'best published'],
    ...results.map(({ model, threads, needed }) => [
      model,
      String(threads),
      ...needed.map(cell),
      best(needed),
      PUBLISHED[model]?.toString() ?? '–',
    ]),
  ];
  const [head, ...body] = rows.map((row) => `| ${row.join(' | ')} |`);
  const rule = `| --- | ${rows[0]
    ?.slice(1)
    .map(() => '---: |')
    .join(' ')}`;
  return `${[head, rule, ...body].join('\n')}\n`;
}
