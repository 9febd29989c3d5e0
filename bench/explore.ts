/** How many executions a second the controlled machine makes of kill-vs-exec, in one thread. */

import { modelOf } from '../scenarios/catalog.js';
import { explore } from '../src/explore/explore.js';
import { dfsStrategy } from '../src/explore/strategies/dfs.js';
import { randomStrategy } from '../src/explore/strategies/random.js';
import type { Strategy } from '../src/explore/strategy.js';
import type { Checker } from '../src/machine/checkers/selection.js';
import { ControlledMachine } from '../src/machine/controlled.js';
import type { Bench, Candidate } from './bench.js';

const SCENARIO = { scenario: 'kill-vs-exec', patches: [], cpus: 3 };
const WARM_UP_SECONDS = 1;
const SECONDS = 2;

/** Explores for a while; a strategy that has been through its space begins anew. */
function rate(machine: ControlledMachine, strategy: () => Strategy, seconds: number): number {
  let executions = 0;
  let spent = 0;
  while (spent < seconds) {
    const result = explore(machine, { strategy: strategy(), seconds: seconds - spent, keepGoing: true });
    if (result.violations !== 0) throw new Error(`kill-vs-exec was violated: ${result.found?.violation.message}`);
    executions += result.executions;
    spent += result.seconds;
  }
  return executions / spent;
}

function candidate(
  name: string,
  checked: boolean | readonly Checker[],
  strategy: (round: number) => Strategy,
): Omit<Candidate, 'goal'> {
  return {
    name,
    unit: 'executions/s',
    sample(round) {
      const machine = new ControlledMachine(modelOf(SCENARIO), { checked });
      rate(machine, () => strategy(0), WARM_UP_SECONDS);
      return rate(machine, () => strategy(round), SECONDS);
    },
  };
}

export const exploreBench: Bench = {
  name: 'explore',
  title: 'Exploring kill-vs-exec (3 CPUs) on the controlled machine, one thread',
  candidates: [
    { ...candidate('random, memory checker on', ['memory'], randomStrategy), goal: 50_000 },
    { ...candidate('random, no checkers', false, randomStrategy), goal: 50_000 },
    candidate('random, all checkers', true, randomStrategy),
    candidate('dfs, 2 preemptions, memory checker on', ['memory'], () => dfsStrategy(2)),
  ],
  derived: [],
};
