import { errorName, SA_RESTART, SA_SIGINFO, SIGCHLD } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WEXITSTATUS, WIFEXITED } from '../src/kernel/waitstatus.js';

/** The pid of the process: the second that the setup makes. */
const PROCESS = 101;

export const twoExitCodes: Scenario = {
  name: 'two-exit-codes',
  subject: 'exit and wait',
  title: 'two threads call exit_group with different codes',
  story:
    'Two threads of a process call exit_group at the same time, one with 1, the other with 2. The process can have only one ' +
    'exit code. The first to take siglock sets it, marks the process as exiting, and tells the other threads to die. The ' +
    'second has looked before it came to the lock, and saw a process that nobody ends; so it must look again when it has ' +
    'the lock, and take the code that is there. Otherwise it writes over a code that somebody has seen already: the parent ' +
    'is told one code with SIGCHLD, and gets another from wait4.',
  cast: [
    'CPU 0: process 100, the parent: wait4(101), with a handler for SIGCHLD that is told the code',
    'CPU 0: thread 101, the leader: exit_group(1)',
    'CPU 1: thread 102, the second thread: exit_group(2)',
  ],
  claim: 'the process has one of the two codes, and SIGCHLD and wait4 say the same.',
  watch: ['do_group_exit', 'zap_other_threads', 'do_notify_parent', 'wait_task_zombie'],
  patches: [
    { name: 'group-exit-no-recheck', breaks: 'the code changes after the parent was told of it', kind: 'invariant' },
  ],
  possible: [
    { outcome: 'exited with 1', because: 'the leader had siglock first.' },
    { outcome: 'exited with 2', because: 'the second thread had siglock first.' },
  ],
  learn: 'What you have seen without the lock is a hint. With the lock in hand, look again before you write.',
  reading: ['kernel/exit.c: do_group_exit, at "Another thread got here before we took the lock"; wait_task_zombie'],
  cpus: 2,
  results: ['told', 'status'],

  programs: {
    *parent(sys) {
      const child = yield* sys.wait4(PROCESS);
      sys.check(child.pid === PROCESS, `wait4(${PROCESS}) gave ${errorName(child.pid)}`);
      const code = WEXITSTATUS(child.status);
      const told = sys.reported('told');
      sys.result('status', child.status);
      sys.check(told === code, `SIGCHLD said that process ${PROCESS} exited with ${told}, and wait4 says ${code}`);
    },
    *leader(sys) {
      yield* sys.exit_group(1);
    },
    *second(sys) {
      yield* sys.exit_group(2);
    },
  },

  handlers: {
    *onChild(sys, _sig, info) {
      sys.result('told', info?.si_status ?? -1);
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    setup.sigaction(parent, SIGCHLD, 'onChild', { flags: SA_SIGINFO | SA_RESTART });
    const leader = setup.process('leader', { parent, cpu: 0 });
    setup.thread(leader, 'second', { cpu: 1 });
  },

  unfinished: ({ status }) => (status === null ? `the parent waits for process ${PROCESS} for ever` : null),

  outcome: ({ status }) =>
    status !== null && WIFEXITED(status) ? `exited with ${WEXITSTATUS(status)}` : `ended with ${status}`,
};
