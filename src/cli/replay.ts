/** `siglab replay TOKEN`: a schedule again, step by step. */

import { modelOf } from '../../scenarios/catalog.js';
import { replay } from '../explore/replay.js';
import type { TokenContents } from '../explore/token.js';
import { decodeToken } from '../explore/token.js';
import { ControlledMachine } from '../machine/controlled.js';
import { type LockstepResult, ThreadMachine } from '../machine/threads.js';
import { eventAt } from '../machine/trace-buffer.js';
import {
  chooseWord,
  EXIT_HOLDS,
  EXIT_VIOLATED,
  paint,
  patchesNamed,
  print,
  printJson,
  scenarioNamed,
  UsageError,
} from './context.js';
import { litmusModelOf } from './litmus-file.js';
import { ftraceOf, storyOf } from './story.js';
import { workerCode } from './workers.js';

export interface ReplayFlags {
  readonly machine: string;
  readonly format: string;
  readonly stacks?: boolean;
  readonly file?: string;
  readonly json?: boolean;
}

const MACHINES = ['controlled', 'lockstep'] as const;
const FORMATS = ['story', 'ftrace', 'json'] as const;
const DEFAULT_WIDTH = 160;

/**
 * Reads a token and makes the machine that it is for.
 *
 * @param file the litmus file that it is a witness of, if it is one
 * @throws UsageError, TokenError
 */
export function machineOf(
  token: string,
  file?: string,
): { readonly contents: TokenContents; readonly machine: ControlledMachine } {
  if (file !== undefined) {
    const { name, model } = litmusModelOf(file);
    return { contents: decodeToken(token, { scenario: name, patches: [] }), machine: new ControlledMachine(model) };
  }
  const contents = decodeToken(token);
  scenarioNamed(contents.scenario);
  patchesNamed(contents.patches);
  return { contents, machine: new ControlledMachine(modelOf(contents)) };
}

export async function replayCommand(token: string, flags: ReplayFlags): Promise<number> {
  const onMachine = chooseWord('machine', flags.machine, MACHINES);
  const chosen = chooseWord('format', flags.format, FORMATS);
  const format = flags.json === true ? 'json' : chosen;
  if (flags.file !== undefined && onMachine === 'lockstep') {
    throw new UsageError('the lockstep machine runs the scenarios that siglab brings, not files: leave --machine out');
  }
  const { contents, machine } = machineOf(token, flags.file);
  const here = replay(machine, contents.schedule);
  const there = onMachine === 'lockstep' ? await replayOnThreads(contents) : null;
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
    const title = { name: contents.scenario, patches: contents.patches, token };
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
export async function replayOnThreads(contents: TokenContents): Promise<LockstepResult> {
  const { scenario, patches, cpus, schedule } = contents;
  const description = { scenario, patches, cpus };
  const threads = ThreadMachine.start(modelOf(description), workerCode(description), { checked: true });
  try {
    return await threads.replay(schedule);
  } finally {
    await threads.dispose();
  }
}
