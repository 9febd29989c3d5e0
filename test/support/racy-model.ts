/** Random small programs with data races, which end an execution in the middle of a step. */

import fc from 'fast-check';
import { PLAIN_KINDS, type Statement } from './random-model.js';

const KINDS = [
  ...PLAIN_KINDS,
  'load',
  'store',
  'lock',
  'load, then read',
  'load, then write',
  'add, then write or read',
  'cas, then write',
] as const;

export type RacyPrograms = readonly (readonly Statement[])[];

const bit = fc.constantFrom<0 | 1>(0, 1);
const statement: fc.Arbitrary<Statement> = fc.tuple(fc.constantFrom(...KINDS), bit, bit);

/** Two threads of up to four statements, or three of up to two. */
export const racyPrograms: fc.Arbitrary<RacyPrograms> = fc.oneof(
  fc.array(fc.array(statement, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 2 }),
  fc.array(fc.array(statement, { minLength: 1, maxLength: 2 }), { minLength: 3, maxLength: 3 }),
);
