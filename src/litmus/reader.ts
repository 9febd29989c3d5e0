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
}

export function describeToken(token: Token): string {
  if (token.kind === 'end') return 'the end of the file';
  return token.kind === 'string' ? `the text "${token.text}"` : `"${token.text}"`;
}

export function readerOf(text: string): Reader {
  const tokens = tokensOf(text);
  let position = 0;
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
  };
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1_000, ms: 1_000_000, s: 1_000_000_000 };

/** A time token in nanoseconds. */
export function nanosecondsOf(token: Token): number {
  const [, digits = '0', unit = 'ns'] = /^(\w*?\d)(ns|us|ms|s)$/.exec(token.text) ?? [];
  return Number(digits) * (UNITS[unit] ?? 1);
}

/** A place, for an error that has no token. */
export function at(place: Place, what: string): never {
  throw new LitmusError(what, place);
}
