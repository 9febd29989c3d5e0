/** Small scenarios, explored: what can come of them. */

import { explore } from '../../src/explore/explore.js';
import { dfsStrategy } from '../../src/explore/strategies/dfs.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import type { Kernel, KernelPatch } from '../../src/kernel/kernel.js';
import { DEFAULT_LIMITS, type KernelLimits } from '../../src/kernel/kernel-arena.js';
import { kernelModel } from '../../src/kernel/model.js';
import type { Patch, Program, Scenario } from '../../src/kernel/scenario.js';
import type { ProcessOptions } from '../../src/kernel/setup.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { pauses, stays } from './tasks.js';

/** A scenario's parts that matter to a test. Its outcome is the list of its results. */
export type Parts = Pick<Scenario, 'programs' | 'setup' | 'results'> &
  Partial<Pick<Scenario, 'handlers' | 'files' | 'cpus' | 'unfinished'>> & {
    /** How many objects some slab caches have room for, where that is few. */
    readonly objects?: KernelLimits['objects'];
  };

/** One process, process 100, which runs a program, and what it starts. */
export function alone(results: readonly string[], main: Program, more: Partial<Parts> = {}): Parts {
  return { results, setup: (setup) => void setup.process('main'), ...more, programs: { main, ...more.programs } };
}

/**
 * One process, which runs a program and stays in user mode after it, and what it starts: it can start `stay` and
 * `sleep`. Its result `done` is what the program has returned, or 1.
 */
export function lasting(options: ProcessOptions, main: Program, more: Partial<Parts> = {}): Parts {
  return {
    results: ['done'],
    setup: (setup) => void setup.process('main', options),
    ...more,
    programs: {
      *main(sys) {
        sys.result('done', (yield* main(sys)) ?? 1);
        yield* sys.stay();
      },
      stay: stays,
      sleep: pauses,
      ...more.programs,
    },
  };
}

/** Has functions of the kernel replaced. */
export function patchOf(functions: KernelPatch & ThisType<Kernel>): Patch {
  return { name: 'test', title: '', story: '', functions };
}

/** Makes a scenario of parts. */
export function scenarioOf(parts: Parts): Scenario {
  return {
    name: 'test',
    subject: 'programs',
    title: '',
    story: '',
    cast: [],
    claim: '',
    watch: [],
    patches: [],
    learn: '',
    cpus: 2,
    outcome: (results) => parts.results.map((name) => `${name}=${results[name]}`).join(' '),
    ...parts,
  };
}

/**
 * The outcomes of a scenario under many random schedules, sorted. Throws the first violation. Each execution is shut
 * down at its end, and must leave nothing behind.
 *
 * @param executions how many schedules
 */
export function outcomesOf(parts: Parts, executions = 2000, patches: readonly Patch[] = []): readonly string[] {
  const { found, outcomes } = explore(machineOf(parts, patches), {
    strategy: randomStrategy(1),
    schedules: executions,
  });
  if (found !== null) throw found.violation;
  return Object.keys(outcomes).sort();
}

/**
 * The outcomes of a scenario under every schedule with at most so many preemptions, sorted. Throws the first violation,
 * and where there are more schedules than `MOST`. No program may wait in user mode for another: that never ends.
 */
export function allOutcomesOf(parts: Parts, preemptions: number, patches: readonly Patch[] = []): readonly string[] {
  const machine = machineOf(parts, patches);
  const { found, outcomes, exhausted } = explore(machine, { strategy: dfsStrategy(preemptions), schedules: MOST });
  if (found !== null) throw found.violation;
  if (!exhausted) throw new Error(`there are more than ${MOST} schedules with ${preemptions} preemptions`);
  return Object.keys(outcomes).sort();
}

const MOST = 20_000;

/** The one outcome of a scenario under random schedules. Throws the first violation, and where there are several. */
export function onlyOutcomeOf(parts: Parts, executions = 5, patches: readonly Patch[] = []): string {
  const outcomes = outcomesOf(parts, executions, patches);
  if (outcomes.length !== 1) throw new Error(`not one outcome: ${outcomes.join('; ')}`);
  return outcomes[0] as string;
}

function machineOf(parts: Parts, patches: readonly Patch[]): ControlledMachine {
  const limits = { ...DEFAULT_LIMITS, objects: parts.objects ?? {} };
  return new ControlledMachine(kernelModel(scenarioOf(parts), { patches, limits }), { shutdown: true });
}
