/** The race collection: what each scenario says of itself, tried at a small budget. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPatch, modelOf, SCENARIO_NAMES, SCENARIOS } from '../../scenarios/catalog.js';
import { patchDiff } from '../../src/cli/patch-diff.js';
import { type FoundExecution, findExecution } from '../../src/explore/find.js';
import { type Replay, replay } from '../../src/explore/replay.js';
import { dfsStrategy } from '../../src/explore/strategies/dfs.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import type { Strategy } from '../../src/explore/strategy.js';
import { decodeToken } from '../../src/explore/token.js';
import type { Scenario } from '../../src/kernel/scenario.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { ROOT } from '../support/build.js';

/** Executions of each unpatched scenario. */
const SCHEDULES = 200;
/** Executions in which a patch must be caught: at random, and then with at most one preemption. */
const AT_RANDOM = 500;
const WITH_A_PREEMPTION = 4000;

/** What `npm run tokens` has made for a scenario. */
interface Tokens {
  readonly patches: Readonly<Record<string, string>>;
  readonly possible: Readonly<Record<string, string>>;
  readonly seen: Readonly<Record<string, string>>;
  readonly expected: string | null;
}

const FOLDER = join(ROOT, 'test', 'scenarios', 'tokens');

function tokensOf(name: string): Tokens {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Tokens;
}

function machineOf({ name, cpus }: Scenario, ...patches: readonly string[]): ControlledMachine {
  return new ControlledMachine(modelOf({ scenario: name, patches, cpus }));
}

/** Replays a token, which must be of this scenario with this patch or none. */
function replayed(
  machine: ControlledMachine,
  scenario: Scenario,
  token: string,
  ...patches: readonly string[]
): Replay {
  return replay(machine, decodeToken(token, { scenario: scenario.name, patches }).schedule);
}

it('has tokens for its scenarios and for no others', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(SCENARIO_NAMES.map((name) => `${name}.json`).sort());
});

describe.each(SCENARIOS.map((scenario) => ({ name: scenario.name, scenario })))('$name', ({ name, scenario }) => {
  const { patches, possible = [], impossible = [], seen = [], expected, reading = [] } = scenario;
  const tokens = tokensOf(name);

  it('tells its story, in a file of its own', () => {
    expect(existsSync(join(ROOT, 'scenarios', `${name}.ts`))).toBe(true);
    const told = [scenario.title, scenario.story, scenario.claim, scenario.learn, ...scenario.cast, ...reading];
    for (const text of told) expect(text.length).toBeGreaterThan(10);
    expect(scenario.cast.length).toBeGreaterThan(0);
    expect(scenario.watch.length).toBeGreaterThan(0);
    expect(reading.length).toBeGreaterThan(0);
    // The same outcome cannot be both.
    const outcomes = [...possible, ...impossible].map(({ outcome }) => outcome);
    expect(new Set(outcomes).size).toBe(outcomes.length);
  });

  it('watches functions that there are', () => {
    const { functions } = machineOf(scenario).model;
    for (const watched of scenario.watch)
      expect(
        functions.some((object) => watched in object),
        watched,
      ).toBe(true);
  });

  it(`${expected === undefined ? 'holds' : `ends in ${expected} or well`} in ${SCHEDULES} executions at random`, () => {
    const machine = machineOf(scenario);
    const wrong = findExecution(
      machine,
      randomStrategy(7),
      SCHEDULES,
      (violation) => violation !== null && violation.kind !== expected,
    );
    expect(wrong?.violation?.message ?? null).toBeNull();
  });

  it('has witnesses for what is possible, and for what is to be seen', () => {
    expect(Object.keys(tokens.possible)).toEqual(possible.map(({ outcome }) => outcome));
    expect(Object.keys(tokens.seen)).toEqual(seen.map(({ counter }) => counter));
    const machine = machineOf(scenario);
    for (const [outcome, token] of Object.entries(tokens.possible)) {
      expect(replayed(machine, scenario, token)).toMatchObject({ violation: null, outcome });
    }
    for (const [counter, token] of Object.entries(tokens.seen)) {
      machine.counters.fill(0);
      replayed(machine, scenario, token);
      expect(machine.counters[machine.model.counters.indexOf(counter)]).toBeGreaterThan(0);
    }
  });

  it('has a schedule that ends as expected, if that is not well', () => {
    expect(tokens.expected === null).toBe(expected === undefined);
    if (tokens.expected === null) return;
    expect(replayed(machineOf(scenario), scenario, tokens.expected).violation?.kind).toBe(expected);
  });

  it('has a token for each of its patches', () => {
    expect(Object.keys(tokens.patches)).toEqual(patches.map((patch) => patch.name));
  });

  describe.each(patches)('with $name', (patch) => {
    it(`is caught: ${patch.kind}`, () => {
      const machine = machineOf(scenario, patch.name);
      const hunt = (strategy: Strategy, schedules: number): FoundExecution | null =>
        findExecution(machine, strategy, schedules, (violation) => violation?.kind === patch.kind);
      const found = hunt(randomStrategy(3), AT_RANDOM) ?? hunt(dfsStrategy(1), WITH_A_PREEMPTION);
      expect(found).not.toBeNull();
    });

    it('fails in the same way when its token is replayed', () => {
      const token = tokens.patches[patch.name] ?? '';
      expect(replayed(machineOf(scenario, patch.name), scenario, token, patch.name).violation?.kind).toBe(patch.kind);
    });

    it('differs from the kernel in what its diff shows', () => {
      const diff = patchDiff(findPatch(patch.name));
      const changed = (sign: string): string[] =>
        diff.split('\n').filter((line) => line.startsWith(sign) && !line.startsWith(sign.repeat(3)));
      expect(changed('-').length).toBeGreaterThan(0);
      // Small: a patch that says one thing.
      expect(changed('+').length).toBeLessThanOrEqual(12);
    });
  });
});
