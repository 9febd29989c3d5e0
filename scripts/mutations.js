/**
 * Makes docs/mutations.md: every mutant of the signal path (scripts/mutants.js), and which scenario of the collection notices it.
 *
 *     npm run mutations              takes some ten minutes on a core of its own
 *     npm run mutations -- 200       executions of each scenario; 1,000 if not given
 *     npm run mutations -- 200 NAME  only the mutants of one function, and writes nothing
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ControlledMachine, findExecution, kernelModel, SCENARIOS, strategyNamed } from '../dist/src/index.js';
import { FILES, mutantsOf } from './mutants.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const KERNEL = join(ROOT, 'dist', 'src', 'kernel');
const PATIENCE_MS = 180_000;
const LOOKED_AT = 100;
const schedules = Number(process.argv[2] ?? 1000);
const only = process.argv[3];
/** Why a mutant that nothing notices does no harm, or what it would take: by function and what is taken out. */
const REASONS = JSON.parse(readFileSync(new URL('mutation-reasons.json', import.meta.url), 'utf8'));

/** The functions that a scenario's executions call. */
function calledBy(scenario) {
  const called = new Set();
  const model = kernelModel(scenario);
  const wrapped = {};
  for (const [name, original] of model.functions.flatMap((object) => Object.entries(object))) {
    if (typeof original !== 'function') continue;
    wrapped[name] = function (...args) {
      called.add(name);
      return original.apply(this, args);
    };
  }
  const machine = new ControlledMachine({ ...model, functions: [...model.functions, wrapped] });
  findExecution(machine, strategyNamed('pct'), LOOKED_AT, () => false);
  return called;
}

/** Tries a mutant. @returns how it was noticed, or null */
function attempt(mutant, scenarios) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('mutation-worker.js', import.meta.url), {
      workerData: { ...mutant, scenarios, schedules },
    });
    const timer = setTimeout(() => {
      void worker.terminate();
      resolve({
        scenario: scenarios.join(', '),
        kind: 'hang',
        message: 'a loop that never comes to a scheduling point',
      });
    }, PATIENCE_MS);
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      clearTimeout(timer);
      // A thread that has said nothing has not survived its mutant. After a message this changes nothing.
      resolve({ scenario: scenarios.join(', '), kind: 'crash', message: 'the thread has ended' });
    });
  });
}

const paths = readdirSync(KERNEL, { recursive: true })
  .filter((path) => path.endsWith('.js') && FILES.includes(basename(path, '.js')))
  .map((path) => join(KERNEL, path))
  .sort();
const called = SCENARIOS.map((scenario) => ({ scenario, functions: calledBy(scenario) }));
const results = [];
for (const mutant of mutantsOf(paths)) {
  if (only !== undefined && mutant.function !== only) continue;
  const reach = called.filter(({ functions }) => functions.has(mutant.function)).map(({ scenario }) => scenario);
  const first = reach.filter(({ watch }) => watch.includes(mutant.function));
  const scenarios = [...first, ...reach.filter((scenario) => !first.includes(scenario))].map(({ name }) => name);
  const noticed = scenarios.length === 0 ? null : await attempt(mutant, scenarios);
  results.push({ ...mutant, reached: scenarios.length > 0, noticed });
  const said =
    noticed === null
      ? scenarios.length === 0
        ? 'not reached'
        : 'NOT NOTICED'
      : `${noticed.scenario}: ${noticed.kind}`;
  console.error(`${results.length} ${mutant.function}, ${mutant.kind} ${mutant.what}: ${said}`);
}

const KINDS = [...new Set(results.map(({ kind }) => kind))];
const percent = (part, whole) => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(0)} %`);
const sum = (name, of) => {
  const reached = of.filter((one) => one.reached);
  const noticed = reached.filter((one) => one.noticed !== null);
  return `| ${name} | ${of.length} | ${reached.length} | ${noticed.length} | ${percent(noticed.length, reached.length)} |`;
};
const cell = (text) => `\`${text.replaceAll('|', '\\|')}\``;
const title = ({ path, function: name }) => `${cell(name)} (${relative(KERNEL, path).replace(/\.js$/, '.ts')})`;
const reasonOf = ({ function: name, what }) => REASONS[`${name}: ${what}`] ?? '';
const text = [
  '# Mutants of the kernel, and who notices them',
  '',
  'Made by `npm run mutations`: each line of the signal path that takes a lock, looks again, wakes somebody or is about RCU is taken out,',
  'one at a time, and the scenarios of the collection that come to that function are executed with it, until one ends in a violation:',
  `at most ${schedules} schedules of each, drawn by pct. Error exits for want of memory are no looks.`,
  '',
  '| taken out | mutants | reached | noticed | of those reached |',
  '| --- | ---: | ---: | ---: | ---: |',
  ...KINDS.map((kind) =>
    sum(
      kind,
      results.filter((one) => one.kind === kind),
    ),
  ),
  sum('all', results),
  '',
  '## Noticed',
  '',
  '| function | without | noticed by | as |',
  '| --- | --- | --- | --- |',
  ...results
    .filter(({ noticed }) => noticed !== null)
    .map((one) => `| ${title(one)} | ${cell(one.what)} | ${one.noticed.scenario} | ${one.noticed.kind} |`),
  '',
  '## Reached, and not noticed',
  '',
  '| function | without | why |',
  '| --- | --- | --- |',
  ...results
    .filter(({ noticed, reached }) => noticed === null && reached)
    .map((one) => `| ${title(one)} | ${cell(one.what)} | ${reasonOf(one)} |`),
  '',
  '## In functions that no scenario comes to',
  '',
  ...results.filter(({ reached }) => !reached).map((one) => `- ${title(one)}: ${cell(one.what)}`),
  '',
].join('\n');
if (only === undefined) writeFileSync(join(ROOT, 'docs', 'mutations.md'), text);
