import { SIG_BLOCK, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { SIGNALFD_SIGINFO_SIZE } from '../src/kernel/signalfd.js';
import { sigmask } from '../src/kernel/sigset.js';

export const signalfdVsHandler: Scenario = {
  name: 'signalfd-vs-handler',
  subject: 'delivery',
  title: 'one thread reads a signal from a signalfd, another has a handler for it',
  story:
    'A process gets SIGUSR1. One of its threads has the signal blocked and reads it from a signalfd; another has not ' +
    'blocked it, and there is a handler. The signal is pending for the process as a whole, and each of the two ' +
    'finds it: one when it reads, one when it comes back from a system call. The look at the queue and the taking from it ' +
    'are one step under siglock, so that one of them gets it and the other finds nothing.',
  cast: [
    'CPU 0: thread 100, SIGUSR1 blocked: read() from a signalfd',
    'CPU 1: thread 101: kill(100, SIGUSR1), with a handler',
  ],
  claim: 'the signal is taken once: read, or handled.',
  watch: ['signalfd_dequeue', 'dequeue_signal', 'collect_signal', 'get_signal', 'complete_signal'],
  patches: [{ name: 'signalfd-no-siglock', breaks: 'one signal is read, and handled as well', kind: 'invariant' }],
  possible: [
    { outcome: 'read', because: 'the reader takes it before the other thread is back from kill.' },
    { outcome: 'handled', because: 'the other thread takes it first, and the reader sleeps on.' },
  ],
  impossible: [
    {
      outcome: 'read and handled',
      because: 'whoever finds the signal in the queue removes it in the same critical section.',
    },
  ],
  learn:
    'To find a thing and to take it are one step, under one lock, for everybody who may take it. A signalfd is one more ' +
    'reader of the same queue and not a queue of its own.',
  reading: [
    'fs/signalfd.c: signalfd_dequeue',
    'kernel/signal.c: dequeue_signal, collect_signal (still_pending), get_signal',
    'man 2 signalfd',
  ],
  cpus: 2,
  results: ['read', 'handled'],

  programs: {
    *reader(sys) {
      sys.result('read', yield* sys.read(0, new Uint8Array(SIGNALFD_SIGINFO_SIZE)));
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
    const reader = setup.process('reader', { cpu: 0 });
    setup.sigaction(reader, SIGUSR1, 'onSignal');
    setup.thread(reader, 'sender', { cpu: 1 });
    setup.run(reader, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      yield* sys.signalfd(-1, sigmask(SIGUSR1));
    });
  },

  unfinished: ({ read, handled }) =>
    read === null && handled === null ? 'SIGUSR1 was sent, and nobody took it' : null,

  outcome: ({ read, handled }) =>
    handled === null ? (read === null ? 'lost' : 'read') : read === null ? 'handled' : 'read and handled',
};
