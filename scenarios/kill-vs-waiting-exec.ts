import { errorName, PTRACE_SEIZE, SIGKILL } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The process that execs, and its second thread. */
const LEADER = 101;
const SIBLING = 102;

export const killVsWaitingExec: Scenario = {
  name: 'kill-vs-waiting-exec',
  subject: 'kill and exec',
  title: 'SIGKILL to a process whose exec waits for a thread that is not released',
  story:
    'A thread calls execve; the other threads of its process are killed, and it waits until the last of them has been ' +
    'released. But a thread that a debugger traces is released by the debugger alone, and this one has something else to do. ' +
    'So exec may wait long. It sleeps in TASK_KILLABLE: no signal wakes it but SIGKILL. When that comes it has to look why ' +
    'it was woken, and give up; otherwise it would go back to sleep, wake at once for the same SIGKILL, and so on for ever.',
  cast: [
    `CPU 0: process 100, the tracer of ${SIBLING}: kill(${LEADER}, SIGKILL), then read() from a pipe`,
    `CPU 1: thread ${LEADER}, which has the other end of the pipe: execve()`,
    `CPU 1: thread ${SIBLING}, traced, runs when ${LEADER} sleeps: in user mode`,
  ],
  claim: 'the process dies, and its end of the pipe is closed.',
  watch: ['de_thread', 'deThreadKilled', 'complete_signal', 'zap_other_threads', '__exit_signal', 'exit_files'],
  patches: [
    { name: 'exec-ignores-kill', breaks: 'exec goes round for ever, and the process does not die', kind: 'livelock' },
  ],
  possible: [{ outcome: 'read 0', because: 'SIGKILL comes before exec, while it waits, or when it is done.' }],
  learn:
    'A wait that can be broken off has two ends, and whoever wakes must ask which it is. A sleep from which nothing can wake ' +
    'a task is a process that cannot be killed.',
  reading: ['fs/exec.c: de_thread, at "killed"', 'include/linux/sched.h: TASK_KILLABLE'],
  cpus: 2,
  results: ['read'],

  programs: {
    *tracer(sys) {
      yield* sys.kill(LEADER, SIGKILL);
      sys.result('read', yield* sys.read(0, new Uint8Array(1)));
      yield* sys.stay();
    },
    *leader(sys) {
      const error = yield* sys.execve('image');
      sys.check(false, `execve gave ${errorName(error)}, and SIGKILL let it come back`);
    },
    *sibling(sys) {
      yield* sys.stay();
    },
    *image(sys) {
      yield* sys.stay();
    },
  },

  setup(setup) {
    const tracer = setup.process('tracer', { cpu: 0 });
    setup.run(tracer, function* (sys) {
      yield* sys.pipe([-1, -1]);
    });
    const leader = setup.process('leader', { parent: tracer, cpu: 1 });
    setup.thread(leader, 'sibling', { cpu: 1 });
    setup.run(tracer, function* (sys) {
      yield* sys.close(1);
      yield* sys.ptrace(PTRACE_SEIZE, SIBLING);
    });
  },

  unfinished: ({ read }) =>
    read === null ? `process ${LEADER} was sent SIGKILL, and has not given up its files` : null,

  outcome: ({ read }) => (read === null ? 'the process does not die' : `read ${read}`),
};
