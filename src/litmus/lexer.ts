/** Litmus text as tokens. */

import { LitmusError, type Place } from './error.js';

export interface Token {
  /** `name` may have one dot: `info.si_code`, `p.read`. A `time` is a number with its unit. */
  readonly kind: 'name' | 'number' | 'time' | 'string' | 'mark' | 'end';
  readonly text: string;
  readonly at: Place;
}

const SPACE = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const NAME = /[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?/y;
const NUMBER = /(?:0[xX][0-9a-fA-F]+|\d+)(ns|us|ms|s)?(?!\w)/y;
const STRING = /"([^"\n]*)"/y;
const MARK = /==|!=|<=|>=|&&|\|\||[-+*!~=<>&|(){},;:]/y;

/** Cuts a text into tokens, the last of which is the `end`. @throws LitmusError */
export function tokensOf(text: string): Token[] {
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  let line = 0;
  const placeOf = (offset: number): Place => {
    while (line + 1 < lineStarts.length && (lineStarts[line + 1] as number) <= offset) line++;
    return { line: line + 1, column: offset - (lineStarts[line] as number) + 1 };
  };
  const tokens: Token[] = [];
  let offset = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = offset;
    return pattern.exec(text);
  };
  for (;;) {
    offset += match(SPACE)?.[0].length ?? 0;
    const at = placeOf(offset);
    if (offset >= text.length) {
      tokens.push({ kind: 'end', text: '', at });
      return tokens;
    }
    const number = match(NUMBER);
    const string = match(STRING);
    const found = match(NAME) ?? number ?? string ?? match(MARK);
    if (found === null) {
      const what = text.startsWith('/*', offset)
        ? 'this comment has no end'
        : text[offset] === '"'
          ? 'this string has no end on its line'
          : /\d/.test(text[offset] ?? '')
            ? `expected a number, with ns, us, ms or s if it is a time, found "${/^\w+/.exec(text.slice(offset))?.[0]}"`
            : `no part of a litmus file begins with "${text[offset]}"`;
      throw new LitmusError(what, at);
    }
    const kind = number !== null ? (number[1] === undefined ? 'number' : 'time') : string !== null ? 'string' : null;
    const isName = /^[A-Za-z_]/.test(found[0]);
    tokens.push({
      kind: isName ? 'name' : (kind ?? 'mark'),
      text: string !== null && !isName ? (string[1] as string) : found[0],
      at,
    });
    offset += found[0].length;
  }
}
