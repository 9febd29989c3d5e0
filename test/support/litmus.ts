/** Short litmus tests for the tests of the litmus language. */

import type { Litmus } from '../../src/litmus/ast.js';
import { allowedOutcomes } from '../../src/litmus/outcomes.js';
import { parseLitmus } from '../../src/litmus/parse.js';

/** A test from its blocks and condition. */
export function litmus(body: string): Litmus {
  return parseLitmus(`litmus test\nquestion "?"\nfrom signal(7)\n${body}`);
}

/** All outcomes of a test, which must be all there are. */
export function outcomesOf(body: string): string[] {
  const { outcomes, exhaustive, violation } = allowedOutcomes(litmus(body));
  if (violation !== null) throw new Error(violation);
  if (!exhaustive) throw new Error('not exhaustive');
  return outcomes.map(({ text }) => text);
}
