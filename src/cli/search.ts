/** Exploring from the command line: over cores, with a progress bar, with Ctrl-C, with a file to go on from. */

import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Exploration } from '../explore/explore.js';
import type { ShardRunner } from '../explore/shards/runner.js';
import { type SearchOptions, type SearchState, STATE_VERSION, searchInShards } from '../explore/shards/search.js';
import { expectWritable, progressBar, reasonOf, UsageError } from './context.js';
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
  /** Of the two above: a state that was edited would lead to a wrong verdict. */
  readonly sum: string;
}

function sumOf({ of, state }: Pick<Saved, 'of' | 'state'>): string {
  return digest(JSON.stringify({ of, state }));
}

function digest(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** Null for what is no JSON. */
function parsed(text: string): Partial<Saved> | null {
  try {
    return JSON.parse(text) as Partial<Saved> | null;
  } catch {
    return null;
  }
}

/** @throws UsageError for what is no file, cannot be read, was cut or edited, or is for something else */
function readState(file: string, of: Saved['of']): SearchState | null {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return null;
  // A device may never end.
  if (!found.isFile()) throw new UsageError(`--resume: ${file} is no ordinary file`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--resume: cannot read ${file}: ${reasonOf(error)}`);
  }
  const saved = parsed(text);
  if (saved?.siglab !== 'search' || saved.state?.version === undefined || saved.of === undefined) {
    throw new UsageError(`${file} is no file that --resume has written: it is left as it is`);
  }
  const { state } = saved;
  if (state.version !== STATE_VERSION) {
    const versions = `it has version ${state.version}, and this one reads ${STATE_VERSION}`;
    throw new UsageError(`${file} was written by --resume of another siglab: ${versions}; it is left as it is`);
  }
  if (saved.sum !== sumOf({ of: saved.of, state })) {
    throw new UsageError(`${file} has been edited since --resume has written it: it is left as it is`);
  }
  for (const [name, value] of Object.entries(of)) {
    const then = JSON.stringify(saved.of[name]);
    if (then === JSON.stringify(value)) continue;
    if (name === 'code') throw new UsageError(`${file} is of no use any more: ${changed(saved.of.code, value)}`);
    throw new UsageError(
      `${file} is the state of another search: ${name} was ${then}, and is ${JSON.stringify(value)}`,
    );
  }
  return state;
}

/** The text of the user's files that a search is of, as digests by name. */
function codeOf(files: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(files.map((path) => [basename(path), digest(readFileSync(path))]));
}

/** Which of the user's files are other ones than they were. */
function changed(then: unknown, now: unknown): string {
  const [before, after] = [then, now].map((code) => (code ?? {}) as Record<string, string>) as [Code, Code];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return `${names.filter((name) => before[name] !== after[name]).join(', ')} changed since it was written`;
}

type Code = Readonly<Record<string, string>>;

/** Explores a target. @throws UsageError for a file of `--resume` that is for something else */
export async function search(
  runner: ShardRunner,
  { description: { scenario, patches, cpus, files = [] } }: Target,
  options: SearchOptions,
  { resume, interrupted }: SearchFlags,
): Promise<Exploration> {
  const { strategy = 'default', seed, preemptions, delays, iterative, depth } = options;
  const bounds = { preemptions, delays, iterative, depth };
  const code = resume === undefined ? {} : codeOf(files);
  const of = JSON.parse(JSON.stringify({ scenario, patches, cpus, strategy, seed, ...bounds, code })) as Saved['of'];
  if (resume !== undefined) {
    expectWritable('--resume', resume);
    expectWritable('--resume', besides(resume));
  }
  const from = resume === undefined ? null : readState(resume, of);
  const bar = progressBar('exploring', options.schedules ?? Number.POSITIVE_INFINITY);
  try {
    const { exploration, state } = await searchInShards(runner, {
      ...options,
      ...(from === null ? {} : { from }),
      interrupted,
      progress: (executions) => bar.update(executions),
    });
    if (resume !== undefined) keep(resume, { siglab: 'search', of, state, sum: sumOf({ of, state }) });
    return exploration;
  } finally {
    bar.stop();
  }
}

/** Where a state is written first, so that the one before is there until the next one is. */
function besides(file: string): string {
  return `${file}.new`;
}

/** Writes the state whole or not at all. What was found is told also where that fails. */
function keep(file: string, saved: Saved): void {
  try {
    writeFileSync(besides(file), JSON.stringify(saved));
    renameSync(besides(file), file);
  } catch (error) {
    process.stderr.write(`siglab: the state of the search could not be kept in ${file}: ${reasonOf(error)}\n`);
    rmSync(besides(file), { force: true });
  }
}
