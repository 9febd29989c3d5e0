import { SIG_BLOCK, SIGRTMAX, SIGRTMIN, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';
import type { ReceivedSiginfo } from '../src/kernel/sys.js';

/** The pid of the receiver: the first process that the setup makes. */
const RECEIVER = 100;

export const rtOrder: Scenario = {
  name: 'rt-order',
  subject: 'limits and queues',
  title: 'real-time and ordinary signals from two senders',
  story:
    'A process has blocked what two senders send it, one of them the process itself. An ordinary signal is a bit: however ' +
    'often SIGUSR1 is sent while it is pending, it is taken once. A real-time signal is a queue: each that is sent is taken, ' +
    'those of one number in the order sent, and the lowest number first. So of what the receiver takes the order between ' +
    'numbers is fixed, and only the order between the two senders is open.',
  cast: [
    'CPU 0: process 100, the receiver: sends itself SIGRTMIN (value 1), SIGUSR1 and SIGRTMIN (value 2), waits for SIGRTMAX, ' +
      'and takes all that is pending',
    'CPU 1: process 101: SIGRTMIN+1, SIGUSR1, SIGRTMIN (value 3) and SIGRTMAX',
  ],
  claim: 'SIGUSR1 is taken once, then SIGRTMIN three times with 1 before 2, then SIGRTMIN+1.',
  watch: ['__send_signal', 'dequeue_signal', 'collect_signal', 'next_signal'],
  patches: [],
  possible: [
    { outcome: 'SIGUSR1 SIGRTMIN(1) SIGRTMIN(2) SIGRTMIN(3) SIGRTMIN+1', because: 'the other sender comes last.' },
    { outcome: 'SIGUSR1 SIGRTMIN(1) SIGRTMIN(3) SIGRTMIN(2) SIGRTMIN+1', because: 'the other sender comes between.' },
    { outcome: 'SIGUSR1 SIGRTMIN(3) SIGRTMIN(1) SIGRTMIN(2) SIGRTMIN+1', because: 'the other sender comes first.' },
  ],
  impossible: [
    {
      outcome: 'SIGUSR1 SIGUSR1 SIGRTMIN(1) SIGRTMIN(2) SIGRTMIN(3) SIGRTMIN+1',
      because: 'the second SIGUSR1 finds the first pending, and is dropped.',
    },
    {
      outcome: 'SIGUSR1 SIGRTMIN(2) SIGRTMIN(1) SIGRTMIN(3) SIGRTMIN+1',
      because: 'of one number and one sender the first sent is the first taken.',
    },
  ],
  learn: 'Count with real-time signals, never with ordinary ones: two of those that come close together are one.',
  reading: [
    'kernel/signal.c: __send_signal (legacy_queue), collect_signal, next_signal',
    'man 7 signal: Real-time signals; man 3 sigqueue',
  ],
  cpus: 2,
  results: ['taken'],

  programs: {
    *receiver(sys) {
      yield* sys.sigqueue(RECEIVER, SIGRTMIN, 1);
      yield* sys.kill(RECEIVER, SIGUSR1);
      yield* sys.sigqueue(RECEIVER, SIGRTMIN, 2);
      yield* sys.sigwaitinfo(sigmask(SIGRTMAX));
      // A decimal digit for each: 9 is SIGUSR1, 8 is SIGRTMIN+1, and SIGRTMIN is its value.
      let taken = 0;
      for (;;) {
        const info: ReceivedSiginfo = {};
        const sig = yield* sys.sigtimedwait(sigmask(SIGUSR1, SIGRTMIN, SIGRTMIN + 1), info, { tv_sec: 0, tv_nsec: 0 });
        if (sig < 0) break;
        taken = taken * 10 + (sig === SIGUSR1 ? 9 : sig === SIGRTMIN ? (info.si_value ?? 0) : 8);
      }
      sys.result('taken', taken);
      yield* sys.stay();
    },
    *sender(sys) {
      yield* sys.sigqueue(RECEIVER, SIGRTMIN + 1, 0);
      yield* sys.kill(RECEIVER, SIGUSR1);
      yield* sys.sigqueue(RECEIVER, SIGRTMIN, 3);
      yield* sys.sigqueue(RECEIVER, SIGRTMAX, 0);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const receiver = setup.process('receiver', { cpu: 0 });
    setup.run(receiver, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGRTMIN, SIGRTMIN + 1, SIGRTMAX));
    });
    setup.process('sender', { cpu: 1 });
  },

  unfinished: ({ taken }) => (taken === null ? 'the receiver waits for a signal that was sent' : null),

  outcome: ({ taken }) => named(taken ?? 0),
};

/** The signals that the digits stand for. */
function named(taken: number): string {
  const names: Record<string, string> = { 0: 'nothing', 8: 'SIGRTMIN+1', 9: 'SIGUSR1' };
  return [...String(taken)].map((digit) => names[digit] ?? `SIGRTMIN(${digit})`).join(' ');
}
