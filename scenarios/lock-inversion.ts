import { SIGSTOP } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

export const lockInversion: Scenario = {
  name: 'lock-inversion',
  subject: 'locking',
  title: 'a parent stops itself while its child exits',
  story:
    'Two locks guard the family of processes: tasklist_lock the tree, and the siglock of each process its signals. ' +
    'Who needs both takes tasklist_lock first. A child that exits does so: it holds tasklist_lock, and takes the ' +
    'siglock of its parent to send it SIGCHLD. A process that stops holds its own siglock, and wants tasklist_lock to ' +
    'tell its parent. So it lets the siglock go first, though it has just marked itself as stopped under it. If it ' +
    'held on to it, each of the two could have the lock that the other waits for.',
  cast: ['CPU 0: process 100, the parent: kill(100, SIGSTOP)', 'CPU 1: process 101, its child: exit(0)'],
  claim: 'the parent stops and the child becomes a zombie, whatever the order.',
  watch: ['do_signal_stop', 'do_notify_parent_cldstop', 'exit_notify', 'do_notify_parent'],
  patches: [
    {
      name: 'siglock-before-tasklist',
      breaks:
        'the parent holds its siglock and waits for tasklist_lock, which its child holds and waits for the siglock',
      kind: 'lock-inversion',
    },
  ],
  possible: [
    {
      outcome: 'the parent is stopped, the child is dead',
      because: 'the child takes both locks before the parent has its siglock, or after it has let it go.',
    },
  ],
  learn:
    'Locks have an order, and it is kept everywhere or it is worth nothing. A deadlock needs two CPUs that meet within a ' +
    'few instructions; the wrong order is there every time, and lockdep sees it in a run that does not hang.',
  reading: [
    'kernel/signal.c: do_signal_stop, where it releases siglock before it takes tasklist_lock',
    'kernel/exit.c: exit_notify; kernel/signal.c: do_notify_parent, which takes the siglock of the parent under tasklist_lock',
    'include/linux/sched/signal.h and Documentation/locking/lockdep-design.rst: what lockdep makes of an order',
  ],
  cpus: 2,
  results: [],

  programs: {
    *parent(sys) {
      yield* sys.kill(100, SIGSTOP);
      sys.check(false, 'the parent goes on, though it was sent SIGSTOP and no SIGCONT');
    },
    *child(_sys) {
      return 0;
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    setup.process('child', { parent, cpu: 1 });
  },

  outcome: () => 'the parent is stopped, the child is dead',
};
