/** Whether tokens keep what they promise: how many of so many random executions replay to the identical trace. */

import { modelOf } from '../scenarios/catalog.js';
import { workerCode } from '../src/cli/workers.js';
import { replay } from '../src/explore/replay.js';
import { recordedSchedule } from '../src/explore/schedule.js';
import { randomStrategy } from '../src/explore/strategies/random.js';
import { decodeToken, encodeToken } from '../src/explore/token.js';
import { ControlledMachine } from '../src/machine/controlled.js';
import { ThreadMachine } from '../src/machine/threads.js';
import { TraceBuffer } from '../src/machine/trace-buffer.js';
import type { Bench } from './bench.js';

const SCENARIO = { scenario: 'kill-vs-exec', patches: ['no-kill-retry'], cpus: 3 };
const EXECUTIONS = 10_000;
/** On threads a replay takes longer; the rounds of a run have other executions each. */
const ON_THREADS = 1_500;

/** Executes at random, and has each token replayed by `again`, which gives the hash of its trace. */
async function identical(
  executions: number,
  round: number,
  again: (schedule: Uint8Array) => string | Promise<string>,
): Promise<number> {
  const machine = new ControlledMachine(modelOf(SCENARIO));
  const strategy = randomStrategy(round);
  const buffer = new TraceBuffer();
  let same = 0;
  for (let execution = 0; execution < executions; execution++) {
    strategy.begin();
    buffer.clear();
    machine.execute(strategy, buffer);
    const token = encodeToken({ ...SCENARIO, schedule: recordedSchedule(machine) });
    if ((await again(decodeToken(token).schedule)) === buffer.hash) same++;
  }
  return same;
}

export const fidelityBench: Bench = {
  name: 'fidelity',
  title: 'Tokens of random executions of kill-vs-exec, replayed',
  candidates: [
    {
      name: 'on the controlled machine',
      unit: `identical traces of ${EXECUTIONS}`,
      goal: EXECUTIONS,
      sample(round) {
        const machine = new ControlledMachine(modelOf(SCENARIO));
        return identical(EXECUTIONS, round, (schedule) => replay(machine, schedule).traceHash);
      },
    },
    {
      name: 'on the lockstep machine',
      unit: `identical traces of ${ON_THREADS}`,
      goal: ON_THREADS,
      async sample(round) {
        await using threads = ThreadMachine.start(modelOf(SCENARIO), workerCode(SCENARIO), { checked: true });
        return await identical(ON_THREADS, round, async (schedule) => (await threads.replay(schedule)).traceHash);
      },
    },
  ],
  derived: [],
};
