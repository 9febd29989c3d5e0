import { MINSIGSTKSZ, SA_NODEFER, SA_ONSTACK, SEGV_MAPERR, SIGSEGV, signalName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WIFSIGNALED, WTERMSIG } from '../src/kernel/waitstatus.js';

/** The pid of the process that faults: the second one that the setup makes. */
const TARGET = 101;
/** Where its alternate stack is. */
const STACK = 0x1000;

export const faultInAHandler: Scenario = {
  name: 'fault-in-a-handler',
  subject: 'delivery',
  title: 'a handler for SIGSEGV faults, and has no stack left, as a thread installs it again',
  story:
    'A program prints where it has crashed: it has a handler for SIGSEGV, on a stack of its own. The handler faults as well, and the ' +
    'stack has no room for a second frame. To send SIGSEGV for that would be of no use: its handler would need the same room. So ' +
    'force_sigsegv first gives SIGSEGV back its default action. At that moment another thread installs the handler, as a library ' +
    'does that has just been loaded. The two stores are ordered by siglock; if the handler is there again, the next frame ' +
    'fails as well, and force_sigsegv takes it away a second time.',
  cast: [
    `CPU 0: process 100, the parent: wait4(${TARGET})`,
    `CPU 1: thread ${TARGET}: faults, and faults again in its handler`,
    'CPU 0: thread 102 of the same process: sigaction(SIGSEGV)',
  ],
  claim: 'the process dies of SIGSEGV.',
  watch: ['force_sigsegv', 'setup_rt_frame', 'force_sig_info_to_task', 'rt_sigaction', 'get_signal'],
  patches: [],
  possible: [
    {
      outcome: 'died of SIGSEGV',
      because: 'the default action is there when the second signal is taken, or the third.',
    },
  ],
  learn:
    'A way out of an error must not need what has just failed. And who clears the way for it has to be able to do so again, where others ' +
    'may block it meanwhile.',
  reading: [
    'kernel/signal.c: force_sigsegv, signal_setup_done',
    'arch/x86/kernel/signal.c: get_sigframe',
    'man 2 sigaltstack',
  ],
  cpus: 2,
  results: ['status'],

  programs: {
    *parent(sys) {
      sys.result('status', (yield* sys.wait4(TARGET)).status);
      yield* sys.stay();
    },
    *target(sys) {
      yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      yield* sys.stay();
    },
    *library(sys) {
      yield* sys.sigaction(SIGSEGV, 'onFault', { flags: SA_ONSTACK | SA_NODEFER });
      yield* sys.stay();
    },
  },

  handlers: {
    *onFault(sys) {
      yield* sys.fault(SIGSEGV, SEGV_MAPERR);
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    const target = setup.process('target', { parent, cpu: 1 });
    setup.sigaction(target, SIGSEGV, 'onFault', { flags: SA_ONSTACK | SA_NODEFER });
    setup.run(target, function* (sys) {
      yield* sys.sigaltstack({ ss_sp: STACK, ss_flags: 0, ss_size: MINSIGSTKSZ });
    });
    setup.thread(target, 'library', { cpu: 0 });
  },

  unfinished: ({ status }) => (status === null ? `process ${TARGET} has faulted in its handler, and lives` : null),

  outcome: ({ status }) =>
    status !== null && WIFSIGNALED(status) ? `died of ${signalName(WTERMSIG(status))}` : `ended with ${status}`,
};
