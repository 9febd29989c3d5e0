import { SIG_BLOCK, SIG_UNBLOCK, SIGHUP, SIGTSTP } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';

/** The job: the second process that the setup makes. */
const JOB = 101;

export const stopVsOrphan: Scenario = {
  name: 'stop-vs-orphan',
  subject: 'stop and continue',
  title: 'a shell exits while its job is about to stop',
  story:
    'A process group that has nobody left to continue it, an orphaned one, must not stop at SIGTSTP; and if it has stopped ' +
    'members when it becomes orphaned they are sent SIGHUP and SIGCONT. A job takes SIGTSTP, looks whether its group is ' +
    'orphaned, and stops. Its shell exits, and looks whether the group that it leaves behind has stopped. Each looks at what ' +
    'the other is about to change, and they do not look under one lock: the job releases tasklist_lock after its look and ' +
    'stops under siglock. If the shell exits between the two, the job sees a group that is not orphaned, and the shell sees ' +
    'one that has not stopped.',
  cast: [
    'CPU 0: process 100, the shell: exit(0)',
    `CPU 1: process ${JOB}, the job, in a group of its own, SIGTSTP pending: unblocks SIGTSTP`,
  ],
  claim: 'the job does not stop, or is sent SIGHUP and SIGCONT. This kernel does not keep it.',
  watch: ['get_signal', 'is_current_pgrp_orphaned', 'do_signal_stop', 'exit_notify', 'kill_orphaned_pgrp'],
  patches: [],
  possible: [
    { outcome: 'did not stop', because: 'its group was orphaned when it looked.' },
    { outcome: 'stopped, and was sent SIGHUP and SIGCONT', because: 'it had stopped when the shell looked.' },
  ],
  expected: 'hung-task',
  learn:
    'Two who each look at what the other changes need one lock over look and change, on both sides. With two locks, one ' +
    'after the other, both can look first and change afterwards.',
  reading: [
    'kernel/signal.c: get_signal, at "signals can be posted during this window"',
    'kernel/exit.c: is_current_pgrp_orphaned, has_stopped_jobs, kill_orphaned_pgrp',
    'POSIX, Base Definitions: Orphaned Process Group; General Information, Signal Concepts: SIGTSTP',
  ],
  cpus: 2,
  results: ['on', 'hup'],

  programs: {
    *shell(_sys) {
      return 0;
    },
    *job(sys) {
      yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGTSTP));
      sys.result('on', 1);
      yield* sys.stay();
    },
  },

  handlers: {
    *onHup(sys) {
      sys.result('hup', 1);
    },
  },

  setup(setup) {
    const shell = setup.process('shell', { cpu: 0, group: true });
    const job = setup.process('job', { parent: shell, cpu: 1, group: true });
    setup.sigaction(job, SIGHUP, 'onHup');
    setup.run(job, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGTSTP));
    });
    setup.run(shell, function* (sys) {
      yield* sys.kill(JOB, SIGTSTP);
    });
  },

  unfinished: ({ on }) =>
    on === null
      ? `the job has stopped in an orphaned process group: there is nobody to send it SIGCONT, and it got no SIGHUP`
      : null,

  outcome: ({ on, hup }) =>
    on === null ? 'stopped for good' : hup === null ? 'did not stop' : 'stopped, and was sent SIGHUP and SIGCONT',
};
