/** `siglab explore SCENARIO`: the controlled machine; the first violation minimised, or what was covered. */

import { setImmediate } from 'node:timers/promises';
import { type Exploration, type ExploreOptions, exploreInSlices } from '../explore/explore.js';
import { minimize } from '../explore/minimize.js';
import { encodeToken } from '../explore/token.js';
import { ControlledMachine } from '../machine/controlled.js';
import type { Model } from '../machine/model.js';
import { EXIT_HOLDS, EXIT_INTERRUPTED, EXIT_VIOLATED, printJson, progressBar, watchInterrupt } from './context.js';
import { type PlanFlags, planOf } from './explore-plan.js';
import {
  type Explored,
  explorationDocument,
  printExploration,
  printViolation,
  type Reported,
} from './explore-report.js';
import { reportOf } from './story.js';
import { type TargetFlags, targetOf } from './target.js';

export interface ExploreFlags extends PlanFlags, TargetFlags {
  readonly json?: boolean;
}

export async function exploreCommand(name: string, flags: ExploreFlags): Promise<number> {
  const options = planOf(flags);
  const target = await targetOf(name, flags);
  const { model } = target;
  const { scenario, patches, cpus, files = [] } = target.description;
  const of = { scenario, patches, cpus };
  const exploration = await exploreWatched(model, options);
  const { found, exhausted, interrupted } = exploration;
  const machine = new ControlledMachine(model);
  const reported = found === null ? null : shrink(machine, of, found.schedule);
  if (flags.json === true) printJson(explorationDocument(of, options, exploration, reported));
  else {
    printExploration(exploration);
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
  return {
    minimized,
    token: encodeToken({ ...of, schedule }),
    minimalToken: encodeToken({ ...of, schedule: minimized.schedule }),
  };
}

/** Explores with a progress bar, and stops at Ctrl-C. */
async function exploreWatched(model: Model, options: ExploreOptions): Promise<Exploration> {
  const interrupt = watchInterrupt();
  const bar = progressBar('exploring', options.schedules ?? Number.POSITIVE_INFINITY);
  try {
    const exploring = exploreInSlices(model, options);
    for (;;) {
      const slice = exploring.next(interrupt.pressed());
      if (slice.done) return slice.value;
      bar.update(slice.value);
      await setImmediate();
    }
  } finally {
    bar.stop();
    interrupt.stop();
  }
}
