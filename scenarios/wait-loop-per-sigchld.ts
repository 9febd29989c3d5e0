import { SA_RESTART, SIGCHLD, WNOHANG } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

export const waitLoopPerSigchld: Scenario = {
  name: 'wait-loop-per-sigchld',
  subject: 'programs',
  title: 'a handler for SIGCHLD that waits until there is no child left to reap',
  story:
    'The program of one-wait-per-sigchld, put right: the handler waits until wait4 says that no child is dead. A child that ' +
    'dies after that sends a new SIGCHLD, for the one before is not pending any more: it was taken before the handler began.',
  cast: [
    'CPU 0: process 100, the parent: pause(), with a handler for SIGCHLD: wait4(-1, WNOHANG) until it gives no child',
    'CPU 1: process 101, its child: exit(0)',
    'CPU 1: process 102, its second child, runs when 101 is gone: exit(0)',
  ],
  claim: 'both children are reaped.',
  watch: ['do_notify_parent', '__send_signal', 'get_signal', 'handle_signal', 'wait_task_zombie'],
  patches: [],
  possible: [
    {
      outcome: '2 of 2 reaped, the handler ran 2 times',
      because: 'the second child dies after the first SIGCHLD was taken.',
    },
    {
      outcome: '2 of 2 reaped, the handler ran 1 times',
      because: 'both die before the handler runs, and it reaps both.',
    },
  ],
  impossible: [
    {
      outcome: '1 of 2 reaped, the handler ran 1 times',
      because: 'the handler looks until nobody is left, and what dies later sends a SIGCHLD of its own.',
    },
  ],
  learn:
    'Take the signal first and look then, until nothing is left: what comes later has its own signal. The handler may ' +
    'run and find nothing; that is no error.',
  reading: ['man 2 wait; man 2 sigaction: SA_NOCLDWAIT, for who does not want the statuses', 'kernel/exit.c: do_wait'],
  cpus: 2,
  results: ['handled', 'reaped'],

  programs: {
    *parent(sys) {
      for (;;) yield* sys.pause();
    },
    *child(_sys) {
      return 0;
    },
  },

  handlers: {
    *onChild(sys) {
      sys.result('handled', (sys.reported('handled') ?? 0) + 1);
      while ((yield* sys.wait4(-1, WNOHANG)).pid > 0) sys.result('reaped', (sys.reported('reaped') ?? 0) + 1);
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0, blocked: true });
    setup.sigaction(parent, SIGCHLD, 'onChild', { flags: SA_RESTART });
    for (let child = 0; child < 2; child++) setup.process('child', { parent, cpu: 1 });
  },

  unfinished: ({ reaped }) => (reaped === 2 ? null : 'a child is dead, and its parent has not waited for it'),

  outcome: ({ handled, reaped }) => `${reaped ?? 0} of 2 reaped, the handler ran ${handled ?? 0} times`,
};
