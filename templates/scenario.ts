/**
 * my-race: a race of your own.
 *
 *     siglab explore ./my-race.ts            looks at schedule after schedule, and finds what is wrong below
 *     siglab show ./my-race.ts               the story, and the patch as a diff
 *     siglab run ./my-race.ts                the same on real threads
 *     siglab replay TOKEN --file ./my-race.ts
 *
 * Each function below is a program of the simulated machine: a generator that makes system calls with `yield*`.
 * docs/programs.md of the package says what there is.
 */

import { type Patch, type Scenario, SIGUSR1 } from 'siglab';

/** Pids are given out in order: the first process of the setup is 100. */
const WORKER = 101;
/** Processes share 64 cells of memory. This one holds the message. */
const MESSAGE = 0;

export const scenario: Scenario = {
  // What tokens and the command line call it.
  name: 'my-race',
  subject: 'programs',
  title: 'a message is left, and a signal says so',
  story:
    'A worker waits for a message. It looks whether there is one, and if not it sleeps in pause until SIGUSR1 says that ' +
    'there is. If the signal comes between the look and the sleep, its handler runs too early, and nothing wakes the worker.',
  cast: [
    'CPU 0: process 100: leaves the message, kill(101, SIGUSR1), wait4(101)',
    'CPU 1: process 101: waits for the message',
  ],
  claim: 'the worker gets the message.',
  // The kernel functions that a story names.
  watch: ['pause', 'complete_signal', 'get_signal'],
  // The patches that break the claim, what each breaks, and the kind of violation that shows it.
  patches: [{ name: 'my-patch', breaks: 'the worker sleeps with the signal pending', kind: 'hung-task' }],
  learn: 'To look and to sleep must be one step.',
  cpus: 2,
  // What the programs report with sys.result.
  results: ['message'],

  programs: {
    *sender(sys) {
      yield* sys.store(MESSAGE, 42);
      const error = yield* sys.kill(WORKER, SIGUSR1);
      // A condition that does not hold ends the execution as a violation.
      sys.check(error === 0, `kill gave ${error}`);
      yield* sys.wait4(WORKER);
    },
    *worker(sys) {
      // The race. To close it: block the signal before the look, and wait with sigsuspend, which unblocks it as it goes
      // to sleep. Import EMPTY_MASK, SIG_BLOCK and sigmask from 'siglab', and write
      //
      //     yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      //     while ((yield* sys.load(MESSAGE)) === 0) yield* sys.sigsuspend(EMPTY_MASK);
      while ((yield* sys.load(MESSAGE)) === 0) yield* sys.pause();
      sys.result('message', yield* sys.load(MESSAGE));
    },
  },

  handlers: {
    *onSignal() {},
  },

  // Makes the processes that exist before the race begins.
  setup(setup) {
    const sender = setup.process('sender', { cpu: 0 });
    const worker = setup.process('worker', { parent: sender, cpu: 1 });
    setup.sigaction(worker, SIGUSR1, 'onSignal');
  },

  // When nothing can move any more: what should have happened and did not.
  unfinished: ({ message }) => (message === null ? 'the worker sleeps, and its message is there' : null),

  // A run's outcome in words: runs are counted by it.
  outcome: ({ message }) => (message === null ? 'no message' : `message ${message}`),
};

/**
 * A patch replaces functions of the kernel by their names. With this one the kernel no longer looks, as it puts a task
 * to sleep, whether a signal is pending: with the race above closed, `--patch my-patch` opens another.
 */
export const patch: Patch = {
  name: 'my-patch',
  title: '__schedule does not look for signals',
  story: 'A task that means to sleep sleeps, though a signal came after it had looked.',
  functions: {
    signal_pending_state: () => false,
  },
};
