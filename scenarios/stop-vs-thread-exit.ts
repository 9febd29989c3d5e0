import { errorName, SIGSTOP, WUNTRACED } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WIFSTOPPED, WSTOPSIG } from '../src/kernel/waitstatus.js';

/** The process that is stopped. */
const JOB = 101;

export const stopVsThreadExit: Scenario = {
  name: 'stop-vs-thread-exit',
  subject: 'stop and continue',
  title: 'a thread exits while its process is being stopped',
  story:
    'A process of two threads is stopped. The thread that takes SIGSTOP counts how many threads are to stop and asks each; ' +
    'whoever is the last to stop tells the parent, which sleeps in wait4 with WUNTRACED. But the other thread is on its way ' +
    'out. It will not stop any more, and it is counted: so on its exit it takes part in the count, and if it is the last, ' +
    'the parent is told by a thread that does not stop at all.',
  cast: [
    `CPU 0: process 100, the parent: kill(${JOB}, SIGSTOP), then wait4(${JOB}, WUNTRACED)`,
    `CPU 0: thread ${JOB}, the leader of the job, runs when 100 sleeps: in user mode`,
    'CPU 1: thread 102 of the job: exit()',
  ],
  claim: 'the parent is told of the stop.',
  watch: ['do_signal_stop', 'task_participate_group_stop', 'exit_signals', 'do_notify_parent_cldstop', 'do_wait'],
  patches: [
    {
      name: 'exit-no-stop-notify',
      breaks: 'the last thread of a stop exits, and nobody tells the parent',
      kind: 'lost-wakeup',
    },
  ],
  possible: [{ outcome: 'stopped by SIGSTOP', because: 'the last thread that stops, or exits, tells the parent.' }],
  learn:
    'Where "the last one does it" is the rule, count those that leave too. Every way out of the group is a way to be the last.',
  reading: [
    'kernel/signal.c: do_signal_stop, task_participate_group_stop; exit_signals, at "group_stop"',
    'kernel/signal.c: do_notify_parent_cldstop; man 2 wait: WUNTRACED',
  ],
  cpus: 2,
  results: ['status'],

  programs: {
    *parent(sys) {
      yield* sys.kill(JOB, SIGSTOP);
      const { pid, status } = yield* sys.wait4(JOB, WUNTRACED);
      sys.check(pid === JOB, `wait4(${JOB}, WUNTRACED) gave ${errorName(pid)}`);
      sys.result('status', status);
      yield* sys.stay();
    },
    *job(sys) {
      yield* sys.stay();
    },
    *leaver(sys) {
      yield* sys.exit(0);
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    const job = setup.process('job', { parent, cpu: 0 });
    setup.thread(job, 'leaver', { cpu: 1 });
  },

  unfinished: ({ status }) => (status === null ? `process ${JOB} has stopped, and its parent waits to be told` : null),

  outcome: ({ status }) =>
    status !== null && WIFSTOPPED(status) && WSTOPSIG(status) === SIGSTOP ? 'stopped by SIGSTOP' : `status ${status}`,
};
