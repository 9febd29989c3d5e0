import { POLLIN, POLLRDNORM } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The process that is watched. */
const WATCHED = 101;

export const pidfdPollVsExit: Scenario = {
  name: 'pidfd-poll-vs-exit',
  subject: 'exit and wait',
  title: 'a supervisor polls a pidfd while the process exits',
  story:
    'A supervisor that is not the parent of a process cannot wait for it; it polls a pidfd, which becomes readable when the ' +
    'process is dead. poll puts itself into the wait queue of the pid and looks whether the process is a zombie or gone; the ' +
    'dying process becomes a zombie and wakes whoever is in the queue. Then its parent releases it, while poll may be ' +
    'looking at it.',
  cast: [
    `CPU 0: process 100, the supervisor: poll() of a pidfd of ${WATCHED}`,
    `CPU 1: process ${WATCHED}, whose parent ignores SIGCHLD: exit(0)`,
  ],
  claim: 'poll returns, and no freed memory is touched.',
  watch: ['do_poll', 'pidfd_poll', 'exit_notify', 'do_notify_parent', 'do_notify_pidfd', 'release_task'],
  patches: [
    { name: 'exit-no-notify-pidfd', breaks: 'the process is gone, and the supervisor sleeps', kind: 'lost-wakeup' },
    {
      name: 'pidfd-poll-without-rcu',
      breaks: 'the task of the pid is looked up outside a read-side section',
      kind: 'rcu-usage',
    },
  ],
  possible: [{ outcome: 'dead', because: 'the process is dead when poll looks, or its exit wakes the supervisor.' }],
  learn:
    'Becoming a zombie is the event, and it is announced after it has happened. A watcher that registers first and looks ' +
    'then misses it in no case.',
  reading: ['kernel/fork.c: pidfd_poll', 'kernel/signal.c: do_notify_pidfd, do_notify_parent', 'man 2 pidfd_open'],
  cpus: 2,
  results: ['revents'],

  programs: {
    *supervisor(sys) {
      const fds = [{ fd: 0, events: POLLIN, revents: 0 }];
      yield* sys.poll(fds, 1, -1);
      sys.result('revents', fds[0]?.revents ?? 0);
      yield* sys.stay();
    },
    *watched(_sys) {
      return 0;
    },
  },

  setup(setup) {
    const supervisor = setup.process('supervisor', { cpu: 0 });
    setup.process('watched', { cpu: 1 });
    setup.run(supervisor, function* (sys) {
      yield* sys.pidfd_open(WATCHED, 0);
    });
  },

  unfinished: ({ revents }) => (revents === null ? `process ${WATCHED} is dead, and poll does not return` : null),

  outcome: ({ revents }) =>
    revents === null ? 'poll does not return' : (revents & (POLLIN | POLLRDNORM)) !== 0 ? 'dead' : `revents ${revents}`,
};
