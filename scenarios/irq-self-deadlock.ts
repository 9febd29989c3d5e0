import { SIGALRM, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

export const irqSelfDeadlock: Scenario = {
  name: 'irq-self-deadlock',
  subject: 'locking',
  title: 'a timer signals the task that is sending a signal itself',
  story:
    'A process with an alarm set sends itself SIGUSR1. Inside kill it holds its siglock. If the timer interrupts the ' +
    'CPU there, the handler of the interrupt sends SIGALRM to the same process, and that needs the same siglock. The ' +
    'interrupt cannot wait: the task that holds the lock runs on no other CPU, and goes on only when the interrupt has ' +
    'ended. So whoever takes a lock that interrupts take too must disable interrupts while it holds it.',
  cast: ['CPU 0: process 100: alarm(1), then kill(getpid(), SIGUSR1); the timer interrupts this CPU'],
  claim: 'both signals are handled, and the process ends.',
  watch: ['do_send_sig_info', '__lock_task_sighand', 'hrtimer_interrupt', 'it_real_fn'],
  patches: [
    {
      name: 'siglock-irqs-on',
      breaks: 'an interrupt may find the lock held by the CPU that it has interrupted, which would spin for ever',
      kind: 'irq-unsafe-lock',
    },
  ],
  possible: [{ outcome: 'both signals handled', because: 'the interrupt comes before the lock is taken, or after.' }],
  learn:
    'A lock that an interrupt handler takes must be taken with interrupts disabled everywhere else. One place that ' +
    'forgets it is enough, and it will work for years.',
  reading: [
    'kernel/signal.c: __lock_task_sighand, which disables interrupts first',
    'kernel/time/itimer.c: it_real_fn, called from the interrupt',
  ],
  cpus: 1,
  results: ['user', 'alarm'],

  programs: {
    *main(sys) {
      yield* sys.alarm(1);
      yield* sys.kill(yield* sys.getpid(), SIGUSR1);
      while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
    },
  },

  handlers: {
    *onUser(sys) {
      sys.result('user', 1);
    },
    *onAlarm(sys) {
      sys.result('alarm', 1);
      yield* sys.store(0, 1);
    },
  },

  setup(setup) {
    const main = setup.process('main');
    setup.sigaction(main, SIGUSR1, 'onUser');
    setup.sigaction(main, SIGALRM, 'onAlarm');
  },

  unfinished: ({ alarm }) => (alarm === null ? 'the alarm was never handled' : null),

  outcome: ({ user, alarm }) =>
    user === 1 && alarm === 1 ? 'both signals handled' : `SIGUSR1 ${user ?? 'lost'}, SIGALRM ${alarm ?? 'lost'}`,
};
