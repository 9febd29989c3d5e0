import { SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The cell in which the handler notes that the signal has come. */
const FLAG = 0;

export const checkThenPause: Scenario = {
  name: 'check-then-pause',
  subject: 'programs',
  title: 'a program looks at a flag that its handler sets, and calls pause',
  story:
    'A program waits for a signal. Its handler sets a flag; the program looks at the flag, and if it is not set calls pause. ' +
    'The signal may come between the two: the handler runs, sets the flag and returns, and then the program calls pause, ' +
    'which waits for a signal that has been already. The kernel does what it is told. See check-then-sigsuspend.',
  cast: [
    'CPU 0: process 100: while (!flag) pause(), with a handler for SIGUSR1 that sets the flag',
    'CPU 1: process 101: kill(100, SIGUSR1)',
  ],
  claim: 'the program goes on, or sleeps for ever with the flag set: both happen.',
  watch: ['pause', 'complete_signal', 'get_signal', 'handle_signal'],
  patches: [],
  possible: [
    { outcome: 'the program goes on', because: 'the signal comes before the look, or in pause.' },
    {
      outcome: 'the flag is set, and the program sleeps for ever',
      because: 'the signal comes after the look and before pause.',
    },
  ],
  learn: 'To look and to sleep must be one step. pause cannot be told what to look for, so nothing closes this window.',
  reading: ['man 2 pause; man 2 sigsuspend: NOTES', 'kernel/signal.c: pause'],
  cpus: 2,
  results: ['flag', 'done'],

  programs: {
    *waiter(sys) {
      while ((yield* sys.load(FLAG)) === 0) yield* sys.pause();
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
      sys.result('flag', 1);
      yield* sys.store(FLAG, 1);
    },
  },

  setup(setup) {
    const waiter = setup.process('waiter', { cpu: 0 });
    setup.sigaction(waiter, SIGUSR1, 'onSignal');
    setup.process('sender', { cpu: 1 });
  },

  unfinished: ({ flag }) => (flag === null ? 'SIGUSR1 was not handled' : null),

  outcome: ({ done }) => (done === null ? 'the flag is set, and the program sleeps for ever' : 'the program goes on'),
};
