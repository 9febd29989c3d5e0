import { PTRACE_SEIZE } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The process that execs, and its second thread. */
const LEADER = 101;
const SIBLING = 102;

export const execVsAttach: Scenario = {
  name: 'exec-vs-attach',
  subject: 'tracing',
  title: 'a tracer attaches to a thread that is in execve',
  story:
    'A debugger traces one thread of a process and attaches to the other, which calls execve at that moment. exec holds ' +
    'cred_guard_mutex from its beginning to its end, so that the credentials of the new program and a tracer cannot cross. ' +
    'It kills the other thread and waits until that is released. But a traced thread that has died is released only when ' +
    'its tracer has waited for it, and the tracer does not wait: it is in ptrace(PTRACE_SEIZE), and sleeps on cred_guard_mutex.',
  cast: [
    `CPU 0: process 100, the tracer of ${SIBLING}: ptrace(PTRACE_SEIZE, ${LEADER})`,
    `CPU 1: thread ${LEADER}, the leader: execve()`,
    `CPU 2: thread ${SIBLING}, traced: stays in user mode`,
  ],
  claim: 'the attach comes to an end, and so does exec. This kernel does not keep it.',
  watch: ['ptrace_attach', '__mutex_lock_common', 'execve', 'de_thread', 'exit_notify'],
  patches: [],
  possible: [
    {
      outcome: 'attached, exec done',
      because: 'the tracer has cred_guard_mutex before exec begins, or exec is done by then.',
    },
  ],
  expected: 'hung-task',
  learn:
    'A wait for something that only another task can do is a lock, though no lock is taken: it belongs in the order of ' +
    'locks. Here the cycle goes through a mutex, through the death of a thread, and through wait4 in user mode.',
  reading: [
    'kernel/ptrace.c: ptrace_attach, which takes cred_guard_mutex',
    'fs/exec.c: de_thread, which waits for threads that only their tracer can release',
    'kernel/exit.c: exit_notify, for a thread that is traced',
    'man 2 ptrace: BUGS',
  ],
  cpus: 3,
  results: ['attach', 'exec'],

  programs: {
    *tracer(sys) {
      sys.result('attach', yield* sys.ptrace(PTRACE_SEIZE, LEADER));
      // What any tracer does next.
      for (;;) if ((yield* sys.wait()).pid < 0) break;
      yield* sys.stay();
    },
    *leader(sys) {
      yield* sys.execve('image');
    },
    *sibling(sys) {
      yield* sys.stay();
    },
    *image(sys) {
      sys.result('exec', 1);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const tracer = setup.process('tracer', { cpu: 0 });
    const leader = setup.process('leader', { cpu: 1 });
    setup.thread(leader, 'sibling', { cpu: 2 });
    setup.run(tracer, function* (sys) {
      yield* sys.ptrace(PTRACE_SEIZE, SIBLING);
    });
  },

  unfinished: ({ attach, exec }) =>
    exec === null || attach === null
      ? `tracer 100 waits for cred_guard_mutex, which ${LEADER} holds in execve; ${LEADER} waits until ${SIBLING} is released; ` +
        `${SIBLING} is dead, and is released when its tracer 100 waits for it`
      : null,

  outcome: ({ attach, exec }) =>
    attach === null || exec === null ? 'deadlock' : attach === 0 ? 'attached, exec done' : 'not attached, exec done',
};
