import { ESRCH, errorName, SIGTERM } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the target: the third process that the setup makes. */
const TARGET = 102;
/** The cell that says that the parent is about to wait. */
const WAITING = 0;

export const killVsReap: Scenario = {
  name: 'kill-vs-reap',
  subject: 'lookup and lifetime',
  title: 'kill(2), exit(2) and wait4(2) at once',
  story:
    'A process exits, its parent waits for it, and a third process sends it SIGTERM, all at the same time. A process ' +
    'that has exited is a zombie until its parent has waited for it: it keeps its pid, and kill says 0, though nobody ' +
    'will take the signal. When the parent has waited the task is taken apart: it loses the sighand in which the lock is ' +
    'that kill needs. So kill reads the pointer to the sighand, takes the lock, and looks at the pointer again: in ' +
    'between the task may have been released, and the sighand freed, or handed to another process.',
  cast: [
    'CPU 0: process 100, the sender: kill(102, SIGTERM)',
    'CPU 1: process 101, the parent: wait4(102)',
    'CPU 2: process 102, the target: exit(0)',
  ],
  claim:
    'kill says 0 as long as nobody has waited for the process, be it alive or a zombie, and ESRCH only after that.',
  watch: ['__lock_task_sighand', '__exit_signal', '__cleanup_sighand', 'wait_task_zombie', 'kill_pid_info'],
  patches: [
    {
      name: 'no-sighand-recheck',
      breaks:
        'kill goes on with the lock of a sighand that the task has no more, and follows the pointer that is NULL by now',
      kind: 'null-ptr-deref',
    },
  ],
  possible: [
    { outcome: 'kill 0, died of SIGTERM', because: 'the signal comes before the process is on its way out.' },
    {
      outcome: 'kill 0, exited',
      because: 'the process is exiting or a zombie: the signal is queued, and nobody takes it.',
    },
    { outcome: 'kill -ESRCH, exited', because: 'the parent has waited, and the pid stands for nobody.' },
  ],
  impossible: [{ outcome: 'kill -ESRCH, died of SIGTERM', because: 'a signal that was not sent ends nobody.' }],
  learn:
    'A lock inside an object that can go away is taken in three steps: find the object, lock it, and make sure that it ' +
    'is still the one that you wanted. RCU makes sure that there is a lock to take, and nothing more.',
  reading: [
    'kernel/signal.c: __lock_task_sighand, and its comment on SLAB_TYPESAFE_BY_RCU',
    'kernel/fork.c: sighand_ctor, which initialises the lock once for all its owners',
    'kernel/exit.c: __exit_signal, wait_task_zombie',
  ],
  cpus: 3,
  results: ['kill', 'status'],

  programs: {
    *sender(sys) {
      const error = yield* sys.kill(TARGET, SIGTERM);
      sys.result('kill', error);
      if (error === 0) return;
      const waiting = yield* sys.load(WAITING);
      sys.check(
        error === -ESRCH && waiting === 1,
        `kill(${TARGET}, SIGTERM) said ${errorName(error)}, though nobody has waited for process ${TARGET}`,
      );
    },
    *parent(sys) {
      yield* sys.store(WAITING, 1);
      const child = yield* sys.wait4(TARGET);
      sys.check(child.pid === TARGET, `wait4(${TARGET}) gave ${errorName(child.pid)}`);
      sys.result('status', child.status);
    },
    *target() {
      return 0;
    },
  },

  setup(setup) {
    setup.process('sender', { cpu: 0 });
    const parent = setup.process('parent', { cpu: 1 });
    setup.process('target', { parent, cpu: 2 });
  },

  unfinished: ({ status }) => (status === null ? `the parent waits for process ${TARGET} for ever` : null),

  outcome: ({ kill, status }) => `kill ${errorName(kill ?? 0)}, ${status === SIGTERM ? 'died of SIGTERM' : 'exited'}`,
};
