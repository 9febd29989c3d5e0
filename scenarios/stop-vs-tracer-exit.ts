import { PTRACE_SEIZE, SIGCHLD } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the tracee: the second process that the setup makes. */
const TRACEE = 101;

export const stopVsTracerExit: Scenario = {
  name: 'stop-vs-tracer-exit',
  subject: 'tracing',
  title: 'a tracee stops for a tracer that exits',
  story:
    'A traced process stops at every signal, tells its tracer, and sleeps until the tracer lets it go. At that moment the debugger ' +
    'exits. It lets go of its tracees, and wakes those that have stopped. The process sets its state first and looks then, with ' +
    'tasklist_lock held, whether it has a tracer still: if not it does not stop; if so the tracer cannot go before it has been ' +
    'told, and wakes the process when it goes.',
  cast: [
    'CPU 1: process 100, the tracer: exit(0)',
    `CPU 0: process ${TRACEE}, the tracee: kill(${TRACEE}, SIGCHLD), which it ignores`,
  ],
  claim: 'the tracee goes on.',
  watch: ['ptrace_stop', 'may_ptrace_stop', 'do_notify_parent_cldstop', 'exit_ptrace', '__ptrace_unlink'],
  patches: [
    {
      name: 'ptrace-stop-without-tasklist',
      breaks: 'the tracee tells a tracer that is gone',
      kind: 'use-after-free',
    },
    { name: 'unlink-wakes-nobody', breaks: 'the tracee stays stopped for a tracer that is gone', kind: 'hung-task' },
  ],
  possible: [{ outcome: 'the tracee goes on', because: 'it does not stop, or its tracer lets it go.' }],
  learn:
    'Who waits to be let go by another must be sure that the other cannot leave without doing so: state first, then the look, and a ' +
    'lock under which the other leaves.',
  reading: ['kernel/signal.c: ptrace_stop', 'kernel/ptrace.c: __ptrace_unlink, exit_ptrace'],
  cpus: 2,
  results: ['on'],

  programs: {
    *tracer() {
      return 0;
    },
    *tracee(sys) {
      yield* sys.kill(TRACEE, SIGCHLD);
      sys.result('on', 1);
    },
  },

  setup(setup) {
    const tracer = setup.process('tracer', { cpu: 1 });
    setup.process('tracee', { cpu: 0 });
    setup.run(tracer, function* (sys) {
      yield* sys.ptrace(PTRACE_SEIZE, TRACEE);
    });
  },

  unfinished: ({ on }) => (on === null ? `process ${TRACEE} has stopped for a tracer that is gone` : null),

  outcome: ({ on }) => (on === 1 ? 'the tracee goes on' : 'the tracee does not go on'),
};
