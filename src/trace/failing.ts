/** A schedule that fails, shrunk and told: what a search has to say of a violation. */

import { type Minimized, minimize } from '../explore/minimize.js';
import { replayToReport } from '../explore/replay.js';
import { encodeToken, type TokenContents } from '../explore/token.js';
import { ControlledMachine } from '../machine/controlled.js';
import type { Model } from '../machine/model.js';
import { violationReport, type WitnessDocument, witnessDocuments } from './report.js';

/** A shrunk schedule with its report, as plain data. */
export interface Shrunk {
  readonly minimized: Omit<Minimized, 'violation'>;
  readonly token: string;
  /** What led to the violation, as the shrunk schedule shows it. */
  readonly witnesses: readonly WitnessDocument[];
  /** In the manner of the kernel's own. */
  readonly report: string;
}

/**
 * Shrinks a schedule that fails and writes its report.
 *
 * @param failing what a token of the schedule says
 * @param title what ran, in the report
 * @throws ScheduleMismatchError if it does not fit the model, or does not fail
 */
export function shrinkFailing(model: Model, failing: TokenContents, title: string): Shrunk {
  const machine = new ControlledMachine(model);
  const { violation: _, ...minimized } = minimize(machine, failing.schedule);
  const token = encodeToken({ ...failing, schedule: minimized.schedule });
  const violation = replayToReport(machine, minimized.schedule);
  if (violation === null) return { minimized, token, witnesses: [], report: '' };
  const report = violationReport(machine, violation, title, token);
  return { minimized, token, witnesses: witnessDocuments(violation), report };
}
