import type { Scenario } from '../src/kernel/scenario.js';

/** The subreaper, and the parent whose place it takes. */
const SUBREAPER = 100;
const PARENT = 101;

export const getppidVsExit: Scenario = {
  name: 'getppid-vs-exit',
  subject: 'lookup and lifetime',
  title: 'getppid(2) while the parent exits and is released',
  story:
    'getppid follows the pointer to the parent and reads its number. It takes no lock for that. Meanwhile the parent exits, ' +
    'its children get another one, and the parent is reaped: its memory goes. The pointer that getppid has read may be the ' +
    'old one. That is no harm as long as the memory is not freed under its hands, and that is what the RCU read-side ' +
    'section is for: what was found in it stays until it ends.',
  cast: [
    `CPU 0: process ${PARENT}, the parent: exit(0)`,
    `CPU 0: process ${SUBREAPER}, runs when ${PARENT} is gone: wait4(-1)`,
    'CPU 1: process 102, the child: getppid()',
  ],
  claim: `getppid gives ${PARENT} or ${SUBREAPER}, and no freed memory is read.`,
  watch: ['getppid', 'forget_original_parent', 'release_task', 'rcu_callback'],
  patches: [
    {
      name: 'getppid-without-rcu',
      breaks: 'the pointer to the parent is followed outside a read-side section',
      kind: 'rcu-usage',
    },
  ],
  possible: [
    { outcome: `getppid ${PARENT}`, because: 'it reads the pointer before the child is given to another.' },
    { outcome: `getppid ${SUBREAPER}`, because: 'it reads the pointer after that.' },
  ],
  impossible: [{ outcome: 'getppid 1', because: 'a subreaper takes the orphans of its descendants, and not init.' }],
  learn:
    'An answer may be old the moment it is given, and nobody can help that. But it must be an answer: RCU promises that what ' +
    'you look at is still there, and not that it is still so.',
  reading: ['kernel/sys.c: getppid', 'kernel/exit.c: forget_original_parent, release_task, delayed_put_task_struct'],
  cpus: 2,
  results: ['ppid'],

  programs: {
    *subreaper(sys) {
      yield* sys.wait4(PARENT);
      yield* sys.stay();
    },
    *parent(_sys) {
      return 0;
    },
    *child(sys) {
      sys.result('ppid', yield* sys.getppid());
      yield* sys.stay();
    },
  },

  setup(setup) {
    const subreaper = setup.process('subreaper', { cpu: 0, subreaper: true });
    const parent = setup.process('parent', { parent: subreaper, cpu: 0 });
    setup.process('child', { parent, cpu: 1 });
  },

  unfinished: ({ ppid }) => (ppid === null ? 'getppid does not return' : null),

  outcome: ({ ppid }) => `getppid ${ppid}`,
};
