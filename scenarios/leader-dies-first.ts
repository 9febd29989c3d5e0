import { errorName, SA_RESTART, SIGCHLD } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the process: the second that the setup makes. */
const PROCESS = 101;
/** The cell that says that the last thread is about to exit. */
const ENDING = 0;

export const leaderDiesFirst: Scenario = {
  name: 'leader-dies-first',
  subject: 'exit and wait',
  title: 'the leader of a process exits before its last thread',
  story:
    'The leader of a process calls exit for itself alone, as pthread_exit does in main, and its other thread exits as well. ' +
    'The process ends with its last thread, and only then is the parent to be told. If the leader is the last it tells the ' +
    'parent itself. If not it is a zombie, and silent, and must stay, for it has the pid of the process; then the last ' +
    'thread, which is released as it exits, finds the leader a zombie and alone, and tells the parent in its place. The two ' +
    'may exit at the same time: tasklist_lock decides who is the last.',
  cast: [
    'CPU 0: process 100, the parent: wait4(101), with a handler for SIGCHLD',
    'CPU 0: thread 101, the leader: exit() of this thread alone',
    'CPU 1: thread 102, the second thread: exit() of this thread alone',
  ],
  claim: 'the parent is told once, after the last thread has ended, and gets the process from wait4.',
  watch: ['exit_notify', 'release_task', 'do_notify_parent', 'delay_group_leader'],
  patches: [
    {
      name: 'no-zap-leader',
      breaks: 'nobody tells the parent when the last thread goes, and it waits for ever',
      kind: 'lost-wakeup',
    },
  ],
  possible: [{ outcome: 'told once', because: 'by the leader or by the second thread, whichever was the last.' }],
  learn:
    'When several may be the last, the one that is must do what is left to do, whoever it is. One lock, held over leaving ' +
    'and looking, makes sure that there is exactly one.',
  reading: ['kernel/exit.c: release_task, at "zap_leader"; exit_notify; wait_consider_task, at "delay_group_leader"'],
  cpus: 2,
  results: ['told', 'reaped'],

  programs: {
    *parent(sys) {
      const child = yield* sys.wait4(PROCESS);
      sys.check(child.pid === PROCESS, `wait4(${PROCESS}) gave ${errorName(child.pid)}`);
      sys.result('reaped', child.pid);
    },
    *leader(sys) {
      yield* sys.exit(0);
    },
    *second(sys) {
      yield* sys.store(ENDING, 1);
      yield* sys.exit(0);
    },
  },

  handlers: {
    *onChild(sys) {
      const ending = yield* sys.load(ENDING);
      sys.check(ending === 1, `the parent was told of the end of process ${PROCESS}, and its second thread still runs`);
      sys.result('told', (sys.reported('told') ?? 0) + 1);
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    setup.sigaction(parent, SIGCHLD, 'onChild', { flags: SA_RESTART });
    const leader = setup.process('leader', { parent, cpu: 0 });
    setup.thread(leader, 'second', { cpu: 1 });
  },

  unfinished: ({ reaped }) => (reaped === null ? `the parent waits for process ${PROCESS} for ever` : null),

  outcome: ({ told }) => (told === 1 ? 'told once' : `told ${told ?? 0} times`),
};
