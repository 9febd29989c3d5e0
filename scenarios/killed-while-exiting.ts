import { CLD_KILLED, errorName, SA_RESTART, SA_SIGINFO, SIGCHLD, SIGKILL } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WEXITSTATUS, WIFSIGNALED } from '../src/kernel/waitstatus.js';

/** The pid of the child: the second process that the setup makes. */
const CHILD = 101;
const CODE = 7;

export const killedWhileExiting: Scenario = {
  name: 'killed-while-exiting',
  subject: 'exit and wait',
  title: 'SIGCHLD says that a child exited, and wait4 that it was killed',
  story:
    'A process of one thread calls exit(7), and at the same time its parent kills it with SIGKILL. A thread that is alone in ' +
    'its process takes no lock to exit: it looks whether somebody ends the process, sees that nobody does, and goes on ' +
    'with its own code. If SIGKILL comes right after that look, the process is marked as killed while its only thread is ' +
    'exiting with 7. What the parent is told with SIGCHLD, and by waitid with WNOWAIT, is the code of the thread; wait4 ' +
    'gives that of the process. It can even be that the thread sees the mark and not yet the code, which is written after ' +
    'it: then SIGCHLD says that the child exited with 0, which nobody ever asked for.',
  cast: [
    'CPU 0: process 100, the parent, with a handler for SIGCHLD that is told how the child ended: kill(101, SIGKILL), wait4(101)',
    'CPU 1: process 101, the child: exit(7)',
  ],
  claim: 'wait4 says how the process ended; SIGCHLD may say something else.',
  watch: ['do_group_exit', 'complete_signal', 'exit_signals', 'do_notify_parent', 'wait_task_zombie'],
  patches: [],
  possible: [
    { outcome: 'told killed, and wait4 says killed', because: 'the signal came before the look.' },
    {
      outcome: 'told exited with 7, and wait4 says exited with 7',
      because: 'the signal came when it was exiting, or dead.',
    },
    {
      outcome: 'told exited with 7, and wait4 says killed',
      because: 'the signal came after the look in do_group_exit and before the thread was marked as exiting.',
    },
    {
      outcome: 'told exited with 0, and wait4 says killed',
      because: 'the look came between the two stores of complete_signal, the flag and then the code.',
    },
  ],
  impossible: [
    {
      outcome: 'told killed, and wait4 says exited with 7',
      because: 'the thread dies with the code of the signal only if the process has been marked as killed.',
    },
  ],
  learn:
    'What is decided without a lock is decided twice if two places ask. Take how a child ended from wait4 or waitid, not ' +
    'from the siginfo of SIGCHLD.',
  reading: [
    'kernel/exit.c: do_group_exit, which takes no lock where thread_group_empty(); wait_task_zombie, the status',
    'kernel/signal.c: complete_signal, the stores to signal->flags and signal->group_exit_code; do_notify_parent, si_status',
  ],
  cpus: 2,
  results: ['told', 'killed', 'status'],

  programs: {
    *parent(sys) {
      yield* sys.kill(CHILD, SIGKILL);
      const child = yield* sys.wait4(CHILD);
      sys.check(child.pid === CHILD, `wait4(${CHILD}) gave ${errorName(child.pid)}`);
      sys.result('status', child.status);
    },
    *child() {
      return CODE;
    },
  },

  handlers: {
    *onChild(sys, _sig, info) {
      sys.result('told', info?.si_status ?? -1);
      sys.result('killed', info?.si_code === CLD_KILLED ? 1 : 0);
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    setup.sigaction(parent, SIGCHLD, 'onChild', { flags: SA_SIGINFO | SA_RESTART });
    setup.process('child', { parent, cpu: 1 });
  },

  unfinished: ({ status }) => (status === null ? `the parent waits for process ${CHILD} for ever` : null),

  outcome({ told, killed, status }) {
    const wait4 = WIFSIGNALED(status ?? 0) ? 'killed' : `exited with ${WEXITSTATUS(status ?? 0)}`;
    return `told ${killed === 1 ? 'killed' : `exited with ${told}`}, and wait4 says ${wait4}`;
  },
};
