/**
 * How many executions each strategy needs to the first bug of each model: the mean and the median of 20 seeds. Writes
 * the models' rows in `bench/bugs.jsonl`, and from it the table of `docs/benchmarks.md`.
 *
 * Usage: npm run bench -- bugs [MODEL…] [STRATEGY…] [--seconds N]
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
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
const SECONDS_OF_RARE = 960;

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
/** Their names. */
const ALL = CONTENDERS.map(({ name }) => name);

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

/** @param seconds of processor time for all seeds; undefined for what the model has by itself */
function measure(
  model: BuggyModel,
  { name, strategy, options, fixed }: Contender,
  seconds: number | undefined,
): Needed {
  // The published means are of executions until the bug itself, and not until a checker foresees it.
  const footprints = strategyNamed(strategy, options).needsFootprints === true;
  const machine = new ControlledMachine(model.make(), { checked: false, footprints });
  const rare = model.rare === true && fixed !== true;
  const limit = rare ? MOST_OF_RARE : machine.cpus.length >= LARGE ? MOST_OF_LARGE : MOST;
  const until = spent() + (seconds ?? (rare ? SECONDS_OF_RARE : SECONDS));
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

/**
 * All rows, in the order of the models, with what was measured of some strategies on one of them. What was known of other
 * models, and of other strategies on this one, stays.
 */
export function withMeasured(known: readonly BugsResult[], measured: BugsResult): BugsResult[] {
  const before = known.find(({ model }) => model === measured.model)?.needed ?? [];
  const needed = CONTENDERS.map(({ name }) =>
    [...measured.needed, ...before].find(({ contender }) => contender === name),
  ).filter((one) => one !== undefined);
  const rows = BUGGY_MODELS.map(({ name }) =>
    name === measured.model ? { ...measured, needed } : known.find(({ model }) => model === name),
  );
  return rows.filter((row) => row !== undefined);
}

/** A page with both tables made anew. @throws Error if it has no place for them */
export function withTables(page: string, rows: readonly BugsResult[]): string {
  if (!TABLE.test(page) || !OTHERS.test(page)) throw new Error(`${DOCS} has no place for the tables`);
  return page.replace(TABLE, bugsTable(rows, ALL)).replace(OTHERS, publishedTable());
}

/** Puts a model's row into the file of results, a line for each, and makes the tables from the file. @returns the row */
function keep(measured: BugsResult): BugsResult {
  const lines = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8').trimEnd().split('\n') : [];
  const known = lines.map((line) => JSON.parse(line) as BugsResult);
  const rows = withMeasured(known, measured);
  writeFileSync(DOCS, withTables(readFileSync(DOCS, 'utf8'), rows));
  writeFileSync(RESULTS, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return rows.find(({ model }) => model === measured.model) as BugsResult;
}

/** Those that are named; if none is, those that need not be. */
function named<T extends { readonly name: string; readonly rare?: true }>(
  all: readonly T[],
  names: readonly string[],
): readonly T[] {
  const some = all.filter(({ name }) => names.includes(name));
  return some.length > 0 ? some : all.filter(({ rare }) => rare !== true);
}

/** What is to be measured, and for how long. @throws Error for arguments that say nothing of it */
function asked(args: readonly string[]): { readonly names: readonly string[]; readonly seconds: number | undefined } {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string' } },
    allowPositionals: true,
  });
  const known = [...BUGGY_MODELS, ...CONTENDERS].map(({ name }) => name);
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`there is no model or strategy "${unknown}"; there is ${known.join(', ')}`);
  }
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  if (seconds !== undefined && !(seconds > 0)) throw new Error(`--seconds is more than 0, not "${values.seconds}"`);
  return { names: positionals, seconds };
}

/**
 * @param args names of models and strategies, and `--seconds N`. If none is named, all models but those whose bug is rare,
 *   or all strategies.
 */
export function runBugs(args: readonly string[]): number {
  let what: ReturnType<typeof asked>;
  try {
    what = asked(args);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  const { names, seconds } = what;
  const contenders = named(CONTENDERS, names);
  const results: BugsResult[] = [];
  for (const model of named(BUGGY_MODELS, names)) {
    process.stderr.write(`${model.name}\n`);
    const needed = contenders.map((contender) => measure(model, contender, seconds));
    results.push(keep({ model: model.name, threads: model.make().cpus, needed }));
  }
  console.log(bugsTable(results, ALL));
  return 0;
}
