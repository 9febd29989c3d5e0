import { SIG_BLOCK, SIGUSR1, SIGUSR2 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { SIGNALFD_SIGINFO_SIZE, signalfdSiginfo } from '../src/kernel/signalfd.js';
import { sigmask } from '../src/kernel/sigset.js';

export const signalfdNewMask: Scenario = {
  name: 'signalfd-new-mask',
  subject: 'delivery',
  title: 'a signalfd gets another set while a thread is about to sleep in read(2)',
  story:
    'SIGUSR1 is pending for a process that blocks it. One thread reads from a signalfd whose set has only SIGUSR2, finds ' +
    'nothing, and goes to sleep. At that moment another thread adds SIGUSR1 to the set of the same descriptor. No signal is ' +
    'sent any more: the one that is wanted is there already. So signalfd(2) itself wakes the readers, to look again with ' +
    'the new set.',
  cast: [
    'CPU 0: thread 100, the leader: read() from a signalfd for SIGUSR2, while SIGUSR1 is pending',
    'CPU 1: thread 101: signalfd(0, SIGUSR1 and SIGUSR2)',
  ],
  claim: 'the reader gets SIGUSR1.',
  watch: ['signalfd_dequeue', 'do_signalfd4', '__wake_up'],
  patches: [
    {
      name: 'signalfd4-no-wake-up',
      breaks: 'the reader sleeps on, though what it waits for has been there all the time',
      kind: 'lost-wakeup',
    },
  ],
  possible: [
    { outcome: 'read SIGUSR1', because: 'the set is changed before the reader looks, or the change wakes it.' },
  ],
  learn:
    'What a sleeper waits for is a condition, and a condition has more than one part. Whoever changes any of them owes the ' +
    'wake-up: here who changes the question, and not only who brings the answer.',
  reading: ['fs/signalfd.c: do_signalfd4, at "wake_up"; signalfd_dequeue', 'man 2 signalfd'],
  cpus: 2,
  results: ['signo'],

  programs: {
    *reader(sys) {
      const buf = new Uint8Array(SIGNALFD_SIGINFO_SIZE);
      yield* sys.read(0, buf);
      sys.result('signo', signalfdSiginfo(buf).ssi_signo);
      yield* sys.stay();
    },
    *changer(sys) {
      yield* sys.signalfd(0, sigmask(SIGUSR1, SIGUSR2));
      yield* sys.stay();
    },
  },

  setup(setup) {
    const reader = setup.process('reader', { cpu: 0 });
    setup.run(reader, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGUSR2));
      yield* sys.signalfd(-1, sigmask(SIGUSR2));
    });
    // It inherits the mask.
    setup.thread(reader, 'changer', { cpu: 1 });
    setup.run(reader, function* (sys) {
      yield* sys.kill(100, SIGUSR1);
    });
  },

  unfinished: ({ signo }) =>
    signo === null ? 'SIGUSR1 is pending and in the set of the signalfd, and the reader sleeps' : null,

  outcome: ({ signo }) => (signo === SIGUSR1 ? 'read SIGUSR1' : `read ${signo}`),
};
