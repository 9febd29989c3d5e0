/** The condition at the end, and the items that an outcome is made of. */

import type { Condition, Item, Literal } from './ast.js';
import { parseExpression, parseSet } from './parse-statement.js';
import type { Reader } from './reader.js';

/** Words for how a process ended or what it does, with and without a number. */
export const STATUS_WORDS = ['exited', 'killed', 'stopped'] as const;
export const PLAIN_WORDS = ['unset', 'alive', 'stopped', 'gone', 'continued', 'descriptor'] as const;

function inParentheses(reader: Reader, word: string): string {
  reader.expect('(', `after "${word}"`);
  const { text } = reader.name('a process or thread');
  reader.expect(')', `after "${text}"`);
  return text;
}

/** `A:r`, `x`, `state(A)` or `pending(A)`. */
export function parseItem(reader: Reader): Item {
  const { text, at } = reader.name('what to look at: BLOCK:register, a cell, state(BLOCK) or pending(BLOCK)');
  if (reader.peek().text === '(') {
    if (text === 'state' || text === 'pending') return { kind: text, block: inParentheses(reader, text), at };
    return reader.fail('":" or an operator');
  }
  if (!reader.take(':')) return { kind: 'cell', name: text, at };
  return { kind: 'register', block: text, register: reader.name('a register after ":"').text, at };
}

function parseLiteral(reader: Reader): Literal {
  const { text, at, kind } = reader.peek();
  if (kind === 'mark' && text === '{') return { kind: 'set', signals: parseSet(reader), at };
  if (kind === 'name') {
    const following = reader.peek(1).text;
    if (following === '(' && (STATUS_WORDS as readonly string[]).includes(text)) {
      reader.next();
      reader.expect('(');
      const value = parseExpression(reader);
      reader.expect(')', `after the number of "${text}"`);
      return { kind: 'status', word: text, value, at };
    }
    if (following === ':' || text === 'state' || text === 'pending') {
      return { kind: 'item', item: parseItem(reader), at };
    }
    if ((PLAIN_WORDS as readonly string[]).includes(text)) {
      reader.next();
      return { kind: 'word', word: text, at };
    }
  }
  // Above the level of "==": the next one belongs to the condition.
  return { kind: 'value', value: parseExpression(reader, 4), at };
}

function parseComparison(reader: Reader): Condition {
  if (reader.take('!')) return { kind: 'not', of: reader.inside(() => parseComparison(reader)) };
  if (reader.take('true')) return { kind: 'true' };
  if (reader.take('(')) {
    const inner = reader.inside(() => parseCondition(reader));
    reader.expect(')', 'to close the parenthesis');
    return inner;
  }
  if (reader.peek(1).text === 'in') {
    const signal = parseExpression(reader, 4);
    reader.expect('in');
    return { kind: 'in', signal, item: parseItem(reader) };
  }
  const item = parseItem(reader);
  const negated = reader.peek().text === '!=';
  if (!negated && reader.peek().text !== '==') return reader.fail('"==" or "!="');
  reader.next();
  return { kind: 'equal', item, literal: parseLiteral(reader), negated };
}

function parseAnd(reader: Reader): Condition {
  let left = parseComparison(reader);
  while (reader.take('&&')) left = { kind: 'and', left, right: parseComparison(reader) };
  return left;
}

export function parseCondition(reader: Reader): Condition {
  let left = parseAnd(reader);
  while (reader.take('||')) left = { kind: 'or', left, right: parseAnd(reader) };
  return left;
}
