/** Statements, calls and expressions. */

import {
  type Argument,
  BINARY_OPERATORS,
  type BinaryOperator,
  type CallNode,
  type Expression,
  type Statement,
} from './ast.js';
import { nanosecondsOf, numberOf, type Reader } from './reader.js';

/** From the weakest to the strongest. */
const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['|'],
  ['+', '-'],
  ['*'],
];

function isOperator(text: string): text is BinaryOperator {
  return (BINARY_OPERATORS as readonly string[]).includes(text);
}

export function parseExpression(reader: Reader, level = 0): Expression {
  const operators = LEVELS[level];
  if (operators === undefined) return parseUnary(reader);
  let left = parseExpression(reader, level + 1);
  for (;;) {
    const { kind, text, at } = reader.peek();
    if (kind !== 'mark' || !isOperator(text) || !operators.includes(text)) return left;
    reader.next();
    left = { kind: 'binary', operator: text, left, right: parseExpression(reader, level + 1), at };
  }
}

function parseUnary(reader: Reader): Expression {
  const { kind, text, at } = reader.peek();
  if (kind === 'mark' && (text === '-' || text === '!' || text === '~')) {
    reader.next();
    return { kind: 'unary', operator: text, operand: reader.inside(() => parseUnary(reader)), at };
  }
  if (reader.take('(')) {
    const inner = reader.inside(() => parseExpression(reader));
    reader.expect(')', 'to close the parenthesis');
    return inner;
  }
  if (kind === 'number') return { kind: 'number', value: numberOf(reader.next()), at };
  if (kind === 'name') return { kind: 'name', name: reader.next().text, at };
  return reader.fail('a value');
}

/** `{SIGUSR1, SIGTERM}`; the brace is next. */
export function parseSet(reader: Reader): readonly Expression[] {
  reader.expect('{');
  const signals: Expression[] = [];
  while (reader.peek().text !== '}') {
    signals.push(parseExpression(reader));
    if (!reader.take(',')) break;
  }
  reader.expect('}', 'or "," after a signal of the set');
  return signals;
}

function parseArgument(reader: Reader): Argument {
  const { kind, text, at } = reader.peek();
  if (kind === 'time') return { kind: 'time', nanoseconds: nanosecondsOf(reader.next()), at };
  if (kind === 'mark' && text === '{') return { kind: 'set', signals: parseSet(reader), at };
  if (reader.take('&')) return { kind: 'out', register: reader.name('a register after "&"').text, at };
  return { kind: 'value', value: parseExpression(reader), at };
}

function parseCall(reader: Reader): CallNode {
  const { text: name, at } = reader.name('the name of a system call');
  reader.expect('(');
  const args: Argument[] = [];
  while (reader.peek().text !== ')') {
    args.push(parseArgument(reader));
    if (!reader.take(',')) break;
  }
  reader.expect(')', `or "," after an argument of ${name}`);
  return { name, args, at };
}

function isCall(reader: Reader): boolean {
  return reader.peek().kind === 'name' && reader.peek(1).text === '(' && reader.peek(1).kind === 'mark';
}

function parseStatement(reader: Reader): Statement {
  const { text, at, kind } = reader.peek();
  if (kind !== 'name') return reader.fail('a statement');
  if (reader.take('if')) {
    const condition = parseCondition(reader, 'if');
    const then = parseStatements(reader);
    if (!reader.take('else')) return { kind: 'if', condition, then, otherwise: [], at };
    const otherwise =
      reader.peek().text === 'if' ? [reader.inside(() => parseStatement(reader))] : parseStatements(reader);
    return { kind: 'if', condition, then, otherwise, at };
  }
  if (reader.take('while')) {
    return { kind: 'while', condition: parseCondition(reader, 'while'), body: parseStatements(reader), at };
  }
  if (isCall(reader)) {
    const call = parseCall(reader);
    reader.expect(';', `after ${call.name}(…)`);
    return { kind: 'call', target: null, call, at };
  }
  reader.next();
  reader.expect('=', `or "(" after "${text}"`);
  const statement: Statement = isCall(reader)
    ? { kind: 'call', target: text, call: parseCall(reader), at }
    : { kind: 'assign', target: text, value: parseExpression(reader), at };
  reader.expect(';', 'at the end of the statement');
  return statement;
}

function parseCondition(reader: Reader, word: string): Expression {
  reader.expect('(', `after "${word}"`);
  const condition = parseExpression(reader);
  reader.expect(')', `after the condition of "${word}"`);
  return condition;
}

/** `{ … }`. */
export function parseStatements(reader: Reader): readonly Statement[] {
  reader.expect('{');
  return parseUntilBrace(reader);
}

/** Statements whose brace was opened before. */
export function parseUntilBrace(reader: Reader): readonly Statement[] {
  const statements: Statement[] = [];
  while (!reader.take('}')) statements.push(reader.inside(() => parseStatement(reader)));
  return statements;
}
