import { errorName, SIG_DFL, SIG_IGN, SIGCHLD } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

export const orphanVsExit: Scenario = {
  name: 'orphan-vs-exit',
  subject: 'exit and wait',
  title: 'a child exits while its parent does',
  story:
    'A parent and its child exit at the same time. The child becomes a zombie and tells its parent; the parent gives its ' +
    'children to a new one, here a subreaper. If the child is a zombie by then, the old parent has not waited for it, and ' +
    'never will: so the new parent is told, as if the child had just died. If the child still lives it will tell the new ' +
    'parent itself. The subreaper ignores SIGCHLD, so that whoever tells it has to release the child.',
  cast: [
    'CPU 0: process 100, the subreaper, ignores SIGCHLD: wait4(-1)',
    'CPU 0: process 101, its child, runs when 100 sleeps: exit(0)',
    'CPU 1: process 102, the child of 101: exit(0)',
  ],
  claim: 'both are released, each once; wait4 says ECHILD when both are gone.',
  watch: ['forget_original_parent', 'reparent_leader', 'exit_notify', 'do_notify_parent', 'release_task'],
  patches: [
    {
      name: 'reparent-without-state-check',
      breaks: 'the new parent is told of the death of a child that lives',
      kind: 'BUG',
    },
    { name: 'reparent-without-notify', breaks: 'a zombie is left that nobody is told of', kind: 'invariant' },
  ],
  possible: [
    {
      outcome: 'wait4 -ECHILD',
      because:
        'the child dies before its parent and is handed over as a zombie, or after it and tells the subreaper itself.',
    },
  ],
  impossible: [
    {
      outcome: 'wait4 102',
      because: 'the subreaper ignores SIGCHLD: whoever tells it of the death of 102 releases it.',
    },
  ],
  learn:
    'Two that hand over to each other look at one state, under one lock, and for each value of it exactly one of them ' +
    'acts. Here tasklist_lock makes "is it a zombie" the same answer for the child and for its parent.',
  reading: [
    'kernel/exit.c: forget_original_parent, reparent_leader, exit_notify',
    'man 2 prctl: PR_SET_CHILD_SUBREAPER; man 2 wait: NOTES, on ignoring SIGCHLD',
  ],
  cpus: 2,
  results: ['wait'],

  programs: {
    *subreaper(sys) {
      const { pid } = yield* sys.wait();
      sys.result('wait', pid);
      yield* sys.stay();
    },
    *parent(_sys) {
      return 0;
    },
    *child(_sys) {
      return 0;
    },
  },

  setup(setup) {
    const subreaper = setup.process('subreaper', { cpu: 0, subreaper: true });
    setup.sigaction(subreaper, SIGCHLD, SIG_IGN);
    const parent = setup.process('parent', { parent: subreaper, cpu: 0 });
    setup.sigaction(parent, SIGCHLD, SIG_DFL);
    setup.process('child', { parent, cpu: 1 });
  },

  unfinished: ({ wait }) => (wait === null ? 'the subreaper waits for ever' : null),

  outcome: ({ wait }) => (wait === null ? 'wait4 does not return' : `wait4 ${errorName(wait)}`),
};
