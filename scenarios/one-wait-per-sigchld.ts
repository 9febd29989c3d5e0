import { SA_RESTART, SIGCHLD, WNOHANG } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

export const oneWaitPerSigchld: Scenario = {
  name: 'one-wait-per-sigchld',
  subject: 'programs',
  title: 'a handler for SIGCHLD that waits for one child',
  story:
    'A parent reaps its children in a handler for SIGCHLD, one child each time it runs. SIGCHLD is an ordinary signal: it is ' +
    'pending or it is not, and two children that die before the handler runs are one SIGCHLD. Then the handler runs once, ' +
    'waits for one of them, and the other stays a zombie until a third child dies. See wait-loop-per-sigchld.',
  cast: [
    'CPU 0: process 100, the parent: pause(), with a handler for SIGCHLD: wait4(-1, WNOHANG) once',
    'CPU 1: process 101, its child: exit(0)',
    'CPU 1: process 102, its second child, runs when 101 is gone: exit(0)',
  ],
  claim: 'both children are reaped, or one stays a zombie: both happen.',
  watch: ['do_notify_parent', '__send_signal', 'get_signal', 'handle_signal', 'wait_task_zombie'],
  patches: [],
  possible: [
    {
      outcome: '2 of 2 reaped, the handler ran 2 times',
      because: 'the second child dies after the first SIGCHLD was taken.',
    },
    {
      outcome: '1 of 2 reaped, the handler ran 1 times',
      because: 'both die before the handler runs: the second SIGCHLD finds one pending.',
    },
  ],
  learn:
    'A signal says that something has happened, never how often. The handler asks the kernel until it has no more to say.',
  reading: ['man 7 signal: Standard signals do not queue; man 2 wait', 'kernel/signal.c: __send_signal (legacy_queue)'],
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
      if ((yield* sys.wait4(-1, WNOHANG)).pid > 0) sys.result('reaped', (sys.reported('reaped') ?? 0) + 1);
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0, blocked: true });
    setup.sigaction(parent, SIGCHLD, 'onChild', { flags: SA_RESTART });
    for (let child = 0; child < 2; child++) setup.process('child', { parent, cpu: 1 });
  },

  outcome: ({ handled, reaped }) => `${reaped ?? 0} of 2 reaped, the handler ran ${handled ?? 0} times`,
};
