/** What an exploration found, as text and as a document. */

import { estimateOf } from '../explore/estimate.js';
import type { Exploration, FoundViolation, Phase } from '../explore/explore.js';
import type { SearchOptions } from '../explore/shards/search.js';
import { encodeToken } from '../explore/token.js';
import { type Branching, branchingLines } from '../trace/branching.js';
import type { Shrunk } from '../trace/failing.js';
import type { WitnessDocument } from '../trace/report.js';
import { frameText } from '../trace/stack.js';
import { switchLines, switchReport } from '../trace/switches.js';
import { count, countOf, paint, print } from './context.js';
import type { TestCase } from './junit.js';

/** What an exploration was of. */
export interface Explored {
  readonly scenario: string;
  readonly patches: readonly string[];
  readonly cpus: number;
}

/** A violation with its token. */
export interface Reported {
  readonly token: string;
  /** Null where it was not. */
  readonly shrunk: Shrunk | null;
  /** Why it was not shrunk; empty where it was. */
  readonly unshrunk: string;
}

/** The document that `--json` prints. */
export function explorationDocument(
  of: Explored,
  options: SearchOptions,
  exploration: Exploration,
  reported: Reported | null,
  branching: Branching | null,
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
    phases: phases.map((phase) => ({ ...phase, estimate: estimateIn(phase) })),
    branching,
    outcomes,
    witnesses: Object.fromEntries(
      Object.entries(exploration.witnesses).map(([outcome, schedule]) => [outcome, encodeToken({ ...of, schedule })]),
    ),
    verdict: found === null ? 'holds' : 'violated',
    violation:
      found === null || reported === null
        ? null
        : {
            kind: found.violation.kind,
            message: found.violation.message,
            foundAtExecution: found.execution,
            token: reported.token,
            ...shrunkDocument(reported.shrunk),
          },
  };
}

function shrunkDocument(shrunk: Shrunk | null): Readonly<Record<string, unknown>> {
  return {
    minimalToken: shrunk?.token ?? null,
    switches: shrunk?.minimized.preemptions ?? null,
    steps: shrunk?.minimized.steps ?? null,
    fewestSwitches: shrunk?.minimized.fewest ?? false,
    witnesses: shrunk?.witnesses ?? [],
    switchDetails: shrunk?.minimized.switches.map(switchReport) ?? [],
  };
}

/** What was covered, in words: a line, or two. */
export function coverage({ exhausted, interrupted, phases }: Exploration): string {
  const last = phases.at(-1);
  if (exhausted && last !== undefined) {
    if (last.strategy === 'dpor') {
      const inequivalent = countOf(last.executions - last.redundant, 'inequivalent execution');
      return `verified: all schedules are covered by ${inequivalent}, and none breaks the claim`;
    }
    const space = last.bound === null ? 'all schedules' : `all schedules with ${last.bound}`;
    return `verified: ${space} were executed, and none breaks the claim`;
  }
  const verdict = interrupted ? 'interrupted: no violation so far' : 'no violation found; the space was not covered';
  return [verdict, ...phases.map(shareOf).filter((share) => share !== '')].join('\n');
}

/** How large a phase's space is likely to be; null where it was covered, or no execution was made. */
function estimateIn({ seen, estimate, executions }: Phase): Readonly<Record<string, number>> | null {
  if (seen !== undefined) return { ...estimateOf(seen, executions) };
  return estimate === undefined ? null : { executions: estimate };
}

/** A number that may be very large. */
function about(number: number): string {
  return number < 1e9 ? count(Number(number.toPrecision(3))) : number.toExponential(0).replace('e+', ' × 10^');
}

/** How much of the space a strategy has shown that did not cover it. */
function shareOf({ strategy, executions, redundant, exhausted, bound, seen, estimate }: Phase): string {
  if (seen === undefined) {
    const within = bound === null ? '' : ` with ${bound}`;
    const made = executions - redundant;
    if (exhausted) return `${strategy}: all ${countOf(made, 'execution')}${within}`;
    const whole = estimate === undefined ? '' : ` of an estimated ${about(estimate)}`;
    return `${strategy}: ${countOf(made, 'different execution')}${whole}${within}`;
  }
  const { schedules, chanceOfNew } = estimateOf(seen, executions);
  const chance = `${(chanceOfNew * 100).toFixed(chanceOfNew < 0.1 ? 1 : 0)} %`;
  return `${strategy}: ${countOf(seen.different, 'different schedule')} of at least some ${count(schedules)}; another would be new with a chance of ${chance}`;
}

function witnessText({ what, stack }: WitnessDocument): string {
  return `${what}\n${stack.map((frame) => `    ${frameText(frame)}\n`).join('')}`;
}

/** What to call to see a violation step by step. @param files the user's files that the token needs */
function replayCall({ token, shrunk }: Reported, files: readonly string[]): string {
  return `siglab replay ${[shrunk?.token ?? token, ...files.map((file) => `--file ${file}`)].join(' ')}`;
}

/** An exploration as a test case. */
export function testCase(
  of: Explored,
  exploration: Exploration,
  reported: Reported | null,
  files: readonly string[],
): TestCase {
  const { found, seconds, executions } = exploration;
  const replay = reported === null ? '' : replayCall(reported, files);
  const led = (reported?.shrunk?.witnesses ?? []).map(witnessText).join('');
  const { kind = '', message = '' } = found?.violation ?? {};
  return {
    suite: of.scenario,
    name: [of.scenario, ...of.patches].join(' + '),
    seconds,
    failure: found === null ? null : { kind, message, text: `${kind}: ${message}\n${led}${replay}` },
    output: `${found === null ? coverage(exploration) : replay}, ${countOf(executions, 'execution')}`,
  };
}

/** @param branching what makes the space large, where it was not covered */
export function printExploration(exploration: Exploration, branching: Branching | null): void {
  const { executions, seconds, outcomes, found, exhausted, phases } = exploration;
  const rate = count(Math.round(executions / seconds));
  const by = phases.map(({ strategy }) => strategy).join(' and ');
  print(`${countOf(executions, 'execution')} by ${by} in ${seconds.toFixed(2)} s (${rate} a second)`);
  for (const [outcome, times] of Object.entries(outcomes)) print(`  ${count(times).padStart(10)} × ${outcome}`);
  if (found === null) print(paint(exhausted ? 'green' : 'yellow', coverage(exploration)));
  const lines = branching === null ? [] : branchingLines(branching);
  if (lines.length > 0) print('most of the branching, by the races of a sample:');
  for (const line of lines) print(`  ${line}`);
}

/** @param files the user's files that the token needs */
export function printViolation(
  { execution, violation }: FoundViolation,
  reported: Reported,
  files: readonly string[],
): void {
  print(paint('red', `violated in execution ${count(execution)}`));
  const { shrunk, unshrunk } = reported;
  if (shrunk === null) print(`${unshrunk}: ${violation.kind}: ${violation.message}`);
  else printShrunk(shrunk);
  print(`\nto see it step by step:\n  ${replayCall(reported, files)}`);
}

function printShrunk({ minimized, report }: Shrunk): void {
  const { preemptions, fewest, steps } = minimized;
  const most = fewest ? 'no schedule with fewer fails' : 'perhaps there is one with fewer';
  const switches = countOf(preemptions, 'switch', 'switches');
  print(`shrunk to ${switches} that blocking does not force (${most}), ${countOf(steps, 'step')}`);
  for (const one of minimized.switches) for (const line of switchLines(one)) print(`  ${line}`);
  print();
  print(report);
}
