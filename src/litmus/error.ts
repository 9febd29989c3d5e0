/** What is wrong with a litmus file, and where. */

/** A place in a file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * A litmus file that cannot be read, with the place.
 *
 * @example
 * try {
 *   parseLitmus('litmus broken');
 * } catch (error) {
 *   if (error instanceof LitmusError) console.log(`${error.at.line}:${error.at.column}: ${error.what}`);
 * }
 */
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

/** The error as compilers print it: `a.litmus:4:17: …`. */
export function explainError({ at, what }: LitmusError, file: string): string {
  return `${file}:${at.line}:${at.column}: ${what}`;
}
