import { __WALL, PTRACE_SEIZE, SIGSTOP, WUNTRACED } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The process, by its leader, and its second thread, which is traced. */
const LEADER = 101;
const THREAD = 102;

export const groupStopUnderTrace: Scenario = {
  name: 'group-stop-under-trace',
  subject: 'tracing',
  title: 'a process stops, and one of its threads is traced',
  story:
    'SIGSTOP stops a process of two threads, of which a debugger has seized one. The thread that takes the signal tells the other to ' +
    'join the stop, and counts on it: the process has stopped when both have. The traced one is in user mode and traps for its ' +
    'tracer, and that trap is its part of the stop. So two things come to the parent, which is the debugger too: that its child ' +
    'has stopped, and that its tracee is in a trap. Which it sees first depends on who stops last.',
  cast: [
    `CPU 0: process 100, parent of ${LEADER} and tracer of ${THREAD}: twice wait4(-1, WUNTRACED | __WALL)`,
    `CPU 1: thread ${LEADER}, the leader: kill(${LEADER}, SIGSTOP)`,
    `CPU 2: thread ${THREAD}, traced: stays in user mode`,
  ],
  claim: 'the parent sees both stops.',
  watch: ['beginGroupStop', 'ptrace_trap_notify', 'ptrace_stop', 'task_participate_group_stop', 'wait_task_stopped'],
  patches: [
    {
      name: 'stop-without-trap-notify',
      breaks: 'the traced thread does not hear of the stop, and the process never comes to it',
      kind: 'hung-task',
    },
  ],
  possible: [
    {
      outcome: 'first the process, then the thread',
      because: 'the thread stops last, or the parent looks only when both have stopped.',
    },
    {
      outcome: 'first the thread, then the process',
      because: 'the leader stops last, and the parent looks before that.',
    },
  ],
  learn:
    'Who counts on others to join has to tell every one of them, in the way that works for that one; and each way to join has to ' +
    'be counted.',
  reading: ['kernel/signal.c: do_signal_stop, ptrace_stop, task_participate_group_stop', 'man 2 ptrace: Group-stop'],
  cpus: 3,
  results: ['first', 'second'],

  programs: {
    *parent(sys) {
      sys.result('first', (yield* sys.wait4(-1, WUNTRACED | __WALL)).pid);
      sys.result('second', (yield* sys.wait4(-1, WUNTRACED | __WALL)).pid);
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

  unfinished: ({ first, second }) =>
    second === null
      ? `process ${LEADER} was sent SIGSTOP, and its parent has seen ${first === null ? 'no' : 'one'} stop of two`
      : null,

  outcome: ({ first, second }) => {
    const who = (pid: number | null): string =>
      pid === LEADER ? 'the process' : pid === THREAD ? 'the thread' : `${pid}`;
    return `first ${who(first)}, then ${who(second)}`;
  },
};
