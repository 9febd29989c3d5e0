import { SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The process: its leader is the second task that the setup makes, its second thread the third. */
const LEADER = 101;
const SECOND = 102;

export const exitVsDelivery: Scenario = {
  name: 'exit-vs-delivery',
  subject: 'delivery',
  title: 'the thread that was chosen for a signal exits before it takes it',
  story:
    'kill has chosen the leader of a process to take SIGUSR1, and has told nobody else. But the leader is on its way into ' +
    'exit, of itself alone: it will not come back to user mode, where signals are taken. Its process lives on, in a thread ' +
    'that sleeps in pause. So a thread that exits says so first, with siglock held, after which it is never chosen; and if ' +
    'it has something pending then, it finds another thread for what is meant for the whole process.',
  cast: [
    'CPU 0: process 100, the sender: kill(101, SIGUSR1)',
    'CPU 1: thread 101, the leader: exit() of this thread alone',
    'CPU 0: thread 102 of the same process, asleep in pause()',
  ],
  claim: 'the signal is taken by a thread of the process: never lost.',
  watch: ['complete_signal', 'wants_signal', 'exit_signals', 'retarget_shared_pending'],
  patches: [
    {
      name: 'exit-no-retarget',
      breaks: 'the signal dies with the thread that was chosen, and the other sleeps',
      kind: 'lost-wakeup',
    },
  ],
  possible: [
    { outcome: 'taken by the leader', because: 'the signal came before its exit.' },
    { outcome: 'taken by the second thread', because: 'the leader had said that it exits, or found another thread.' },
  ],
  learn:
    'Leaving is an event that others must be able to rely on: after you have said that you leave nobody gives you work, ' +
    'and what you were given before you hand over.',
  reading: ['kernel/signal.c: exit_signals, wants_signal where it looks at PF_EXITING, retarget_shared_pending'],
  cpus: 2,
  results: ['by'],

  programs: {
    *sender(sys) {
      yield* sys.kill(LEADER, SIGUSR1);
    },
    *leader(sys) {
      yield* sys.exit(0);
    },
    *second(sys) {
      for (;;) yield* sys.pause();
    },
  },

  handlers: {
    *onUsr1(sys) {
      sys.result('by', sys.tid);
    },
  },

  setup(setup) {
    setup.process('sender', { cpu: 0 });
    const leader = setup.process('leader', { cpu: 1 });
    setup.sigaction(leader, SIGUSR1, 'onUsr1');
    setup.thread(leader, 'second', { cpu: 0, blocked: true });
  },

  outcome({ by }) {
    if (by === null) return 'not taken';
    return `taken by ${by === SECOND ? 'the second thread' : 'the leader'}`;
  },
};
