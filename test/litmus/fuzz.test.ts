import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileToC } from '../../src/litmus/compile.js';
import { LitmusError } from '../../src/litmus/error.js';
import { lower } from '../../src/litmus/lower.js';
import { parseLitmus } from '../../src/litmus/parse.js';
import { ROOT } from '../support/build.js';

const FOLDER = join(ROOT, 'litmus');
const TEXTS = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.litmus') && !name.startsWith('pairs'))
  .map((name) => readFileSync(join(FOLDER, name), 'utf8'));

/** Reads a text. What it does not take, it must refuse with a place that is in the text. */
function readOrRefuse(text: string): void {
  try {
    const test = parseLitmus(text);
    compileToC(test);
    lower(test);
  } catch (error) {
    if (!(error instanceof LitmusError)) throw error;
    const { line, column } = error.at;
    const lines = text.split('\n');
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
    expect(error.what).not.toMatch(/undefined|\[object/);
  }
}

const PARTS = /\w+|\s+|[^\w\s]/g;
const WORDS = [...new Set(TEXTS.flatMap((text) => text.match(PARTS) ?? []))];

describe('a litmus file that was changed at random is read, or refused with its place', () => {
  const text = fc.constantFrom(...TEXTS);
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('by characters', () => {
    const change = fc.record({ place, length: fc.nat(3), put: fc.string({ maxLength: 3, unit: 'binary' }) });
    fc.assert(
      fc.property(text, fc.array(change, { minLength: 1, maxLength: 4 }), (from, changes) => {
        let changed = from;
        for (const { place: where, length, put } of changes) {
          const at = Math.floor(where * changed.length);
          changed = changed.slice(0, at) + put + changed.slice(at + length);
        }
        readOrRefuse(changed);
      }),
      { numRuns: 400 },
    );
  });

  it('by words', () => {
    const change = fc.record({ place, drop: fc.nat(2), put: fc.array(fc.constantFrom(...WORDS), { maxLength: 2 }) });
    fc.assert(
      fc.property(text, fc.array(change, { minLength: 1, maxLength: 3 }), (from, changes) => {
        const words = from.match(PARTS) ?? [];
        for (const { place: where, drop, put } of changes) {
          words.splice(Math.floor(where * words.length), drop, ...put);
        }
        readOrRefuse(words.join(''));
      }),
      { numRuns: 400 },
    );
  });

  it('by cutting it off, and by putting two together', () => {
    fc.assert(
      fc.property(text, text, place, place, (one, other, end, start) => {
        readOrRefuse(one.slice(0, Math.floor(end * one.length)));
        readOrRefuse(one.slice(0, Math.floor(end * one.length)) + other.slice(Math.floor(start * other.length)));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['parentheses', '(', '(x == 0'],
    ['negations', '!', 'x == 0'],
  ])('with more %s than it takes', (_, mark, rest) => {
    const head = 'litmus t\nquestion "?"\nfrom kill(2)\nshared x;\nprocess A { r = 1; }\nexists ';
    expect(() => parseLitmus(head + mark.repeat(100_000) + rest)).toThrow(/at most 32 parentheses or braces/);
  });

  it('with blocks within blocks', () => {
    const head = 'litmus t\nquestion "?"\nfrom kill(2)\nprocess A { ';
    expect(() => parseLitmus(head + 'if (1) { '.repeat(100_000))).toThrow(/at most 32 parentheses or braces/);
    expect(() => parseLitmus(`${head}r = ${'-'.repeat(100_000)}1;`)).toThrow(/at most 32 parentheses or braces/);
  });
});
