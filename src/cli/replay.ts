/** `siglab replay TOKEN`: a schedule again, step by step. */

import { replay } from '../explore/replay.js';
import type { TokenContents } from '../explore/token.js';
import { decodeToken } from '../explore/token.js';
import { type FileDescription, modelFrom } from '../files/describe.js';
import { ControlledMachine } from '../machine/controlled.js';
import { type LockstepResult, ThreadMachine } from '../machine/threads.js';
import { eventAt } from '../machine/trace-buffer.js';
import { chooseWord, EXIT_HOLDS, EXIT_VIOLATED, paint, print, printJson, UsageError } from './context.js';
import { litmusModelOf } from './litmus-file.js';
import { ftraceOf, storyOf } from './story.js';
import { describedTarget, knownOf, scenarioOf, type Target } from './target.js';
import { workerCode } from './workers.js';

export interface ReplayFlags {
  readonly machine: string;
  readonly format: string;
  readonly stacks?: boolean;
  readonly file?: readonly string[];
  readonly json?: boolean;
}

const MACHINES = ['controlled', 'lockstep'] as const;
const FORMATS = ['story', 'ftrace', 'json'] as const;
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
  const target = await describedTarget(known, { scenario, patches, files: known.files.map(({ path }) => path) });
  const description = { ...target.description, cpus };
  const model = cpus === target.model.cpus ? target.model : await modelFrom(description);
  return { contents, machine: new ControlledMachine(model), target: { ...target, description, model } };
}

export async function replayCommand(token: string, flags: ReplayFlags): Promise<number> {
  const onMachine = chooseWord('machine', flags.machine, MACHINES);
  const chosen = chooseWord('format', flags.format, FORMATS);
  const format = flags.json === true ? 'json' : chosen;
  const { contents, machine, target } = await machineOf(token, flags.file);
  if (onMachine === 'lockstep' && target === null) {
    throw new UsageError('the lockstep machine runs scenarios, not litmus tests: leave --machine out');
  }
  if (onMachine === 'lockstep' && target !== null) scenarioOf(target);
  const here = replay(machine, contents.schedule);
  const there =
    onMachine === 'lockstep' && target !== null
      ? await replayOnThreads({ ...target.description, schedule: contents.schedule })
      : null;
  if (there !== null && there.traceHash !== here.traceHash) {
    throw new UsageError(
      `the lockstep machine went another way: trace ${there.traceHash}, the controlled machine's is ${here.traceHash}`,
    );
  }
  const found = there === null ? here.violation : there.violation;
  const violation = found === null ? null : { kind: found.kind, message: found.message, cpu: found.cpu };
  if (format === 'json') {
    const events =
      there === null
        ? here.events
        : Array.from({ length: there.eventCount }, (_, index) => eventAt(there.events, index));
    printJson({
      token,
      scenario: contents.scenario,
      patches: contents.patches,
      machine: onMachine,
      events,
      traceHash: there?.traceHash ?? here.traceHash,
      outcome: here.outcome,
      verdict: violation === null ? 'holds' : 'violated',
      violation,
    });
  } else {
    const title = {
      name: contents.scenario,
      patches: contents.patches,
      token,
      watch: target?.watch ?? [],
      isModel: target?.scenario === null,
    };
    if (format === 'ftrace') print(ftraceOf(machine, contents.schedule).text);
    else {
      const width = process.stdout.columns ?? DEFAULT_WIDTH;
      print(storyOf(machine, contents.schedule, title, { stacks: flags.stacks ?? false, width }));
    }
    if (there !== null) {
      print(`\nreplayed on ${contents.cpus} threads in lockstep, trace ${there.traceHash}: the same, event for event`);
    }
    if (violation === null) print(`\n${paint('green', 'the claim holds in this execution')}: ${here.outcome}`);
  }
  return violation === null ? EXIT_HOLDS : EXIT_VIOLATED;
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
