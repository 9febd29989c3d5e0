/**
 * Runs the collection of litmus tests natively, and adds what was seen to litmus/record.json, test by test: it can be stopped
 * and goes on where it was. A test whose file has changed begins anew.
 *
 *     npm run litmus:native -- [--iterations 10000] [--minutes 60] [--jobs 1] [FILE…]
 */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { settleTime } from '../dist/src/litmus/compile.js';
import { hostKernel, NativeError, runNative } from '../dist/src/litmus/native.js';
import { parseLitmus } from '../dist/src/litmus/parse.js';

const FOLDER = fileURLToPath(new URL('../litmus', import.meta.url));
const RECORD = join(FOLDER, 'record.json');
/** Seconds at most that a test has at a time. */
const TURN = 120;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    iterations: { type: 'string', default: '10000' },
    minutes: { type: 'string', default: '1000000' },
    jobs: { type: 'string' },
  },
});
const wanted = Number(values.iterations);
const end = Date.now() + Number(values.minutes) * 60_000;
const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.litmus'));
const chosen = names.filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)));

const record = existsSync(RECORD) ? JSON.parse(readFileSync(RECORD, 'utf8')) : { kernels: [], tests: {} };
/** The version without what a distributor has added to it: builds of one version may be counted together. */
const version = (kernel) => kernel.split('-')[0];
const other = record.kernels.find((kernel) => version(kernel) !== version(hostKernel()));
if (other !== undefined) {
  process.stderr.write(`${RECORD} is of ${other}, and this is ${hostKernel()}: move it away to begin another\n`);
  process.exit(1);
}
if (!record.kernels.includes(hostKernel())) record.kernels.push(hostKernel());

const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());
process.once('SIGTERM', () => stopping.abort());

function save() {
  const tests = Object.fromEntries(
    Object.entries(record.tests)
      .filter(([name]) => names.includes(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  writeFileSync(`${RECORD}.new`, `${JSON.stringify({ kernels: record.kernels, tests }, null, 2)}\n`);
  renameSync(`${RECORD}.new`, RECORD);
}

/** The record of a test as its file is now. */
function entryOf(name, text) {
  const source = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const known = record.tests[name];
  if (known?.source === source) return known;
  return { source, iterations: 0, unsettled: 0, observed: {} };
}

async function turn(name) {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  const entry = entryOf(name, text);
  if (entry.iterations >= wanted) return true;
  const left = Math.max(1, (end - Date.now()) / 1000);
  const test = parseLitmus(text);
  const run = await runNative(test, {
    iterations: wanted - entry.iterations,
    seconds: Math.min(TURN, left),
    // Other delays than before.
    seed: 1 + 1000 * entry.iterations,
    signal: stopping.signal,
    // What sleeps chooses for itself; and what all processes of a user have pending is counted together.
    ...(values.jobs === undefined || settleTime(test) > 0 || text.includes('setrlimit(')
      ? {}
      : { jobs: Number(values.jobs) }),
  });
  entry.iterations += run.iterations;
  entry.unsettled += run.unsettled;
  for (const [outcome, { count }] of run.observed) entry.observed[outcome] = (entry.observed[outcome] ?? 0) + count;
  record.tests[name] = entry;
  save();
  process.stdout.write(`${name} ${entry.iterations}\n`);
  return entry.iterations >= wanted;
}

for (let waiting = chosen; waiting.length > 0; ) {
  const unfinished = [];
  for (const name of waiting) {
    if (stopping.signal.aborted || Date.now() > end) process.exit(0);
    try {
      if (!(await turn(name))) unfinished.push(name);
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      process.stdout.write(`${error.message}\n`);
    }
  }
  waiting = unfinished;
}
