/** docs/races.md: what the verification of the whole collection came to. */

import { SCENARIOS } from '../../scenarios/catalog.js';
import { SUBJECTS } from '../kernel/scenario.js';
import { count } from './context.js';
import type { RowResult } from './races.js';

const HEAD = `# The collection, verified

Written by \`npm run races\`; \`siglab explore all\` prints the same table. Each scenario is explored on the
kernel as it is and with each patch that breaks it: at random first, then by \`dpor\`; where that does not end, all schedules
with few preemptions. Limits are numbers of executions, LIMIT a search, so that the table is the same on every machine. What
no bound stands beside was verified without one. A patch is caught by whatever notices first; \`siglab show\` says what it breaks.

`;

/** What the page says of a scenario: its lines of the table, and a line for each outcome. */
export interface RaceEntry {
  readonly lines: readonly string[];
  readonly outcomes: readonly string[];
}

/** The entry of a scenario. @param results the scenario's rows */
export function raceEntry(results: readonly RowResult[]): RaceEntry {
  return {
    lines: results.map(line),
    outcomes: results.flatMap(({ row, witnesses }) =>
      row.scenario.possible === undefined ? [] : witnesses.map(({ outcome, token }) => `- ${outcome}: \`${token}\``),
    ),
  };
}

/**
 * The page.
 *
 * @param entries by the scenarios' names
 * @param schedules the limit of each search, in executions
 */
export function racesPage(entries: ReadonlyMap<string, RaceEntry>, schedules: number): string {
  let page = HEAD.replace('LIMIT', count(schedules));
  for (const subject of SUBJECTS) {
    const named = SCENARIOS.filter((scenario) => scenario.subject === subject).flatMap(({ name }) => {
      const entry = entries.get(name);
      return entry === undefined ? [] : [{ name, ...entry }];
    });
    if (named.length === 0) continue;
    page += `## ${subject.charAt(0).toUpperCase()}${subject.slice(1)}\n\n`;
    page +=
      '| scenario | result | executions | found in | switches | token |\n| --- | --- | ---: | ---: | ---: | --- |\n';
    for (const { lines } of named) page += `${lines.join('\n')}\n`;
    page += '\n';
    for (const { name, outcomes } of named) {
      if (outcomes.length > 0) page += `Outcomes of ${name}:\n\n${outcomes.join('\n')}\n\n`;
    }
  }
  return `${page.trimEnd()}\n`;
}

/** The entries of a page that `racesPage` has made: for a page that is made anew in part. */
export function entriesOf(page: string): Map<string, RaceEntry> {
  const entries = new Map<string, RaceEntry>();
  for (const [table, name = ''] of page.matchAll(/^\| ([a-z][a-z0-9-]*) \|.*\n(?:\| \+ .*\n)*/gm)) {
    if (name === 'scenario') continue;
    const list = new RegExp(`^Outcomes of ${name}:\n\n((?:- .*\n)+)`, 'm').exec(page);
    entries.set(name, { lines: table.trimEnd().split('\n'), outcomes: list?.[1]?.trimEnd().split('\n') ?? [] });
  }
  return entries;
}

function line({ row, exploration, verdict, minimized, minimalToken }: RowResult): string {
  const { executions, found } = exploration;
  const cells = [
    row.patch === null ? row.scenario.name : `+ ${row.patch.name}`,
    verdict,
    count(executions),
    found === null ? '' : count(found.execution),
    minimized === null ? '' : String(minimized.preemptions),
    minimalToken === null ? '' : `\`${minimalToken}\``,
  ];
  return `| ${cells.join(' | ')} |`;
}
