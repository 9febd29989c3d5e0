/** `siglab stress SCENARIO|all`: real threads under load, with figures while they run. */

import { SCENARIO_NAMES } from '../../scenarios/catalog.js';
import { NOISE } from '../machine/parallel-cpu.js';
import { ThreadMachine } from '../machine/threads.js';
import {
  count,
  countOf,
  EXIT_HOLDS,
  EXIT_INTERRUPTED,
  EXIT_VIOLATED,
  paint,
  positiveNumber,
  print,
  printJson,
  UsageError,
  watchInterrupt,
  wholeNumber,
} from './context.js';
import { scenarioOf, type Target, type TargetFlags, targetOf } from './target.js';
import { workerCode } from './workers.js';

export interface StressFlags extends TargetFlags {
  readonly seconds: string;
  readonly seed: string;
  readonly json?: boolean;
}

/** What a scenario went through. */
interface Stressed {
  readonly scenario: string;
  readonly patches: readonly string[];
  readonly cpus: number;
  readonly iterations: number;
  readonly seconds: number;
  readonly violationCount: number;
  /** The first. */
  readonly violation: { readonly kind: string; readonly message: string } | null;
}

/** Iterations of the first batch; the next ones take about so many seconds each. */
const FIRST_BATCH = 100;
const BATCH_SECONDS = 0.5;
/** Noise by turns: what hides behind one kind of timing shows in another. */
const NOISES = [NOISE.none, NOISE.low, NOISE.high] as const;

/** @throws UsageError for flags that do not go together */
export async function stressCommand(name: string, flags: StressFlags): Promise<number> {
  const seconds = positiveNumber('--seconds', flags.seconds);
  const seed = wholeNumber('--seed', flags.seed, 0, 0xffffffff);
  const isAll = name === 'all';
  if (isAll && (flags.patch ?? []).length > 0) {
    throw new UsageError('stress all runs the kernel as it is: name a scenario, or leave --patch out');
  }
  const targets: Target[] = [];
  for (const one of isAll ? SCENARIO_NAMES : [name]) {
    const target = await targetOf(one, flags);
    // A scenario that is known to end badly has nothing to hold.
    if (!isAll || scenarioOf(target).expected === undefined) targets.push(target);
    scenarioOf(target);
  }
  const interrupt = watchInterrupt();
  const results: Stressed[] = [];
  try {
    for (const target of targets) {
      if (interrupt.pressed()) break;
      const result = await stress(target, seconds / targets.length, seed, interrupt.pressed);
      results.push(result);
      if (flags.json !== true) printStressed(result);
    }
  } finally {
    interrupt.stop();
  }
  const violated = results.some(({ violationCount }) => violationCount > 0);
  if (flags.json === true) printJson({ scenarios: results, verdict: violated ? 'violated' : 'holds' });
  else if (!violated) print(paint('green', 'every claim held'));
  if (interrupt.pressed()) return EXIT_INTERRUPTED;
  return violated ? EXIT_VIOLATED : EXIT_HOLDS;
}

async function stress(
  { model, description }: Target,
  seconds: number,
  seed: number,
  pressed: () => boolean,
): Promise<Stressed> {
  const { scenario, patches, cpus } = description;
  const machine = ThreadMachine.start(model, workerCode(description));
  let iterations = 0;
  let spent = 0;
  let violationCount = 0;
  let violation: Stressed['violation'] = null;
  try {
    for (let batch = 0; (batch === 0 || spent < seconds) && !pressed(); batch++) {
      const left = Math.min(BATCH_SECONDS, seconds - spent);
      const size = batch === 0 ? FIRST_BATCH : Math.max(1, Math.round((iterations / spent) * left));
      const noise = NOISES[batch % NOISES.length] ?? NOISE.low;
      const part = await machine.run({ iterations: size, noise, seed: (seed + batch * 7919) >>> 0 });
      iterations += part.iterations;
      spent += part.seconds;
      violationCount += part.violationCount;
      const [first] = part.violations;
      if (first !== undefined) violation ??= { kind: first.kind, message: first.message };
      showFigures(
        `${scenario}: ${countOf(iterations, 'iteration')}, ${count(Math.round(iterations / spent))} a second, ${countOf(violationCount, 'violation')}`,
      );
    }
  } finally {
    showFigures('');
    await machine.dispose();
  }
  return { scenario, patches, cpus, iterations, seconds: spent, violationCount, violation };
}

/** A line that is written over by the next one, on a terminal only. */
function showFigures(line: string): void {
  if (process.stderr.isTTY === true) process.stderr.write(`\r\u001b[K${line}`);
}

function printStressed({ scenario, patches, iterations, seconds, violationCount, violation }: Stressed): void {
  const rate = count(Math.round(iterations / seconds));
  const name = [scenario, ...patches].join(' + ');
  print(`${name}: ${countOf(iterations, 'iteration')} in ${seconds.toFixed(1)} s (${rate} a second)`);
  if (violation === null) return;
  print(paint('red', `  violated ${countOf(violationCount, 'time')}, first: ${violation.kind}: ${violation.message}`));
}
