/** Prints the last test run's numbers as one plain line. */

import { existsSync, readFileSync } from 'node:fs';

const report = new URL('../coverage/tests.json', import.meta.url);
if (!existsSync(report)) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
console.log(`${numPassedTests} passed, ${numFailedTests} failed`);
