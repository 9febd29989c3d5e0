/** The scenario that the tests of exploration run, and schedules of it. */

import { modelOf } from '../../scenarios/catalog.js';
import { explore, type FoundViolation } from '../../src/explore/explore.js';
import { recordedSchedule } from '../../src/explore/schedule.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { stickyStrategy } from './sticky.js';

export const SCENARIO = 'kill-vs-exec';
export const PATCH = 'no-kill-retry';
export const CPUS = 3;
export const UNPATCHED: readonly string[] = [];
export const PATCHED: readonly string[] = [PATCH];

/** A controlled machine for the scenario, with the memory checker on. */
export function killVsExecMachine(patches: readonly string[] = UNPATCHED): ControlledMachine {
  return new ControlledMachine(modelOf({ scenario: SCENARIO, patches, cpus: CPUS }));
}

/** The schedule of the execution that the random walk with a seed makes first. */
export function randomSchedule(machine: ControlledMachine, seed: number): Uint8Array {
  const strategy = randomStrategy(seed);
  strategy.begin();
  machine.execute(strategy);
  return recordedSchedule(machine);
}

/** The first violation on a random walk. */
export function failingSchedule(machine: ControlledMachine, seed: number): FoundViolation {
  const { found } = explore(machine, { strategy: stickyStrategy(seed), schedules: 200_000 });
  if (found === null) throw new Error(`the random walk with seed ${seed} finds nothing`);
  return found;
}
