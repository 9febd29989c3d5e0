/** The switches of a shrunk schedule as text and as data: each with what happens without it. */

import type { Ending, Switch } from '../explore/switches.js';
import { type Frame, frameText, simulatedFrames } from './stack.js';

/** A switch as `--json` prints it. */
export interface SwitchReport extends Omit<Switch, 'stack'> {
  /** Where the CPU that is left stands; null for one that is idle. */
  readonly place: Frame | null;
}

export function switchReport({ stack, ...at }: Switch): SwitchReport {
  return { ...at, place: at.before === 'idle' ? null : (simulatedFrames(stack)[0] ?? null) };
}

/** How an execution ended, in words: `kill 0, died of SIGTERM; no violation`. */
export function endingText({ violation, outcome }: Ending): string {
  return violation === null ? `${outcome}; no violation` : `${violation.kind}: ${violation.message}`;
}

/** A switch in two lines: what it is, and what happens without it. */
export function switchLines(one: Switch): readonly string[] {
  const { step, fromName, toName, before, without, preemption } = one;
  const { place } = switchReport(one);
  const taken = toName === 'the clock' ? 'time passes' : `${toName} goes on`;
  const stands = before === 'idle' ? 'has nothing to do' : preemption ? `is about to ${before}` : `waits at ${before}`;
  const where = place === null ? '' : ` in ${frameText(place)}`;
  return [`step ${step}: ${fromName} ${stands}${where}; ${taken}`, `  without this switch: ${endingText(without)}`];
}
