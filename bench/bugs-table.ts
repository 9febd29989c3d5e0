/** The table of the benchmark of bugs, in Markdown, beside what was published. */

import type { BugsResult, Needed } from './bugs.js';
import { bestPublished, FOUND_BY_SOME, PUBLISHED, TOOLS, TRIALS } from './published.js';

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

function best(needed: readonly Needed[]): Needed | null {
  let least: Needed | null = null;
  for (const one of needed) {
    const mean = meanOf(one);
    if (one.untried === 0 && mean !== null && (least === null || mean < (meanOf(least) as number))) least = one;
  }
  return least;
}

/** What others were measured to need, and whether the best here needs no more. */
function published(model: string, here: number | null): string {
  const there = bestPublished(model);
  if (there === null) return '–';
  const verdict = here === null ? '' : Number(here.toFixed(1)) <= there.mean ? ': met' : ': missed';
  const trials = there.trials === TRIALS ? '' : `, ${there.trials} of ${TRIALS}`;
  return `${there.mean.toFixed(1)} ${there.tool}${trials}${verdict}`;
}

/** @param contenders the columns, by name; empty where a model has not been measured with one */
export function bugsTable(results: readonly BugsResult[], contenders: readonly string[]): string {
  return table([
    ['model', 'threads', ...contenders, 'best here', 'best published'],
    ...results.map(({ model, threads, needed }) => {
      const least = best(needed);
      const mean = least === null ? null : meanOf(least);
      const here = least === null || mean === null ? '–' : `${mean.toFixed(1)} ${least.contender}`;
      const cells = contenders.map((name) => {
        const one = needed.find(({ contender }) => contender === name);
        return one === undefined ? '' : cell(one);
      });
      return [model, String(threads), ...cells, here, published(model, mean)];
    }),
  ]);
}

/** The means of other tools. */
export function publishedTable(): string {
  const rows = Object.entries(PUBLISHED).map(([model, means]) => {
    const some = FOUND_BY_SOME[model];
    const bySome = some === undefined ? '–' : `${some.mean.toFixed(1)}, ${some.trials} of ${TRIALS}`;
    return [model, ...TOOLS.map((tool) => means[tool]?.toFixed(1) ?? (tool === some?.tool ? bySome : '–'))];
  });
  return table([['model', ...TOOLS], ...rows]);
}

function table(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows.map((row) => `| ${row.join(' | ')} |`);
  const rule = `| --- | ${rows[0]
    ?.slice(1)
    .map(() => '---: |')
    .join(' ')}`;
  return `${[head, rule, ...body].join('\n')}\n`;
}
