/** `siglab replay TOKEN`: a schedule again, step by step. */

import { UnknownNameError } from '../../scenarios/catalog.js';
import { replay, replayWithStacks } from '../explore/replay.js';
import type { Departure } from '../explore/schedule.js';
import { Timeline } from '../explore/timeline.js';
import type { TokenContents } from '../explore/token.js';
import { decodeToken } from '../explore/token.js';
import { type FileDescription, type Known, modelFrom } from '../files/describe.js';
import { ControlledMachine } from '../machine/controlled.js';
import { type LockstepResult, ThreadMachine } from '../machine/threads.js';
import { eventAt } from '../machine/trace-buffer.js';
import { witnessDocuments } from '../trace/report.js';
import {
  chooseWord,
  EXIT_HOLDS,
  EXIT_VIOLATED,
  paint,
  print,
  printJson,
  suggestion,
  UsageError,
  wrap,
} from './context.js';
import { litmusModelOf } from './litmus-file.js';
import { printStep, stepDocument, stepOf } from './replay-step.js';
import { ftraceOf, perfettoOf, storyOf } from './story.js';
import { describedTarget, knownOf, MAX_CPUS, scenarioOf, type Target } from './target.js';
import { workerCode } from './workers.js';

export interface ReplayFlags {
  readonly machine: string;
  readonly format: string;
  readonly stacks?: boolean;
  readonly loose?: boolean;
  readonly step?: string;
  readonly file?: readonly string[];
  readonly json?: boolean;
}

const MACHINES = ['controlled', 'lockstep'] as const;
const FORMATS = ['story', 'ftrace', 'perfetto', 'json'] as const;
const DEFAULT_WIDTH = 160;

/** What a token is for. */
export interface TokenTarget {
  readonly contents: TokenContents;
  readonly machine: ControlledMachine;
  /** Null for a litmus test. */
  readonly target: Target | null;
}

/**
 * Reads a token and makes the machine that it is for.
 *
 * @param files the litmus file that it is a witness of, or the user's files that it needs
 * @throws UsageError, TokenError, UserFileError
 */
export async function machineOf(token: string, files: readonly string[] = []): Promise<TokenTarget> {
  const [litmus, ...others] = files.filter((file) => file.endsWith('.litmus'));
  if (litmus !== undefined) {
    if (others.length > 0 || files.length > 1) throw new UsageError('a token is the witness of one litmus file');
    const { name, model } = litmusModelOf(litmus);
    const contents = decodeToken(token, { scenario: name, patches: [] });
    return { contents, machine: new ControlledMachine(model), target: null };
  }
  const contents = decodeToken(token);
  const known = await knownOf(files);
  const { scenario, patches, cpus } = contents;
  expectKnown(known, scenario);
  const target = await describedTarget(known, { scenario, patches, files: known.files.map(({ path }) => path) });
  if (target.scenario === null && cpus !== target.model.cpus) {
    throw new UsageError(
      `this token is for ${cpus} threads, and ${scenario} has ${target.model.cpus}: it has changed since`,
    );
  }
  if (target.scenario !== null && cpus > MAX_CPUS) {
    throw new UsageError(`this token is for ${cpus} CPUs, and a scenario has ${MAX_CPUS} at most`);
  }
  const description = { ...target.description, cpus };
  const model = cpus === target.model.cpus ? target.model : await modelFrom(description);
  return { contents, machine: new ControlledMachine(model), target: { ...target, description, model } };
}

/** That there is what a token is of. @throws UsageError that says where it may be */
function expectKnown(known: Known, name: string): void {
  try {
    known.subject(name);
  } catch (error) {
    if (!(error instanceof UnknownNameError)) throw error;
    const where =
      known.files.length === 0
        ? 'of a file of your own, name it with --file'
        : `none in ${known.files.map(({ path }) => path).join(', ')} either`;
    throw new UsageError(`${suggestion(error.kind, name, error.known)}; ${where}`);
  }
}

export async function replayCommand(token: string, flags: ReplayFlags): Promise<number> {
  const onMachine = chooseWord('machine', flags.machine, MACHINES);
  const chosen = chooseWord('format', flags.format, FORMATS);
  const format = flags.json === true ? 'json' : chosen;
  const { loose = false } = flags;
  const opened = await machineOf(token, flags.file);
  const { contents, machine, target } = opened;
  if (onMachine === 'lockstep') refuseOnThreads(target, flags);
  if (flags.step !== undefined && (chosen === 'ftrace' || chosen === 'perfetto')) {
    throw new UsageError(`--step prints a state, as text or as JSON, and not as ${chosen}: leave one of the two out`);
  }
  if (flags.step !== undefined) return replayStep(opened, token, flags.step, { loose, json: format === 'json' });
  const here = replay(machine, contents.schedule, { loose });
  const there =
    onMachine === 'lockstep' && target !== null
      ? await replayOnThreads({ ...target.description, schedule: contents.schedule })
      : null;
  if (there !== null && there.traceHash !== here.traceHash) {
    throw new UsageError(
      `the lockstep machine went another way: trace ${there.traceHash}, the controlled machine's is ${here.traceHash}`,
    );
  }
  // The same execution: the controlled machine can tell more of one that hangs.
  const found = there === null || there.violation !== null ? here.violation : null;
  const violation = found === null ? null : { kind: found.kind, message: found.message, cpu: found.cpu };
  if (format === 'json') {
    const events =
      there === null
        ? here.events
        : Array.from({ length: there.eventCount }, (_, index) => eventAt(there.events, index));
    const { violation: told } = replayWithStacks(machine, contents.schedule, { loose });
    printJson({
      token,
      scenario: contents.scenario,
      patches: contents.patches,
      machine: onMachine,
      events,
      traceHash: there?.traceHash ?? here.traceHash,
      outcome: here.outcome,
      departures: here.departures,
      verdict: violation === null ? 'holds' : 'violated',
      violation: violation === null || told === null ? violation : { ...violation, witnesses: witnessDocuments(told) },
    });
  } else {
    printReplay(opened, token, format, flags.stacks ?? false);
    // A trace for another program is nothing but that.
    if (format !== 'perfetto') {
      printDepartures(here.departures);
      if (there !== null) {
        print(
          `\nreplayed on ${contents.cpus} threads in lockstep, trace ${there.traceHash}: the same, event for event`,
        );
      }
      if (violation === null) printHolds(here.outcome, target);
    }
  }
  return violation === null ? EXIT_HOLDS : EXIT_VIOLATED;
}

/** What the lockstep machine cannot do. @throws UsageError */
function refuseOnThreads(target: Target | null, { loose, step }: ReplayFlags): void {
  if (target === null) {
    throw new UsageError('the lockstep machine runs scenarios, not litmus tests: leave --machine out');
  }
  scenarioOf(target);
  if (loose === true) throw new UsageError('--loose is for the controlled machine: leave --machine out');
  if (step !== undefined) throw new UsageError('--step is for the controlled machine: leave --machine out');
}

function printReplay(
  { contents, machine, target }: TokenTarget,
  token: string,
  format: 'story' | 'ftrace' | 'perfetto',
  stacks: boolean,
): void {
  const { scenario: name, patches, schedule } = contents;
  const title = {
    name,
    patches,
    token,
    isModel: target?.scenario === null,
    claim: target?.scenario?.claim ?? '',
    watch: target?.watch ?? [],
    stories: patches.flatMap((patch) => target?.known.patch(patch) ?? []),
  };
  if (format === 'ftrace') print(ftraceOf(machine, schedule).text);
  else if (format === 'perfetto') print(JSON.stringify(perfettoOf(machine, schedule, title)));
  else print(storyOf(machine, schedule, title, { stacks, width: process.stdout.columns ?? DEFAULT_WIDTH }));
}

/** How a run ended that broke no claim, and, where the scenario says so, how that comes about. */
function printHolds(outcome: string, target: Target | null): void {
  print(`\n${paint('green', 'the claim holds in this execution')}: ${outcome}`);
  const because = target?.scenario?.possible?.find((one) => one.outcome === outcome)?.because;
  if (because !== undefined) print(wrap(`this is how it comes about: ${because}`, 110, '  '));
}

function printDepartures(departures: readonly Departure[]): void {
  if (departures.length === 0) return;
  print(`\n${paint('yellow', 'the schedule does not fit, and was followed as far as it could be')}:`);
  for (const { decision, step, reason } of departures) {
    print(`  decision ${decision}, at step ${step}, ${reason}; the default rule was followed`);
  }
}

/** The state after a step. */
function replayStep(
  { contents, machine }: TokenTarget,
  token: string,
  step: string,
  { loose, json }: { readonly loose: boolean; readonly json: boolean },
): number {
  const timeline = new Timeline(machine, contents.schedule, { loose });
  const state = stepOf(timeline, step);
  const { scenario, patches } = contents;
  if (json) printJson({ token, scenario, patches, ...stepDocument(timeline, state) });
  else printStep(machine, timeline, state);
  return EXIT_HOLDS;
}

/** Replays a schedule on real threads. */
export async function replayOnThreads({
  schedule,
  ...description
}: FileDescription & { readonly schedule: Uint8Array }): Promise<LockstepResult> {
  const threads = ThreadMachine.start(await modelFrom(description), workerCode(description), { checked: true });
  try {
    return await threads.replay(schedule);
  } finally {
    await threads.dispose();
  }
}
