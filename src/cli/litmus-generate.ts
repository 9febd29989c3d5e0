/** `siglab litmus --generate N`: random tests, explored and run natively; what disagrees is made smaller and saved. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compare } from '../litmus/compare.js';
import { randomSketch, type Sketch, shrinkSketch, sketchText } from '../litmus/generate.js';
import { hostKernel, runNative, whyNotNative } from '../litmus/native.js';
import { allowedOutcomes, type OutcomeLimits } from '../litmus/outcomes.js';
import { parseLitmus } from '../litmus/parse.js';
import {
  count,
  EXIT_HOLDS,
  EXIT_INTERRUPTED,
  EXIT_VIOLATED,
  print,
  printJson,
  progressBar,
  UsageError,
  watchInterrupt,
  writableFolder,
} from './context.js';

export interface GenerateOptions {
  readonly programs: number;
  readonly iterations: number;
  readonly seed: number;
  readonly limits: OutcomeLimits;
  /** Where disagreements are saved. */
  readonly folder: string;
  readonly json: boolean;
}

/** What became of a program. */
interface Answer {
  readonly exhaustive: boolean;
  readonly allowed: number;
  readonly seen: number;
  /** Outcomes of the host that the model does not have, or a broken rule of the kernel's. */
  readonly wrong: readonly string[];
}

/** More iterations while a disagreement is made smaller: a rare outcome must come again. */
const SHRINKING_FACTOR = 4;

async function ask(sketch: Sketch, iterations: number, { seed, limits }: GenerateOptions): Promise<Answer> {
  const test = parseLitmus(sketchText(sketch));
  const allowed = allowedOutcomes(test, limits);
  const { exhaustive, outcomes, violation } = allowed;
  if (violation !== null) return { exhaustive, allowed: outcomes.length, seen: 0, wrong: [violation] };
  const native = await runNative(test, { iterations, seconds: limits.seconds ?? 60, seed });
  const { notAllowed, seen } = compare(allowed, native, limits);
  // Of a search that was cut off, an outcome that it did not find says nothing.
  return { exhaustive, allowed: outcomes.length, seen: seen.length, wrong: exhaustive ? notAllowed : [] };
}

export async function generateCommand(options: GenerateOptions): Promise<number> {
  const { programs, iterations, seed } = options;
  const why = await whyNotNative();
  if (why !== null) throw new UsageError(why);
  const folder = await writableFolder('--save', options.folder);
  const bar = progressBar('programs', programs);
  const interrupt = watchInterrupt();
  const disagreements: { program: string; file: string; wrong: readonly string[] }[] = [];
  const totals = { programs: 0, exhaustive: 0, allowed: 0, seen: 0 };
  for (let number = 0; number < programs && !interrupt.pressed(); number++) {
    const sketch = randomSketch(seed + number);
    const answer = await ask(sketch, iterations, options);
    totals.programs++;
    totals.exhaustive += Number(answer.exhaustive);
    totals.allowed += answer.allowed;
    totals.seen += answer.seen;
    if (answer.wrong.length > 0) {
      const smaller = await shrinkSketch(sketch, async (candidate) => {
        if (interrupt.pressed()) return false;
        return (await ask(candidate, iterations * SHRINKING_FACTOR, options)).wrong.length > 0;
      });
      const file = join(folder, `${sketch.name}.litmus`);
      await writeFile(file, sketchText(smaller));
      disagreements.push({ program: sketch.name, file, wrong: answer.wrong });
    }
    bar.update(totals.programs);
  }
  bar.stop();
  interrupt.stop();
  if (options.json) printJson({ kernel: hostKernel(), seed, iterations, ...totals, disagreements });
  else {
    print(
      `${count(totals.programs)} random programs from seed ${seed}, ${count(iterations)} iterations each on ${hostKernel()}`,
    );
    print(
      `${count(totals.exhaustive)} explored exhaustively; ${count(totals.seen)} of ${count(totals.allowed)} allowed outcomes seen`,
    );
    for (const { file, wrong } of disagreements) print(`disagreement, saved as ${file}\n  ${wrong.join('\n  ')}`);
    if (disagreements.length === 0) print('no disagreement');
  }
  if (interrupt.pressed()) return EXIT_INTERRUPTED;
  return disagreements.length === 0 ? EXIT_HOLDS : EXIT_VIOLATED;
}
