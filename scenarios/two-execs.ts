import type { Scenario } from '../src/kernel/scenario.js';

export const twoExecs: Scenario = {
  name: 'two-execs',
  subject: 'kill and exec',
  title: 'two threads of a process call execve at once',
  story:
    'Both threads of a process call execve. The first to take cred_guard_mutex goes on, kills the other, waits until it is ' +
    'gone, and becomes the process. The other waits for the mutex when it is killed, or has not come that far. If the winner ' +
    "is not the leader it takes over the leader's pid, so that from outside nothing tells which thread it was.",
  cast: ["CPU 0: thread 100, the leader: execve('image', 1)", "CPU 1: thread 101: execve('image', 2)"],
  claim: 'exactly one of the two programs runs, alone, as process 100.',
  watch: ['execve', 'de_thread', 'zap_other_threads', '__mutex_lock_common', 'release_task'],
  patches: [],
  possible: [
    { outcome: "the leader's program runs", because: 'the leader has cred_guard_mutex first.' },
    {
      outcome: "the thread's program runs",
      because: 'the thread has cred_guard_mutex first, and takes the pid of the leader over.',
    },
  ],
  impossible: [
    {
      outcome: 'both programs run',
      because:
        'the one who has cred_guard_mutex has told the other to die before it lets the mutex go; and the other looks whether it was before it goes on.',
    },
  ],
  learn:
    'execve is an end for every thread but one. Which one is not decided by who calls first, but by who gets the lock; the ' +
    'loser never learns that it lost.',
  reading: [
    'fs/exec.c: prepare_bprm_creds (cred_guard_mutex), de_thread',
    'man 2 execve: Effect on process attributes',
  ],
  cpus: 2,
  results: ['first', 'second'],

  programs: {
    *leader(sys) {
      yield* sys.execve('image', 1);
      sys.check(false, 'execve returned to the leader');
    },
    *sibling(sys) {
      yield* sys.execve('image', 2);
      sys.check(false, 'execve returned to the sibling');
    },
    *image(sys) {
      sys.result(sys.arg === 1 ? 'first' : 'second', sys.tid);
      sys.check(sys.tid === 100, `the new program is task ${sys.tid}`);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const leader = setup.process('leader', { cpu: 0 });
    setup.thread(leader, 'sibling', { cpu: 1 });
  },

  unfinished: ({ first, second }) => (first === null && second === null ? 'neither execve came to its end' : null),

  outcome: ({ first, second }) =>
    first === null ? "the thread's program runs" : second === null ? "the leader's program runs" : 'both programs run',
};
