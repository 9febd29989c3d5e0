import { EACCES, errorName, SIGTERM } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

export const setpgidByBoth: Scenario = {
  name: 'setpgid-by-both',
  subject: 'programs',
  title: 'a shell and its job both call setpgid',
  story:
    'The programs of fork-then-setpgid and setpgid-by-parent, put right: both call setpgid. Whoever comes first makes the ' +
    'group, and the call of the other finds it made. If the job has executed its program when the shell calls, the shell gets ' +
    'EACCES, and does not care: the job has moved itself before that.',
  cast: [
    'CPU 0: process 100, the shell: fork(), setpgid(job, job), kill(-job, SIGTERM)',
    'CPU 1: its child, the job: setpgid(0, 0), execve()',
  ],
  claim: 'kill reaches the group.',
  watch: ['setpgid', 'kill_something_info', '__kill_pgrp_info', 'find_pid_ns'],
  patches: [],
  possible: [
    { outcome: 'setpgid 0, kill 0', because: 'the job has not executed its program when the shell calls setpgid.' },
    { outcome: 'setpgid -EACCES, kill 0', because: 'it has, and it has moved itself before that.' },
  ],
  impossible: [
    { outcome: 'setpgid -EACCES, kill -ESRCH', because: 'the job executes its program only after its own setpgid.' },
  ],
  learn: 'Where two may come first, let both do it, and let it be no error to come second.',
  reading: ['man 2 setpgid', 'The GNU C Library manual: Launching Jobs'],
  cpus: 2,
  results: ['setpgid', 'kill'],

  programs: {
    *shell(sys) {
      const job = yield* sys.fork('job', 0, 1);
      const moved = yield* sys.setpgid(job, job);
      sys.result('setpgid', moved);
      sys.check(moved === 0 || moved === -EACCES, `setpgid gave ${errorName(moved)}`);
      const error = yield* sys.kill(-job, SIGTERM);
      sys.result('kill', error);
      sys.check(error === 0, `kill of the group gave ${errorName(error)}`);
      yield* sys.stay();
    },
    *job(sys) {
      yield* sys.setpgid(0, 0);
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
