import { errorName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WEXITSTATUS, WIFEXITED } from '../src/kernel/waitstatus.js';

/** The pid of the process: the second that the setup makes. */
const PROCESS = 101;
const CODE = 3;

export const cloneVsGroupExit: Scenario = {
  name: 'clone-vs-group-exit',
  subject: 'fork and clone',
  title: 'a thread is created while another thread ends the process',
  story:
    'One thread of a process creates another, and a third calls exit_group. exit_group goes through the threads that there ' +
    'are and puts SIGKILL on each. The thread that is being made is not among them. When its maker comes to add it, the ' +
    'maker itself has been told to die, but it is in the kernel, and nothing stops it there: so it must look. It does so ' +
    'with siglock held, under which the threads are told to die, and adds the new thread only if it has not been told. ' +
    'Otherwise a thread would run on in a process that is dead, and the parent would wait for ever for its end.',
  cast: [
    'CPU 0: process 100, the parent: wait4(101)',
    'CPU 0: thread 102, the second thread of process 101: exit_group(3)',
    'CPU 1: thread 101, the leader: pthread_create()',
    'CPU 1: thread 103, if it comes to life: stays in user mode',
  ],
  claim: 'the whole process ends, with every thread, and its parent hears of it.',
  watch: ['do_group_exit', 'zap_other_threads', 'signalEndsFork', 'publishTask', 'exit_notify'],
  patches: [
    {
      name: 'no-fork-signal-check',
      breaks: 'the new thread is added after the others were told to die, and lives',
      kind: 'hung-task',
    },
  ],
  possible: [
    { outcome: 'exited with 3', because: 'the new thread is told to die like the others, or is never added.' },
  ],
  learn:
    'Whoever adds to a group must ask, with the lock held that protects the group, whether the group is on its way out. ' +
    'The flag and the list belong under one lock.',
  reading: [
    'kernel/fork.c: copy_process, at "fatal_signal_pending"',
    'kernel/exit.c: do_group_exit; kernel/signal.c: zap_other_threads',
  ],
  cpus: 2,
  results: ['status'],

  programs: {
    *parent(sys) {
      const child = yield* sys.wait4(PROCESS);
      sys.check(child.pid === PROCESS, `wait4(${PROCESS}) gave ${errorName(child.pid)}`);
      sys.result('status', child.status);
    },
    *leader(sys) {
      yield* sys.thread('worker');
      yield* sys.stay();
    },
    *worker(sys) {
      yield* sys.stay();
    },
    *ender(sys) {
      yield* sys.exit_group(CODE);
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    const leader = setup.process('leader', { parent, cpu: 1 });
    setup.thread(leader, 'ender', { cpu: 0 });
  },

  unfinished: ({ status }) =>
    status === null ? `a thread of process ${PROCESS} has outlived it, and the parent waits for ever` : null,

  outcome: ({ status }) =>
    status !== null && WIFEXITED(status) ? `exited with ${WEXITSTATUS(status)}` : `ended with ${status}`,
};
