import { SIG_BLOCK, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';

export const sigwaitVsHandler: Scenario = {
  name: 'sigwait-vs-handler',
  subject: 'delivery',
  title: 'one thread waits for a signal with sigwaitinfo, another has a handler for it',
  story:
    'A process gets SIGUSR1. One of its threads has the signal blocked and waits for it in sigwaitinfo; another has not ' +
    'blocked it, and there is a handler. While the first sleeps the signal is not blocked for it, so that the sender ' +
    'may choose it and wake it. Until it runs, the other thread may come by and take the signal: then the first finds ' +
    'nothing, though it was woken for it.',
  cast: [
    'CPU 0: thread 100, SIGUSR1 blocked: sigwaitinfo({SIGUSR1})',
    'CPU 1: thread 101: kill(100, SIGUSR1), with a handler',
  ],
  claim: 'the signal is taken once: by sigwaitinfo, or by the handler.',
  watch: ['rt_sigtimedwait', 'dequeue_signal', 'get_signal', 'complete_signal', 'wants_signal'],
  patches: [],
  possible: [
    { outcome: 'sigwaitinfo', because: 'the waiter is woken, and is the first to look.' },
    { outcome: 'handler', because: 'the other thread takes it, before the waiter waits or after it was woken.' },
  ],
  impossible: [
    { outcome: 'both', because: 'whoever finds the signal in the queue removes it in the same critical section.' },
  ],
  learn:
    'To be woken for something is no promise that it will still be there. sigwaitinfo looks again after it was woken, and ' +
    'a program that waits for a signal blocks it in every thread.',
  reading: [
    'kernel/signal.c: do_sigtimedwait, which looks once more after it was woken; complete_signal; get_signal',
    'man 2 sigwaitinfo: NOTES',
  ],
  cpus: 2,
  results: ['waited', 'handled'],

  programs: {
    *waiter(sys) {
      const sig = yield* sys.sigwaitinfo(sigmask(SIGUSR1));
      if (sig !== SIGUSR1) yield* sys.stay();
      sys.result('waited', sig);
      yield* sys.stay();
    },
    *sender(sys) {
      yield* sys.kill(100, SIGUSR1);
      yield* sys.stay();
    },
  },

  handlers: {
    *onSignal(sys) {
      sys.result('handled', 1);
    },
  },

  setup(setup) {
    const waiter = setup.process('waiter', { cpu: 0 });
    setup.sigaction(waiter, SIGUSR1, 'onSignal');
    setup.thread(waiter, 'sender', { cpu: 1 });
    setup.run(waiter, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
    });
  },

  unfinished: ({ waited, handled }) =>
    waited === null && handled === null ? 'SIGUSR1 was sent, and nobody took it' : null,

  outcome: ({ waited, handled }) =>
    handled === null ? (waited === null ? 'lost' : 'sigwaitinfo') : waited === null ? 'handler' : 'both',
};
