/** Executions whose call stacks are kept. */

import type { ControlledMachine } from '../machine/controlled.js';

/** Frames that a stack is kept with: coroutines run on top of each other. */
const FRAMES = 60;

/** Does something while a machine keeps, for each announced operation, the stack that announced it. */
export function keepingStacks<T>(machine: ControlledMachine, action: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  machine.captureStacks = true;
  try {
    return action();
  } finally {
    Error.stackTraceLimit = limit;
    machine.captureStacks = false;
  }
}
