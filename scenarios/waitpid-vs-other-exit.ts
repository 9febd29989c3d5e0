import type { Scenario } from '../src/kernel/scenario.js';

/** The child that is waited for, and another one. */
const CHILD = 103;
const OTHER = 102;

export const waitpidVsOtherExit: Scenario = {
  name: 'waitpid-vs-other-exit',
  subject: 'exit and wait',
  title: 'a thread waits for one child, and another child of its process exits',
  story:
    'A thread waits for one of two children, which another thread of its process has made. Children belong to the thread that ' +
    'made them, so wait4 looks through the children of all threads. The other child exits first: that wakes nobody who does ' +
    'not wait for it, and whoever looks passes it by, though it is a zombie.',
  cast: [
    `CPU 0: thread 101: wait4(${CHILD})`,
    `CPU 1: process ${OTHER}, a child of thread 100: exit(3)`,
    `CPU 1: process ${CHILD}, a child of thread 100: exit(2)`,
    'CPU 0: thread 100, the leader: in user mode',
  ],
  claim: `wait4 gives ${CHILD}, and its exit code.`,
  watch: ['do_wait', 'do_wait_thread', 'wait_consider_task', 'eligible_child', 'child_wait_callback'],
  patches: [{ name: 'wait-takes-any-child', breaks: 'wait4 gives a child that was not asked for', kind: 'invariant' }],
  possible: [{ outcome: `wait4 ${CHILD}, exited with 2`, because: 'it waits until that child has exited.' }],
  learn: 'A wake-up says that something has happened, and not that it is what you wait for.',
  reading: ['kernel/exit.c: eligible_child, child_wait_callback; do_wait, at "while_each_thread"'],
  cpus: 2,
  results: ['pid', 'status'],

  programs: {
    *leader(sys) {
      yield* sys.stay();
    },
    *waiter(sys) {
      const { pid, status } = yield* sys.wait4(CHILD);
      sys.result('pid', pid);
      sys.result('status', status);
      yield* sys.stay();
    },
    *child(_sys) {
      return 2;
    },
    *other(_sys) {
      return 3;
    },
  },

  setup(setup) {
    const leader = setup.process('leader', { cpu: 0 });
    setup.thread(leader, 'waiter', { cpu: 0 });
    setup.process('other', { parent: leader, cpu: 1 });
    setup.process('child', { parent: leader, cpu: 1 });
  },

  unfinished: ({ pid }) => (pid === null ? `${CHILD} has exited, and wait4 does not return` : null),

  outcome: ({ pid, status }) => `wait4 ${pid}, exited with ${(status ?? 0) >> 8}`,
};
