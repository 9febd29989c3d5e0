/** `siglab run SCENARIO`: the parallel machine, and how often each outcome came. */

import { modelOf } from '../../scenarios/catalog.js';
import { addCounts } from '../explore/explore.js';
import { NOISE, type Noise } from '../machine/parallel-cpu.js';
import { type RecordedRun, type RecordResult, type RunResult, ThreadMachine } from '../machine/threads.js';
import {
  chooseWord,
  count,
  countOf,
  EXIT_HOLDS,
  EXIT_INTERRUPTED,
  EXIT_VIOLATED,
  expectWritable,
  paint,
  print,
  printJson,
  progressBar,
  watchInterrupt,
  wholeNumber,
} from './context.js';
import { printTokens, tokensOf, writeTrace } from './recorded.js';
import { scenarioOf, type Target, type TargetFlags, targetOf } from './target.js';
import { workerCode } from './workers.js';

export interface RunFlags extends TargetFlags {
  readonly iterations: string;
  readonly noise: string;
  readonly seed: string;
  readonly record?: boolean;
  readonly trace?: string;
  readonly json?: boolean;
}

const NOISE_NAMES = ['none', 'low', 'high'] as const;
/** Violations that are told in full; the others are counted. */
const KEPT_VIOLATIONS = 100;

export async function runCommand(name: string, flags: RunFlags): Promise<number> {
  const iterations = wholeNumber('--iterations', flags.iterations, 1);
  const noise = NOISE[chooseWord('noise', flags.noise, NOISE_NAMES)];
  const seed = wholeNumber('--seed', flags.seed, 0, 0xffffffff);
  const target = await targetOf(name, flags);
  scenarioOf(target);
  if (flags.trace !== undefined) expectWritable('--trace', flags.trace);
  const { scenario, patches, cpus } = target.description;
  const record = flags.record === true || flags.trace !== undefined;
  const { result, runs, interrupted } = await runWatched(target, { iterations, noise, seed, record });
  const violated = result.violationCount > 0;
  const tokens = tokensOf(target, runs);
  const traced = flags.trace === undefined ? null : writeTrace(flags.trace, target, tokens);
  if (flags.json === true) {
    printJson({
      scenario,
      patches,
      cpus,
      iterations: result.iterations,
      seconds: result.seconds,
      outcomes: result.outcomes,
      counters: result.counters,
      verdict: violated ? 'violated' : 'holds',
      violationCount: result.violationCount,
      violations: result.violations.map(({ kind, message, iteration, cpu }) => ({
        kind,
        message,
        iteration,
        cpu,
        token: tokens.find((run) => run.iteration === iteration)?.token ?? null,
      })),
      ...(record ? { recorded: tokens.map(({ schedule, violated, ...run }) => run), tracedIteration: traced } : {}),
    });
  } else {
    printRun(result);
    if (violated) {
      const [first] = result.violations;
      print(
        paint('red', `violated ${countOf(result.violationCount, 'time')}, first in iteration ${first?.iteration}:`),
      );
      print(`  ${first?.kind}: ${first?.message}`);
    } else {
      print(paint('green', 'the claim held in every iteration'));
    }
    printTokens(tokens);
    if (flags.trace !== undefined) {
      print(traced === null ? 'nothing could be traced' : `trace of iteration ${traced} written to ${flags.trace}`);
    }
  }
  if (interrupted) return EXIT_INTERRUPTED;
  return violated ? EXIT_VIOLATED : EXIT_HOLDS;
}

type RunPlan = { readonly iterations: number; readonly noise: Noise; readonly seed: number; readonly record: boolean };

interface Watched {
  readonly result: RunResult;
  /** Those that were recorded and kept. */
  readonly runs: readonly RecordedRun[];
  readonly interrupted: boolean;
}

/** Runs in batches, with a progress bar, until all are made or the user presses Ctrl-C. */
async function runWatched(
  { model, description }: Target,
  { iterations, noise, seed, record }: RunPlan,
): Promise<Watched> {
  const machine = ThreadMachine.start(model, workerCode(description), { checked: record });
  const interrupt = watchInterrupt();
  const bar = progressBar('running', iterations);
  try {
    let result: RunResult = NOTHING_RUN;
    const runs: RecordedRun[] = [];
    for (let batch = 0; result.iterations < iterations && !interrupt.pressed(); batch++) {
      const left = iterations - result.iterations;
      const rate = result.iterations / result.seconds;
      const size = batch === 0 ? FIRST_BATCH : Math.max(FIRST_BATCH, Math.round(rate * BATCH_SECONDS));
      const plan = { iterations: Math.min(left, size), noise, seed: (seed + batch * 7919) >>> 0 };
      if (record) {
        const part = await machine.record(plan);
        runs.push(...newRuns(part, result));
        result = mergeRuns(result, part);
      } else result = mergeRuns(result, await machine.run(plan));
      bar.update(result.iterations);
    }
    return { result, runs, interrupted: interrupt.pressed() };
  } finally {
    bar.stop();
    interrupt.stop();
    await machine.dispose();
  }
}

const FIRST_BATCH = 100;
const BATCH_SECONDS = 0.5;
const NOTHING_RUN: RunResult = {
  iterations: 0,
  seconds: 0,
  outcomes: {},
  counters: {},
  violations: [],
  violationCount: 0,
};

/** Of the runs that a batch has kept, those that ended in a violation, and the first of each outcome that was not met before. */
function newRuns({ runs }: RecordResult, before: RunResult): readonly RecordedRun[] {
  return runs
    .filter(({ violation, outcome }) => violation !== null || before.outcomes[outcome] === undefined)
    .map((run) => ({ ...run, iteration: run.iteration + before.iterations }));
}

/** A run and the one after it as one. */
export function mergeRuns(first: RunResult, next: RunResult): RunResult {
  const later = next.violations.map((found) => ({ ...found, iteration: found.iteration + first.iterations }));
  return {
    iterations: first.iterations + next.iterations,
    seconds: first.seconds + next.seconds,
    outcomes: addCounts(first.outcomes, next.outcomes),
    counters: addCounts(first.counters, next.counters),
    violations: [...first.violations, ...later].slice(0, KEPT_VIOLATIONS),
    violationCount: first.violationCount + next.violationCount,
  };
}

/** Runs a scenario on real threads. */
export async function runParallel(
  description: { readonly scenario: string; readonly patches: readonly string[]; readonly cpus: number },
  options: Parameters<ThreadMachine['run']>[0],
): Promise<RunResult> {
  const machine = ThreadMachine.start(modelOf(description), workerCode(description));
  try {
    return await machine.run(options);
  } finally {
    await machine.dispose();
  }
}

/** Prints outcomes and counters. */
export function printRun(result: RunResult, indent = ''): void {
  const rate = count(Math.round(result.iterations / result.seconds));
  print(`${indent}${countOf(result.iterations, 'iteration')} in ${result.seconds.toFixed(1)} s (${rate} a second)`);
  for (const [outcome, times] of Object.entries(result.outcomes)) {
    print(`${indent}  ${count(times).padStart(10)} × ${outcome}`);
  }
  const counted = Object.entries(result.counters).filter(([, times]) => times > 0);
  print(`${indent}  ${counted.map(([name, times]) => `${name} ${count(times)}`).join(', ')}`);
}
