import { SA_RESTART, SIG_BLOCK, SIG_UNBLOCK, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';

/** The lock is a pipe with one byte in it: whoever has read the byte has the lock, and writes it back. */
const LOCK = 0;
const UNLOCK = 1;

export const lockWithSignalBlocked: Scenario = {
  name: 'lock-with-signal-blocked',
  subject: 'programs',
  title: 'a program blocks a signal while it holds a lock that the handler takes',
  story:
    'The program of handler-takes-lock, put right: it blocks the signal before it takes the lock, and unblocks it when it has ' +
    'let the lock go. A signal that comes between is pending for that time, and the handler finds the lock free.',
  cast: [
    'CPU 0: process 100: blocks SIGUSR1, takes the lock, lets it go, unblocks SIGUSR1; the handler for SIGUSR1 takes the lock too',
    'CPU 1: process 101: kill(100, SIGUSR1)',
  ],
  claim: 'both get the lock in turn.',
  watch: ['pipe_read', 'complete_signal', 'get_signal', 'handle_signal'],
  patches: [],
  possible: [{ outcome: 'both are done', because: 'the handler never runs while its own thread has the lock.' }],
  impossible: [
    {
      outcome: 'the handler waits for the lock that its own thread holds',
      because: 'while the lock is held the signal is blocked.',
    },
  ],
  learn:
    'It is the same rule as for interrupts in the kernel: a lock that a handler takes is held only with the signal blocked. ' +
    'See irq-self-deadlock.',
  reading: ['man 7 signal-safety; man 3 pthread_sigmask'],
  cpus: 2,
  results: ['handler', 'done'],

  programs: {
    *worker(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      yield* sys.read(LOCK, new Uint8Array(1));
      yield* sys.write(UNLOCK, 'x');
      yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGUSR1));
      sys.result('done', 1);
      yield* sys.stay();
    },
    *sender(sys) {
      yield* sys.kill(100, SIGUSR1);
      yield* sys.stay();
    },
  },

  handlers: {
    *onSignal(sys) {
      yield* sys.read(LOCK, new Uint8Array(1));
      yield* sys.write(UNLOCK, 'x');
      sys.result('handler', 1);
    },
  },

  setup(setup) {
    const worker = setup.process('worker', { cpu: 0 });
    setup.sigaction(worker, SIGUSR1, 'onSignal', { flags: SA_RESTART });
    setup.run(worker, function* (sys) {
      yield* sys.pipe([]);
      yield* sys.write(UNLOCK, 'x');
    });
    setup.process('sender', { cpu: 1 });
  },

  unfinished: ({ handler, done }) =>
    handler !== null && done !== null ? null : 'somebody waits for the lock for ever',

  outcome: ({ handler, done }) =>
    handler !== null && done !== null ? 'both are done' : 'the handler waits for the lock that its own thread holds',
};
