import { __WNOTHREAD, ECHILD, errorName, PTRACE_SEIZE, SIG_IGN, SIGCHLD } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The thread that traces the child, and the child. */
const TRACER = 101;
const CHILD = 102;

export const tracedChildOfAnIgnoringParent: Scenario = {
  name: 'traced-child-of-an-ignoring-parent',
  subject: 'tracing',
  title: 'a child is traced by a thread of its parent, which ignores SIGCHLD',
  story:
    'A child of a process that ignores SIGCHLD is released when it ends, and nobody waits for it. But this one is traced, by another ' +
    'thread of that process: so it stays a zombie until its tracer has waited for it, or has gone. The tracer goes. It finds the ' +
    'zombie in its list, sees that the parent ignores SIGCHLD, and releases it. The parent sleeps in wait4 meanwhile, for its own ' +
    'children alone (__WNOTHREAD), and has not been woken by the end of the child: that was news for the tracer. It has to be ' +
    'woken now, to see that there is nobody left.',
  cast: [
    `CPU 0: thread 100, the parent: sigaction(SIGCHLD, SIG_IGN), wait4(${CHILD}, __WNOTHREAD)`,
    `CPU 1: thread ${TRACER} of the same process, the tracer of ${CHILD}: exit(0)`,
    `CPU 2: process ${CHILD}, the child: exit(5)`,
  ],
  claim: 'wait4 comes to an end: with the child, or with ECHILD.',
  watch: ['__ptrace_detach', 'ignoring_children', 'exit_ptrace', 'child_wait_callback', 'do_notify_parent'],
  patches: [
    {
      name: 'detach-wakes-no-parent',
      breaks: 'the parent waits for ever for a child that has been released',
      kind: 'lost-wakeup',
    },
  ],
  possible: [
    { outcome: 'wait4 -ECHILD', because: 'the child was released when its tracer went, or when it ended after that.' },
    { outcome: 'wait4 got the child', because: 'the child was a zombie when the parent looked.' },
  ],
  learn:
    'Whoever takes the last thing that somebody waits for must wake him, as the one does who brings it. Where two can take it, both must.',
  reading: ['kernel/ptrace.c: __ptrace_detach, ignoring_children', 'kernel/exit.c: child_wait_callback'],
  cpus: 3,
  results: ['wait'],

  programs: {
    *parent(sys) {
      yield* sys.sigaction(SIGCHLD, SIG_IGN);
      const { pid } = yield* sys.wait4(CHILD, __WNOTHREAD);
      sys.check(pid === CHILD || pid === -ECHILD, `wait4(${CHILD}) gave ${errorName(pid)}`);
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

  unfinished: ({ wait }) => (wait === null ? `process ${CHILD} is gone, and its parent waits for it for ever` : null),

  outcome: ({ wait }) => (wait === CHILD ? 'wait4 got the child' : `wait4 ${errorName(wait ?? 0)}`),
};
