import { SEGV_MAPERR, SIG_BLOCK, SIGSEGV, signalName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';
import { WIFSIGNALED, WTERMSIG } from '../src/kernel/waitstatus.js';

/** The pid of the process that faults: the second one that the setup makes. */
const TARGET = 101;

export const faultVsKill: Scenario = {
  name: 'fault-vs-kill',
  subject: 'delivery',
  title: 'a thread that blocks SIGSEGV faults as somebody sends it SIGSEGV',
  story:
    'A program has blocked SIGSEGV. One that is sent to it waits in its queue. But a fault cannot wait: the instruction cannot be made, ' +
    'and what comes after it must not be. So the kernel forces the signal: it unblocks it, gives it back its default action, and ' +
    'sends it. A signal below 32 is queued once or not at all: if the other has come before, there is nothing to queue, and nobody ' +
    'to tell, for whoever queued it found it blocked. So after unblocking it the kernel looks again whether there is something to take.',
  cast: [
    `CPU 0: process 100, the parent: tgkill(${TARGET}, ${TARGET}, SIGSEGV), then wait4(${TARGET})`,
    `CPU 1: process ${TARGET}, which blocks SIGSEGV: an instruction that faults`,
  ],
  claim: 'the process dies of SIGSEGV, and does nothing after the fault.',
  watch: [
    'force_sig_info_to_task',
    'recalc_sigpending_and_wake',
    '__send_signal',
    'complete_signal',
    'dequeue_synchronous_signal',
  ],
  patches: [
    {
      name: 'fault-without-recalc',
      breaks: 'the signal of the fault is taken to be pending already, and the program goes on past it',
      kind: 'lost-wakeup',
    },
  ],
  possible: [{ outcome: 'died of SIGSEGV', because: 'the fault unblocks the signal, whoever has sent it.' }],
  learn:
    'What was put aside because it could not be taken has to be looked at whenever that changes. Whoever lifts a block owes the look.',
  reading: [
    'kernel/signal.c: force_sig_info_to_task, recalc_sigpending_and_wake, legacy_queue',
    'man 2 sigprocmask: NOTES',
  ],
  cpus: 2,
  results: ['status'],

  programs: {
    *parent(sys) {
      yield* sys.tgkill(TARGET, TARGET, SIGSEGV);
      sys.result('status', (yield* sys.wait4(TARGET)).status);
      yield* sys.stay();
    },
    *target(sys) {
      yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    const target = setup.process('target', { parent, cpu: 1 });
    setup.run(target, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGSEGV));
    });
  },

  unfinished: ({ status }) => (status === null ? `process ${TARGET} has faulted, and lives` : null),

  outcome: ({ status }) =>
    status !== null && WIFSIGNALED(status) ? `died of ${signalName(WTERMSIG(status))}` : `ended with ${status}`,
};
