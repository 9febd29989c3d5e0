/** All scenarios, and how they and their patches are found by name. */

import { kernelModel } from '../src/kernel/model.js';
import type { Patch, Scenario } from '../src/kernel/scenario.js';
import { PATCHES } from '../src/patches/index.js';
import { irqSelfDeadlock } from './irq-self-deadlock.js';
import { killVsExec } from './kill-vs-exec.js';
import { pauseWakeup } from './pause-wakeup.js';

export const SCENARIOS: readonly Scenario[] = [killVsExec, pauseWakeup, irqSelfDeadlock];
export const SCENARIO_NAMES: readonly string[] = SCENARIOS.map((scenario) => scenario.name);
export const PATCH_NAMES: readonly string[] = PATCHES.map((patch) => patch.name);

/** A name that nothing has. */
export class UnknownNameError extends Error {
  override readonly name = 'UnknownNameError';
  /**
   * @param kind what was looked for: `scenario`, `patch`
   * @param given the name
   * @param known the names there are
   */
  constructor(
    readonly kind: string,
    readonly given: string,
    readonly known: readonly string[],
  ) {
    super(`there is no ${kind} "${given}"; there is ${known.join(', ')}`);
  }
}

/** Finds a scenario. @throws UnknownNameError */
export function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new UnknownNameError('scenario', name, SCENARIO_NAMES);
  return found;
}

/** Finds a patch. @throws UnknownNameError */
export function findPatch(name: string): Patch {
  const found = PATCHES.find((patch) => patch.name === name);
  if (found === undefined) throw new UnknownNameError('patch', name, PATCH_NAMES);
  return found;
}

/** A model as plain data: what another thread, or a token, makes it from again. */
export interface ModelDescription {
  readonly scenario: string;
  readonly patches: readonly string[];
  readonly cpus: number;
}

/** Makes the model of a description. @throws UnknownNameError */
export function modelOf({ scenario, patches, cpus }: ModelDescription): ReturnType<typeof kernelModel> {
  return kernelModel(findScenario(scenario), { patches: patches.map(findPatch), cpus });
}
