/** How an exploration chooses its schedules. */

import type { Chooser, Execution } from '../machine/controlled.js';

/** A chooser that knows one execution from the next. */
export interface Strategy extends Chooser {
  readonly name: string;
  /** Called before each execution. False when there is none left: the whole space was covered. */
  begin(): boolean;
  /** Called after each execution. */
  end(execution: Execution): void;
}
