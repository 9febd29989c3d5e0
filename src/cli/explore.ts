/** `siglab explore SCENARIO`: the controlled machine; the first violation minimised, or what was covered. */

import type { Exploration, FoundViolation } from '../explore/explore.js';
import { type ThreadPool, threadPool } from '../explore/shards/pool.js';
import type { SearchOptions } from '../explore/shards/search.js';
import { encodeToken } from '../explore/token.js';
import type { Branching } from '../trace/branching.js';
import type { Shrunk } from '../trace/failing.js';
import {
  EXIT_HOLDS,
  EXIT_INTERRUPTED,
  EXIT_VIOLATED,
  expectWritable,
  print,
  printJson,
  titleText,
  watchInterrupt,
  wholeNumber,
} from './context.js';
import { exploreAllCommand } from './explore-all.js';
import { type PlanFlags, planOf } from './explore-plan.js';
import { explorationDocument, printExploration, printViolation, type Reported, testCase } from './explore-report.js';
import { writeJunit } from './junit.js';
import { search } from './search.js';
import { type Target, type TargetFlags, targetOf } from './target.js';
import { explorerCode } from './workers.js';

export interface ExploreFlags extends PlanFlags, TargetFlags {
  readonly workers?: string;
  readonly resume?: string;
  readonly junit?: string;
  readonly json?: boolean;
}

const MAX_WORKERS = 256;
/** Milliseconds that it may take to find out what makes the space large. */
const SURVEY_MS = 20_000;

export async function exploreCommand(name: string, flags: ExploreFlags): Promise<number> {
  const workers = flags.workers === undefined ? 1 : wholeNumber('--workers', flags.workers, 1, MAX_WORKERS);
  if (name === 'all') return exploreAllCommand(flags, workers);
  const options = planOf(flags);
  if (flags.junit !== undefined) expectWritable('--junit', flags.junit);
  const target = await targetOf(name, flags);
  const { scenario, patches, cpus, files = [] } = target.description;
  const of = { scenario, patches, cpus };
  const { resume } = flags;
  // All that takes long is done by threads, so that this one always hears Ctrl-C.
  const interrupt = watchInterrupt();
  const threads = threadPool(explorerCode(target.description), workers);
  let exploration: Exploration;
  let reported: Reported | null = null;
  let branching: Branching | null = null;
  try {
    exploration = await search(threads, target, options, { resume, interrupted: interrupt.pressed });
    const { found, exhausted } = exploration;
    if (found !== null) reported = await shrink(threads, target, found, interrupt.signal);
    else if (!exhausted && exploration.executions > 0) {
      const soon = AbortSignal.any([interrupt.signal, AbortSignal.timeout(SURVEY_MS)]);
      branching = await unlessAborted(threads, 'survey', {}, soon);
    }
  } finally {
    interrupt.stop();
    await threads.dispose();
  }
  const { found, exhausted } = exploration;
  if (flags.json === true) printJson(explorationDocument(of, options, exploration, reported, branching));
  else {
    printExploration(exploration, branching);
    if (threads.lost > 0) printLost(threads.lost);
    if (resume !== undefined && found === null) printKept(resume, exploration, options);
    if (found !== null && reported !== null) printViolation(found, reported, files);
  }
  if (flags.junit !== undefined) writeJunit(flags.junit, [testCase(of, exploration, reported, files)]);
  if (interrupt.pressed()) return EXIT_INTERRUPTED;
  if (found !== null) return EXIT_VIOLATED;
  if (flags.exhaustive === true && !exhausted) {
    process.stderr.write('siglab: a limit ended the search before the whole space was covered\n');
    return EXIT_VIOLATED;
  }
  return EXIT_HOLDS;
}

/** Something that a thread makes; null if it is aborted before that. */
async function unlessAborted<T>(
  threads: ThreadPool,
  name: string,
  given: object,
  signal: AbortSignal,
): Promise<T | null> {
  try {
    return await threads.call<T | null>(name, given, signal);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

async function shrink(
  threads: ThreadPool,
  { description, scenario: known }: Target,
  { schedule }: FoundViolation,
  signal: AbortSignal,
): Promise<Reported> {
  const { scenario, patches, cpus } = description;
  const failing = { scenario, patches, cpus, schedule };
  const title = titleText({ name: scenario, patches, isModel: known === null });
  const token = encodeToken(failing);
  try {
    const shrunk = await unlessAborted<Shrunk>(threads, 'shrink', { failing, title }, signal);
    return { token, shrunk, unshrunk: shrunk === null ? 'interrupted before it was shrunk' : '' };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ScheduleMismatchError') throw error;
    // What was found is told all the same.
    const why = `made again it goes another way (${error.message}); is there a state that is kept between executions?`;
    return { token, shrunk: null, unshrunk: `it could not be shrunk: ${why}\nwhat was found` };
  }
}

function printLost(threads: number): void {
  const which = threads === 1 ? 'a thread' : `${threads} threads`;
  print(`${which} did not come to an end and had to be stopped: is there a loop that neither ends nor yields?`);
}

/** Of searches whose bound rises nothing is kept. */
function printKept(file: string, { exhausted }: Exploration, { strategy, iterative }: SearchOptions): void {
  if (exhausted || (strategy !== 'round-robin' && iterative !== true)) return;
  const name = strategy === 'dfs' ? 'iterative dfs' : strategy;
  print(`${name} is made as a whole or not at all: with ${file} it begins anew`);
}
