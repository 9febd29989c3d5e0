/** What a benchmark is: a few candidates, each of which can give a figure as often as it is asked. */

/** A figure, or why there is none. */
export type Sample = number | { readonly skipped: string };

export interface Candidate {
  readonly name: string;
  readonly unit: string;
  /** The least that is wanted of the median; none if not given. */
  readonly goal?: number;
  /** The most that is wanted of the median. */
  readonly limit?: number;
  /** Measures once, in a process of its own: warms up, then gives the figure. */
  sample(round: number): Sample | Promise<Sample>;
}

/** A figure made of two others of the same round. */
export interface Derived {
  readonly name: string;
  readonly unit: string;
  readonly goal?: number;
  /** The names of the two candidates. */
  readonly of: readonly [string, string];
  from(first: number, second: number): number;
}

export interface Bench {
  readonly name: string;
  readonly title: string;
  readonly candidates: readonly Candidate[];
  readonly derived: readonly Derived[];
}
