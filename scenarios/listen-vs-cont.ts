import {
  PTRACE_CONT,
  PTRACE_EVENT_STOP,
  PTRACE_LISTEN,
  PTRACE_SEIZE,
  SIGCONT,
  SIGSTOP,
  WUNTRACED,
} from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WEXITSTATUS, WIFEXITED, WIFSTOPPED, WSTOPSIG } from '../src/kernel/waitstatus.js';

/** The pid of the job: the second process that the setup makes. */
const JOB = 101;
const CODE = 5;

export const listenVsCont: Scenario = {
  name: 'listen-vs-cont',
  subject: 'tracing',
  title: 'SIGCONT comes as a tracer leaves a stopped process to its stop',
  story:
    'strace follows a job that SIGSTOP has stopped. It must not set it going, for the stop is none of its business; nor may it ' +
    'keep the job when SIGCONT comes. So it says PTRACE_LISTEN: stay as you are, and tell me when that changes. SIGCONT then ' +
    'has the job trap once more, and strace lets it go. But SIGCONT may come before strace has said so, when the job is ' +
    'stopped for its tracer and nothing but the tracer may wake it. It leaves a mark then, JOBCTL_TRAP_NOTIFY, and ' +
    'PTRACE_LISTEN looks whether there is one.',
  cast: [
    `CPU 0: process 100, parent and tracer: wait4(${JOB}, WUNTRACED), fork(), PTRACE_SEIZE; then PTRACE_LISTEN at a stop of the job, PTRACE_CONT at any other`,
    `CPU 0: process ${JOB}, the job: kill(${JOB}, SIGSTOP), then exit(5)`,
    `CPU 1: process 102, which the tracer forks: kill(${JOB}, SIGCONT)`,
  ],
  claim: 'SIGCONT was sent last, so the job goes on, and ends.',
  watch: ['wakeStopped', 'ptrace_trap_notify', 'ptraceSeized', 'do_jobctl_trap', 'ptrace_stop'],
  patches: [
    {
      name: 'cont-without-trap-notify',
      breaks: 'nobody tells the tracer of SIGCONT, and the job stays stopped',
      kind: 'hung-task',
    },
    {
      name: 'listen-ignores-notify',
      breaks: 'a SIGCONT that came before PTRACE_LISTEN is never told',
      kind: 'hung-task',
    },
  ],
  possible: [{ outcome: 'exited with 5', because: 'SIGCONT came before the tracer, or the tracer was told of it.' }],
  learn:
    'Whoever goes to sleep until something changes has to look, at the moment it does so and not before, whether it has ' +
    'changed already. It is the rule of every condition variable, here between two processes and a system call apart.',
  reading: [
    'kernel/ptrace.c: ptrace_request, at "PTRACE_LISTEN"',
    'kernel/signal.c: ptrace_trap_notify, prepare_signal, do_jobctl_trap',
    'man 2 ptrace: Group-stop, PTRACE_LISTEN',
  ],
  cpus: 2,
  results: ['status'],

  programs: {
    *tracer(sys) {
      yield* sys.wait4(JOB, WUNTRACED);
      yield* sys.fork('other', 0, 1);
      yield* sys.ptrace(PTRACE_SEIZE, JOB);
      for (;;) {
        const { status } = yield* sys.wait4(JOB);
        if (!WIFSTOPPED(status)) {
          sys.result('status', status);
          break;
        }
        const event = status >> 16 === PTRACE_EVENT_STOP;
        const ofTheJob = event && WSTOPSIG(status) === SIGSTOP;
        yield* sys.ptrace(ofTheJob ? PTRACE_LISTEN : PTRACE_CONT, JOB, 0, event ? 0 : WSTOPSIG(status));
      }
    },
    *job(sys) {
      yield* sys.kill(JOB, SIGSTOP);
      return CODE;
    },
    *other(sys) {
      yield* sys.kill(JOB, SIGCONT);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const parent = setup.process('tracer', { cpu: 0 });
    setup.process('job', { parent, cpu: 0 });
  },

  unfinished: ({ status }) =>
    status === null ? `process ${JOB} was sent SIGCONT last, and its tracer waits for it for ever` : null,

  outcome: ({ status }) =>
    status !== null && WIFEXITED(status) ? `exited with ${WEXITSTATUS(status)}` : `ended with ${status}`,
};
