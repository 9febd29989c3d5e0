/** What every command shares: how it prints, fails and ends. */

import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { styleText } from 'node:util';
import { SingleBar } from 'cli-progress';
import { closest, distance } from 'fastest-levenshtein';

export const EXIT_HOLDS = 0;
export const EXIT_VIOLATED = 1;
export const EXIT_USAGE = 2;
export const EXIT_INTERRUPTED = 130;

/** The call was wrong. Printed as one sentence, with exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Style = Parameters<typeof styleText>[0];

/** Colours text on a terminal, and only there. */
export function paint(style: Style, text: string): string {
  return process.stdout.isTTY === true && process.env.NO_COLOR === undefined ? styleText(style, text) : text;
}

export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(document: unknown): void {
  print(JSON.stringify(document, null, 2));
}

/** Names that an error lists; of more it says where they are listed. */
const MOST_LISTED = 24;

export function suggestion(kind: string, given: string, known: readonly string[]): string {
  const list = known.length > MOST_LISTED ? 'siglab list shows all' : `there is: ${known.join(', ')}`;
  if (known.length === 0) return `there is no ${kind} "${given}"`;
  const nearest = closest(given.toLowerCase(), [...known]);
  const near = distance(given.toLowerCase(), nearest) <= Math.max(2, Math.floor(nearest.length / 2));
  return `there is no ${kind} "${given}"${near ? `; did you mean ${nearest}?` : ''} (${list})`;
}

/** One of a few words. @throws UsageError with the nearest right one */
export function chooseWord<T extends string>(kind: string, given: string, known: readonly T[]): T {
  const found = known.find((word) => word === given);
  if (found === undefined) throw new UsageError(suggestion(kind, given, known));
  return found;
}

/**
 * A number given on the command line.
 *
 * @param option as typed, for the message
 * @throws UsageError unless it is a whole number between `least` and `most`
 */
export function wholeNumber(option: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
    throw new UsageError(`${option} takes a whole number, ${range}, not "${text}"`);
  }
  return number;
}

/** @throws UsageError unless it is a number above 0 */
export function positiveNumber(option: string, text: string): number {
  const number = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || !(number > 0)) {
    throw new UsageError(`${option} takes a number above 0, not "${text}"`);
  }
  return number;
}

/** The kernels that can be modelled, and the patches that make them of v5.3.1. */
export const KERNELS = ['5.3.1', '3.16'] as const;
export const KERNEL_PATCHES: Readonly<Record<(typeof KERNELS)[number], readonly string[]>> = {
  '5.3.1': [],
  '3.16': ['linux-3-16'],
};

/** What a kernel with patches is called: `kernel 3.16 + no-retry`. */
export function kernelTitle(patches: readonly string[]): string {
  const old = patches.includes('linux-3-16');
  const others = patches.filter((patch) => patch !== 'linux-3-16');
  return [`kernel ${old ? '3.16' : '5.3.1'}`, ...others].join(' + ');
}

/** What ran, for a report. @param isModel it is a model without this kernel */
export function titleText(of: {
  readonly name: string;
  readonly patches: readonly string[];
  readonly isModel?: boolean;
}): string {
  return of.isModel === true ? `model ${of.name}` : `scenario ${of.name}, ${kernelTitle(of.patches)}`;
}

/** A progress bar on a terminal; nothing anywhere else. */
export function progressBar(what: string, total: number): { update(done: number): void; stop(): void } {
  if (process.stderr.isTTY !== true) return { update() {}, stop() {} };
  const bounded = Number.isFinite(total);
  const format = bounded ? `${what} {bar} {percentage}% | {value} of {total}` : `${what} {value}`;
  const bar = new SingleBar({ format, hideCursor: true, clearOnComplete: true, stream: process.stderr });
  bar.start(bounded ? total : 0, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}

/**
 * Looks whether a file can be written, before there is anything to lose.
 *
 * @param option as typed, for the message
 * @throws UsageError where it cannot
 */
export function expectWritable(option: string, path: string): void {
  const cannot = (why: string): never => {
    throw new UsageError(`${option}: cannot write to ${path}: ${why}`);
  };
  const file = resolve(path);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) cannot('it is a folder');
  try {
    accessSync(found === undefined ? dirname(file) : file, constants.W_OK);
  } catch (error) {
    cannot(reasonOf(error));
  }
}

/** Writes a file. @throws UsageError where it cannot be written */
export function writeTo(option: string, path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`${option}: cannot write to ${path}: ${reasonOf(error)}`);
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Makes a folder that something is to be written to. Its parent must be there.
 *
 * @param option as typed, for the message
 * @throws UsageError where nothing can be written
 */
export async function writableFolder(option: string, path: string): Promise<string> {
  const folder = resolve(path);
  try {
    // Not recursive: below /proc that never ends.
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (!(await stat(folder)).isDirectory()) throw new Error('it is no folder');
    await access(folder, constants.W_OK);
    return folder;
  } catch (error) {
    throw new UsageError(`${option}: cannot write to ${path}: ${reasonOf(error)}`);
  }
}

/** Thousands apart: 12,345. */
export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** So many of something: 1 step, 12,345 steps. @param noun whose plural ends in s, or `plural` */
export function countOf(number: number, noun: string, plural = `${noun}s`): string {
  return `${count(number)} ${number === 1 ? noun : plural}`;
}

/** Text in lines of at most so many characters. */
export function wrap(text: string, width = 100, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width - indent.length) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(indent + line);
  return lines.join('\n');
}

/** Milliseconds after which Ctrl-C is meant as pressed again. `timeout` sends its signal twice at once. */
const AGAIN_MS = 500;

/**
 * Tells when the user presses Ctrl-C, or somebody ends the process with SIGTERM as `timeout` does, so that what was found
 * so far can be printed. Pressed again, it ends the process at once.
 */
export function watchInterrupt(): { readonly pressed: () => boolean; readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  let first = 0;
  const handler = (): void => {
    if (!controller.signal.aborted) first = performance.now();
    else if (performance.now() - first > AGAIN_MS) {
      // A progress bar has hidden the cursor.
      if (process.stderr.isTTY) process.stderr.write('\u001b[?25h');
      process.exit(EXIT_INTERRUPTED);
    }
    controller.abort();
  };
  process.on('SIGINT', handler);
  process.on('SIGTERM', handler);
  return {
    pressed: () => controller.signal.aborted,
    signal: controller.signal,
    stop() {
      // The second of two at once must not end the process before it has told what was found.
      if (controller.signal.aborted) return;
      process.removeListener('SIGINT', handler);
      process.removeListener('SIGTERM', handler);
    },
  };
}
