import { ESRCH, errorName, SIGTERM } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

export const forkThenSetpgid: Scenario = {
  name: 'fork-then-setpgid',
  subject: 'programs',
  title: 'a job puts itself into a process group, and its shell signals the group',
  story:
    'A shell forks a job. The job makes a process group of its own with setpgid, and then executes its program; the shell ' +
    'signals the group. fork says nothing about who runs first: if it is the shell, there is no such group yet, and kill ' +
    'says ESRCH of a job that has just been started. See setpgid-by-both.',
  cast: [
    'CPU 0: process 100, the shell: fork(), kill(-job, SIGTERM)',
    'CPU 1: its child, the job: setpgid(0, 0), execve()',
  ],
  claim: 'the job gets the signal, or there is no such group: both happen.',
  watch: ['setpgid', 'kill_something_info', '__kill_pgrp_info', 'find_pid_ns'],
  patches: [],
  possible: [
    { outcome: 'the group is signalled', because: 'the job has called setpgid before the shell calls kill.' },
    { outcome: 'kill -ESRCH', because: 'the shell is first.' },
  ],
  learn: 'What the child does before it executes its program is not done when fork returns to the parent.',
  reading: ['man 2 setpgid', 'The GNU C Library manual: Launching Jobs'],
  cpus: 2,
  results: ['kill'],

  programs: {
    *shell(sys) {
      const job = yield* sys.fork('job', 0, 1);
      const error = yield* sys.kill(-job, SIGTERM);
      sys.result('kill', error);
      sys.check(error === 0 || error === -ESRCH, `kill gave ${errorName(error)}`);
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

  outcome: ({ kill }) => (kill === 0 ? 'the group is signalled' : `kill ${errorName(kill ?? 1)}`),
};
