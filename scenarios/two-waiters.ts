import { ECHILD, errorName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the child: the second process that the setup makes, after two threads. */
const CHILD = 102;

export const twoWaiters: Scenario = {
  name: 'two-waiters',
  subject: 'exit and wait',
  title: 'two threads wait for one child',
  story:
    'Two threads of a process wait for the same child. Its death wakes both, and both find it a zombie: they look through ' +
    'the children with tasklist_lock held for reading, which keeps neither of them out. Only one of them may take the ' +
    'zombie apart. They settle it by an atomic exchange on the exit state, from EXIT_ZOMBIE to EXIT_DEAD: one of the two ' +
    'finds EXIT_ZOMBIE there and has the child, the other goes on as if it had not seen it.',
  cast: [
    'CPU 0: thread 100, the leader: wait4(102)',
    'CPU 1: thread 101, the second thread: wait4(102)',
    'CPU 0: process 102, the child: exit(0)',
  ],
  claim: 'one of the threads gets the child, and the other ECHILD.',
  watch: ['do_wait', 'wait_consider_task', 'wait_task_zombie', 'release_task'],
  patches: [
    {
      name: 'reap-without-cmpxchg',
      breaks: 'both threads take the child, and the second to release it finds it in no list',
      kind: 'null-ptr-deref',
    },
  ],
  possible: [
    { outcome: 'the leader has the child', because: 'its exchange came first.' },
    { outcome: 'the second thread has the child', because: 'its exchange came first.' },
  ],
  learn:
    'A lock for reading lets others read at the same time. To take something of which there is one, those who hold it for ' +
    'reading still need an atomic operation with one winner.',
  reading: ['kernel/exit.c: wait_task_zombie, at "cmpxchg"; do_wait, wait_consider_task'],
  cpus: 2,
  results: ['first', 'second'],

  programs: {
    *leader(sys) {
      sys.result('first', (yield* sys.wait4(CHILD)).pid);
      yield* sys.stay();
    },
    *second(sys) {
      sys.result('second', (yield* sys.wait4(CHILD)).pid);
      yield* sys.stay();
    },
    *child() {
      return 0;
    },
  },

  setup(setup) {
    const leader = setup.process('leader', { cpu: 0 });
    setup.thread(leader, 'second', { cpu: 1 });
    setup.process('child', { parent: leader, cpu: 0 });
  },

  unfinished: ({ first, second }) =>
    first === null || second === null ? `a thread waits for process ${CHILD} for ever` : null,

  outcome({ first, second }) {
    if (first === CHILD && second === -ECHILD) return 'the leader has the child';
    if (first === -ECHILD && second === CHILD) return 'the second thread has the child';
    return `the leader got ${errorName(first ?? 0)}, the second thread ${errorName(second ?? 0)}`;
  },
};
