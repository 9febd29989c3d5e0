import { errorName, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The process, and the thread of it that exits. */
const PROCESS = 101;
const THREAD = 102;

export const tgkillVsThreadExit: Scenario = {
  name: 'tgkill-vs-thread-exit',
  subject: 'lookup and lifetime',
  title: 'tgkill(2) to a thread that exits',
  story:
    'A thread that exits and is not its process’s leader is no zombie for long: it releases itself. tgkill looks its number ' +
    'up, checks that it is of the process that the caller means, and sends the signal. Between these the thread may die, its ' +
    'number may go, and its memory be freed; RCU keeps the memory until tgkill is done with it. Whether the signal arrives ' +
    'is another matter: the lock of a thread that has been released is not found any more, and tgkill says that it was sent ' +
    'all the same, since it was there a moment ago.',
  cast: [
    `CPU 0: process 100, the sender: tgkill(${PROCESS}, ${THREAD}, SIGUSR1)`,
    `CPU 1: thread ${THREAD} of process ${PROCESS}: exit()`,
    `CPU 1: thread ${PROCESS}, the leader, runs when ${THREAD} is gone: in user mode`,
  ],
  claim: 'tgkill gives 0 or ESRCH, no freed memory is touched, and nobody but the thread gets the signal.',
  watch: ['do_send_specific', 'find_vpid', 'do_send_sig_info', '__lock_task_sighand', 'release_task', '__exit_signal'],
  patches: [
    {
      name: 'tgkill-without-rcu',
      breaks: 'the number of the thread is looked up outside a read-side section',
      kind: 'rcu-usage',
    },
  ],
  possible: [
    { outcome: 'tgkill 0', because: 'the number still led to the thread when it was looked up.' },
    { outcome: 'tgkill -ESRCH', because: 'the thread had been released.' },
  ],
  impossible: [
    {
      outcome: 'tgkill 0, handled by the leader',
      because: 'a signal to a thread goes into the queue of the thread, and is dropped with it.',
    },
  ],
  learn:
    'A signal that was sent to a thread is not a signal that was received. Who must know has to ask the receiver, and not ' +
    'the kernel.',
  reading: ['kernel/signal.c: do_send_specific, at "If the task already died"', 'man 2 tgkill: ERRORS'],
  cpus: 2,
  results: ['tgkill'],

  programs: {
    *sender(sys) {
      sys.result('tgkill', yield* sys.tgkill(PROCESS, THREAD, SIGUSR1));
      yield* sys.stay();
    },
    *leader(sys) {
      yield* sys.stay();
    },
    *leaver(sys) {
      yield* sys.exit(0);
    },
  },

  handlers: {
    *onSignal(sys) {
      const self = yield* sys.gettid();
      sys.check(self === THREAD, `SIGUSR1 was sent to ${THREAD}, and handled by ${self}`);
    },
  },

  setup(setup) {
    setup.process('sender', { cpu: 0 });
    const leader = setup.process('leader', { cpu: 1 });
    setup.sigaction(leader, SIGUSR1, 'onSignal');
    setup.thread(leader, 'leaver', { cpu: 1 });
  },

  unfinished: ({ tgkill }) => (tgkill === null ? 'tgkill does not return' : null),

  outcome: ({ tgkill }) => (tgkill === null ? 'tgkill does not return' : `tgkill ${errorName(tgkill)}`),
};
