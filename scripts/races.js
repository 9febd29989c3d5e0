/**
 * Verifies the whole collection and writes docs/races.md: `npm run races`. All limits are numbers of executions, so that
 * the page is the same whoever writes it.
 */

import { writeFileSync } from 'node:fs';
import { ROWS, rowName, verifyRow } from '../dist/src/cli/races.js';
import { racesPage } from '../dist/src/cli/races-page.js';

const SCHEDULES = 100_000;

const workers = Number(process.argv[2] ?? 1);
const results = [];
for (const row of ROWS) {
  const result = await verifyRow(row, { schedules: SCHEDULES, workers });
  process.stderr.write(`${rowName(row)}: ${result.verdict}\n`);
  results.push(result);
}
writeFileSync(new URL('../docs/races.md', import.meta.url), racesPage(results, SCHEDULES));
