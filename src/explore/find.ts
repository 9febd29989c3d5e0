/** Looking for one execution that ends, or goes, in a given way. */

import type { ControlledMachine } from '../machine/controlled.js';
import type { Violation } from '../sync/gate.js';
import { diagnose } from './diagnosis/diagnose.js';
import type { FoundViolation } from './explore.js';
import { recordedSchedule } from './schedule.js';
import type { Strategy } from './strategy.js';

/** An execution that was looked for. */
export interface FoundExecution extends Omit<FoundViolation, 'violation'> {
  readonly violation: Violation | null;
}

/**
 * Executes until one is as wanted.
 *
 * @param strategy makes the decisions
 * @param schedules executions at most
 * @param wanted looks at the machine as the execution has left it
 * @returns null if none was, or the strategy's space has ended
 * @example
 * findExecution(machine, randomStrategy(1), 1000, (violation) => violation?.kind === 'deadlock')?.schedule;
 */
export function findExecution(
  machine: ControlledMachine,
  strategy: Strategy,
  schedules: number,
  wanted: (violation: Violation | null, machine: ControlledMachine) => boolean,
): FoundExecution | null {
  for (let execution = 1; execution <= schedules && strategy.begin(); execution++) {
    const done = machine.execute(strategy);
    strategy.end(done);
    if (done.abandoned) continue;
    const violation = diagnose(machine, done.violation);
    if (wanted(violation, machine)) {
      return { violation, execution, schedule: recordedSchedule(machine) };
    }
  }
  return null;
}
