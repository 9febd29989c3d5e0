import { errorName, PTRACE_SEIZE } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The process: its leader, which is traced, and the thread that calls execve. */
const LEADER = 101;

export const execUnderTrace: Scenario = {
  name: 'exec-under-trace',
  subject: 'tracing',
  title: 'a thread calls execve while a tracer waits for the leader of its process',
  story:
    'A tracer has seized the leader of a process, and sleeps in wait4 for it. The other thread of the process calls execve. ' +
    'That kills the leader; but a dead leader is not reported while its process has other threads, so the tracer looks ' +
    'and sleeps again. The thread then takes over the number of the leader, and releases the leader without asking ' +
    'anybody. The tracer waits for a task that is gone: exec has to wake it, so that it sees that there is nobody left.',
  cast: [
    `CPU 0: process 100, the tracer: wait4(${LEADER})`,
    `CPU 1: thread ${LEADER}, the leader, traced: stays in user mode`,
    'CPU 2: thread 102: execve()',
  ],
  claim:
    'the tracer is told ECHILD: what it has traced is gone, and it does not trace the thread that has taken its number.',
  watch: ['takeOverLeader', '__wake_up_parent', 'wait_consider_task', 'exit_notify', 'do_wait'],
  patches: [
    { name: 'exec-wakes-no-tracer', breaks: 'the tracer waits for ever for a task that is gone', kind: 'lost-wakeup' },
  ],
  possible: [{ outcome: 'wait4 -ECHILD', because: 'exec has released the leader.' }],
  impossible: [{ outcome: 'wait4 reaped the leader', because: 'a leader is not reported while it has other threads.' }],
  learn:
    'Whoever takes away what somebody waits for has to wake him, as much as whoever brings it. A wait has two ends: that it comes, ' +
    'and that it never will.',
  reading: [
    'fs/exec.c: de_thread, at "We are going to release_task()->ptrace_unlink()"',
    'kernel/exit.c: wait_consider_task, delay_group_leader',
  ],
  cpus: 3,
  results: ['wait', 'exec'],

  programs: {
    *tracer(sys) {
      const child = yield* sys.wait4(LEADER);
      sys.result('wait', child.pid);
      yield* sys.stay();
    },
    *leader(sys) {
      yield* sys.stay();
    },
    *execer(sys) {
      yield* sys.execve('image');
    },
    *image(sys) {
      sys.result('exec', 1);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const tracer = setup.process('tracer', { cpu: 0 });
    const leader = setup.process('leader', { cpu: 1 });
    setup.thread(leader, 'execer', { cpu: 2 });
    setup.run(tracer, function* (sys) {
      yield* sys.ptrace(PTRACE_SEIZE, LEADER);
    });
  },

  unfinished: ({ wait, exec }) =>
    wait === null
      ? 'the tracer waits for a task that is gone'
      : exec === null
        ? 'execve does not come to an end'
        : null,

  outcome: ({ wait }) => (wait === LEADER ? 'wait4 reaped the leader' : `wait4 ${errorName(wait ?? 0)}`),
};
