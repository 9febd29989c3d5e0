/**
 * Verifies the collection and writes docs/races.md. All limits are numbers of executions, so that the page is the same
 * whoever writes it.
 *
 *     npm run races                     all scenarios
 *     npm run races -- kill-vs-exec     some; what the page says of the others stays
 *     npm run races -- --workers 2
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ROWS, rowName, verifyRow } from '../dist/src/cli/races.js';
import { entriesOf, raceEntry, racesPage } from '../dist/src/cli/races-page.js';
import { findScenario } from '../dist/src/index.js';

const SCHEDULES = 100_000;
const PAGE = new URL('../docs/races.md', import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { workers: { type: 'string', default: '1' } },
});
for (const name of positionals) findScenario(name);

const results = [];
for (const row of ROWS) {
  if (positionals.length > 0 && !positionals.includes(row.scenario.name)) continue;
  const result = await verifyRow(row, { schedules: SCHEDULES, workers: Number(values.workers) });
  process.stderr.write(`${rowName(row)}: ${result.verdict}\n`);
  results.push(result);
}
const entries = positionals.length > 0 ? entriesOf(readFileSync(PAGE, 'utf8')) : new Map();
for (const name of new Set(results.map(({ row }) => row.scenario.name))) {
  entries.set(name, raceEntry(results.filter(({ row }) => row.scenario.name === name)));
}
writeFileSync(PAGE, racesPage(entries, SCHEDULES));
