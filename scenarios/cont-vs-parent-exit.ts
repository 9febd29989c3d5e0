import { SIGCONT, SIGSTOP } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The parent, and the job. */
const PARENT = 100;
const JOB = 101;

export const contVsParentExit: Scenario = {
  name: 'cont-vs-parent-exit',
  subject: 'stop and continue',
  title: 'a stopped process is continued while its parent exits',
  story:
    'A process that goes on after SIGCONT tells its parent so: it looks up who its parent is, takes the siglock of that ' +
    'process, and sends it SIGCHLD. At that moment the parent exits. It gives its children to another process, and then it is ' +
    'released: its sighand goes, and its memory. Between the look at the pointer and the end of the sending the parent must ' +
    'stay what it is, and tasklist_lock, held for reading, sees to that: nobody changes parents or releases a task meanwhile.',
  cast: [
    `CPU 0: process ${JOB}, the job: kill(${JOB}, SIGSTOP)`,
    `CPU 1: process ${PARENT}, the parent: exit(0)`,
    `CPU 0: process 102, runs when ${JOB} has stopped: kill(${JOB}, SIGCONT)`,
  ],
  claim: 'the job goes on, and no freed memory is touched.',
  watch: ['get_signal', 'do_notify_parent_cldstop', 'forget_original_parent', 'release_task', '__exit_signal'],
  patches: [
    {
      name: 'cldstop-without-tasklist',
      breaks: 'the parent that is told has been released',
      kind: 'use-after-free',
    },
  ],
  possible: [{ outcome: 'went on', because: 'SIGCONT wakes it, whoever its parent is by then.' }],
  learn:
    'A pointer to another object is good for as long as something keeps that object: a reference, RCU, or a lock that its end ' +
    'needs too. RCU would keep the memory here, and not the sighand.',
  reading: [
    'kernel/signal.c: get_signal, at "SIGNAL_CLD_MASK"; do_notify_parent_cldstop',
    'kernel/exit.c: forget_original_parent, release_task; kernel/signal.c: __exit_signal, __cleanup_sighand',
  ],
  cpus: 2,
  results: ['on'],

  programs: {
    *parent(_sys) {
      return 0;
    },
    *job(sys) {
      yield* sys.kill(JOB, SIGSTOP);
      sys.result('on', 1);
      yield* sys.stay();
    },
    *other(sys) {
      yield* sys.kill(JOB, SIGCONT);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 1 });
    setup.process('job', { parent, cpu: 0 });
    setup.process('other', { cpu: 0 });
  },

  unfinished: ({ on }) => (on === null ? 'the job was sent SIGCONT, and does not go on' : null),

  outcome: ({ on }) => (on === null ? 'did not go on' : 'went on'),
};
