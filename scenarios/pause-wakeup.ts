import { SIGALRM, signalName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the sleeper: the second process that the setup makes. */
const SLEEPER = 101;

export const pauseWakeup: Scenario = {
  name: 'pause-wakeup',
  subject: 'delivery',
  title: 'a timer interrupts a task that is about to sleep in pause(2)',
  story:
    'A process sets an alarm and calls pause. pause looks whether a signal is pending, sets the state of the task to ' +
    'TASK_INTERRUPTIBLE and calls schedule. The alarm may come at any moment: before the look, asleep, or in between, ' +
    'where pause has seen no signal and whoever sends it finds a task that is awake and wakes nobody. So schedule ' +
    'looks once more: a task that means to sleep and has a signal pending does not.',
  cast: [
    'CPU 0: process 100, the parent: wait4(101)',
    'CPU 1: process 101: alarm(1), then pause(); the timer interrupts the same CPU',
  ],
  claim: 'the process always dies of SIGALRM.',
  watch: ['pause', '__schedule', 'hrtimer_interrupt', 'complete_signal', 'try_to_wake_up'],
  patches: [
    {
      name: 'schedule-ignores-pending',
      breaks: 'a process goes to sleep with its alarm pending, and nothing wakes it',
      kind: 'lost-wakeup',
    },
  ],
  possible: [{ outcome: 'died of SIGALRM', because: 'the alarm comes before the look, after it, or asleep.' }],
  learn:
    'To sleep until something happens is three steps: say that you sleep, look whether it has happened, sleep. ' +
    'Whatever the order of the first two, somebody must look after the last moment at which a wake-up could be missed.',
  reading: [
    'kernel/sched/core.c: __schedule, where it calls signal_pending_state',
    'kernel/signal.c: pause, and signal_wake_up_state, which wakes only who has said that it sleeps',
  ],
  cpus: 2,
  results: ['status'],

  programs: {
    *parent(sys) {
      const child = yield* sys.wait4(SLEEPER);
      sys.check(child.pid === SLEEPER, `wait4(${SLEEPER}) gave ${child.pid}`);
      sys.result('status', child.status);
      sys.check(child.status === SIGALRM, `process ${SLEEPER} ended with status ${child.status}`);
    },
    *sleeper(sys) {
      yield* sys.alarm(1);
      for (;;) yield* sys.pause();
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    setup.process('sleeper', { parent, cpu: 1 });
  },

  unfinished: ({ status }) =>
    status === null ? `process ${SLEEPER} sleeps for ever in pause, though its alarm went off` : null,

  outcome: ({ status }) => (status === null ? 'not reaped' : `died of ${signalName(status & 0x7f)}`),
};
