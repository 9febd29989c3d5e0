/** `siglab litmus FILE…`: the outcomes that the model allows, and with `--native` those that the host's kernel shows. */

import { setImmediate } from 'node:timers/promises';
import { type Comparison, compare } from '../litmus/compare.js';
import {
  hostKernel,
  NativeError,
  type NativeOptions,
  type NativeRun,
  runNative,
  whyNotNative,
} from '../litmus/native.js';
import { type Allowed, allowedOutcomes, type OutcomeLimits } from '../litmus/outcomes.js';
import {
  EXIT_HOLDS,
  EXIT_INTERRUPTED,
  EXIT_VIOLATED,
  positiveNumber,
  printJson,
  progressBar,
  UsageError,
  watchInterrupt,
  wholeNumber,
  writableFolder,
} from './context.js';
import { litmusFiles, readLitmus, withPlace } from './litmus-file.js';
import { generateCommand } from './litmus-generate.js';
import { printReport, printSummary } from './litmus-report.js';

export interface LitmusFlags {
  readonly native?: boolean;
  readonly iterations: string;
  readonly seconds: string;
  readonly executions: string;
  readonly seed: string;
  readonly keep?: string;
  readonly jobs?: string;
  readonly generate?: string;
  readonly save: string;
  readonly json?: boolean;
}

/** What became of a file. */
export interface LitmusResult {
  readonly file: string;
  readonly allowed: Allowed;
  readonly native: (NativeRun & Comparison) | null;
  /** Why this host does not run it, or null. */
  readonly refused: string | null;
}

const MOST_JOBS = 256;

export async function litmusCommand(paths: readonly string[], flags: LitmusFlags): Promise<number> {
  const limits = {
    executions: wholeNumber('--executions', flags.executions, 1),
    seconds: positiveNumber('--seconds', flags.seconds),
  };
  const iterations = wholeNumber('--iterations', flags.iterations, 1);
  const seed = wholeNumber('--seed', flags.seed, 0);
  const jobs = flags.jobs === undefined ? {} : { jobs: wholeNumber('--jobs', flags.jobs, 1, MOST_JOBS) };
  if (flags.generate !== undefined) {
    if (paths.length > 0) throw new UsageError('--generate makes its own tests: give no files with it');
    const programs = wholeNumber('--generate', flags.generate, 1);
    return generateCommand({ programs, iterations, seed, limits, folder: flags.save, json: flags.json === true });
  }
  if (paths.length === 0) throw new UsageError('expected litmus files or folders, or --generate');
  if (flags.keep !== undefined && flags.native !== true) throw new UsageError('--keep keeps what --native compiles');
  if (flags.jobs !== undefined && flags.native !== true) throw new UsageError('--jobs are native runs: give --native');
  const tests = paths.flatMap(litmusFiles).map((file) => ({ file, test: readLitmus(file) }));
  const why = flags.native === true ? await whyNotNative() : null;
  if (why !== null) throw new UsageError(why);
  const keep = flags.keep === undefined ? {} : { keep: await writableFolder('--keep', flags.keep) };
  const bar = progressBar('litmus', tests.length);
  const interrupt = watchInterrupt();
  const results: LitmusResult[] = [];
  for (const { file, test } of tests) {
    if (interrupt.pressed()) break;
    const allowed = withPlace(file, () => allowedOutcomes(test, limits));
    await setImmediate();
    if (interrupt.pressed()) break;
    const options = { iterations, seconds: limits.seconds, seed, signal: interrupt.signal, ...keep, ...jobs };
    results.push({ file, allowed, ...(flags.native === true ? await askHost(allowed, options, limits) : NOT_ASKED) });
    bar.update(results.length);
  }
  bar.stop();
  interrupt.stop();
  if (flags.json === true) printJson(results.map(jsonOf));
  else {
    for (const result of results) if (tests.length === 1 || !isRight(result)) printReport(result);
    if (tests.length > 1) printSummary(results);
  }
  if (interrupt.pressed()) return EXIT_INTERRUPTED;
  return results.every(isRight) ? EXIT_HOLDS : EXIT_VIOLATED;
}

const NOT_ASKED = { native: null, refused: null };

/** Runs a test natively. What the host does not run is no fault of the test's. */
async function askHost(
  allowed: Allowed,
  options: NativeOptions,
  limits: OutcomeLimits,
): Promise<Pick<LitmusResult, 'native' | 'refused'>> {
  try {
    const run = await runNative(allowed.test, options);
    return { native: { ...run, ...compare(allowed, run, limits) }, refused: null };
  } catch (error) {
    if (error instanceof NativeError) return { native: null, refused: error.message };
    throw error;
  }
}

/** The condition holds, no rule of the kernel's was broken, and the host showed nothing that is not allowed. */
export function isRight({ allowed, native }: LitmusResult): boolean {
  return allowed.holds && allowed.violation === null && (native === null || native.notAllowed.length === 0);
}

function jsonOf({ file, allowed, native, refused }: LitmusResult): object {
  const { test } = allowed;
  return {
    name: test.name,
    file,
    question: test.question,
    page: test.page,
    allowed: allowed.outcomes.map(({ text }) => text),
    witnesses: Object.fromEntries(allowed.outcomes.map(({ text, witness }) => [text, witness])),
    exhaustive: allowed.exhaustive,
    executions: allowed.executions,
    seconds: allowed.seconds,
    condition: `${test.quantifier} ${test.conditionText}`,
    holds: allowed.holds,
    violation: allowed.violation,
    refused,
    native:
      native === null
        ? null
        : {
            kernel: hostKernel(),
            isolation: native.isolation,
            iterations: native.iterations,
            unsettled: native.unsettled,
            observed: Object.fromEntries([...native.observed].map(([text, { count }]) => [text, count])),
            notAllowed: native.notAllowed,
            explained: native.explained,
            unseen: native.unseen,
            excluded: native.excluded,
          },
  };
}
