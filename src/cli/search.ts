/** Exploring from the command line: over cores, with a progress bar, with Ctrl-C, with a file to go on from. */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Exploration } from '../explore/explore.js';
import type { ShardRunner } from '../explore/shards/runner.js';
import { type SearchOptions, type SearchState, STATE_VERSION, searchInShards } from '../explore/shards/search.js';
import { expectWritable, progressBar, UsageError } from './context.js';
import type { Target } from './target.js';

export interface SearchFlags {
  /** Where the state of the search is kept. */
  readonly resume: string | undefined;
  /** Asked now and then: true ends the search. */
  readonly interrupted: () => boolean;
}

/** What a file of `--resume` holds. */
interface Saved {
  readonly siglab: 'search';
  /** What the search is of, and how: a file is good for the same only. */
  readonly of: Readonly<Record<string, unknown>>;
  readonly state: SearchState;
}

/** A file that is not one of `--resume`, or is for something else. */
function readState(file: string, of: Saved['of']): SearchState | null {
  if (!existsSync(file)) return null;
  let saved: Partial<Saved>;
  try {
    saved = JSON.parse(readFileSync(file, 'utf8')) as Partial<Saved>;
  } catch {
    throw new UsageError(`${file} is no file that --resume has written: it is left as it is`);
  }
  const { siglab, state } = saved;
  if (siglab !== 'search' || state?.version === undefined || saved.of === undefined) {
    throw new UsageError(`${file} is no file that --resume has written: it is left as it is`);
  }
  if (state.version !== STATE_VERSION) {
    const versions = `it has version ${state.version}, and this one reads ${STATE_VERSION}`;
    throw new UsageError(`${file} was written by --resume of another siglab: ${versions}; it is left as it is`);
  }
  for (const [name, value] of Object.entries(of)) {
    const then = JSON.stringify(saved.of[name]);
    if (then === JSON.stringify(value)) continue;
    throw new UsageError(
      `${file} is the state of another search: ${name} was ${then}, and is ${JSON.stringify(value)}`,
    );
  }
  return state;
}

/** Explores a target. @throws UsageError for a file of `--resume` that is for something else */
export async function search(
  runner: ShardRunner,
  { description: { scenario, patches, cpus } }: Target,
  options: SearchOptions,
  { resume, interrupted }: SearchFlags,
): Promise<Exploration> {
  const { strategy = 'default', seed, preemptions, delays, iterative, depth } = options;
  const bounds = { preemptions, delays, iterative, depth };
  const of = JSON.parse(JSON.stringify({ scenario, patches, cpus, strategy, seed, ...bounds })) as Saved['of'];
  if (resume !== undefined) expectWritable('--resume', resume);
  const from = resume === undefined ? null : readState(resume, of);
  const bar = progressBar('exploring', options.schedules ?? Number.POSITIVE_INFINITY);
  try {
    const { exploration, state } = await searchInShards(runner, {
      ...options,
      ...(from === null ? {} : { from }),
      interrupted,
      progress: (executions) => bar.update(executions),
    });
    if (resume !== undefined) keep(resume, { siglab: 'search', of, state });
    return exploration;
  } finally {
    bar.stop();
  }
}

/** Writes the state whole or not at all. What was found is told also where that fails. */
function keep(file: string, saved: Saved): void {
  try {
    writeFileSync(`${file}.new`, JSON.stringify(saved));
    renameSync(`${file}.new`, file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`siglab: the state of the search could not be kept in ${file}: ${why}\n`);
  }
}
