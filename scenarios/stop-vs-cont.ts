import { errorName, SIGCONT, SIGTSTP } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WEXITSTATUS, WIFEXITED } from '../src/kernel/waitstatus.js';

/** The pid of the job: the second process that the setup makes. */
const JOB = 101;
const CODE = 5;

export const stopVsCont: Scenario = {
  name: 'stop-vs-cont',
  subject: 'stop and continue',
  title: 'SIGTSTP and then SIGCONT, while the process is on its way to stop',
  story:
    'A shell stops a job with SIGTSTP and at once continues it with SIGCONT. Each of the two throws the other out of the ' +
    'queue, so that the last one counts. But the job may have taken SIGTSTP out of its queue already. It then has to look ' +
    'whether its process group is orphaned, for such a group must not stop, and that needs tasklist_lock: it releases ' +
    'siglock for it. If SIGCONT comes just then it finds nothing to throw out, and nobody to wake. So the job has left a ' +
    'mark when it took the stop signal, JOBCTL_STOP_DEQUEUED; SIGCONT takes the mark away, and the job does not stop.',
  cast: [
    'CPU 0: process 100, the shell: kill(101, SIGTSTP), kill(101, SIGCONT), then wait4(101)',
    'CPU 1: process 101, the job, in a group of its own: getpid(), then exit(5)',
  ],
  claim: 'SIGCONT was sent last, so the job goes on, and ends.',
  watch: ['prepare_signal', 'get_signal', 'is_current_pgrp_orphaned', 'do_signal_stop', 'task_clear_jobctl_pending'],
  patches: [
    { name: 'no-stop-dequeued', breaks: 'the job stops after it has been continued, for good', kind: 'hung-task' },
  ],
  possible: [{ outcome: 'exited with 5', because: 'it never stopped, or was continued.' }],
  learn:
    'If you release a lock between taking an order and carrying it out, the order may have been cancelled meanwhile. Leave ' +
    'a mark that whoever cancels it can take away.',
  reading: [
    'kernel/signal.c: get_signal, at "is_current_pgrp_orphaned", and do_signal_stop, at "JOBCTL_STOP_DEQUEUED"',
    'kernel/signal.c: prepare_signal',
  ],
  cpus: 2,
  results: ['status'],

  programs: {
    *shell(sys) {
      yield* sys.kill(JOB, SIGTSTP);
      yield* sys.kill(JOB, SIGCONT);
      const child = yield* sys.wait4(JOB);
      sys.check(child.pid === JOB, `wait4(${JOB}) gave ${errorName(child.pid)}`);
      sys.result('status', child.status);
    },
    *job(sys) {
      yield* sys.getpid();
      return CODE;
    },
  },

  setup(setup) {
    const shell = setup.process('shell', { cpu: 0, group: true });
    setup.process('job', { parent: shell, cpu: 1, group: true });
  },

  unfinished: ({ status }) =>
    status === null ? `process ${JOB} was sent SIGCONT last, and its parent waits for its end for ever` : null,

  outcome: ({ status }) =>
    status !== null && WIFEXITED(status) ? `exited with ${WEXITSTATUS(status)}` : `ended with ${status}`,
};
