import { PTRACE_DETACH, PTRACE_SEIZE, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the child: the second process that the setup makes. */
const CHILD = 101;

export const detachVsParentExit: Scenario = {
  name: 'detach-vs-parent-exit',
  subject: 'tracing',
  title: 'a debugger detaches from a process whose parent exits',
  story:
    'A task has two parents: the real one, and the one that is told of it, which is its tracer while it is traced. A debugger that ' +
    'detaches makes the second the same as the first again. At that moment the real parent exits, and gives its children to init: ' +
    'it changes the first, and the second as well where a child is not traced. One of them must come after the other, or the ' +
    'child keeps a parent that is gone. Both hold tasklist_lock for it.',
  cast: [
    `CPU 1: process 100, the parent: exit(0)`,
    `CPU 0: process ${CHILD}, its child, traced: stops for its tracer at a signal that it sends itself, then exits`,
    `CPU 0: process 102, the debugger: wait4(${CHILD}), ptrace(PTRACE_DETACH, ${CHILD})`,
  ],
  claim: 'the child ends, and whoever is its parent then releases it.',
  watch: ['ptrace_detach', '__ptrace_unlink', 'forget_original_parent', 'do_notify_parent'],
  patches: [
    {
      name: 'detach-without-tasklist',
      breaks: 'the child is left with a parent that is gone, and tells it of its end',
      kind: 'use-after-free',
    },
  ],
  possible: [{ outcome: 'detached', because: 'the one comes before the other.' }],
  learn:
    'Two pointers that belong together are one thing to a lock: whoever copies the one to the other must keep both still.',
  reading: ['kernel/ptrace.c: ptrace_detach, __ptrace_unlink', 'kernel/exit.c: forget_original_parent, at "t->parent"'],
  cpus: 2,
  results: ['detach'],

  programs: {
    *parent() {
      return 0;
    },
    *child(sys) {
      yield* sys.kill(CHILD, SIGUSR1);
    },
    *debugger(sys) {
      yield* sys.wait4(CHILD);
      sys.result('detach', yield* sys.ptrace(PTRACE_DETACH, CHILD));
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 1 });
    setup.process('child', { parent, cpu: 0 });
    const tracer = setup.process('debugger', { cpu: 0 });
    setup.run(tracer, function* (sys) {
      yield* sys.ptrace(PTRACE_SEIZE, CHILD);
    });
  },

  unfinished: ({ detach }) => (detach === null ? 'the debugger has not detached' : null),

  outcome: ({ detach }) => (detach === 0 ? 'detached' : 'not detached'),
};
