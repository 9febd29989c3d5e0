import { SIG_BLOCK, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';

/** The process: its leader is the second task that the setup makes, its second thread the third. */
const LEADER = 101;
const SECOND = 102;

export const blockVsDelivery: Scenario = {
  name: 'block-vs-delivery',
  subject: 'delivery',
  title: 'the thread that was chosen for a signal blocks it before it takes it',
  story:
    'A signal for a process may be taken by any thread that does not block it. kill puts it in the queue of the process and ' +
    'chooses one thread to tell: the leader, if it wants the signal. The other threads are not told, or all of them would ' +
    'wake for nothing. But until the leader comes to take the signal it may change its mind: it calls sigprocmask and ' +
    'blocks it. The second thread sleeps in pause, would take the signal, and knows of nothing. So whoever blocks a signal ' +
    'that it may have been chosen for finds another thread for it first.',
  cast: [
    'CPU 0: process 100, the sender: kill(101, SIGUSR1)',
    'CPU 1: thread 101, the leader: sigprocmask(SIG_BLOCK, SIGUSR1)',
    'CPU 0: thread 102 of the same process, asleep in pause(), with SIGUSR1 not blocked',
  ],
  claim: 'as long as one thread does not block the signal, one takes it.',
  watch: ['complete_signal', 'wants_signal', '__set_task_blocked', 'retarget_shared_pending', 'signal_wake_up_state'],
  patches: [
    {
      name: 'no-retarget',
      breaks: 'the second thread sleeps for ever, and the signal stays pending',
      kind: 'lost-wakeup',
    },
  ],
  possible: [
    { outcome: 'taken by the leader', because: 'it came to take the signal before it blocked it.' },
    {
      outcome: 'taken by the second thread',
      because: 'the leader blocked the signal before it was sent, or found another thread for it.',
    },
  ],
  learn:
    'Who is told of something that is for anybody has taken on a duty. If it cannot do it any more it must pass it on: ' +
    'there is nobody else who knows.',
  reading: [
    'kernel/signal.c: complete_signal, __set_task_blocked, retarget_shared_pending',
    'man 7 signal, on process-directed signals',
  ],
  cpus: 2,
  results: ['by'],

  programs: {
    *sender(sys) {
      yield* sys.kill(LEADER, SIGUSR1);
    },
    *leader(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      yield* sys.stay();
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
