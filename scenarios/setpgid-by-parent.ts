import { EACCES, ESRCH, errorName, SIGTERM } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

export const setpgidByParent: Scenario = {
  name: 'setpgid-by-parent',
  subject: 'programs',
  title: 'a shell puts its job into a process group, and the job executes its program',
  story:
    'The other half of fork-then-setpgid: only the shell calls setpgid, for its child. If the child has executed its program ' +
    'by then the kernel refuses with EACCES: a new program is not to be moved under its feet. Then the job stays in the ' +
    "group of the shell, there is no group of its own to signal, and what is meant for the shell's group reaches the job. " +
    'See setpgid-by-both.',
  cast: [
    'CPU 0: process 100, the shell: fork(), setpgid(job, job), kill(-job, SIGTERM)',
    'CPU 1: its child, the job: execve()',
  ],
  claim: 'the job gets the signal, or setpgid says EACCES and kill ESRCH: both happen.',
  watch: ['setpgid', 'kill_something_info', '__kill_pgrp_info', 'find_pid_ns'],
  patches: [],
  possible: [
    { outcome: 'setpgid 0, kill 0', because: 'the shell moves the job before the job executes its program.' },
    { outcome: 'setpgid -EACCES, kill -ESRCH', because: 'the job has executed its program.' },
  ],
  learn: 'A parent may move its child only until the child executes a program.',
  reading: ['man 2 setpgid: EACCES', 'kernel/sys.c: setpgid (PF_FORKNOEXEC)'],
  cpus: 2,
  results: ['setpgid', 'kill'],

  programs: {
    *shell(sys) {
      const job = yield* sys.fork('job', 0, 1);
      const moved = yield* sys.setpgid(job, job);
      sys.result('setpgid', moved);
      const error = yield* sys.kill(-job, SIGTERM);
      sys.result('kill', error);
      sys.check(
        moved === 0 ? error === 0 : moved === -EACCES && error === -ESRCH,
        `${errorName(moved)}, ${errorName(error)}`,
      );
      yield* sys.stay();
    },
    *job(sys) {
      yield* sys.execve('image');
    },
    *image(sys) {
      yield* sys.stay();
    },
  },

  setup(setup) {
    setup.process('shell', { cpu: 0 });
  },

  outcome: ({ setpgid, kill }) => `setpgid ${errorName(setpgid ?? 1)}, kill ${errorName(kill ?? 1)}`,
};
