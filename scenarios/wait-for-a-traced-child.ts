import { __WNOTHREAD, errorName, PTRACE_SEIZE } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The thread that traces the child, and the child. */
const TRACER = 101;
const CHILD = 102;

export const waitForATracedChild: Scenario = {
  name: 'wait-for-a-traced-child',
  subject: 'tracing',
  title: 'a thread waits for its own children alone, and another thread traces one of them',
  story:
    'A thread sleeps in wait4 for its child, with __WNOTHREAD: for its own children, and not for those of other threads. Another thread ' +
    'of the process traces the child. When the child ends, its tracer is told: whoever waits without looking at other threads is ' +
    'woken only for tasks that report to him, and the child reports to the tracer. The tracer exits without having waited. The child ' +
    'reports to the thread that waits for it again, and is a zombie that it could have; but as the two are one process, which has ' +
    'been told, nobody is told once more.',
  cast: [
    `CPU 0: thread 100, the parent: wait4(${CHILD}, __WNOTHREAD)`,
    `CPU 1: thread ${TRACER} of the same process, the tracer of ${CHILD}: exit(0)`,
    `CPU 2: process ${CHILD}, the child: exit(5)`,
  ],
  claim: 'the child has ended and is nobody else’s, so wait4 gets it. This kernel does not keep it.',
  watch: ['child_wait_callback', 'do_notify_parent', '__ptrace_detach', '__ptrace_unlink', 'exit_ptrace'],
  patches: [],
  possible: [
    {
      outcome: 'wait4 got the child',
      because: 'the child was a zombie when the parent looked, or ended after its tracer.',
    },
  ],
  expected: 'lost-wakeup',
  learn:
    'To tell a process is to tell each of its threads only if none of them sleeps through what is told to another. A filter on ' +
    'wake-ups must be looked at again when what it looks at changes.',
  reading: [
    'kernel/exit.c: child_wait_callback, at "__WNOTHREAD"',
    'kernel/ptrace.c: __ptrace_detach, at "same_thread_group"',
    'man 2 wait: __WNOTHREAD',
  ],
  cpus: 3,
  results: ['wait'],

  programs: {
    *parent(sys) {
      const { pid } = yield* sys.wait4(CHILD, __WNOTHREAD);
      sys.check(pid === CHILD, `wait4(${CHILD}) gave ${errorName(pid)}`);
      sys.result('wait', pid);
      yield* sys.stay();
    },
    *tracer(sys) {
      yield* sys.exit(0);
    },
    *child() {
      return 5;
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    const tracer = setup.thread(parent, 'tracer', { cpu: 1 });
    setup.process('child', { parent, cpu: 2 });
    setup.run(tracer, function* (sys) {
      yield* sys.ptrace(PTRACE_SEIZE, CHILD);
    });
  },

  unfinished: ({ wait }) =>
    wait === null ? `process ${CHILD} is a zombie that nobody traces, and its parent waits for it for ever` : null,

  outcome: ({ wait }) => (wait === CHILD ? 'wait4 got the child' : `wait4 ${errorName(wait ?? 0)}`),
};
