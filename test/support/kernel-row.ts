/** A row of what must hold of the kernel, and of which tests fail where it does not. */

export interface KernelRow {
  /** Kernel functions, and system calls by their names. */
  readonly functions: string;
  /** What matters to a race, or to a caller. */
  readonly holds: string;
  /** Titles of tests, by file in `test/`. Each test makes the row's behaviour fail-able. */
  readonly tests: Readonly<Record<string, readonly string[]>>;
  /** Scenarios that explore the race, with the patch that takes the branch out and must be caught. */
  readonly races?: Readonly<Record<string, readonly string[]>>;
}

export interface KernelPart {
  readonly title: string;
  readonly rows: readonly KernelRow[];
}
