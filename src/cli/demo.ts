/** `npm start`: the race, from the wild to the desk. */

import { findPatch, modelOf } from '../../scenarios/catalog.js';
import { killVsExec } from '../../scenarios/kill-vs-exec.js';
import { explore } from '../explore/explore.js';
import { minimize } from '../explore/minimize.js';
import { replay } from '../explore/replay.js';
import { randomStrategy } from '../explore/strategies/random.js';
import { encodeToken } from '../explore/token.js';
import { ControlledMachine } from '../machine/controlled.js';
import { NOISE } from '../machine/parallel-cpu.js';
import type { RunResult } from '../machine/threads.js';
import { count, countOf, EXIT_HOLDS, EXIT_VIOLATED, paint, print, wrap } from './context.js';
import { replayOnThreads } from './replay.js';
import { mergeRuns, printRun, runParallel } from './run.js';
import { storyOf } from './story.js';

const ITERATIONS = 5_000;
/** A busy machine shows a race more rarely: so often as many iterations are made, until there is something to see. */
const ROUNDS = 20;
const PATCH = 'no-kill-retry';
const SEED = 1;

/** Runs the race on real threads until there is some of what is to be seen. */
async function runUntil(patches: readonly string[], seen: (result: RunResult) => number): Promise<RunResult> {
  const description = { scenario: killVsExec.name, patches, cpus: killVsExec.cpus };
  const options = { iterations: ITERATIONS, noise: NOISE.low };
  let result = await runParallel(description, { ...options, seed: SEED });
  for (let round = 1; round < ROUNDS && seen(result) === 0; round++) {
    result = mergeRuns(result, await runParallel(description, { ...options, seed: SEED + round }));
  }
  return result;
}

export async function demoCommand(): Promise<number> {
  const scenario = killVsExec.name;
  const { cpus } = killVsExec;
  const heading = (text: string): void => print(`\n${paint('bold', text)}\n`);
  print(`${paint('bold', 'siglab')}: a laboratory for the races of the Linux signal path\n`);
  heading(`The race: ${killVsExec.title}`);
  print(wrap(killVsExec.story));
  print();
  for (const line of killVsExec.cast) print(`  ${line}`);

  heading(`1. Linux 5.3.1 on ${cpus} real threads`);
  const retriesOf = ({ counters }: RunResult): number => counters['kill_pid_info.retry'] ?? 0;
  const right = await runUntil([], retriesOf);
  printRun(right, '  ');
  const retries = retriesOf(right);
  print(`  kill_pid_info found a task that exec had released, and looked again, ${countOf(retries, 'time')}.`);

  heading(`2. The same with patch ${PATCH}: one lookup, one try`);
  const wrong = await runUntil([PATCH], ({ violationCount }) => violationCount);
  printRun(wrong, '  ');
  print(`  A living process was reported as ESRCH, no such process, ${countOf(wrong.violationCount, 'time')}.`);

  heading('3. The explorer finds that, at one desk and for good');
  const machine = new ControlledMachine(modelOf({ scenario, patches: [PATCH], cpus }));
  const { found, executions, seconds } = explore(machine, { strategy: randomStrategy(SEED), schedules: 1_000_000 });
  if (found === null) {
    print(paint('red', `  nothing found in ${countOf(executions, 'execution')}`));
    return EXIT_VIOLATED;
  }
  print(`  found in execution ${count(executions)}, after ${seconds.toFixed(2)} s, at random`);
  const minimal = minimize(machine, found.schedule);
  const token = encodeToken({ scenario, patches: [PATCH], cpus, schedule: minimal.schedule });
  const switches = countOf(minimal.preemptions, 'switch', 'switches');
  print(`  shrunk to ${switches} between CPUs that blocking does not force, and ${countOf(minimal.steps, 'step')}`);

  heading('4. The story');
  const { claim, watch } = killVsExec;
  const stories = [findPatch(PATCH)];
  const title = { name: scenario, patches: [PATCH], token, claim, watch, stories };
  print(storyOf(machine, minimal.schedule, title, { stacks: false, width: process.stdout.columns ?? 160 }));

  heading('5. The same schedule on real threads, in lockstep');
  const here = replay(machine, minimal.schedule);
  const there = await replayOnThreads({ scenario, patches: [PATCH], cpus, schedule: minimal.schedule });
  const same = here.traceHash === there.traceHash;
  print(`  token       ${token}`);
  print(`  controlled  trace ${here.traceHash}, ${count(here.events.length)} events`);
  print(`  lockstep    trace ${there.traceHash}, ${count(there.eventCount)} events`);
  print(same ? paint('green', '  the same, event for event') : paint('red', '  they differ'));
  return same && right.violationCount === 0 ? EXIT_HOLDS : EXIT_VIOLATED;
}
