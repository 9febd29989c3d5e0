import { errorName, PTRACE_SEIZE } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WEXITSTATUS } from '../src/kernel/waitstatus.js';

/** The pid of the child: the second process that the setup makes. */
const CHILD = 101;
const CODE = 5;

export const tracerThenParent: Scenario = {
  name: 'tracer-then-parent',
  subject: 'tracing',
  title: 'a tracer and a parent wait for the same process',
  story:
    'A process that is traced by a stranger has two who wait for its end, and both are to see it: first the tracer, then the ' +
    'parent. When the tracer takes the zombie it sets the state to EXIT_TRACE, so that no other waiter takes it meanwhile; then it ' +
    'unlinks it, tells the parent, and makes it a zombie again. The parent may be woken between the two, when the state is ' +
    'EXIT_TRACE still. It must not look then, for it would find nothing and sleep again: so all this is done with ' +
    'tasklist_lock held.',
  cast: [
    `CPU 0: process 100, the parent: wait4(${CHILD})`,
    `CPU 1: process ${CHILD}, the child, traced: exit(${CODE})`,
    `CPU 1: process 102, the tracer: wait4(${CHILD})`,
  ],
  claim: 'the tracer and the parent both get the exit code.',
  watch: ['wait_task_zombie', 'giveToParent', '__ptrace_unlink', 'do_notify_parent', 'wait_consider_task'],
  patches: [
    {
      name: 'give-to-parent-without-tasklist',
      breaks: 'the parent is woken while the zombie is still its tracer’s, and never again',
      kind: 'lost-wakeup',
    },
  ],
  possible: [{ outcome: 'the tracer and the parent got 5', because: 'the parent is told when the tracer is done.' }],
  learn:
    'A wake-up says: look now. What is to be seen has to be there when the sleeper looks; if it is put there only after the wake-up, ' +
    'a lock that the sleeper needs for looking must be held until then.',
  reading: ['kernel/exit.c: wait_task_zombie, at "EXIT_TRACE"', 'kernel/exit.c: wait_consider_task'],
  cpus: 2,
  results: ['parent', 'tracer'],

  programs: {
    *parent(sys) {
      const child = yield* sys.wait4(CHILD);
      sys.check(child.pid === CHILD, `wait4(${CHILD}) of the parent gave ${errorName(child.pid)}`);
      sys.result('parent', WEXITSTATUS(child.status));
      yield* sys.stay();
    },
    *child() {
      return CODE;
    },
    *tracer(sys) {
      const child = yield* sys.wait4(CHILD);
      sys.check(child.pid === CHILD, `wait4(${CHILD}) of the tracer gave ${errorName(child.pid)}`);
      sys.result('tracer', WEXITSTATUS(child.status));
      yield* sys.stay();
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    setup.process('child', { parent, cpu: 1 });
    const tracer = setup.process('tracer', { cpu: 1 });
    setup.run(tracer, function* (sys) {
      yield* sys.ptrace(PTRACE_SEIZE, CHILD);
    });
  },

  unfinished: ({ parent, tracer }) =>
    parent === null || tracer === null
      ? `process ${CHILD} has ended, and its ${tracer === null ? 'tracer' : 'parent'} waits for it for ever`
      : null,

  outcome: ({ parent, tracer }) =>
    parent === tracer ? `the tracer and the parent got ${parent}` : `the tracer got ${tracer}, the parent ${parent}`,
};
