import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CALLS } from '../../src/litmus/calls.js';
import { explanation, outcomeOfText } from '../../src/litmus/judge.js';
import { layoutOf, statementsIn } from '../../src/litmus/layout.js';
import { allowedOutcomes } from '../../src/litmus/outcomes.js';
import { parseLitmus } from '../../src/litmus/parse.js';
import { ROOT } from '../support/build.js';

const FOLDER = join(ROOT, 'litmus');
const TESTS = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.litmus'))
  .toSorted()
  .map((name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    return { name, test: parseLitmus(text), source: createHash('sha256').update(text).digest('hex').slice(0, 16) };
  });

/** What `npm run litmus:native` has seen of a test, if its file is still the same. */
interface Seen {
  readonly source: string;
  readonly iterations: number;
  readonly observed: Readonly<Record<string, number>>;
}
const RECORD = JSON.parse(readFileSync(join(FOLDER, 'record.json'), 'utf8')) as { tests: Record<string, Seen> };

/** Enough for nearly all tests; a cheap look at the others. */
const LIMITS = { executions: 60, seconds: 20 };

describe('the collection of litmus tests', () => {
  it('has names that are those of its files, each once', () => {
    expect(TESTS.length).toBeGreaterThan(120);
    expect(TESTS.filter(({ name, test }) => basename(name, '.litmus') !== test.name)).toEqual([]);
    expect(new Set(TESTS.map(({ test }) => test.name)).size).toBe(TESTS.length);
  });

  it('has every system call of the language', () => {
    const called = new Set<string>();
    for (const { test } of TESTS) {
      const statements = [
        ...test.blocks.flatMap(({ setup, body }) => [...setup, ...body]),
        ...test.handlers.flatMap(({ body }) => body),
      ];
      for (const statement of statementsIn(statements)) {
        if (statement.kind === 'call') called.add(statement.call.name);
      }
    }
    expect(Object.keys(CALLS).filter((name) => !called.has(name))).toEqual([]);
  });

  it('has a record of native runs, which is of files that are as they were', () => {
    const recorded = Object.entries(RECORD.tests);
    const stale = recorded.filter(([file, { source }]) => TESTS.find(({ name }) => name === file)?.source !== source);
    expect(stale.map(([file]) => file)).toEqual([]);
    expect(recorded.length).toBeGreaterThan(20);
  });

  it.each(TESTS)(
    '$name: its condition holds in the model, which has what a real kernel showed',
    ({ name, test, source }) => {
      const { holds, violation, exhaustive, outcomes } = allowedOutcomes(test, LIMITS);
      expect(violation).toBeNull();
      expect(outcomes.length).toBeGreaterThan(0);
      // What must exist may be found only later where the search was cut off.
      if (exhaustive || test.quantifier !== 'exists') expect(holds).toBe(true);
      const seen = RECORD.tests[name];
      if (!exhaustive || seen?.source !== source) return;
      const layout = layoutOf(test);
      const texts = outcomes.map(({ text }) => text);
      const unknown = Object.keys(seen.observed).filter(
        (text) => !texts.includes(text) && explanation(test, layout, outcomeOfText(layout, text), 'allows') === null,
      );
      expect(unknown).toEqual([]);
    },
  );
});
