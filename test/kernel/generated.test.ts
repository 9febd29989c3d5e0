/**
 * Programs made at random under random schedules: whatever they do, the unpatched kernel breaks no rule, loses no
 * signal, lets everybody be killed at the end, and frees everything.
 *
 * `SIGLAB_GENERATED=100000 npx vitest run test/kernel/generated.test.ts` makes that many executions, and
 * `SIGLAB_SEED` makes other ones.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import { DEFAULT_LIMITS, type KernelLimits } from '../../src/kernel/kernel-arena.js';
import { kernelModel } from '../../src/kernel/model.js';
import type { Patch } from '../../src/kernel/scenario.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { scheduleIgnoresPending } from '../../src/patches/schedule-ignores-pending.js';
import type { Violation } from '../../src/sync/gate.js';
import { type Made, made, makes, startsThread } from '../support/generate.js';
import { generatedScenario } from '../support/generated-scenario.js';

const EXECUTIONS = Number(process.env.SIGLAB_GENERATED ?? 5000);
const SEED = Number(process.env.SIGLAB_SEED ?? 1);
/** Schedules of each set of programs. */
const SCHEDULES = 25;

/**
 * The one way in which v5.3.1 itself leaves a signal to nobody: it was sent to a process, the thread chosen for it is
 * then killed by an exec in the same process, and `exit_signals` hands nothing on, as `signal_group_exit` is true while
 * an exec waits for the others. The thread that goes on learns of it when it next looks for signals.
 */
function isLinuxOwn({ kind, message }: Violation, programs: Made): boolean {
  const untold = kind === 'lost-wakeup' && message.includes(': nobody told it');
  return untold && makes(programs, startsThread) && makes(programs, (step) => step.do === 'exec');
}

/** As much memory as there is if nobody says anything. */
const ENOUGH = fc.constant(DEFAULT_LIMITS);

/** Makes executions until there are enough of them, or one is wrong: then throws, with the smallest programs found. */
function makeExecutions(total: number, patches: readonly Patch[] = [], memory = ENOUGH): number {
  let executions = 0;
  fc.assert(
    fc.property(made, fc.integer(), memory, (programs, seed, limits) => {
      const model = kernelModel(generatedScenario(programs), { patches, limits });
      const machine = new ControlledMachine(model, { shutdown: true });
      for (let done = 0; done < SCHEDULES; ) {
        const strategy = randomStrategy(seed, done);
        const exploration = explore(machine, { strategy, schedules: SCHEDULES - done });
        done += exploration.executions;
        executions += exploration.executions;
        const violation = exploration.found?.violation;
        if (violation !== undefined && !isLinuxOwn(violation, programs)) throw violation;
      }
    }),
    { numRuns: Math.ceil(total / SCHEDULES), seed: SEED },
  );
  return executions;
}

it(`ends well, in ${EXECUTIONS} executions`, { timeout: 3_600_000 }, () => {
  expect(makeExecutions(EXECUTIONS)).toBeGreaterThanOrEqual(EXECUTIONS);
});

/** Little of everything: room for the processes of the setup, and a few objects more. */
const LITTLE: fc.Arbitrary<KernelLimits> = fc
  .record({
    tasks: fc.integer({ min: 4, max: 6 }),
    sigqueues: fc.integer({ min: 1, max: 4 }),
    scarce: fc.uniqueArray(
      fc.constantFrom(
        ['signal_cache', 5],
        ['sighand_cache', 5],
        ['pid', 5],
        ['cred_jar', 4],
        ['uid_cache', 3],
        ['sigframe', 2],
        ['files_cache', 1],
        ['filp', 1],
        ['pipe_inode_info', 0],
        ['signalfd_ctx', 0],
        ['poll_table_entry', 0],
        ['posix_timers_cache', 1],
        ['pid_namespace', 0],
        ['idr', 0],
        ['nsproxy', 0],
        ['user_namespace', 0],
      ),
      { selector: ([name]) => name },
    ),
    more: fc.nat(2),
  })
  .map(({ tasks, sigqueues, scarce, more }) => ({
    tasks,
    sigqueues,
    objects: Object.fromEntries(scarce.map(([name, least]) => [name as string, (least as number) + more])),
  }));

it('ends well where memory runs out', () => {
  expect(makeExecutions(EXECUTIONS, [], LITTLE)).toBeGreaterThanOrEqual(EXECUTIONS);
});

it('finds a kernel that puts a task to sleep with a signal pending', () => {
  const message = messageOf(() => makeExecutions(20_000, [scheduleIgnoresPending]));
  expect(message).toMatch(/^task \d+ sleeps, though SIG\w+ is pending and not blocked: nobody woke it; /);
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return ((error as Error).cause as Error).message;
  }
  return 'nothing found';
}
