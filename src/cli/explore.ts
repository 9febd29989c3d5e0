/** `siglab explore SCENARIO`: the controlled machine; the first violation minimised, or what was covered. */

import type { Exploration } from '../explore/explore.js';
import { minimize } from '../explore/minimize.js';
import { replayWithStacks } from '../explore/replay.js';
import { encodeToken } from '../explore/token.js';
import { ControlledMachine } from '../machine/controlled.js';
import { surveyBranching } from '../trace/branching.js';
import { witnessDocuments } from '../trace/report.js';
import {
  EXIT_HOLDS,
  EXIT_INTERRUPTED,
  EXIT_VIOLATED,
  expectWritable,
  print,
  printJson,
  wholeNumber,
} from './context.js';
import { exploreAllCommand } from './explore-all.js';
import { type PlanFlags, planOf } from './explore-plan.js';
import {
  type Explored,
  explorationDocument,
  printExploration,
  printViolation,
  type Reported,
  testCase,
} from './explore-report.js';
import { writeJunit } from './junit.js';
import { search } from './search.js';
import { reportOf } from './story.js';
import { type TargetFlags, targetOf } from './target.js';

export interface ExploreFlags extends PlanFlags, TargetFlags {
  readonly workers?: string;
  readonly resume?: string;
  readonly junit?: string;
  readonly json?: boolean;
}

const MAX_WORKERS = 256;

export async function exploreCommand(name: string, flags: ExploreFlags): Promise<number> {
  const workers = flags.workers === undefined ? 1 : wholeNumber('--workers', flags.workers, 1, MAX_WORKERS);
  if (name === 'all') return exploreAllCommand(flags, workers);
  const options = planOf(flags);
  if (flags.junit !== undefined) expectWritable('--junit', flags.junit);
  const target = await targetOf(name, flags);
  const { model } = target;
  const { scenario, patches, cpus, files = [] } = target.description;
  const of = { scenario, patches, cpus };
  const exploration = await search(target, options, {
    workers,
    ...(flags.resume === undefined ? {} : { resume: flags.resume }),
  });
  const { found, exhausted, interrupted } = exploration;
  const machine = new ControlledMachine(model);
  const reported = found === null ? null : shrink(machine, of, found.schedule);
  const branching = found === null && !exhausted && !interrupted ? surveyBranching(model) : null;
  if (flags.json === true) printJson(explorationDocument(of, options, exploration, reported, branching));
  else {
    printExploration(exploration, branching);
    if (flags.resume !== undefined && found === null) printKept(flags.resume, exploration);
    if (found !== null && reported !== null) {
      const { minimized, minimalToken } = reported;
      const report = reportOf(machine, minimized.schedule, {
        name: scenario,
        patches,
        token: minimalToken,
        isModel: target.scenario === null,
      });
      printViolation(found.execution, reported, report, files);
    }
  }
  if (flags.junit !== undefined) writeJunit(flags.junit, [testCase(of, exploration, reported, files)]);
  if (interrupted) return EXIT_INTERRUPTED;
  if (found !== null) return EXIT_VIOLATED;
  if (flags.exhaustive === true && !exhausted) {
    process.stderr.write('siglab: a limit ended the search before the whole space was covered\n');
    return EXIT_VIOLATED;
  }
  return EXIT_HOLDS;
}

function shrink(machine: ControlledMachine, of: Explored, schedule: Uint8Array): Reported {
  const minimized = minimize(machine, schedule);
  const { violation } = replayWithStacks(machine, minimized.schedule);
  return {
    witnesses: violation === null ? [] : witnessDocuments(violation),
    minimized,
    token: encodeToken({ ...of, schedule }),
    minimalToken: encodeToken({ ...of, schedule: minimized.schedule }),
  };
}

/** Of depth-first search nothing is kept. */
function printKept(file: string, { exhausted, phases }: Exploration): void {
  const last = phases.at(-1);
  if (exhausted || last?.strategy !== 'dfs') return;
  print(`${last.strategy} is made as a whole or not at all: with ${file} it begins anew`);
}
