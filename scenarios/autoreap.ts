import { ECHILD, errorName, SIG_IGN, SIGCHLD } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the child: the second process that the setup makes. */
const CHILD = 101;

export const autoreap: Scenario = {
  name: 'autoreap',
  subject: 'exit and wait',
  title: 'a parent that ignores SIGCHLD waits for its child',
  story:
    'A parent that ignores SIGCHLD says that it does not care how its children end: they leave no zombie, and are released as ' +
    'they exit. If it calls wait4 all the same, it waits until the last child is gone, and gets ECHILD. The child exits while ' +
    'the parent looks through its children: the parent must not take the child for a zombie, as somebody else releases it, ' +
    'and must be woken though there is nothing to wait for any more.',
  cast: ['CPU 0: process 100, the parent, which ignores SIGCHLD: wait4(-1)', 'CPU 1: process 101, the child: exit(0)'],
  claim: 'no zombie remains, and wait4 says ECHILD when the child is gone.',
  watch: ['do_notify_parent', 'exit_notify', 'wait_consider_task', '__wake_up_parent', 'release_task'],
  patches: [
    {
      name: 'ignore-autoreap',
      breaks: 'the child becomes a zombie of a parent that was promised that there would be none',
      kind: 'invariant',
    },
  ],
  possible: [{ outcome: 'wait4 -ECHILD', because: 'the child was released by itself, before the look or after it.' }],
  learn:
    'Whether somebody will come for a thing is decided at the moment at which it is left behind, with the lock held that ' +
    'protects the wish: here siglock of the parent, and tasklist_lock.',
  reading: ['kernel/signal.c: do_notify_parent, at "autoreap"', 'kernel/exit.c: exit_notify', 'man 2 wait, NOTES'],
  cpus: 2,
  results: ['wait'],

  programs: {
    *parent(sys) {
      const { pid } = yield* sys.wait4(-1);
      sys.result('wait', pid);
      sys.check(pid !== CHILD, `process ${CHILD} was a zombie, though its parent ignores SIGCHLD`);
      sys.check(pid === -ECHILD, `wait4(-1) gave ${errorName(pid)}`);
    },
    *child() {
      return 0;
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    setup.sigaction(parent, SIGCHLD, SIG_IGN);
    setup.process('child', { parent, cpu: 1 });
  },

  unfinished: ({ wait }) => (wait === null ? 'the parent waits for ever, though it has no children' : null),

  outcome: ({ wait }) => `wait4 ${errorName(wait ?? 0)}`,
};
