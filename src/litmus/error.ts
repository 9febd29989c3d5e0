/** What is wrong with a litmus file, and where. */

/** A place in a file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A litmus file that cannot be read. */
export class LitmusError extends Error {
  override readonly name = 'LitmusError';
  /** @param what one sentence: what was expected, what is there */
  constructor(
    readonly what: string,
    readonly at: Place,
  ) {
    super(`line ${at.line}, column ${at.column}: ${what}`);
  }
}

/** The error with its file, its line of text, and a mark below the column. */
export function explainError(error: LitmusError, file: string, text: string): string {
  const { line, column } = error.at;
  const source = text.split('\n')[line - 1] ?? '';
  const number = String(line);
  const mark = `${' '.repeat(number.length)} | ${source.slice(0, column - 1).replace(/[^\t]/g, ' ')}^`;
  return `${file}:${line}:${column}: ${error.what}\n${number} | ${source}\n${mark}`;
}
