/** Small models: executions a second at random, executions to the first bug, and the cost of covering the space. */

import { explore } from '../src/explore/explore.js';
import { strategyNamed } from '../src/explore/strategies/index.js';
import { randomStrategy } from '../src/explore/strategies/random.js';
import { ControlledMachine } from '../src/machine/controlled.js';
import type { Model } from '../src/machine/model.js';
import type { Bench, Candidate } from './bench.js';
import { firstBug } from './bugs.js';
import { counterModel } from './models/counter.js';
import { killVsExecModel } from './models/kill-vs-exec.js';
import { reorderModel } from './models/reorder.js';

const WARM_UP_SECONDS = 0.5;
const SECONDS = 1;
const SEEDS = 20;
/** The median of 20 seeds is one of numbers that differ by a factor of two; of so many by a tenth. */
const MANY_SEEDS = 400;
/** Executions after which a seed counts as not having found the bug. */
const MOST = 100_000;

/** What Shuttle 0.9.3 does in Rust, executions a second; the goal is twice that. */
const SHUTTLE = { counter: 76_000, reorder_3: 186_000, reorder_10: 63_000, 'kill against exec': 107_000 };

/** By the processor time that this process has used, so that what else the machine does counts less. */
function rate(machine: ControlledMachine, seed: number, seconds: number): number {
  const before = process.cpuUsage();
  const { executions } = explore(machine, { strategy: randomStrategy(seed), seconds, keepGoing: true });
  const { user, system } = process.cpuUsage(before);
  return executions / ((user + system) / 1e6);
}

function rates(name: keyof typeof SHUTTLE, make: () => Model): Candidate[] {
  const sample = (checked: boolean) => (round: number) => {
    const options = checked ? {} : { checked: false };
    const machine = new ControlledMachine(make(), options);
    rate(machine, 0, WARM_UP_SECONDS);
    return rate(machine, round, SECONDS);
  };
  return [
    { name: `${name}, no checkers`, unit: 'executions/CPU s', goal: 2 * SHUTTLE[name], sample: sample(false) },
    { name: `${name}, all checkers`, unit: 'executions/CPU s', sample: sample(true) },
  ];
}

/** The median number of executions to the first bug, of 20 seeds or more. */
function bug(
  name: string,
  make: () => Model,
  says: RegExp,
  limits: Readonly<Record<string, number>>,
  seeds = SEEDS,
): Candidate[] {
  return Object.entries(limits).map(([strategy, limit]) => ({
    name: `${name}: first bug, ${strategy}${seeds === SEEDS ? '' : `, ${seeds} seeds`}`,
    unit: 'executions',
    limit,
    sample() {
      const machine = new ControlledMachine(make(), { checked: false });
      const needed = Array.from({ length: seeds }, (_, at) => {
        const by = strategyNamed(strategy, { seed: at + 1 });
        return firstBug(machine, says, by, MOST, Number.POSITIVE_INFINITY) ?? MOST;
      }).sort((a, b) => a - b);
      return ((needed[seeds / 2 - 1] as number) + (needed[seeds / 2] as number)) / 2;
    },
  }));
}

/** Covers the space of kill against exec, and gives the executions or the time. */
function cover(machine: ControlledMachine): { readonly executions: number; readonly milliseconds: number } {
  const { executions, exhausted, found, seconds } = explore(machine, { strategy: 'dpor' });
  if (!exhausted || found !== null) throw new Error('kill against exec was to be verified');
  return { executions, milliseconds: seconds * 1000 };
}

function covering(): Candidate[] {
  const make = (): ControlledMachine => new ControlledMachine(killVsExecModel(), { footprints: true });
  return [
    { name: 'kill against exec: dpor', unit: 'executions', sample: () => cover(make()).executions },
    { name: 'kill against exec: dpor, first time', unit: 'ms', limit: 20, sample: () => cover(make()).milliseconds },
    {
      name: 'kill against exec: dpor, again',
      unit: 'ms',
      limit: 20,
      sample() {
        const machine = make();
        for (let time = 0; time < 20; time++) cover(machine);
        return cover(machine).milliseconds;
      },
    },
  ];
}

const ONLY_ONE = /only one of them has changed/;
const ESRCH = /kill said ESRCH/;
/** What Shuttle needs. */
const REORDER_3 = { random: 48, pct: 11, urw: 5 };
const REORDER_10 = { pct: 720, urw: 35 };

export const smallModelsBench: Bench = {
  name: 'models',
  title: 'Small models on the controlled machine, one thread',
  candidates: [
    ...rates('counter', counterModel),
    ...rates('reorder_3', () => reorderModel(3)),
    ...rates('reorder_10', () => reorderModel(10)),
    ...rates('kill against exec', killVsExecModel),
    ...bug('reorder_3', () => reorderModel(3), ONLY_ONE, REORDER_3),
    ...bug('reorder_3', () => reorderModel(3), ONLY_ONE, REORDER_3, MANY_SEEDS),
    ...bug('reorder_3, one load of each', () => reorderModel(3, 1, false), ONLY_ONE, REORDER_3),
    ...bug('reorder_10', () => reorderModel(10), ONLY_ONE, REORDER_10),
    ...bug('reorder_10', () => reorderModel(10), ONLY_ONE, REORDER_10, MANY_SEEDS),
    ...bug('reorder_10, one load of each', () => reorderModel(10, 1, false), ONLY_ONE, REORDER_10),
    ...bug('kill against exec', () => killVsExecModel(false), ESRCH, { random: 121, pct: 9 }),
    ...covering(),
  ],
  derived: [],
};
