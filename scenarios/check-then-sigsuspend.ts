import { SIG_BLOCK, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { EMPTY_MASK, sigmask } from '../src/kernel/sigset.js';

/** The cell in which the handler notes that the signal has come. */
const FLAG = 0;

export const checkThenSigsuspend: Scenario = {
  name: 'check-then-sigsuspend',
  subject: 'programs',
  title: 'a program blocks a signal, looks at the flag, and calls sigsuspend',
  story:
    'The program of check-then-pause, put right. The signal is blocked while the program looks at the flag, so that the ' +
    'handler cannot run between the look and the sleep. sigsuspend takes the mask away and sleeps in one step: a signal ' +
    'that is pending by then ends the sleep at once.',
  cast: [
    'CPU 0: process 100: blocks SIGUSR1, while (!flag) sigsuspend({}), with a handler that sets the flag',
    'CPU 1: process 101: kill(100, SIGUSR1)',
  ],
  claim: 'the program goes on.',
  watch: ['rt_sigsuspend', 'set_current_blocked', 'complete_signal', 'get_signal', 'handle_signal'],
  patches: [],
  possible: [{ outcome: 'the program goes on', because: 'the signal is pending until sigsuspend has unblocked it.' }],
  impossible: [
    {
      outcome: 'the program sleeps for ever',
      because: 'nothing can come between the change of the mask and the sleep without ending the sleep.',
    },
  ],
  learn:
    'Block what you wait for, look, and let the call that waits unblock it. sigsuspend, ppoll, pselect and epoll_pwait take a ' +
    'mask for this, and sigwaitinfo does without a handler.',
  reading: ['man 2 sigsuspend; man 2 select: the reason for pselect', 'kernel/signal.c: sigsuspend'],
  cpus: 2,
  results: ['done'],

  programs: {
    *waiter(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      while ((yield* sys.load(FLAG)) === 0) yield* sys.sigsuspend(EMPTY_MASK);
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
      yield* sys.store(FLAG, 1);
    },
  },

  setup(setup) {
    const waiter = setup.process('waiter', { cpu: 0 });
    setup.sigaction(waiter, SIGUSR1, 'onSignal');
    setup.process('sender', { cpu: 1 });
  },

  unfinished: ({ done }) => (done === null ? 'the program sleeps for ever, though SIGUSR1 was sent' : null),

  outcome: ({ done }) => (done === null ? 'the program sleeps for ever' : 'the program goes on'),
};
