import {
  ESRCH,
  errorName,
  PTRACE_GETREGS,
  PTRACE_TRACEME,
  SIGKILL,
  SIGUSR1,
  signalName,
} from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WIFSTOPPED } from '../src/kernel/waitstatus.js';

/** The pid of the tracee: the second process that the setup makes. */
const TRACEE = 101;

export const traceVsKill: Scenario = {
  name: 'trace-vs-kill',
  subject: 'tracing',
  title: 'SIGKILL comes to a stopped task while its tracer reads its registers',
  story:
    'A debugger looks at a task that has stopped for it. It takes no lock for that: a task that is stopped does not change ' +
    'under the hands of its tracer. But SIGKILL wakes also a stopped one. So ptrace freezes its tracee first: it changes ' +
    'the state from TASK_TRACED, which SIGKILL wakes, to one that nothing wakes, and changes it back when it has looked; ' +
    'if a SIGKILL came meanwhile, it wakes the tracee then.',
  cast: [
    `CPU 0: process 100, the tracer: wait4(${TRACEE}), then ptrace(PTRACE_GETREGS, ${TRACEE})`,
    `CPU 1: process ${TRACEE}, the tracee: stops at a signal that it sends itself`,
    `CPU 1: process 102, which runs when ${TRACEE} has stopped: kill(${TRACEE}, SIGKILL)`,
  ],
  claim: 'the tracer reads a task that does not run, or is told ESRCH; and the task dies.',
  watch: ['ptrace_freeze_traced', 'ptrace_unfreeze_traced', 'getreg', 'ptrace_stop', 'signal_wake_up_state'],
  patches: [{ name: 'no-ptrace-freeze', breaks: 'the tracer reads the registers of a task that runs', kind: 'BUG' }],
  possible: [
    { outcome: 'read, died of SIGKILL', because: 'SIGKILL comes after the read, or while the tracee is frozen.' },
    {
      outcome: 'gone before it was read, died of SIGKILL',
      because: 'SIGKILL comes between wait4 and ptrace, and wakes the tracee.',
    },
    { outcome: 'not read, died of SIGKILL', because: 'SIGKILL comes before the tracer has seen the tracee stop.' },
  ],
  learn:
    'That something is not going on now is no promise that it will not begin. Whoever works on a thing because it stands ' +
    'still must hold it still.',
  reading: [
    'kernel/ptrace.c: ptrace_check_attach, ptrace_freeze_traced, ptrace_unfreeze_traced',
    'kernel/signal.c: signal_wake_up_state, ptrace_stop',
    'man 2 ptrace',
  ],
  cpus: 2,
  results: ['read', 'status'],

  programs: {
    *tracer(sys) {
      const { status } = yield* sys.wait4(TRACEE);
      if (WIFSTOPPED(status)) {
        const result = yield* sys.ptrace(PTRACE_GETREGS, TRACEE, 0, { orig_ax: 0, ax: 0 });
        sys.check(result === 0 || result === -ESRCH, `PTRACE_GETREGS gave ${errorName(result)}`);
        sys.result('read', result);
        sys.result('status', (yield* sys.wait4(TRACEE)).status);
      } else {
        sys.result('status', status);
      }
      yield* sys.stay();
    },
    *tracee(sys) {
      yield* sys.kill(TRACEE, SIGUSR1);
      yield* sys.stay();
    },
    *killer(sys) {
      yield* sys.kill(TRACEE, SIGKILL);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const tracer = setup.process('tracer', { cpu: 0 });
    const tracee = setup.process('tracee', { parent: tracer, cpu: 1 });
    setup.process('killer', { cpu: 1 });
    setup.run(tracee, function* (sys) {
      yield* sys.ptrace(PTRACE_TRACEME, 0);
    });
  },

  unfinished: ({ status }) => (status === null ? `process ${TRACEE} was sent SIGKILL, and lives` : null),

  outcome: ({ read, status }) => {
    const what = read === null ? 'not read' : read === 0 ? 'read' : 'gone before it was read';
    return `${what}, ${status === null ? 'not reaped' : `died of ${signalName(status & 0x7f)}`}`;
  },
};
