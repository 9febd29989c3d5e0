import { errorName, RLIMIT_SIGPENDING, SIG_BLOCK, SIGRTMIN } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';

/** The pid of the first target: the first process that the setup makes. */
const TARGET = 100;

export const pendingLimit: Scenario = {
  name: 'pending-limit',
  subject: 'limits and queues',
  title: 'two senders at RLIMIT_SIGPENDING',
  story:
    'Every queued signal takes kernel memory, so a user may have only so many: RLIMIT_SIGPENDING. Here it is one. Two ' +
    'processes send a real-time signal each, to two processes of the same user, so that no siglock keeps them apart. Each ' +
    'counts its signal first and then asks whether the count is above the limit. If both count before either asks, both ' +
    'are refused though there is room for one; but never do both get in.',
  cast: [
    'processes 100 and 101, the targets: have SIGRTMIN blocked, and sleep',
    'CPU 0: process 102: sigqueue(100, SIGRTMIN)',
    'CPU 1: process 103: sigqueue(101, SIGRTMIN)',
  ],
  claim: 'at most one signal is queued; who is refused gets EAGAIN.',
  watch: ['__sigqueue_alloc', '__send_signal'],
  patches: [{ name: 'check-then-count', breaks: 'two signals are queued where one is allowed', kind: 'invariant' }],
  possible: [
    { outcome: 'sent 0 and -EAGAIN', because: 'the first sender counts and looks before the second counts.' },
    { outcome: 'sent -EAGAIN and 0', because: 'the same the other way round.' },
    {
      outcome: 'sent -EAGAIN and -EAGAIN',
      because: "both count before either looks, and each sees the other's signal, which is never queued.",
    },
  ],
  impossible: [
    {
      outcome: 'sent 0 and 0',
      because: 'the count is 2 when the later of the two looks at it, for both have counted by then.',
    },
  ],
  learn:
    'A limit is kept by one atomic step that counts and tells the count. To look, find room, and then count is two steps, ' +
    'and everybody who looks between them finds the same room.',
  reading: [
    'kernel/signal.c: __sigqueue_alloc, and __send_signal for who may pass the limit',
    'man 2 setrlimit: RLIMIT_SIGPENDING; man 3 sigqueue: EAGAIN',
  ],
  cpus: 2,
  results: ['first', 'second'],

  programs: {
    *sleeper(sys) {
      for (;;) yield* sys.pause();
    },
    *sender(sys) {
      sys.result(sys.arg === 0 ? 'first' : 'second', yield* sys.sigqueue(TARGET + sys.arg, SIGRTMIN, 0));
      yield* sys.stay();
    },
  },

  setup(setup) {
    for (const cpu of [0, 1]) {
      const sleeper = setup.process('sleeper', { cpu, blocked: true, limits: { [RLIMIT_SIGPENDING]: 1 } });
      setup.run(sleeper, function* (sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN));
      });
    }
    for (const cpu of [0, 1]) setup.process('sender', { cpu, arg: cpu });
  },

  outcome: ({ first, second }) => `sent ${errorName(first ?? 1)} and ${errorName(second ?? 1)}`,
};
