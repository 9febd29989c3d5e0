import { SA_RESTART, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The lock is a pipe with one byte in it: whoever has read the byte has the lock, and writes it back. */
const LOCK = 0;
const UNLOCK = 1;

export const handlerTakesLock: Scenario = {
  name: 'handler-takes-lock',
  subject: 'programs',
  title: 'a handler takes a lock that the code it interrupts may hold',
  story:
    'A program has a lock, and its handler takes it as well. If the signal comes while the program holds the lock, the ' +
    'handler waits for it, and the program cannot let it go: it goes on only when the handler has returned. malloc and printf ' +
    'have such locks inside, which is why they may not be called in a handler. See lock-with-signal-blocked.',
  cast: [
    'CPU 0: process 100: takes the lock, and lets it go; the handler for SIGUSR1 takes the lock too',
    'CPU 1: process 101: kill(100, SIGUSR1)',
  ],
  claim: 'both get the lock in turn, or the handler waits for ever: both happen.',
  watch: ['pipe_read', 'complete_signal', 'get_signal', 'handle_signal'],
  patches: [],
  possible: [
    { outcome: 'both are done', because: 'the signal comes before the lock is taken or after it was let go.' },
    {
      outcome: 'the handler waits for the lock that its own thread holds',
      because: 'the signal comes while the program holds the lock.',
    },
  ],
  learn:
    'A handler is not another thread: nothing of what it interrupts goes on meanwhile. It may wait for other ' +
    'threads, but never for its own.',
  reading: ['man 7 signal-safety'],
  cpus: 2,
  results: ['handler', 'done'],

  programs: {
    *worker(sys) {
      yield* sys.read(LOCK, new Uint8Array(1));
      yield* sys.write(UNLOCK, 'x');
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

  outcome: ({ handler, done }) =>
    handler !== null && done !== null ? 'both are done' : 'the handler waits for the lock that its own thread holds',
};
