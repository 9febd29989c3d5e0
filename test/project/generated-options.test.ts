/** That `scripts/generated.js` says what is wrong with what it is asked for, and runs nothing then. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/generated.js', import.meta.url));

it.each([
  ['--executions=0', '--executions is a whole number from 1 to 1000000000, not "0"'],
  ['--executions=1e3', '--executions is a whole number from 1 to 1000000000, not "1e3"'],
  ['--seed=-1', '--seed is a whole number from 0 to 2000000000, not "-1"'],
  ['--workers=two', '--workers is a whole number from 1 to 256, not "two"'],
  ['--frequency=1', "Unknown option '--frequency'"],
])('%s is refused', (option, because) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, option], { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toMatchObject({ status: 2, stdout: '', stderr: `generated: ${because}\n` });
});
