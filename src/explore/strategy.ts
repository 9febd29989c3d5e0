/** How an exploration chooses its schedules. */

import type { Chooser, ControlledMachine, Execution } from '../machine/controlled.js';

/** A chooser that knows one execution from the next. */
export interface Strategy extends Chooser {
  readonly name: string;
  /** It looks at what steps read and write: the machine must keep footprints. */
  readonly needsFootprints?: boolean;
  /** What it does depends on the executions before: a share of a longer exploration is one of its own. */
  readonly learns?: boolean;
  /** Executions that it found to be the same as one before, but for steps that commute. For strategies that can tell. */
  readonly redundant?: number;
  /**
   * Of a strategy that ends: how many executions its whole space takes, estimated from a part of it.
   * Asked after an execution; it may make more on the machine.
   */
  estimate?(machine: ControlledMachine): number;
  /** Called before each execution. False when there is none left: the whole space was covered. */
  begin(): boolean;
  /** Called after each execution. */
  end(execution: Execution): void;
}
