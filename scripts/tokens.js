/**
 * Makes test/scenarios/tokens/: for each scenario a schedule for each patch that breaks it, shrunk, and one for each outcome that
 * is possible and each counter that is to be raised.
 *
 *     npm run tokens                  all scenarios
 *     npm run tokens -- kill-vs-exec  some
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import {
  ControlledMachine,
  dfsStrategy,
  encodeToken,
  findExecution,
  findScenario,
  minimize,
  modelOf,
  SCENARIO_NAMES,
  strategyNamed,
} from '../dist/src/index.js';

const FOLDER = new URL('../test/scenarios/tokens/', import.meta.url);
const SCHEDULES = 20_000;
const BOUNDED_SCHEDULES = 200_000;
const SHRINK_BUDGET = 30_000;

/** A schedule with as few preemptions as can be found quickly; otherwise one that pct draws. */
function search(machine, wanted) {
  for (const preemptions of [0, 1]) {
    const found = findExecution(machine, dfsStrategy(preemptions), SCHEDULES, wanted);
    if (found !== null) return found;
  }
  return (
    findExecution(machine, strategyNamed('pct'), SCHEDULES, wanted) ??
    findExecution(machine, dfsStrategy(2), BOUNDED_SCHEDULES, wanted)
  );
}

function tokensOf(scenario) {
  const missing = [];
  function token(patches, what, wanted, shrink = false) {
    const description = { scenario: scenario.name, patches, cpus: scenario.cpus };
    const machine = new ControlledMachine(modelOf(description));
    const found = search(machine, wanted);
    if (found === null) {
      missing.push(what);
      return null;
    }
    const schedule = shrink ? minimize(machine, found.schedule, { budget: SHRINK_BUDGET }).schedule : found.schedule;
    return encodeToken({ ...description, schedule });
  }
  const { patches, possible = [], seen = [], expected } = scenario;
  const tokens = {
    patches: Object.fromEntries(
      patches.map(({ name, kind }) => [name, token([name], name, (violation) => violation?.kind === kind, true)]),
    ),
    possible: Object.fromEntries(
      possible.map(({ outcome }) => [
        outcome,
        token([], outcome, (violation, { model, arena }) => violation === null && model.outcome(arena) === outcome),
      ]),
    ),
    seen: Object.fromEntries(
      seen.map(({ counter }) => [
        counter,
        token([], counter, (_, { model, counters }) => counters[model.counters.indexOf(counter)] > 0),
      ]),
    ),
    expected: expected === undefined ? null : token([], expected, (violation) => violation?.kind === expected, true),
  };
  return { tokens, missing };
}

const names = process.argv.length > 2 ? process.argv.slice(2) : SCENARIO_NAMES;
mkdirSync(FOLDER, { recursive: true });
for (const name of names) {
  const started = performance.now();
  const { tokens, missing } = tokensOf(findScenario(name));
  writeFileSync(new URL(`${name}.json`, FOLDER), `${JSON.stringify(tokens, null, 2)}\n`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${name}: ${seconds} s${missing.length === 0 ? '' : `, not found: ${missing.join(', ')}`}`);
  if (missing.length > 0) process.exitCode = 1;
}
