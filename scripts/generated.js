/**
 * Runs generated programs under random schedules, over the cores:
 * `npm run generated -- --executions 100000 --seed 1`. Each worker makes its part of the executions from a seed of its own, and
 * writes it down where it fails.
 */

import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

/** What was asked for. Throws a sentence that says what is wrong with it. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      executions: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      workers: { type: 'string', default: String(availableParallelism()) },
    },
  });
  const number = (name, least, most) => {
    const text = values[name];
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new RangeError(`--${name} is a whole number from ${least} to ${most}, not "${text}"`);
  };
  return {
    executions: number('executions', 1, 1_000_000_000),
    // fast-check takes seeds of 32 bits, and each worker has one of its own.
    seed: number('seed', 0, 2_000_000_000),
    workers: number('workers', 1, 256),
  };
}

/** One worker's part. Resolves to its exit code. */
function run(seed, executions) {
  const env = { ...process.env, SIGLAB_GENERATED: String(executions), SIGLAB_SEED: String(seed) };
  const args = ['run', '--reporter=dot', '-t', 'ends well, in', 'test/kernel/generated.test.ts'];
  const child = spawn(process.execPath, [vitest, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      if (code !== 0) console.log(output);
      const end = code === 0 ? 'ended well' : 'asked for, and something is wrong';
      console.log(`seed ${seed}: ${executions} executions ${end}`);
      resolve(code ?? 1);
    });
  });
}

async function main({ executions, seed, workers }) {
  const each = Math.ceil(executions / workers);
  const begun = performance.now();
  const parts = Array.from({ length: workers }, (_, worker) => run(seed + worker, each));
  const codes = await Promise.all(parts);
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`${workers * each} executions in ${seconds} s over ${workers} workers`);
  return codes.some((code) => code !== 0) ? 1 : 0;
}

let options = null;
try {
  options = readOptions();
} catch (error) {
  console.error(`generated: ${error.message}`);
  process.exitCode = 2;
}
if (options !== null) process.exitCode = await main(options);
