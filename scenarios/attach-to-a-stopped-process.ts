import { errorName, PTRACE_ATTACH, SIGKILL, SIGSTOP, signalName, WNOHANG, WUNTRACED } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WIFSIGNALED, WIFSTOPPED, WSTOPSIG, WTERMSIG } from '../src/kernel/waitstatus.js';

/** The pid of the target: the second process that the setup makes. */
const TARGET = 101;
/** The cell that says that it is being killed. */
const KILLED = 0;

export const attachToAStoppedProcess: Scenario = {
  name: 'attach-to-a-stopped-process',
  subject: 'tracing',
  title: 'a debugger attaches to a process that a signal has stopped, and SIGKILL comes',
  story:
    'A process that SIGSTOP has stopped is in TASK_STOPPED, where SIGCONT wakes it; one that has stopped for its tracer is in ' +
    'TASK_TRACED. When a debugger attaches to a stopped process, the kernel wakes the process so that it goes from the one ' +
    'state to the other, and for a moment it runs. The debugger must not see that moment: it knows that the process is ' +
    'stopped, and asks wait4 with WNOHANG, which does not wait. So attaching sets JOBCTL_TRAPPING and sleeps until the ' +
    'process is in its trap and clears it. A process that SIGKILL ends on the way there never comes to its trap: who kills ' +
    'it has to clear the bit, or the debugger sleeps for ever.',
  cast: [
    `CPU 0: process 100, parent and debugger: wait4(${TARGET}, WUNTRACED), fork(), ptrace(PTRACE_ATTACH, ${TARGET}), wait4(${TARGET}, WNOHANG)`,
    `CPU 0: process ${TARGET}: kill(${TARGET}, SIGSTOP)`,
    `CPU 1: process 102, which the debugger forks: kill(${TARGET}, SIGKILL)`,
  ],
  claim:
    'after PTRACE_ATTACH wait4 finds the process stopped at once, unless it has been killed; and PTRACE_ATTACH comes to an end.',
  watch: ['attachLocked', 'wait_on_bit', 'task_clear_jobctl_trapping', 'wake_up_bit', 'clearJobctl', 'ptrace_stop'],
  patches: [
    {
      name: 'attach-without-trapping',
      breaks:
        'the debugger finds a process that is on its way from one stop to the other, and is told that nothing has stopped',
      kind: 'invariant',
    },
    {
      name: 'kill-leaves-trapping',
      breaks: 'the debugger waits for ever for the trap of a process that is dead',
      kind: 'hung-task',
    },
  ],
  possible: [
    { outcome: 'stopped by SIGSTOP, died of SIGKILL', because: 'SIGKILL comes after the debugger has looked.' },
    {
      outcome: 'on its way to its end, died of SIGKILL',
      because:
        'SIGKILL wakes the process on its way to the trap, or there, and it has not ended when the debugger looks.',
    },
    { outcome: 'died of SIGKILL', because: 'the process has ended when the debugger looks.' },
  ],
  learn:
    'A change of state that takes more than one step has a moment in between. If others must not see it, they have to wait for ' +
    'its end, and then whoever can prevent that end has to let them go.',
  reading: [
    'kernel/ptrace.c: ptrace_attach, at "task_is_stopped"',
    'kernel/signal.c: task_clear_jobctl_trapping, and who calls it',
    'include/linux/sched/jobctl.h',
  ],
  cpus: 2,
  results: ['found', 'status'],

  programs: {
    *debugger(sys) {
      yield* sys.wait4(TARGET, WUNTRACED);
      yield* sys.fork('killer', 0, 1);
      const attach = yield* sys.ptrace(PTRACE_ATTACH, TARGET);
      sys.check(attach === 0, `PTRACE_ATTACH gave ${errorName(attach)}`);
      let child = yield* sys.wait4(TARGET, WNOHANG);
      const found = child.pid === TARGET;
      sys.check(found || (yield* sys.load(KILLED)) === 1, `process ${TARGET} is stopped, and wait4 found nothing`);
      sys.result('found', found ? child.status : 0);
      if (!found || WIFSTOPPED(child.status)) child = yield* sys.wait4(TARGET);
      sys.result('status', child.status);
      yield* sys.stay();
    },
    *target(sys) {
      yield* sys.kill(TARGET, SIGSTOP);
      yield* sys.stay();
    },
    *killer(sys) {
      yield* sys.store(KILLED, 1);
      yield* sys.kill(TARGET, SIGKILL);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const parent = setup.process('debugger', { cpu: 0 });
    setup.process('target', { parent, cpu: 0 });
  },

  unfinished: ({ found, status }) => {
    if (status !== null) return null;
    return found === null
      ? `the debugger waits for the trap of ${TARGET} for ever`
      : `the debugger waits for ${TARGET} for ever`;
  },

  outcome: ({ found, status }) => {
    const end = status !== null && WIFSIGNALED(status) ? `died of ${signalName(WTERMSIG(status))}` : 'not reaped';
    if (found === null) return end;
    if (WIFSTOPPED(found)) return `stopped by ${signalName(WSTOPSIG(found))}, ${end}`;
    return found === 0 ? `on its way to its end, ${end}` : end;
  },
};
