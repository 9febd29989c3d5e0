/**
 * Runs the benchmarks side by side: a round takes a sample of every candidate, and there are several rounds, so that
 * a busy moment of the machine falls on all of them. Prints a table, and writes `bench/results.json`.
 *
 * Usage: npm run bench [-- BENCH…]
 *        npm run bench -- bugs [MODEL…] [STRATEGY…] [--seconds N]
 */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import type { Bench, Candidate, Sample } from './bench.js';
import { BENCHES } from './benches.js';
import { runBugs } from './bugs.js';

const ROUNDS = 7;
const SAMPLE = fileURLToPath(new URL('./sample.js', import.meta.url));
const RESULTS = fileURLToPath(new URL('../../bench/results.json', import.meta.url));

interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly goal: number | null;
  /** The most that is wanted, where less is better. */
  readonly limit: number | null;
  readonly min: number | null;
  readonly median: number | null;
  readonly max: number | null;
  /** In the order of the rounds. */
  readonly samples: readonly number[];
  /** Why there are none. */
  readonly skipped: string | null;
}

function takeSample(bench: Bench, candidate: string, round: number): Sample {
  const printed = execFileSync(process.execPath, [SAMPLE, bench.name, candidate, String(round)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(printed) as Sample;
}

/** Digits beyond these are noise. */
function round(value: number): number {
  return Number(value.toPrecision(5));
}

function figure(
  { name, unit, goal, limit }: Pick<Candidate, 'name' | 'unit' | 'goal' | 'limit'>,
  samples: readonly Sample[],
): Figure {
  const numbers = samples.filter((sample) => typeof sample === 'number').map(round);
  const sorted = numbers.toSorted((a, b) => a - b);
  const skipped = samples.find((sample) => typeof sample !== 'number')?.skipped ?? null;
  const middle = sorted.length / 2;
  const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2;
  return {
    name,
    unit,
    goal: goal ?? null,
    limit: limit ?? null,
    min: sorted[0] ?? null,
    median: sorted.length === 0 ? null : round(median),
    max: sorted.at(-1) ?? null,
    samples: numbers,
    skipped,
  };
}

function derive(first: Sample, second: Sample, from: (first: number, second: number) => number): Sample {
  if (typeof first !== 'number') return first;
  if (typeof second !== 'number') return second;
  return from(first, second);
}

function runBench(bench: Bench): Figure[] {
  const samples = new Map<string, Sample[]>(bench.candidates.map(({ name }) => [name, []]));
  for (let round = 1; round <= ROUNDS; round++) {
    process.stderr.write(`${bench.name}: round ${round} of ${ROUNDS}\n`);
    // Every other round backwards, so that nobody always follows the same one.
    const order = round % 2 === 1 ? bench.candidates : bench.candidates.toReversed();
    for (const { name } of order) samples.get(name)?.push(takeSample(bench, name, round));
  }
  const own = bench.candidates.map((one) => figure(one, samples.get(one.name) ?? []));
  const derived = bench.derived.map(({ name, unit, goal, of: [first, second], from }) => {
    const seconds = samples.get(second) ?? [];
    const both = (samples.get(first) ?? []).map((sample, at) => derive(sample, seconds[at] ?? sample, from));
    return figure({ name, unit, ...(goal === undefined ? {} : { goal }) }, both);
  });
  return [...own, ...derived];
}

function format(value: number | null): string {
  if (value === null) return '–';
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function verdict({ goal, limit, median }: Figure): string {
  if (goal === null && limit === null) return '';
  const wanted = goal !== null ? `≥ ${goal.toLocaleString('en')}` : `≤ ${limit?.toLocaleString('en')}`;
  if (median === null) return wanted;
  const met = (goal === null || median >= goal) && (limit === null || median <= limit);
  return `${wanted}: ${met ? 'met' : 'missed'}`;
}

function print({ title }: Bench, figures: readonly Figure[]): void {
  const table = new Table({
    head: ['', 'unit', 'min', 'median', 'max', 'goal'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const one of figures) {
    table.push([one.name, one.unit, format(one.min), format(one.median), format(one.max), verdict(one)]);
  }
  console.log(`\n${title}\n${table.toString()}`);
  for (const { name, skipped } of figures) if (skipped !== null) console.log(`${name}: not measured, ${skipped}`);
}

/** As JSON, with lists of numbers in one line. */
function toJson(value: unknown): string {
  const json = JSON.stringify(value, null, 2);
  return `${json.replace(/\[[^[\]{}]*\]/g, (list) => list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'))}\n`;
}

function main(names: readonly string[]): number {
  const unknown = names.find((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown !== undefined) {
    console.error(`there is no benchmark "${unknown}"; there is ${BENCHES.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const chosen = BENCHES.filter(({ name }) => names.length === 0 || names.includes(name));
  const machine = {
    date: new Date().toISOString(),
    command: ['npm run bench', ...(names.length === 0 ? [] : ['--', ...names])].join(' '),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    kernel: release(),
    loadBefore: loadavg()[0],
    rounds: ROUNDS,
  };
  const benches = chosen.map((bench) => {
    const figures = runBench(bench);
    print(bench, figures);
    return { name: bench.name, title: bench.title, figures };
  });
  writeFileSync(RESULTS, toJson({ ...machine, benches }));
  return 0;
}

const [first, ...others] = process.argv.slice(2);
process.exitCode = first === 'bugs' ? runBugs(others) : main(first === undefined ? [] : [first, ...others]);
