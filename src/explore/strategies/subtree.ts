/**
 * A share of a partial-order reduction as plain data (JSON): a state, and what is to be explored from it.
 *
 * A share is closed: nothing that is found elsewhere need be added to it. That is so where every step that sleeps in its
 * first state is explored to its end (`shards/dpor-tree.ts`).
 */

export interface StepData {
  readonly who: number;
  readonly footprint: readonly number[];
}

export interface SleeperData extends StepData {
  /** All that begins with it is explored. */
  readonly done: boolean;
  /** If a violation ended the execution in it: the numbers of the steps that it races with; null if none did. */
  readonly cutAfter: readonly number[] | null;
}

export interface WakeupData extends StepData {
  readonly next: readonly WakeupData[];
  /** As of `Wakeup`. */
  readonly isElsewhere?: boolean | undefined;
}

export interface StateData {
  /** Steps that were explored from it before the present one, or are explored elsewhere. */
  readonly sleeping: readonly SleeperData[];
  readonly wakeups: readonly WakeupData[];
  /** As in `TreeNode`, with executions counted from the end of those made: not more than 0. */
  readonly born: number;
  readonly branchBorn: number;
  readonly explored: number;
}

export interface Subtree {
  /** The steps that lead to the last one of `states`. They were made before, and their races were looked for. */
  readonly schedule: readonly number[];
  /** The states on the way, from the initial one, and one more than steps. */
  readonly states: readonly StateData[];
  /**
   * The number of the share's own first state. Those before it belong to others. Where `states` ends before it, the
   * first wakeups lead to it.
   */
  readonly base: number;
  /** What is told of the way is told from this state on. */
  readonly from: number;
  /** When RCU frees an object matters. */
  readonly freesMatter: boolean;
}

/** The steps that reverse a race with a step from a state before the share. */
export interface ReversalData {
  /** The state's number. */
  readonly level: number;
  readonly sequence: readonly StepData[];
}

/** What there is of a share after some executions. */
export interface SubtreeRest {
  /** The steps of the way on, from that of the state `from`. */
  readonly steps: readonly StepData[];
  /** The states from which they were made, and, if not finished, the one to go on from. */
  readonly states: readonly StateData[];
  readonly finished: boolean;
  /**
   * States before this number are not closed: a step sleeps in them that is not explored to its end. The share ended
   * with its first execution then, and these states belong to others. 0 if there are none.
   */
  readonly openTo: number;
  /** `cutAfter` of the last of the steps, where its state belongs to others. */
  readonly cutAfter: readonly number[] | null;
  /** Others are to go on from that state. */
  readonly isLeft: boolean;
  /** The execution was given up where nobody could go on who does not sleep, and one of them is not explored to its end. */
  readonly blocked: boolean;
  readonly reversals: readonly ReversalData[];
  /** When RCU frees an object matters after all: everything begins again, and, if this is not all there is, elsewhere. */
  readonly again: boolean;
}

/** All there is. */
export function wholeTree(freesMatter: boolean): Subtree {
  return { schedule: [], states: [NEW_STATE], base: 0, from: 0, freesMatter };
}

export const NEW_STATE: StateData = { sleeping: [], wakeups: [], born: 0, branchBorn: 0, explored: 0 };
