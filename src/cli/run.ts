/** `siglab run SCENARIO`: the parallel machine, and how often each outcome came. */

import { modelOf } from '../../scenarios/catalog.js';
import { NOISE } from '../machine/parallel-cpu.js';
import { type RunResult, ThreadMachine } from '../machine/threads.js';
import {
  chooseWord,
  count,
  EXIT_HOLDS,
  EXIT_VIOLATED,
  paint,
  patchesNamed,
  print,
  printJson,
  scenarioNamed,
  wholeNumber,
} from './context.js';
import { workerCode } from './workers.js';

export interface RunFlags {
  readonly patch: readonly string[];
  readonly cpus?: string;
  readonly iterations: string;
  readonly noise: string;
  readonly seed: string;
  readonly json?: boolean;
}

const NOISE_NAMES = ['none', 'low', 'high'] as const;
const MAX_CPUS = 32;

export async function runCommand(name: string, flags: RunFlags): Promise<number> {
  const scenario = scenarioNamed(name);
  const patches = patchesNamed(flags.patch);
  const cpus = flags.cpus === undefined ? scenario.cpus : wholeNumber('--cpus', flags.cpus, 1, MAX_CPUS);
  const iterations = wholeNumber('--iterations', flags.iterations, 1);
  const noise = NOISE[chooseWord('noise', flags.noise, NOISE_NAMES)];
  const seed = wholeNumber('--seed', flags.seed, 0, 0xffffffff);
  const result = await runParallel({ scenario: name, patches, cpus }, { iterations, noise, seed });
  const violated = result.violationCount > 0;
  if (flags.json === true) {
    printJson({
      scenario: name,
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
        token: null,
      })),
    });
  } else {
    printRun(result);
    if (violated) {
      const [first] = result.violations;
      print(paint('red', `violated ${count(result.violationCount)} times, first in iteration ${first?.iteration}:`));
      print(`  ${first?.kind}: ${first?.message}`);
    } else {
      print(paint('green', 'the claim held in every iteration'));
    }
  }
  return violated ? EXIT_VIOLATED : EXIT_HOLDS;
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
  print(`${indent}${count(result.iterations)} iterations in ${result.seconds.toFixed(1)} s (${rate} a second)`);
  for (const [outcome, times] of Object.entries(result.outcomes)) {
    print(`${indent}  ${count(times).padStart(10)} × ${outcome}`);
  }
  const counted = Object.entries(result.counters).filter(([, times]) => times > 0);
  print(`${indent}  ${counted.map(([name, times]) => `${name} ${count(times)}`).join(', ')}`);
}
