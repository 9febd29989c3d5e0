/** Mistakes in a user's file, told with the line they are in. */

/**
 * A user's file is broken. The message has the place and the lines around it.
 *
 * @example
 * await loadUserFile('./no-such-file.ts').catch((error) => {
 *   console.log(error instanceof UserFileError && error.message);
 * });
 */
export class UserFileError extends Error {
  override readonly name = 'UserFileError';
}

/** A place in a file. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** Lines shown before and after the one that is meant. */
const AROUND = 2;

/**
 * The lines around a place, numbered, with a mark under the column.
 *
 * @example
 * codeFrame('one\ntwo\nthree', { line: 2, column: 1 });
 * //   1 | one
 * // > 2 | two
 * //     | ^
 * //   3 | three
 */
export function codeFrame(text: string, { line, column }: Omit<Place, 'file'>): string {
  const lines = text.split('\n');
  const first = Math.max(1, line - AROUND);
  const last = Math.min(lines.length, line + AROUND);
  const width = String(last).length;
  const frame: string[] = [];
  for (let number = first; number <= last; number++) {
    const code = lines[number - 1] ?? '';
    frame.push(`${number === line ? '>' : ' '} ${String(number).padStart(width)} | ${code}`.trimEnd());
    if (number !== line) continue;
    // Tabs before the mark stay tabs, so that it stands under its column.
    const before = code.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
    frame.push(`  ${' '.repeat(width)} | ${before}^`);
  }
  return frame.join('\n');
}

/** A mistake as it is printed: `file:line:column: what`, and the lines around it. */
export function explainMistake(place: Place, what: string, text: string): string {
  return `${place.file}:${place.line}:${place.column}: ${what}\n\n${codeFrame(text, place)}`;
}

/** Where something stands first in a text, as a place; the first line if it does not. */
export function placeOf(file: string, text: string, what: string | RegExp): Place {
  const at = typeof what === 'string' ? text.indexOf(what) : text.search(what);
  if (at < 0) return { file, line: 1, column: 1 };
  const before = text.slice(0, at).split('\n');
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
