import {
  __WALL,
  PTRACE_EVENT_FORK,
  PTRACE_EVENT_STOP,
  PTRACE_O_TRACEFORK,
  PTRACE_SEIZE,
} from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The process that forks: the second one that the setup makes. */
const PARENT = 101;

export const forkUnderTrace: Scenario = {
  name: 'fork-under-trace',
  subject: 'tracing',
  title: 'a traced process forks, and its tracer hears of the child',
  story:
    'strace -f follows the children of a process: with PTRACE_O_TRACEFORK a child is traced from its birth, and stops before it does ' +
    'anything; and the parent stops, and says what the number of its child is. The two stops are of two tasks, on two CPUs. A ' +
    'tracer that waits for any of its tracees may hear of the child before it has heard that there is one.',
  cast: [
    `CPU 0: process 100, the tracer: twice wait4(-1, __WALL)`,
    `CPU 1: process ${PARENT}, traced: fork()`,
    'CPU 2: process 102, its child: stops before its first instruction',
  ],
  claim: 'the tracer sees both stops; in which order it cannot know.',
  watch: ['ptrace_event_pid', 'ptrace_notify', 'ptrace_init_task', 'do_jobctl_trap', 'wait_task_stopped'],
  patches: [
    {
      name: 'fork-event-without-rcu',
      breaks: 'the parent looks at its tracer, which may be exiting, without an RCU section',
      kind: 'rcu-usage',
    },
  ],
  possible: [
    {
      outcome: 'the fork, then the child',
      because:
        'the parent stops before the tracer looks and before the child does, or it stands first in the list of tracees.',
    },
    {
      outcome: 'the child, then the fork',
      because: 'the child runs on its own CPU as soon as it is made, and its stop may come first.',
    },
  ],
  learn:
    'News of two tasks have no order but that in which you look. A tracer has to keep the stop of a stranger until somebody tells it ' +
    'who that is: strace and gdb do.',
  reading: [
    'include/linux/ptrace.h: ptrace_event_pid, ptrace_init_task',
    'kernel/fork.c: _do_fork, at "ptrace_event_pid"',
    'man 2 ptrace: PTRACE_O_TRACEFORK',
  ],
  cpus: 3,
  results: ['first', 'second'],

  programs: {
    *tracer(sys) {
      for (const name of ['first', 'second']) {
        const { pid, status } = yield* sys.wait4(-1, __WALL);
        const event = status >> 16;
        sys.check(
          event === (pid === PARENT ? PTRACE_EVENT_FORK : PTRACE_EVENT_STOP),
          `${pid} stops for event ${event}`,
        );
        sys.result(name, pid);
      }
      yield* sys.stay();
    },
    *parent(sys) {
      yield* sys.fork('child', 0, 2);
    },
    *child(sys) {
      yield* sys.stay();
    },
  },

  setup(setup) {
    const tracer = setup.process('tracer', { cpu: 0 });
    setup.process('parent', { cpu: 1 });
    setup.run(tracer, function* (sys) {
      yield* sys.ptrace(PTRACE_SEIZE, PARENT, 0, PTRACE_O_TRACEFORK);
    });
  },

  unfinished: ({ second }) => (second === null ? 'the tracer has not seen both stops' : null),

  outcome: ({ first }) => (first === PARENT ? 'the fork, then the child' : 'the child, then the fork'),
};
