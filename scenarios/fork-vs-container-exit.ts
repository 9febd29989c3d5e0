import { CLONE_NEWPID, errorName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The init of the container, as it is called outside. */
const INIT = 101;

export const forkVsContainerExit: Scenario = {
  name: 'fork-vs-container-exit',
  subject: 'credentials and containers',
  title: 'a process in a container forks while the init of the container exits',
  story:
    'When the init of a pid namespace exits, everything in the namespace is killed. A process inside is just forking. init ' +
    'first forbids that pids be given out in its namespace, then kills whatever has one. Both the giving of a pid and the ' +
    'ban are made under pidmap_lock: a fork gets its pid before the ban, and then init finds it, or it fails with ENOMEM.',
  cast: [
    `CPU 0: process 100, outside: wait4(${INIT})`,
    `CPU 0: process ${INIT}, the init of the container, runs when 100 sleeps: exit(0)`,
    'CPU 1: process 102, inside: fork()',
  ],
  claim: 'nothing in the container survives its init.',
  watch: ['zap_pid_ns_processes', 'disable_pid_allocation', 'alloc_pid', 'copy_process', 'publishTask'],
  patches: [
    {
      name: 'zap-without-disable',
      breaks: 'a child is born into a namespace that is being emptied, and is not killed',
      kind: 'hung-task',
    },
  ],
  possible: [
    { outcome: 'all gone; fork was killed', because: 'the process is killed before its fork has returned.' },
    { outcome: 'all gone; fork 0', because: 'the child was made, and killed with the others.' },
    { outcome: 'all gone; fork -ENOMEM', because: 'the namespace gives out no pids any more.' },
  ],
  learn:
    'To empty a room, first close the door, then send out who is inside. Closing the door and going through it must be under ' +
    'one lock.',
  reading: [
    'kernel/pid_namespace.c: zap_pid_ns_processes, at "Don’t allow any more processes into the pid namespace"',
    'kernel/pid.c: disable_pid_allocation; alloc_pid, at "PIDNS_ADDING"',
    'man 7 pid_namespaces: The namespace init process',
  ],
  bound: { preemptions: 2 },
  cpus: 2,
  results: ['gone', 'fork'],

  programs: {
    *outside(sys) {
      const { pid } = yield* sys.wait4(INIT);
      sys.check(pid === INIT, `wait4(${INIT}) gave ${errorName(pid)}`);
      sys.result('gone', 1);
      yield* sys.stay();
    },
    *init(_sys) {
      return 0;
    },
    *inside(sys) {
      const child = yield* sys.fork('child', 0, 1);
      sys.result('fork', Math.min(child, 0));
      yield* sys.stay();
    },
    *child(sys) {
      yield* sys.stay();
    },
  },

  setup(setup) {
    const outside = setup.process('outside', { cpu: 0, uid: 0 });
    const init = setup.process('init', { parent: outside, cpu: 0, namespaces: CLONE_NEWPID });
    setup.process('inside', { parent: init, cpu: 1 });
  },

  unfinished: ({ gone }) => (gone === null ? 'the init of the container does not come to its end' : null),

  outcome: ({ gone, fork }) =>
    `${gone === null ? 'init is not gone' : 'all gone'}; fork ${fork === null ? 'was killed' : errorName(fork)}`,
};
