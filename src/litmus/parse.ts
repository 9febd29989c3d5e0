/** A litmus file's header, its blocks, and its end. */

import type { Block, HandlerNode, Item, Litmus, Note, ProcessSettings, Quantifier } from './ast.js';
import { checkLitmus } from './check.js';
import { LitmusError } from './error.js';
import { parseCondition, parseItem } from './parse-condition.js';
import { parseStatements, parseUntilBrace } from './parse-statement.js';
import { at, numberOf, type Reader, readerOf } from './reader.js';

/** Words that begin a part of a file, and so cannot be names. */
export const KEYWORDS: readonly string[] = [
  ...['litmus', 'question', 'from', 'note', 'shared', 'pipe', 'process', 'thread', 'program', 'handler'],
  ...[
    'of',
    'group',
    'session',
    'subreaper',
    'uid',
    'setup',
    'observe',
    'exists',
    'forall',
    'if',
    'else',
    'while',
    'allows',
    'excludes',
    'container',
  ],
  ...[
    'true',
    'in',
    'state',
    'pending',
    'unset',
    'alive',
    'stopped',
    'gone',
    'continued',
    'exited',
    'killed',
    'init',
    'descriptor',
  ],
];

/**
 * Reads a litmus test.
 *
 * @param text a `.litmus` file
 * @throws LitmusError with the place and what was expected there
 * @example
 * const test = parseLitmus(`
 *   litmus kill-zombie
 *   question "Can a zombie be signalled?"
 *   from kill(2)
 *   process A { r = kill(B, 0); }
 *   process B { exit_group(0); }
 *   forall (A:r == 0)
 * `);
 */
export function parseLitmus(text: string): Litmus {
  const reader = readerOf(text);
  reader.expect('litmus', 'and the name of the test');
  const name = parseTestName(reader);
  reader.expect('question', 'and what the test asks, in quotes');
  const question = reader.string('the question in quotes');
  reader.expect('from', 'and the manual page, like kill(2)');
  const page = parsePage(reader);
  const notes: Note[] = [];
  while (reader.take('note')) {
    const words = reader.string('the note in quotes');
    const allows = reader.take('allows') ? parseCondition(reader) : null;
    notes.push({ text: words, allows, excludes: reader.take('excludes') ? parseCondition(reader) : null });
  }
  const cells: Litmus['cells'][number][] = [];
  const pipes: Litmus['pipes'][number][] = [];
  const blocks: Block[] = [];
  const handlers: HandlerNode[] = [];
  for (;;) {
    const { text: word, at: place } = reader.peek();
    if (reader.take('shared')) {
      do {
        const { text: cell, at: cellAt } = newName(reader, 'a cell');
        cells.push({ name: cell, value: reader.take('=') ? parseNumber(reader) : 0, at: cellAt });
      } while (reader.take(','));
      reader.expect(';', 'after the cells');
    } else if (reader.take('pipe')) {
      do pipes.push(newName(reader, 'a pipe'));
      while (reader.take(','));
      reader.expect(';', 'after the pipes');
    } else if (word === 'process' || word === 'thread' || word === 'program') blocks.push(parseBlock(reader, word));
    else if (reader.take('handler')) {
      const handler = newName(reader, 'a handler');
      handlers.push({ name: handler.name, body: parseStatements(reader), at: place });
    } else break;
  }
  const observed: Item[] = [];
  if (reader.take('observe')) {
    do observed.push(parseItem(reader));
    while (reader.take(','));
    reader.expect(';', 'after what to observe');
  }
  const quantifier = parseQuantifier(reader, blocks.length === 0);
  const first = reader.peek().at;
  const condition = parseCondition(reader);
  if (reader.peek().kind !== 'end') reader.fail('"&&", "||" or the end of the file');
  const conditionText = textFrom(text, first);
  const test: Litmus = {
    ...{ name, question, page, notes, cells, pipes, blocks, handlers, observed },
    ...{ quantifier, condition, conditionText },
  };
  checkLitmus(test);
  return test;
}

/** The rest of the text in one line, without comments. */
function textFrom(text: string, { line, column }: { line: number; column: number }): string {
  const lines = text.split('\n').slice(line - 1);
  lines[0] = (lines[0] ?? '').slice(column - 1);
  return lines
    .join('\n')
    .replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** `kill-vs-exec`: words of letters and digits with hyphens between them, as tokens have them. */
function parseTestName(reader: Reader): string {
  const first = reader.peek();
  let name = '';
  let end = first.at.column;
  for (;;) {
    const token = reader.peek();
    const adjoins = token.at.line === first.at.line && token.at.column === end;
    if (token.kind === 'end' || token.kind === 'string' || (name !== '' && !adjoins)) break;
    name += reader.next().text;
    end = token.at.column + token.text.length;
  }
  if (/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return name;
  throw new LitmusError(
    `expected the test's name, small letters and digits with single hyphens between, found "${name}"`,
    first.at,
  );
}

function parsePage(reader: Reader): string {
  const { text } = reader.name('a manual page, like kill(2)');
  reader.expect('(', `after "${text}": a manual page, like kill(2)`);
  const section = reader.next();
  if (section.kind !== 'number') reader.fail("the manual's section, a number", section);
  reader.expect(')', 'after the section');
  return `${text}(${section.text})`;
}

function newName(
  reader: Reader,
  what: string,
): { readonly name: string; readonly text: string; readonly at: Block['at'] } {
  const token = reader.name(`a name for ${what}`);
  if (KEYWORDS.includes(token.text)) at(token.at, `"${token.text}" is a word of the language, and no name for ${what}`);
  if (token.text.includes('.')) at(token.at, `a name for ${what} has no dot in it: "${token.text}"`);
  return { name: token.text, text: token.text, at: token.at };
}

function parseNumber(reader: Reader): number {
  const sign = reader.take('-') ? -1 : 1;
  const token = reader.next();
  return token.kind === 'number' ? sign * numberOf(token) : reader.fail('a number', token);
}

function parseBlock(reader: Reader, kind: Block['kind']): Block {
  const place = reader.next().at;
  const { name } = newName(reader, `a ${kind}`);
  let of: string | null = null;
  if (kind === 'thread') reader.expect('of', 'and its process');
  if (kind === 'thread' || (kind === 'process' && reader.take('of'))) of = reader.name('a process').text;
  const settings = kind === 'process' ? parseSettings(reader) : NO_SETTINGS;
  if (reader.peek().text !== '{') {
    reader.fail(kind === 'process' ? '"group", "session", "subreaper", "container", "uid" or "{"' : '"{"');
  }
  if (kind !== 'program' && reader.peek(1).text === 'setup' && reader.peek(2).text === '{') {
    reader.next();
    reader.next();
    const setup = parseStatements(reader);
    return { kind, name, of, settings, setup, body: parseUntilBrace(reader), at: place };
  }
  return { kind, name, of, settings, setup: [], body: parseStatements(reader), at: place };
}

const NO_SETTINGS: ProcessSettings = { group: null, session: false, subreaper: false, container: false, uid: null };

function parseSettings(reader: Reader): ProcessSettings {
  let settings = NO_SETTINGS;
  for (;;) {
    if (reader.take('group')) settings = { ...settings, group: reader.name('the process that leads the group').text };
    else if (reader.take('session')) settings = { ...settings, session: true };
    else if (reader.take('container')) settings = { ...settings, container: true };
    else if (reader.take('subreaper')) settings = { ...settings, subreaper: true };
    else if (reader.take('uid')) settings = { ...settings, uid: parseNumber(reader) };
    else return settings;
  }
}

function parseQuantifier(reader: Reader, noBlocks: boolean): Quantifier {
  if (reader.take('exists')) return 'exists';
  if (reader.take('forall')) return 'forall';
  if (reader.peek().text === '~' && reader.peek(1).text === 'exists') {
    reader.next();
    reader.next();
    return '~exists';
  }
  const blocks = 'a process, thread, program, handler, cell, pipe';
  return reader.fail(noBlocks ? 'a process' : `${blocks}, "observe", "exists", "~exists" or "forall"`);
}
