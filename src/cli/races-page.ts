/** docs/races.md: what the verification of the whole collection came to. */

import { SUBJECTS } from '../kernel/scenario.js';
import { count } from './context.js';
import type { RowResult } from './races.js';

const HEAD = `# The collection, verified

Written by \`npm run races\`; \`siglab explore all\` prints the same with its own limits. Each scenario is explored on the
kernel as it is and with each patch that breaks it: at random first, then by \`dpor\`; where that does not end, all schedules
with few preemptions. Limits are numbers of executions, LIMIT a search, so that the table is the same on every machine. What
no bound stands beside was verified without one.

`;

/** The page. @param schedules the limit of each search, in executions */
export function racesPage(results: readonly RowResult[], schedules: number): string {
  let page = HEAD.replace('LIMIT', count(schedules));
  for (const subject of SUBJECTS) {
    const rows = results.filter(({ row }) => row.scenario.subject === subject);
    if (rows.length === 0) continue;
    page += `## ${subject.charAt(0).toUpperCase()}${subject.slice(1)}\n\n`;
    page +=
      '| scenario | result | executions | found in | switches | token |\n| --- | --- | ---: | ---: | ---: | --- |\n';
    for (const result of rows) page += `${line(result)}\n`;
    page += '\n';
    for (const { row, witnesses } of rows) {
      const { name, possible } = row.scenario;
      if (possible === undefined || witnesses.length === 0) continue;
      page += `Outcomes of ${name}:\n\n`;
      for (const { outcome, token } of witnesses) page += `- ${outcome}: \`${token}\`\n`;
      page += '\n';
    }
  }
  return `${page.trimEnd()}\n`;
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
