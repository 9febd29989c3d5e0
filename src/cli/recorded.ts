/** Recorded runs: the token of each, and the trace of one. */

import { ScheduleMismatchError, scheduleChooser, trimSchedule } from '../explore/schedule.js';
import { encodeToken } from '../explore/token.js';
import { ControlledMachine } from '../machine/controlled.js';
import type { RecordedRun } from '../machine/threads.js';
import { paint, print, writeTo } from './context.js';
import { ftraceOf, perfettoOf } from './story.js';
import type { Target } from './target.js';

/** A recorded run with its token. */
export interface TokenOfRun {
  readonly iteration: number;
  readonly outcome: string;
  readonly violated: boolean;
  /** Null for a run that no token can express. */
  readonly token: string | null;
  /** Why there is none. */
  readonly reason: string | null;
  readonly schedule: Uint8Array | null;
}

/** Makes the tokens, each of which is replayed on the controlled machine first: it must end as the run has ended. */
export function tokensOf({ model, description }: Target, runs: readonly RecordedRun[]): readonly TokenOfRun[] {
  // With the checker that threads have; the others may find something earlier.
  const machine = new ControlledMachine(model, { checked: ['memory'] });
  const { scenario, patches, cpus } = description;
  return runs.map((run) => {
    const reason = differenceOf(machine, run);
    const schedule = run.schedule === null || reason !== null ? null : trimSchedule(run.schedule);
    const token = schedule === null ? null : encodeToken({ scenario, patches, cpus, schedule });
    const { iteration, outcome, violation } = run;
    return { iteration, outcome, violated: violation !== null, token, reason, schedule };
  });
}

/** How a run and its replay differ, or null. */
function differenceOf(machine: ControlledMachine, { schedule, outcome, violation }: RecordedRun): string | null {
  if (schedule === null) return 'it has more decisions than were written down';
  try {
    // As the threads see it: without the look at why it hangs, which only the controlled machine can take.
    const chooser = scheduleChooser(trimSchedule(schedule), false);
    const again = machine.execute(chooser);
    chooser.assertEnded(machine, again.violation);
    const end = machine.model.outcome(machine.arena);
    if (end !== outcome) return `replayed, it ends with "${end}"`;
    if (again.violation?.kind === violation?.kind && again.violation?.message === violation?.message) return null;
    return again.violation === null
      ? 'replayed, it does not fail'
      : `replayed, it fails with ${again.violation.message}`;
  } catch (error) {
    if (error instanceof ScheduleMismatchError) return error.message;
    throw error;
  }
}

/** Prints the token of the first run of each outcome. */
export function printTokens(tokens: readonly TokenOfRun[]): void {
  const told = new Set<string>();
  for (const { outcome, token, reason, iteration } of tokens) {
    if (told.has(outcome)) continue;
    told.add(outcome);
    print(`recorded in iteration ${iteration}, ${outcome}:`);
    print(token === null ? `  ${paint('yellow', `no token can express it: ${reason}`)}` : `  ${token}`);
  }
}

/**
 * Writes the trace of a recorded run: the first that failed, otherwise the first.
 *
 * @param file as Perfetto reads it if it ends in `.json`, otherwise as ftrace prints it
 * @returns the number of the iteration; null if none of those that could be traced has a token
 * @throws UsageError if the file cannot be written
 */
export function writeTrace(file: string, { model, description }: Target, tokens: readonly TokenOfRun[]): number | null {
  const chosen = tokens.find(({ violated, schedule }) => violated && schedule !== null) ?? tokens[0];
  if (chosen === undefined || chosen.schedule === null || chosen.token === null) return null;
  const { token, schedule, iteration } = chosen;
  const machine = new ControlledMachine(model);
  const title = { name: description.scenario, patches: description.patches, token };
  const text = file.endsWith('.json')
    ? JSON.stringify(perfettoOf(machine, schedule, title))
    : ftraceOf(machine, schedule).text;
  writeTo('--trace', file, `${text}\n`);
  return iteration;
}
