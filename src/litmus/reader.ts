/** The parser's hold on the tokens: what comes next, and the error when it is something else. */

import { LitmusError, type Place } from './error.js';
import { type Token, tokensOf } from './lexer.js';

export interface Reader {
  readonly text: string;
  peek(ahead?: number): Token;
  next(): Token;
  /** Takes a mark or a word if it comes next. */
  take(text: string): boolean;
  /** @param where completes the sentence: `after the name` */
  expect(text: string, where?: string): Token;
  /** @param what is expected: `a register` */
  name(what: string): Token;
  string(what: string): string;
  fail(expected: string, token?: Token): never;
  /** Reads what is inside something else. @throws LitmusError where that goes too deep */
  inside<T>(read: () => T): T;
}

/** Parentheses and braces within each other. */
export const MAX_DEPTH = 32;

export function describeToken(token: Token): string {
  if (token.kind === 'end') return 'the end of the file';
  return token.kind === 'string' ? `the text "${token.text}"` : `"${token.text}"`;
}

export function readerOf(text: string): Reader {
  const tokens = tokensOf(text);
  let position = 0;
  let depth = 0;
  const peek = (ahead = 0): Token => tokens[Math.min(position + ahead, tokens.length - 1)] as Token;
  const next = (): Token => {
    const token = peek();
    position = Math.min(position + 1, tokens.length - 1);
    return token;
  };
  const fail = (expected: string, token = peek()): never => {
    throw new LitmusError(`expected ${expected}, found ${describeToken(token)}`, token.at);
  };
  const is = (text: string): boolean => peek().text === text && peek().kind !== 'string';
  return {
    text,
    peek,
    next,
    fail,
    take(text) {
      if (!is(text)) return false;
      next();
      return true;
    },
    expect(text, where) {
      return is(text) ? next() : fail(where === undefined ? `"${text}"` : `"${text}" ${where}`);
    },
    name: (what) => (peek().kind === 'name' ? next() : fail(what)),
    string: (what) => (peek().kind === 'string' ? next().text : fail(what)),
    inside(read) {
      if (depth === MAX_DEPTH) {
        throw new LitmusError(`expected at most ${MAX_DEPTH} parentheses or braces within each other`, peek().at);
      }
      depth++;
      const inner = read();
      depth--;
      return inner;
    },
  };
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1_000, ms: 1_000_000, s: 1_000_000_000 };

const MAX_SECONDS = 1000;

/** A time token in nanoseconds. @throws LitmusError */
export function nanosecondsOf(token: Token): number {
  const [, digits = '0', unit = 'ns'] = /^(\w*?\d)(ns|us|ms|s)$/.exec(token.text) ?? [];
  const nanoseconds = Number(digits) * (UNITS[unit] ?? 1);
  if (nanoseconds <= MAX_SECONDS * 1_000_000_000) return nanoseconds;
  throw new LitmusError(`expected a time of at most ${MAX_SECONDS}s, found "${token.text}"`, token.at);
}

/** What a register can hold. */
const MAX_NUMBER = 0x7fff_ffff;

/** A number token's value. @throws LitmusError */
export function numberOf(token: Token): number {
  const value = Number(token.text);
  if (value <= MAX_NUMBER) return value;
  throw new LitmusError(`expected a number of at most ${MAX_NUMBER}, found "${token.text}"`, token.at);
}

/** A place, for an error that has no token. */
export function at(place: Place, what: string): never {
  throw new LitmusError(what, place);
}
