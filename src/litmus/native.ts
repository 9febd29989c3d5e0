/** A test on the host's kernel: compiled, run many times, its outcomes counted. */

import { type ChildProcess, execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Item, Litmus } from './ast.js';
import { compileToC, settleTime } from './compile.js';
import type { Outcome } from './final.js';
import { outcomeText } from './judge.js';
import { layoutOf, slotOf } from './layout.js';
import { setText, statusText, valueText } from './words.js';

const run = promisify(execFile);

/** The host cannot run tests natively, or not this one. */
export class NativeError extends Error {
  override readonly name = 'NativeError';
}

export interface NativeOptions {
  readonly iterations: number;
  /** Seconds at most; the iterations made until then are those that count. */
  readonly seconds: number;
  readonly seed: number;
  /** A folder that is there, in which the C program is kept; nowhere if not given. */
  readonly keep?: string;
  /** So many of the program run at a time. If it is not given: one, or many where an iteration mostly sleeps. */
  readonly jobs?: number;
  /** Ends the run; the iterations made until then are those that count. */
  readonly signal?: AbortSignal;
}

export interface NativeRun {
  /** Iterations made. */
  readonly iterations: number;
  /** Of these, those in which the tasks did not come to rest. They count for nothing. */
  readonly unsettled: number;
  /** Outcome → how often. */
  readonly observed: ReadonlyMap<string, { readonly values: Outcome; readonly count: number }>;
  /** `namespace`: the tasks had a pid namespace of their own; `session`: only a session. */
  readonly isolation: string;
}

const COMPILERS = ['gcc', 'cc', 'clang'] as const;
const HEADERS = ['litmus.h', 'runner.h'] as const;
const FLAGS = [
  '-O1',
  '-std=gnu11',
  '-fwrapv',
  '-Wall',
  '-Wno-unused-function',
  '-Wno-unused-variable',
  '-Wno-enum-conversion',
];

let compiler: string | null | undefined;

/** The C compiler that there is, or null. */
export async function findCompiler(): Promise<string | null> {
  if (compiler !== undefined) return compiler;
  compiler = null;
  for (const name of COMPILERS) {
    const found = await run(name, ['--version']).then(
      () => true,
      () => false,
    );
    if (found) {
      compiler = name;
      break;
    }
  }
  return compiler;
}

/** Why tests cannot be run natively here, or null. */
export async function whyNotNative(): Promise<string | null> {
  if (process.platform !== 'linux') return `this is ${process.platform}: native runs need the kernel of a Linux host`;
  if (process.arch !== 'x64') return `this is ${process.arch}: native runs need an x86-64 machine`;
  if ((await findCompiler()) === null) return `there is no C compiler: native runs need one of ${COMPILERS.join(', ')}`;
  return null;
}

/** The host's kernel, for reports. */
export function hostKernel(): string {
  return `Linux ${release()}`;
}

/** The folder of the C headers: beside the source, which the package brings along. */
function headerFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return here.includes(`${join('dist', 'src', 'litmus')}`)
    ? join(here, '..', '..', '..', 'src', 'litmus', 'native')
    : join(here, 'native');
}

/**
 * Runs a test natively.
 *
 * @throws NativeError where it cannot be compiled or run
 */
export async function runNative(test: Litmus, options: NativeOptions): Promise<NativeRun> {
  const why = await whyNotNative();
  if (why !== null) throw new NativeError(why);
  const waits = settleTime(test) / 1e9;
  if (waits > options.seconds) {
    throw new NativeError(
      `${test.name} cannot be run in ${options.seconds} s: an iteration waits ${Math.ceil(waits)} s for its longest timer`,
    );
  }
  const folder = options.keep ?? (await mkdtemp(join(tmpdir(), 'siglab-litmus-')));
  try {
    return await compileAndRun(test, options, folder);
  } finally {
    if (options.keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function compileAndRun(test: Litmus, options: NativeOptions, folder: string): Promise<NativeRun> {
  const source = join(folder, `${test.name}.c`);
  const program = join(folder, test.name);
  await writeFile(source, compileToC(test));
  for (const header of HEADERS) await copyFile(join(headerFolder(), header), join(folder, header));
  const cc = (await findCompiler()) ?? 'cc';
  try {
    // A static program starts faster, and each image is such a start. Not every system has the libraries for it.
    await run(cc, [...FLAGS, '-static', '-o', program, source]).catch(() => run(cc, [...FLAGS, '-o', program, source]));
  } catch (error) {
    const message = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new NativeError(`${cc} cannot compile ${test.name}: ${message.trim().split('\n').slice(0, 5).join('; ')}`);
  }
  const printed = await runJobs(test, program, options);
  return mergeRuns(printed.map((text) => readHistogram(test, text)));
}

/** So many iterations show how long one takes. One that takes longer than this sleeps, and others can go on beside it. */
const PROBED = 8;
const SLEEPING_MS = 50;
const SLEEPERS = 32;
/** More than the runner's clock can count is not meant. */
const MOST_SECONDS = 1_000_000;
/** Programs at a time of a test with short timers. */
const TIMED = 4;

/** Runs the program, as several at a time if that is asked for, or worth while. @returns what each printed */
async function runJobs(test: Litmus, program: string, options: NativeOptions): Promise<string[]> {
  const running = new Set<ChildProcess>();
  const stop = (): void => {
    for (const child of running) child.kill('SIGTERM');
  };
  options.signal?.addEventListener('abort', stop);
  try {
    return await startJobs(test, program, options, running);
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

async function startJobs(
  test: Litmus,
  program: string,
  { iterations, seconds, seed, jobs, signal }: NativeOptions,
  running: Set<ChildProcess>,
): Promise<string[]> {
  const started = performance.now();
  const start = (count: number, time: number, number: number): Promise<string> =>
    runProgram(test.name, program, [String(count), String(time), String(seed + number)], running);
  const first =
    jobs === undefined ? [await start(Math.min(PROBED, iterations), Math.min(seconds, MOST_SECONDS), 0)] : [];
  const probed = Math.min(PROBED, iterations) * first.length;
  const spent = performance.now() - started;
  const left = iterations - probed;
  const time = Math.min(seconds, MOST_SECONDS) - spent / 1000;
  if (signal?.aborted === true || (first.length > 0 && (left <= 0 || time <= 0))) return first;
  const many = jobs ?? (spent > SLEEPING_MS * probed ? SLEEPERS : settleTime(test) > 0 ? TIMED : 1);
  const shares = Array.from({ length: Math.min(many, left) }, (_, number) => {
    const share = Math.floor(left / many) + Number(number < left % many);
    return start(share, time, 1 + number);
  });
  return [...first, ...(await Promise.all(shares))];
}

/**
 * Runs the program once. It has a session of its own, which no key of a terminal reaches.
 *
 * @param running where it is for as long as it runs
 * @returns what it printed
 */
async function runProgram(name: string, program: string, args: string[], running: Set<ChildProcess>): Promise<string> {
  const promise = run(program, args, { maxBuffer: 1 << 24 });
  running.add(promise.child);
  try {
    return (await promise).stdout;
  } catch (error) {
    const printed = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    const why = /^refused (.*)$/m.exec(printed)?.[1];
    throw new NativeError(`${name} cannot be run: ${why ?? String(error)}`);
  } finally {
    running.delete(promise.child);
  }
}

/** Several runs of a test as one. */
function mergeRuns(runs: readonly NativeRun[]): NativeRun {
  const observed = new Map<string, { values: Outcome; count: number }>();
  for (const [text, { values, count }] of runs.flatMap((one) => [...one.observed])) {
    observed.set(text, { values, count: count + (observed.get(text)?.count ?? 0) });
  }
  return {
    iterations: runs.reduce((sum, { iterations }) => sum + iterations, 0),
    unsettled: runs.reduce((sum, { unsettled }) => sum + unsettled, 0),
    observed,
    isolation: runs[0]?.isolation ?? '',
  };
}

/** Reads what the runner printed. */
export function readHistogram(test: Litmus, printed: string): NativeRun {
  const layout = layoutOf(test);
  const observed = new Map<string, { values: Outcome; count: number }>();
  for (const [, count = '0', line = ''] of printed.matchAll(/^outcome (\d+) (.*)$/gm)) {
    const words = line.trim().split(' ');
    const values = layout.items.map((item, at) => readValue(test, item, words[at] ?? ''));
    const text = outcomeText(layout, values);
    observed.set(text, { values, count: Number(count) + (observed.get(text)?.count ?? 0) });
  }
  const [, made, unsettled, isolation = ''] = /^end (\d+) (\d+) (\w+)$/m.exec(printed) ?? [];
  if (made === undefined) throw new NativeError(`${test.name}: the runner ended before it had counted`);
  return { iterations: Number(made), unsettled: Number(unsettled), observed, isolation };
}

function readValue(test: Litmus, item: Item, word: string): string {
  if (item.kind === 'pending') {
    return setText(Number.parseInt(word.slice(8), 16) | 0, Number.parseInt(word.slice(0, 8), 16) | 0);
  }
  if (word.startsWith('@')) return word.slice(1);
  if (!/^-?\d+$/.test(word)) return word;
  if (item.kind === 'state') return statusText(Number(word));
  const kind = item.kind === 'register' ? slotOf(test, layoutOf(test), item.block, item.register).kind : 'int';
  return valueText(kind, Number(word), () => null);
}
