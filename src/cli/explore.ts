/** `siglab explore SCENARIO`: the controlled machine; the first violation minimised, or what was covered. */

import { setImmediate } from 'node:timers/promises';
import { modelOf } from '../../scenarios/catalog.js';
import { type Exploration, type ExploreOptions, exploreInSlices } from '../explore/explore.js';
import { type Minimized, minimize } from '../explore/minimize.js';
import { dfsStrategy } from '../explore/strategies/dfs.js';
import { randomStrategy } from '../explore/strategies/random.js';
import type { Strategy } from '../explore/strategy.js';
import { encodeToken } from '../explore/token.js';
import { ControlledMachine } from '../machine/controlled.js';
import {
  chooseWord,
  count,
  EXIT_HOLDS,
  EXIT_INTERRUPTED,
  EXIT_VIOLATED,
  paint,
  patchesNamed,
  positiveNumber,
  print,
  printJson,
  progressBar,
  scenarioNamed,
  UsageError,
  watchInterrupt,
  wholeNumber,
} from './context.js';
import { reportOf } from './story.js';

export interface ExploreFlags {
  readonly patch: readonly string[];
  readonly strategy?: string;
  readonly schedules?: string;
  readonly seconds?: string;
  readonly preemptions?: string;
  readonly seed: string;
  readonly cpus?: string;
  readonly exhaustive?: boolean;
  readonly json?: boolean;
}

const STRATEGIES = ['random', 'dfs'] as const;
/** A random walk without a limit of its own makes this many executions. */
const RANDOM_SCHEDULES = 20_000;
/** What is explored where no strategy is named: all schedules with at most so many preemptions. */
const DEFAULT_PREEMPTIONS = 2;

/** What is to be explored, from the flags. */
interface Plan {
  readonly strategy: Strategy;
  readonly options: Omit<ExploreOptions, 'strategy'>;
  readonly preemptions: number | null;
}

function planOf(flags: ExploreFlags): Plan {
  const { exhaustive = false } = flags;
  const given = flags.strategy === undefined ? null : chooseWord('strategy', flags.strategy, STRATEGIES);
  if (exhaustive && given === 'random') {
    throw new UsageError('--exhaustive needs a strategy that ends: dfs, not random');
  }
  if (given === 'random' && flags.preemptions !== undefined) {
    throw new UsageError('--preemptions bounds the search of dfs; the random walk has no bound');
  }
  const seed = wholeNumber('--seed', flags.seed, 0, 0xffffffff);
  const seconds = flags.seconds === undefined ? {} : { seconds: positiveNumber('--seconds', flags.seconds) };
  const limit = flags.schedules === undefined ? {} : { schedules: wholeNumber('--schedules', flags.schedules, 1) };
  if (given === 'random') {
    const schedules = flags.seconds === undefined ? { schedules: RANDOM_SCHEDULES } : {};
    return { strategy: randomStrategy(seed), options: { ...schedules, ...limit, ...seconds }, preemptions: null };
  }
  const unbounded = given === 'dfs' || exhaustive;
  const bound =
    flags.preemptions === undefined
      ? unbounded
        ? null
        : DEFAULT_PREEMPTIONS
      : wholeNumber('--preemptions', flags.preemptions, 0);
  return { strategy: dfsStrategy(bound ?? undefined), options: { ...limit, ...seconds }, preemptions: bound };
}

export async function exploreCommand(name: string, flags: ExploreFlags): Promise<number> {
  const scenario = scenarioNamed(name);
  const patches = patchesNamed(flags.patch);
  const cpus = flags.cpus === undefined ? scenario.cpus : wholeNumber('--cpus', flags.cpus, 1, 31);
  const plan = planOf(flags);
  const machine = new ControlledMachine(modelOf({ scenario: name, patches, cpus }));
  const exploration = await exploreWatched(machine, plan);
  const { found } = exploration;
  const minimized = found === null ? null : minimize(machine, found.schedule);
  const tokenOf = (schedule: Uint8Array): string => encodeToken({ scenario: name, patches, cpus, schedule });
  const token = found === null ? null : tokenOf(found.schedule);
  const minimalToken = minimized === null ? null : tokenOf(minimized.schedule);
  if (flags.json === true) {
    printJson({
      scenario: name,
      patches,
      cpus,
      strategy: plan.strategy.name,
      preemptions: plan.preemptions,
      seed: Number(flags.seed),
      executions: exploration.executions,
      redundant: exploration.redundant,
      exhaustive: exploration.exhausted,
      seconds: exploration.seconds,
      executionsPerSecond: Math.round(exploration.executions / exploration.seconds),
      outcomes: exploration.outcomes,
      verdict: found === null ? 'holds' : 'violated',
      violation:
        found === null
          ? null
          : {
              kind: found.violation.kind,
              message: found.violation.message,
              foundAtExecution: found.execution,
              token,
              minimalToken,
              switches: minimized?.preemptions,
              steps: minimized?.steps,
              fewestSwitches: minimized?.fewest,
            },
    });
  } else {
    printExploration(exploration, plan);
    if (found !== null && minimized !== null && minimalToken !== null) {
      printViolation(machine, minimized, { name, patches, token: minimalToken, execution: found.execution });
    }
  }
  if (exploration.interrupted) return EXIT_INTERRUPTED;
  if (found !== null) return EXIT_VIOLATED;
  if (flags.exhaustive === true && !exploration.exhausted) {
    process.stderr.write('siglab: a limit ended the search before the whole space was covered\n');
    return EXIT_VIOLATED;
  }
  return EXIT_HOLDS;
}

/** Explores with a progress bar, and stops at Ctrl-C. */
async function exploreWatched(machine: ControlledMachine, { strategy, options }: Plan): Promise<Exploration> {
  const interrupt = watchInterrupt();
  const bar = progressBar('exploring', options.schedules ?? Number.POSITIVE_INFINITY);
  try {
    const exploring = exploreInSlices(machine, { strategy, ...options });
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

/** What was covered, in words. */
export function coverage(exploration: Exploration, preemptions: number | null): string {
  const bound =
    preemptions === null
      ? 'all schedules'
      : `all schedules with at most ${preemptions} preemption${preemptions === 1 ? '' : 's'}`;
  if (exploration.exhausted) return `verified: ${bound} were executed, and none breaks the claim`;
  if (exploration.interrupted) return 'interrupted: no violation so far';
  return 'no violation found; the space was not covered';
}

function printExploration(exploration: Exploration, { strategy, preemptions }: Plan): void {
  const { executions, seconds, outcomes, found } = exploration;
  const rate = count(Math.round(executions / seconds));
  print(`${count(executions)} executions by ${strategy.name} in ${seconds.toFixed(2)} s (${rate} a second)`);
  for (const [outcome, times] of Object.entries(outcomes)) print(`  ${count(times).padStart(10)} × ${outcome}`);
  if (found === null) {
    const { exhausted } = exploration;
    print(paint(exhausted ? 'green' : 'yellow', coverage(exploration, preemptions)));
  }
}

function printViolation(
  machine: ControlledMachine,
  minimized: Minimized,
  found: {
    readonly name: string;
    readonly patches: readonly string[];
    readonly token: string;
    readonly execution: number;
  },
): void {
  const { preemptions, fewest, steps } = minimized;
  print(paint('red', `violated in execution ${count(found.execution)}`));
  const most = fewest ? 'no schedule with fewer fails' : 'perhaps there is one with fewer';
  const switches = preemptions === 1 ? '1 switch' : `${preemptions} switches`;
  print(`shrunk to ${switches} that blocking does not force (${most}), ${steps} steps\n`);
  print(reportOf(machine, minimized.schedule, found));
  print(`\nto see it step by step:\n  siglab replay ${found.token}`);
}
