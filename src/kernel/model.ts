/** A scenario on this kernel, as something that a machine can run. */

import type { Arena } from '../memory/arena.js';
import type { Cpu } from '../sync/cpu.js';
import { type Coroutine, Violation } from '../sync/gate.js';
import { hungTaskText } from './blocked.js';
import { bootKernel } from './boot.js';
import { describeAddress, describeEvent, describeTasks, describeValue } from './describe.js';
import { findStuckTask } from './hung.js';
import { KERNEL_FUNCTIONS, type Kernel } from './kernel.js';
import { bindKernel, DEFAULT_LIMITS, type KernelLimits, kernelArena } from './kernel-arena.js';
import { findLeak, leakedObjects } from './leaks.js';

import { type Narration, narrate } from './narrate.js';
import { RACY_FIELDS, RACY_READS } from './racy.js';
import { stalledGracePeriod } from './rcu-stall.js';
import type { Patch, Scenario } from './scenario.js';
import { setUp } from './setup.js';
import { sleepModel } from './sleep.js';
import { globals, rq, user_memory } from './structs.js';
import { NO_RESULT, programNames } from './sys.js';
import { COUNTER_NAMES, TRACE_NAMES } from './trace.js';
import { type ModelEvent, type TraceFields, traceFields, traceText } from './tracepoints.js';
import { userFunctions, userSpaceOf } from './user.js';

/** How the model of a scenario differs from what the scenario says. */
export interface KernelModelOptions {
  readonly patches?: readonly Patch[];
  /** The scenario's own number if not given. */
  readonly cpus?: number;
  readonly limits?: KernelLimits;
}

/**
 * The values that a run's programs have reported with `sys.result`, by name; null for one that was not.
 *
 * @param arena as the run has left it
 * @example
 * const scenario = findScenario('kill-vs-exec');
 * const machine = new ControlledMachine(kernelModel(scenario));
 * machine.execute({ choose: (movers) => movers.byDefault });
 * console.log(readResults(machine.arena, scenario));
 */
export function readResults(arena: Arena, scenario: Scenario): Record<string, number | null> {
  const memory = arena.static(user_memory) + user_memory.results;
  const results: Record<string, number | null> = {};
  scenario.results.forEach((name, number) => {
    const value = arena.words[memory + number] as number;
    results[name] = value === NO_RESULT ? null : value;
  });
  return results;
}

/** Reads a run's outcome. Most runs end like one before them: the words are looked up and not made again. */
function outcomeReader(scenario: Scenario): (arena: Arena) => string {
  const known: { readonly values: readonly number[]; readonly outcome: string }[] = [];
  const size = scenario.results.length;
  return (arena) => {
    const at = arena.static(user_memory) + user_memory.results;
    const { words } = arena;
    for (const { values, outcome } of known) {
      let same = 0;
      while (same < size && words[at + same] === values[same]) same++;
      if (same === size) return outcome;
    }
    const outcome = scenario.outcome(readResults(arena, scenario));
    known.push({ values: [...words.subarray(at, at + size)], outcome });
    return outcome;
  };
}

/** What is wrong with an outcome that is not possible. */
function unexpected({ impossible = [] }: Scenario, outcome: string): string {
  const because = impossible.find((one) => one.outcome === outcome)?.because;
  return because === undefined ? `"${outcome}" is not possible` : `"${outcome}" is not possible: ${because}`;
}

const DESCRIBING = { describe: describeAddress };

/**
 * Makes the model of a scenario. The object has the shape that every machine takes (`Model` in `src/machine`); it is
 * not named here because the kernel does not know what runs it.
 *
 * @param scenario one of the package's, or of one's own
 * @example
 * const patches = [findPatch('no-kill-retry')];
 * const patched = kernelModel(findScenario('kill-vs-exec'), { patches, cpus: 3 });
 * explore(patched).found?.violation.kind; // 'invariant'
 * @see the model is of Linux 5.3.1: kernel/signal.c, kernel/exit.c, kernel/fork.c, fs/exec.c, and what they call
 */
export function kernelModel(scenario: Scenario, options: KernelModelOptions = {}) {
  const { patches = [], cpus = scenario.cpus, limits = DEFAULT_LIMITS } = options;
  const names = { programs: programNames(scenario), results: scenario.results };
  const outcomeOf = outcomeReader(scenario);
  const userSpace = userSpaceOf(scenario);
  return {
    name: scenario.name,
    patches: patches.map((patch) => patch.name),
    cpus,
    arena: kernelArena(cpus, limits),
    functions: [...KERNEL_FUNCTIONS, userFunctions, DESCRIBING, ...patches.map((patch) => patch.functions)],
    counters: COUNTER_NAMES,
    bind: (cpu: Cpu): void => bindKernel(cpu as Kernel, userSpace),
    boot(all: readonly Cpu[]): void {
      bootKernel(all as readonly Kernel[]);
      setUp(all as readonly Kernel[], scenario);
    },
    begin(cpu: Cpu): Coroutine<void> {
      const k = cpu as Kernel;
      k.current = k.get(k.rq, rq.curr);
      return k.current === k.get(k.rq, rq.idle) ? k.cpu_idle() : k.start_program(false);
    },
    resume(cpu: Cpu): Coroutine<void> {
      const k = cpu as Kernel;
      return k.current === k.get(k.rq, rq.idle) ? k.cpu_idle() : k.start_program(true);
    },
    describeEvent,
    describeValue,
    eventNames: TRACE_NAMES,
    narrate: (cpu: Cpu, event: ModelEvent): Narration | null => narrate(cpu, event, names),
    traceFields: (cpu: Cpu, event: ModelEvent): TraceFields | null => traceFields(cpu, event, names),
    traceText,
    racy: RACY_FIELDS,
    racyReads: RACY_READS,
    clock: {
      armed: (arena: Arena): number => arena.static(globals) + globals.timers_armed,
      tick: (cpu: Cpu): void => (cpu as Kernel).passTime(),
      interrupt: (cpu: Cpu): Coroutine<void> => (cpu as Kernel).hrtimer_interrupt(),
    },
    sleep: sleepModel,
    stalledGracePeriod,
    outcome: outcomeOf,
    finish(all: readonly Cpu[]): Violation | null {
      const { arena } = all[0] as Cpu;
      const stuck = findStuckTask(arena);
      if (stuck !== null) {
        const { task } = stuck;
        if ('message' in stuck) return new Violation('lost-wakeup', stuck.message, -1, task);
        return new Violation('hung-task', hungTaskText(all[0] as Cpu, task), -1, task);
      }
      const wrong = scenario.unfinished?.(readResults(arena, scenario)) ?? null;
      if (wrong !== null) return new Violation('hung-task', `${wrong}; ${describeTasks(arena)}`, -1, 0);
      const outcome = outcomeOf(arena);
      if (scenario.possible?.every((one) => one.outcome !== outcome)) {
        return new Violation('invariant', unexpected(scenario, outcome), -1, 0);
      }
      const leak = findLeak(arena);
      return leak === null ? null : new Violation('leak', `all processes are gone, and not freed: ${leak}`, -1, 0);
    },
    leaked: leakedObjects,
    shutdown: (cpu: Cpu): Coroutine<void> => (cpu as Kernel).send_sig_all(),
    afterShutdown({ arena }: Cpu): Violation | null {
      const left = arena.words[arena.static(globals) + globals.nr_threads] as number;
      if (left > 0) return new Violation('hung-task', `killed, but still there: ${describeTasks(arena)}`, -1, 0);
      const leak = findLeak(arena);
      return leak === null ? null : new Violation('leak', `all processes were killed, and not freed: ${leak}`, -1, 0);
    },
  };
}
