/** The outcomes that the model allows: all of them where the space is covered, with a witness for each. */

import { recordedSchedule } from '../explore/schedule.js';
import { dfsStrategy } from '../explore/strategies/dfs.js';
import { dporStrategy } from '../explore/strategies/dpor.js';
import { randomStrategy } from '../explore/strategies/random.js';
import type { Strategy } from '../explore/strategy.js';
import { encodeToken } from '../explore/token.js';
import { kernelModel } from '../kernel/model.js';
import type { Patch } from '../kernel/scenario.js';
import { ControlledMachine } from '../machine/controlled.js';
import type { Model } from '../machine/model.js';
import type { Litmus } from './ast.js';
import { type Outcome, outcomeOf } from './final.js';
import { outcomeText, satisfies, verdict } from './judge.js';
import { type Lowered, lower } from './lower.js';

/** An outcome that the model allows. */
export interface AllowedOutcome {
  /** As a line. */
  readonly text: string;
  readonly values: Outcome;
  /** Whether the condition, without its quantifier, is true of it. */
  readonly satisfies: boolean;
  /** Executions that ended so. */
  readonly executions: number;
  /** A schedule that ends so; for `siglab replay`. */
  readonly witness: string;
}

/** What the model allows for a litmus test. */
export interface Allowed {
  readonly test: Litmus;
  readonly outcomes: readonly AllowedOutcome[];
  /** Every inequivalent execution was made: there is no other outcome. */
  readonly exhaustive: boolean;
  readonly executions: number;
  readonly seconds: number;
  /** The condition's verdict on these outcomes. */
  readonly holds: boolean;
  /** A rule of the kernel's that was broken, in words with its token, or null. */
  readonly violation: string | null;
}

/** When a search for outcomes ends that has not covered its space. */
export interface OutcomeLimits {
  /** Executions at most of the exhaustive search; 200,000 if not given. */
  readonly executions?: number;
  /** Seconds at most of it; 60 if not given. */
  readonly seconds?: number;
  /** Changes of the kernel; none if not given. */
  readonly patches?: readonly Patch[];
}

/** Where the exhaustive search does not end, two others go on, each for a part of its time: few preemptions, and chance. */
const SHARE = 0.5;
const PREEMPTIONS = 2;
const RANDOM_SEED = 1;
const CLOCK_EVERY = 64;

/** A test's model. Its outcome is the test's. */
export function litmusModel(
  test: Litmus,
  patches: readonly Patch[] = [],
): { readonly lowered: Lowered; readonly model: Model } {
  const lowered = lower(test);
  const model = kernelModel(lowered.scenario, { patches });
  return {
    lowered,
    model: { ...model, outcome: (arena) => outcomeText(lowered.layout, outcomeOf(lowered, arena)) },
  };
}

/**
 * Finds a test's outcomes in the model.
 *
 * @param test as `parseLitmus` gives it
 * @example
 * const { outcomes, exhaustive, holds } = allowedOutcomes(parseLitmus(text));
 */
export function allowedOutcomes(test: Litmus, limits: OutcomeLimits = {}): Allowed {
  const { executions = 200_000, seconds = 60, patches = [] } = limits;
  const { lowered, model } = litmusModel(test, patches);
  const started = performance.now();
  const search = searchOf(lowered, model);
  const exhaustive = search.run(dporStrategy(), true, executions, seconds);
  if (!exhaustive && search.violation === null) {
    search.run(dfsStrategy(PREEMPTIONS), false, executions, seconds * SHARE);
    search.run(randomStrategy(RANDOM_SEED), false, executions, seconds * SHARE);
  }
  const outcomes = [...search.found.values()].toSorted((a, b) => (a.text < b.text ? -1 : 1));
  return {
    test,
    outcomes,
    exhaustive,
    executions: search.executions,
    seconds: (performance.now() - started) / 1000,
    holds: verdict(
      test,
      lowered.layout,
      outcomes.map(({ values }) => values),
    ),
    violation: search.violation,
  };
}

interface Search {
  readonly found: ReadonlyMap<string, AllowedOutcome>;
  readonly executions: number;
  readonly violation: string | null;
  /** @returns whether the strategy came to its end */
  run(strategy: Strategy, footprints: boolean, most: number, seconds: number): boolean;
}

function searchOf({ test, layout, ...lowered }: Lowered, model: Model): Search {
  const found = new Map<string, AllowedOutcome>();
  let executions = 0;
  let violation: string | null = null;

  function tokenOf(machine: ControlledMachine): string {
    const schedule = recordedSchedule(machine);
    return encodeToken({ scenario: model.name, patches: [], cpus: model.cpus, schedule });
  }

  function add(machine: ControlledMachine): void {
    const values = outcomeOf({ test, layout, ...lowered }, machine.arena);
    const text = outcomeText(layout, values);
    const known = found.get(text);
    const witness = known?.witness ?? tokenOf(machine);
    const count = (known?.executions ?? 0) + 1;
    found.set(text, { text, values, satisfies: satisfies(test, layout, values), executions: count, witness });
  }

  function run(strategy: Strategy, footprints: boolean, most: number, seconds: number): boolean {
    const machine = new ControlledMachine(model, { footprints });
    const started = performance.now();
    for (let made = 0; made < most; made++) {
      if (made % CLOCK_EVERY === 0 && performance.now() - started > seconds * 1000) return false;
      if (!strategy.begin()) return true;
      const execution = machine.execute(strategy);
      strategy.end(execution);
      executions++;
      if (execution.abandoned) continue;
      if (execution.violation !== null) {
        violation = `${execution.violation.kind}: ${execution.violation.message} (${tokenOf(machine)})`;
        return false;
      }
      add(machine);
    }
    return false;
  }

  return {
    found,
    run,
    get executions() {
      return executions;
    },
    get violation() {
      return violation;
    },
  };
}
