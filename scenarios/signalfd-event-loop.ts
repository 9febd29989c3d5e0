import { POLLIN, SIG_BLOCK, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { SIGNALFD_SIGINFO_SIZE } from '../src/kernel/signalfd.js';
import { sigmask } from '../src/kernel/sigset.js';

export const signalfdEventLoop: Scenario = {
  name: 'signalfd-event-loop',
  subject: 'delivery',
  title: 'a signal comes as an event loop goes to sleep in poll(2) on its signalfd',
  story:
    'An event loop has SIGUSR1 blocked and waits with poll(2) for its signalfd to become readable. poll first puts the task ' +
    'into the wait queue of the sighand, then looks whether a signal is pending, and sleeps if there is none. The sender ' +
    'does it the other way round: it adds the signal to the queue, then wakes whoever is in the wait queue. A blocked signal ' +
    'wakes nobody as a signal; that wake-up is all there is. Whichever comes first, one of the two sees the other.',
  cast: [
    'CPU 0: process 100, SIGUSR1 blocked: poll() of a signalfd, then read()',
    'CPU 1: process 101: kill(100, SIGUSR1)',
  ],
  claim: 'the event loop reads the signal.',
  watch: ['do_poll', 'signalfd_poll', 'signalfd_dequeue', '__send_signal', 'signalfd_notify', '__wake_up'],
  patches: [
    {
      name: 'signalfd-no-notify',
      breaks: 'a signal that comes after the look finds a sleeper that nobody wakes',
      kind: 'lost-wakeup',
    },
  ],
  possible: [{ outcome: 'read SIGUSR1', because: 'it is pending when poll looks, or its sender wakes the sleeper.' }],
  learn:
    'First into the wait queue, then the look at the condition; first the change of the condition, then the wake-up. In this ' +
    'order no moment is left in which a change is neither seen nor announced.',
  reading: [
    'fs/signalfd.c: signalfd_poll, at "poll_wait"; signalfd_dequeue',
    'include/linux/signalfd.h: signalfd_notify; kernel/signal.c: __send_signal',
    'man 2 signalfd; man 2 poll',
  ],
  cpus: 2,
  results: ['read'],

  programs: {
    *loop(sys) {
      const fds = [{ fd: 0, events: POLLIN, revents: 0 }];
      const ready = yield* sys.poll(fds, 1, -1);
      sys.check(ready === 1 && fds[0]?.revents === POLLIN, `poll gave ${ready}, revents ${fds[0]?.revents}`);
      const size = yield* sys.read(0, new Uint8Array(SIGNALFD_SIGINFO_SIZE));
      sys.check(size === SIGNALFD_SIGINFO_SIZE, `poll said that there is a signal, and read gave ${size}`);
      sys.result('read', size);
      yield* sys.stay();
    },
    *sender(sys) {
      yield* sys.kill(100, SIGUSR1);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const loop = setup.process('loop', { cpu: 0 });
    setup.process('sender', { cpu: 1 });
    setup.run(loop, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      yield* sys.signalfd(-1, sigmask(SIGUSR1));
    });
  },

  unfinished: ({ read }) => (read === null ? 'SIGUSR1 is pending, and the event loop sleeps in poll' : null),

  outcome: ({ read }) => (read === null ? 'not read' : 'read SIGUSR1'),
};
