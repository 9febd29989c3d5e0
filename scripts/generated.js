/**
 * Runs generated programs under random schedules, over the cores: `npm run generated -- --executions 100000 --seed 1`.
 * Each worker makes its part of the executions from a seed of its own, and writes it down where it fails.
 */

import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    executions: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
});
const workers = Number(values.workers);
const each = Math.ceil(Number(values.executions) / workers);
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

/** One worker's part. Resolves to its exit code. */
function run(seed) {
  const env = { ...process.env, SIGLAB_GENERATED: String(each), SIGLAB_SEED: String(seed) };
  const args = ['run', '--reporter=dot', '-t', 'ends well, in', 'test/kernel/generated.test.ts'];
  const child = spawn(process.execPath, [vitest, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      if (code !== 0) console.log(output);
      console.log(
        `seed ${seed}: ${each} executions ${code === 0 ? 'ended well' : 'asked for, and something is wrong'}`,
      );
      resolve(code ?? 1);
    });
  });
}

const begun = performance.now();
const codes = await Promise.all(Array.from({ length: workers }, (_, worker) => run(Number(values.seed) + worker)));
const seconds = Math.round((performance.now() - begun) / 1000);
console.log(`${workers * each} executions in ${seconds} s over ${workers} workers`);
process.exitCode = codes.some((code) => code !== 0) ? 1 : 0;
