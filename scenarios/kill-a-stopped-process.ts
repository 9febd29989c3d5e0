import { errorName, SIGKILL, SIGSTOP, signalName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the target: the second process that the setup makes. */
const TARGET = 101;

export const killAStoppedProcess: Scenario = {
  name: 'kill-a-stopped-process',
  subject: 'stop and continue',
  title: 'SIGSTOP and then SIGKILL',
  story:
    'A process is sent SIGSTOP, and then SIGKILL. A stopped process takes no signals: it sleeps in the kernel until SIGCONT ' +
    'wakes it. If that held for SIGKILL too a stopped process could not be killed. So its sleep is one that a fatal signal ' +
    'ends: TASK_STOPPED has the bit TASK_WAKEKILL in it, and whoever sends SIGKILL wakes every thread whose state has that ' +
    'bit. SIGKILL may come at any moment of the stop: before SIGSTOP is taken, on the way, or when the process has stopped.',
  cast: [
    'CPU 0: process 100, the parent: kill(101, SIGSTOP), kill(101, SIGKILL), then wait4(101)',
    'CPU 1: process 101: stays in user mode',
  ],
  claim: 'the process dies of SIGKILL.',
  watch: ['complete_signal', 'signal_wake_up_state', 'try_to_wake_up', 'do_signal_stop'],
  patches: [
    {
      name: 'sigkill-no-wakekill',
      breaks: 'the process stays stopped with SIGKILL pending, and is immortal',
      kind: 'lost-wakeup',
    },
  ],
  possible: [{ outcome: 'died of SIGKILL', because: 'stopped or not, it wakes up to die.' }],
  learn:
    'The state of a sleeper says who may wake it. A sleep that nothing fatal can end is a process that cannot be killed.',
  reading: [
    'include/linux/sched.h: TASK_WAKEKILL, TASK_STOPPED, TASK_KILLABLE',
    'kernel/signal.c: signal_wake_up_state; include/linux/sched/signal.h: signal_wake_up',
  ],
  cpus: 2,
  results: ['status'],

  programs: {
    *parent(sys) {
      yield* sys.kill(TARGET, SIGSTOP);
      yield* sys.kill(TARGET, SIGKILL);
      const child = yield* sys.wait4(TARGET);
      sys.check(child.pid === TARGET, `wait4(${TARGET}) gave ${errorName(child.pid)}`);
      sys.result('status', child.status);
    },
    *target(sys) {
      yield* sys.stay();
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    setup.process('target', { parent, cpu: 1 });
  },

  outcome: ({ status }) => (status === null ? 'not reaped' : `died of ${signalName(status & 0x7f)}`),
};
