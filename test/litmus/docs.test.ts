import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CALLS } from '../../src/litmus/calls.js';
import { signatureOf } from '../../src/litmus/check.js';
import { allowedOutcomes } from '../../src/litmus/outcomes.js';
import { parseLitmus } from '../../src/litmus/parse.js';
import { ROOT } from '../support/build.js';

const PAGE = readFileSync(join(ROOT, 'docs', 'litmus.md'), 'utf8');
const EXAMPLES = [...PAGE.matchAll(/```litmus\n(.*?)```\n\n```text\n(.*?)```/gs)].map(
  ([, text = '', outcomes = '']) => ({
    test: parseLitmus(text),
    outcomes: outcomes.trim().split('\n'),
  }),
);

describe('docs/litmus.md', () => {
  it('has outcomes with each example', () => {
    expect(EXAMPLES.length).toBe([...PAGE.matchAll(/```litmus\n/g)].length);
    expect(EXAMPLES.length).toBeGreaterThan(6);
  });

  it.each(EXAMPLES)('shows the outcomes of $test.name', ({ test, outcomes }) => {
    const allowed = allowedOutcomes(test);
    expect(allowed.exhaustive).toBe(true);
    expect(allowed.outcomes.map(({ text }) => text)).toEqual(outcomes);
    expect(allowed.holds).toBe(true);
  });

  it('names every call with its arguments', () => {
    const missing = Object.entries(CALLS).flatMap(([name, call]) => {
      const signature = signatureOf(name, call);
      return PAGE.includes(`\`${signature}\``) ? [] : [signature];
    });
    expect(missing).toEqual([]);
  });
});
