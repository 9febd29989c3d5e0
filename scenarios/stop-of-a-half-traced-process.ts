import { PTRACE_SEIZE, SIGSTOP, WUNTRACED } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WIFSTOPPED } from '../src/kernel/waitstatus.js';

/** The process, by its leader, and its second thread, which is traced. */
const LEADER = 101;
const THREAD = 102;

export const stopOfAHalfTracedProcess: Scenario = {
  name: 'stop-of-a-half-traced-process',
  subject: 'tracing',
  title: 'a parent that traces one thread of its child waits for the child to stop',
  story:
    'A parent has seized the second thread of its child, and sleeps in wait4 until the child stops as a whole. SIGSTOP comes; both ' +
    'threads stop, and the last one tells. If that is the leader, it tells the parent of the process. If it is the traced ' +
    'thread, it has two to tell: its tracer of the thread, and the parent of the process. As both are the same here the kernel ' +
    'tells once, and of the thread. But the parent has asked for the process: the callback of its wait sees another number, ' +
    'and does not wake it.',
  cast: [
    `CPU 0: process 100, parent of ${LEADER} and tracer of ${THREAD}: wait4(${LEADER}, WUNTRACED)`,
    `CPU 1: thread ${LEADER}, the leader: kill(${LEADER}, SIGSTOP)`,
    `CPU 2: thread ${THREAD}, traced: stays in user mode`,
  ],
  claim: 'the process has stopped, so wait4 says so. This kernel does not keep it.',
  watch: [
    'ptrace_stop',
    'do_notify_parent_cldstop',
    'child_wait_callback',
    'task_participate_group_stop',
    'wait_task_stopped',
  ],
  patches: [],
  possible: [
    {
      outcome: 'the parent sees the stop',
      because: 'the leader is the last to stop, or the parent looks only when both have stopped.',
    },
  ],
  expected: 'lost-wakeup',
  learn:
    'To tell two who are one person only once is right if both would hear the same. Here they wait for different things, and the ' +
    'one message names only one of them.',
  reading: [
    'kernel/signal.c: ptrace_stop, at "Notify parents of the stop"',
    'kernel/exit.c: child_wait_callback, eligible_pid',
  ],
  cpus: 3,
  results: ['stopped'],

  programs: {
    *parent(sys) {
      const { status } = yield* sys.wait4(LEADER, WUNTRACED);
      sys.result('stopped', WIFSTOPPED(status) ? 1 : 0);
      yield* sys.stay();
    },
    *leader(sys) {
      yield* sys.kill(LEADER, SIGSTOP);
    },
    *traced(sys) {
      yield* sys.stay();
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    const leader = setup.process('leader', { parent, cpu: 1 });
    setup.thread(leader, 'traced', { cpu: 2 });
    setup.run(parent, function* (sys) {
      yield* sys.ptrace(PTRACE_SEIZE, THREAD);
    });
  },

  unfinished: ({ stopped }) =>
    stopped === null
      ? `process ${LEADER} has stopped, and its parent waits for that: it was told only of thread ${THREAD}`
      : null,

  outcome: ({ stopped }) => (stopped === 1 ? 'the parent sees the stop' : 'the parent sees something else'),
};
