import { ESRCH, errorName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the target: the second process that the setup makes. */
const TARGET = 101;

export const lookupVsFree: Scenario = {
  name: 'lookup-vs-free',
  subject: 'lookup and lifetime',
  title: 'kill(pid, 0) looks up a process that is being released',
  story:
    'A process exits, and as its parent does not wait for its children it is released at once: unhashed, so that nobody ' +
    'finds it any more, and freed. At the same time another process asks with kill(101, 0) whether it is there. The ' +
    'lookup takes no lock. It may have found the pid, or the task, a moment before it was unhashed, and go on to read ' +
    'it: to see its credentials, for instance, to know whether the caller may ask. So what is unhashed must not be freed ' +
    'before all those have finished who may have found it: that is what a grace period of RCU waits for.',
  cast: ['CPU 0: process 100: kill(101, 0)', 'CPU 1: process 101, a child of init, which ignores SIGCHLD: exit(0)'],
  claim: 'no freed memory is touched, and kill says 0 or ESRCH.',
  watch: [
    'find_vpid',
    'pid_task',
    'group_send_sig_info',
    'release_task',
    '__unhash_process',
    'delayed_put_task_struct',
  ],
  patches: [
    {
      name: 'no-rcu-read-lock',
      breaks:
        'the pid is followed outside of any read-side section, though nothing is freed early as long as the kernel is not preemptible',
      kind: 'rcu-usage',
    },
    {
      name: 'put-task-without-grace-period',
      breaks: 'kill reads the credentials of a task that has been freed',
      kind: 'use-after-free',
    },
  ],
  possible: [
    { outcome: 'kill 0', because: 'the process lives, is exiting, or was found before it was unhashed.' },
    { outcome: 'kill -ESRCH', because: 'it was unhashed before.' },
  ],
  learn:
    'To take something out of a list and to free it are two things. In between readers that take no lock must have left: ' +
    'call_rcu frees it when they have.',
  reading: [
    'kernel/exit.c: release_task, delayed_put_task_struct',
    'kernel/pid.c: find_pid_ns, pid_task, free_pid',
    'Documentation/RCU/listRCU.txt',
  ],
  cpus: 2,
  results: ['kill'],

  programs: {
    *prober(sys) {
      const error = yield* sys.kill(TARGET, 0);
      sys.result('kill', error);
      sys.check(error === 0 || error === -ESRCH, `kill(${TARGET}, 0) said ${errorName(error)}`);
    },
    *target() {
      return 0;
    },
  },

  setup(setup) {
    setup.process('prober', { cpu: 0 });
    setup.process('target', { cpu: 1 });
  },

  outcome: ({ kill }) => `kill ${errorName(kill ?? 0)}`,
};
