/**
 * How many executions each strategy needs to the first bug of each model: the mean and the median of 20 seeds. Writes
 * the models' rows in `bench/bugs.jsonl`, and from it the table of `docs/benchmarks.md`.
 *
 * Usage: npm run bench -- bugs [MODEL…] [STRATEGY…]
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type StrategyOptions, strategyNamed } from '../src/explore/strategies/index.js';
import type { Strategy } from '../src/explore/strategy.js';
import { ControlledMachine } from '../src/machine/controlled.js';
import { bugsTable, publishedTable } from './bugs-table.js';
import { BUGGY_MODELS, type BuggyModel } from './models/index.js';

const SEEDS = 20;
/** Executions after which a seed is given up: fewer for models of 100 threads, whose executions are long. */
const MOST = 10_000;
const MOST_OF_LARGE = 2_000;
const LARGE = 100;
/** Of a model whose bug is rare. */
const MOST_OF_RARE = 10_000_000;
/** Seconds of processor time for one strategy on one model, all seeds together; more where lots are drawn for a rare bug. */
const SECONDS = 2;
const SECONDS_OF_RARE = 120;

const RESULTS = fileURLToPath(new URL('../../bench/bugs.jsonl', import.meta.url));
const DOCS = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const TABLE = /(?<=<!-- bugs -->\n\n)[\s\S]*(?=\n<!-- end of bugs -->)/;
const OTHERS = /(?<=<!-- published -->\n\n)[\s\S]*(?=\n<!-- end of published -->)/;

/** A strategy as it is measured. */
export interface Contender {
  readonly name: string;
  readonly strategy: string;
  readonly options?: StrategyOptions;
  /** It draws no lots: one run says all. */
  readonly fixed?: boolean;
}

export const CONTENDERS: readonly Contender[] = [
  { name: 'random', strategy: 'random' },
  { name: 'pct', strategy: 'pct' },
  { name: 'pos', strategy: 'pos' },
  { name: 'urw', strategy: 'urw' },
  { name: 'surw', strategy: 'surw' },
  { name: 'rff', strategy: 'rff' },
  { name: 'portfolio', strategy: 'portfolio' },
  { name: 'round-robin', strategy: 'round-robin', fixed: true },
  { name: 'dfs, iterative', strategy: 'dfs', options: { iterative: true }, fixed: true },
  { name: 'dpor', strategy: 'dpor', fixed: true },
];

/** What a strategy needed on a model. */
export interface Needed {
  readonly contender: string;
  /** Executions to the first bug, by seed, in ascending order. */
  readonly executions: readonly number[];
  /** Seeds that did not find it within the limit of executions. */
  readonly missed: number;
  /** Seeds for which there was no time. */
  readonly untried: number;
}

export interface BugsResult {
  readonly model: string;
  readonly threads: number;
  readonly needed: readonly Needed[];
}

/** Seconds of processor time that this process has used. */
function spent(): number {
  return process.cpuUsage().user / 1e6;
}

/** The number of the first execution that shows the bug; null if none does within the limit, undefined if time is over. */
export function firstBug(machine: ControlledMachine, says: RegExp, strategy: Strategy, limit: number, until: number) {
  for (let execution = 1; execution <= limit && strategy.begin(); execution++) {
    const made = machine.execute(strategy);
    strategy.end(made);
    if (made.violation !== null && says.test(made.violation.message)) return execution;
    if (execution % 16 === 0 && spent() > until) return undefined;
  }
  return null;
}

function measure(model: BuggyModel, { name, strategy, options, fixed }: Contender): Needed {
  // The published means are of executions until the bug itself, and not until a checker foresees it.
  const footprints = strategyNamed(strategy, options).needsFootprints === true;
  const machine = new ControlledMachine(model.make(), { checked: false, footprints });
  const rare = model.rare === true && fixed !== true;
  const limit = rare ? MOST_OF_RARE : machine.cpus.length >= LARGE ? MOST_OF_LARGE : MOST;
  const until = spent() + (rare ? SECONDS_OF_RARE : SECONDS);
  const executions: number[] = [];
  const seeds = fixed === true ? 1 : SEEDS;
  let missed = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const found = firstBug(machine, model.says, strategyNamed(strategy, { ...options, seed }), limit, until);
    if (found === undefined) break;
    if (found === null) missed++;
    else executions.push(found);
  }
  const untried = seeds - missed - executions.length;
  return { contender: name, executions: executions.sort((a, b) => a - b), missed, untried };
}

/** A model's row with what was measured of some strategies, and known of the others. */
function merged(measured: BugsResult, known: BugsResult | undefined): BugsResult {
  const needed = CONTENDERS.map(({ name }) =>
    [...measured.needed, ...(known?.needed ?? [])].find(({ contender }) => contender === name),
  );
  return { ...measured, needed: needed.filter((one) => one !== undefined) };
}

/** Puts a model's row into the file of results, a line for each, and makes the table from the file. */
function keep(measured: BugsResult): BugsResult {
  const lines = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8').trimEnd().split('\n') : [];
  const known = lines.map((line) => JSON.parse(line) as BugsResult);
  const result = merged(
    measured,
    known.find(({ model }) => model === measured.model),
  );
  const rows = BUGGY_MODELS.map(({ name }) =>
    name === result.model ? result : known.find(({ model }) => model === name),
  );
  const models = rows.filter((row) => row !== undefined);
  writeFileSync(RESULTS, models.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const page = readFileSync(DOCS, 'utf8').replace(TABLE, bugsTable(models)).replace(OTHERS, publishedTable());
  writeFileSync(DOCS, page);
  return result;
}

/** Those that are named; all if none is. */
function named<T extends { readonly name: string }>(all: readonly T[], names: readonly string[]): readonly T[] {
  const some = all.filter(({ name }) => names.includes(name));
  return some.length === 0 ? all : some;
}

/** @param names of models and strategies; all models if it has none, and all strategies */
export function runBugs(names: readonly string[]): number {
  const known = [...BUGGY_MODELS, ...CONTENDERS].map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    console.error(`there is no model or strategy "${unknown}"; there is ${known.join(', ')}`);
    return 2;
  }
  const results: BugsResult[] = [];
  for (const model of named(BUGGY_MODELS, names)) {
    process.stderr.write(`${model.name}\n`);
    const needed = named(CONTENDERS, names).map((contender) => measure(model, contender));
    results.push(keep({ model: model.name, threads: model.make().cpus, needed }));
  }
  console.log(bugsTable(results));
  return 0;
}
