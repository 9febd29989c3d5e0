/**
 * How many executions each strategy needs to the first bug of each model: the mean and the median of 20 seeds. Writes
 * `bench/bugs.json` and the table of `docs/benchmarks.md`.
 *
 * Usage: npm run bench -- bugs [MODEL…]
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { machineFor } from '../src/explore/explore.js';
import { type StrategyOptions, strategyNamed } from '../src/explore/strategies/index.js';
import type { Strategy } from '../src/explore/strategy.js';
import { bugsTable } from './bugs-table.js';
import { BUGGY_MODELS, type BuggyModel } from './models/index.js';

const SEEDS = 20;
/** Executions after which a seed is given up: fewer for models of 100 threads, whose executions are long. */
const MOST = 10_000;
const MOST_OF_LARGE = 2_000;
const LARGE = 100;
/** Seconds for one strategy on one model, all seeds together. */
const SECONDS = 20;

const RESULTS = fileURLToPath(new URL('../../bench/bugs.json', import.meta.url));
const DOCS = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const TABLE = /(?<=<!-- bugs -->\n\n)[\s\S]*(?=\n<!-- end -->)/;

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
  { name: 'dfs, iterative', strategy: 'dfs', options: { iterative: true }, fixed: true },
  { name: 'dpor', strategy: 'dpor', fixed: true },
];

/** What a strategy needed on a model. */
export interface Needed {
  readonly contender: string;
  /** Executions to the first bug, by seed, in ascending order. */
  readonly executions: readonly number[];
  /** Seeds that were given up, each after `limit` executions or when the time was over. */
  readonly missed: number;
  readonly limit: number;
}

export interface BugsResult {
  readonly model: string;
  readonly threads: number;
  readonly needed: readonly Needed[];
}

/** The number of the first execution that shows the bug; null if none does within the limits. */
function firstBug({ make, says }: BuggyModel, strategy: Strategy, limit: number, until: number): number | null {
  const machine = machineFor(make(), strategy);
  for (let execution = 1; execution <= limit && strategy.begin(); execution++) {
    const made = machine.execute(strategy);
    strategy.end(made);
    if (made.violation !== null && says.test(made.violation.message)) return execution;
    if (performance.now() > until) return null;
  }
  return null;
}

function measure(model: BuggyModel, { name, strategy, options, fixed }: Contender, limit: number): Needed {
  const until = performance.now() + SECONDS * 1000;
  const executions: number[] = [];
  const seeds = fixed === true ? 1 : SEEDS;
  for (let seed = 1; seed <= seeds; seed++) {
    const found = firstBug(model, strategyNamed(strategy, { ...options, seed }), limit, until);
    if (found !== null) executions.push(found);
  }
  return { contender: name, executions: executions.sort((a, b) => a - b), missed: seeds - executions.length, limit };
}

/** @param names of models; all if empty */
export function runBugs(names: readonly string[]): number {
  const unknown = names.find((name) => !BUGGY_MODELS.some((model) => model.name === name));
  if (unknown !== undefined) {
    console.error(`there is no model "${unknown}"; there is ${BUGGY_MODELS.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const results: BugsResult[] = [];
  for (const model of BUGGY_MODELS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const threads = model.make().cpus;
    const needed = CONTENDERS.map((contender) => {
      process.stderr.write(`${model.name}: ${contender.name}\n`);
      return measure(model, contender, threads >= LARGE ? MOST_OF_LARGE : MOST);
    });
    results.push({ model: model.name, threads, needed });
  }
  const table = bugsTable(results);
  console.log(table);
  if (names.length > 0) return 0;
  const lines = results.map((result) => `    ${JSON.stringify(result)}`).join(',\n');
  writeFileSync(RESULTS, `{\n  "node": "${process.version}",\n  "seeds": ${SEEDS},\n  "models": [\n${lines}\n  ]\n}\n`);
  writeFileSync(DOCS, readFileSync(DOCS, 'utf8').replace(TABLE, table));
  return 0;
}
