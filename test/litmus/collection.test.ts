import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CALLS } from '../../src/litmus/calls.js';
import { statementsIn } from '../../src/litmus/layout.js';
import { allowedOutcomes } from '../../src/litmus/outcomes.js';
import { parseLitmus } from '../../src/litmus/parse.js';
import { ROOT } from '../support/build.js';

const FOLDER = join(ROOT, 'litmus');
const TESTS = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.litmus'))
  .toSorted()
  .map((name) => ({ name, test: parseLitmus(readFileSync(join(FOLDER, name), 'utf8')) }));

/** Enough for nearly all tests; a cheap look at the others. */
const LIMITS = { executions: 100, seconds: 20 };

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

  it.each(TESTS)('$name: its condition holds in the model', ({ test }) => {
    const { holds, violation, exhaustive, outcomes } = allowedOutcomes(test, LIMITS);
    expect(violation).toBeNull();
    expect(outcomes.length).toBeGreaterThan(0);
    // What must exist may be found only later where the search was cut off.
    if (exhaustive || test.quantifier !== 'exists') expect(holds).toBe(true);
  });
});
