/** What an exploration found, as text and as a document. */

import type { Exploration } from '../explore/explore.js';
import type { Minimized } from '../explore/minimize.js';
import type { SearchOptions } from '../explore/shards/search.js';
import { switchLines, switchReport } from '../trace/switches.js';
import { count, paint, print } from './context.js';

/** What an exploration was of. */
export interface Explored {
  readonly scenario: string;
  readonly patches: readonly string[];
  readonly cpus: number;
}

/** A violation with its tokens. */
export interface Reported {
  readonly minimized: Minimized;
  readonly token: string;
  readonly minimalToken: string;
}

/** The document that `--json` prints. */
export function explorationDocument(
  of: Explored,
  options: SearchOptions,
  exploration: Exploration,
  reported: Reported | null,
): Readonly<Record<string, unknown>> {
  const { executions, redundant, exhausted, seconds, outcomes, found, phases } = exploration;
  return {
    ...of,
    strategy: options.strategy ?? 'default',
    preemptions: options.preemptions ?? null,
    seed: options.seed ?? 1,
    executions,
    redundant,
    exhaustive: exhausted,
    seconds,
    executionsPerSecond: Math.round(executions / seconds),
    phases,
    outcomes,
    verdict: found === null ? 'holds' : 'violated',
    violation:
      found === null || reported === null
        ? null
        : {
            kind: found.violation.kind,
            message: found.violation.message,
            foundAtExecution: found.execution,
            token: reported.token,
            minimalToken: reported.minimalToken,
            switches: reported.minimized.preemptions,
            steps: reported.minimized.steps,
            fewestSwitches: reported.minimized.fewest,
            switchDetails: reported.minimized.switches.map(switchReport),
          },
  };
}

/** What was covered, in words. */
export function coverage({ exhausted, interrupted, phases }: Exploration): string {
  const last = phases.at(-1);
  if (exhausted && last !== undefined) {
    const space = last.bound === null ? 'all schedules' : `all schedules with ${last.bound}`;
    const what =
      last.strategy === 'dpor' ? 'one of each kind that differs in more than the order of steps that commute' : space;
    return `verified: ${what} were executed, and none breaks the claim`;
  }
  if (interrupted) return 'interrupted: no violation so far';
  return 'no violation found; the space was not covered';
}

export function printExploration(exploration: Exploration): void {
  const { executions, seconds, outcomes, found, exhausted, phases } = exploration;
  const rate = count(Math.round(executions / seconds));
  const by = phases.map(({ strategy }) => strategy).join(' and ');
  print(`${count(executions)} executions by ${by} in ${seconds.toFixed(2)} s (${rate} a second)`);
  for (const [outcome, times] of Object.entries(outcomes)) print(`  ${count(times).padStart(10)} × ${outcome}`);
  if (found === null) print(paint(exhausted ? 'green' : 'yellow', coverage(exploration)));
}

/**
 * @param report the report of the shrunk schedule's violation
 * @param files the user's files that the token needs
 */
export function printViolation(
  execution: number,
  { minimized, minimalToken }: Reported,
  report: string,
  files: readonly string[],
): void {
  const { preemptions, fewest, steps } = minimized;
  print(paint('red', `violated in execution ${count(execution)}`));
  const most = fewest ? 'no schedule with fewer fails' : 'perhaps there is one with fewer';
  const switches = preemptions === 1 ? '1 switch' : `${preemptions} switches`;
  print(`shrunk to ${switches} that blocking does not force (${most}), ${steps} steps`);
  for (const one of minimized.switches) for (const line of switchLines(one)) print(`  ${line}`);
  print();
  print(report);
  print(
    `\nto see it step by step:\n  siglab replay ${[minimalToken, ...files.map((file) => `--file ${file}`)].join(' ')}`,
  );
}
