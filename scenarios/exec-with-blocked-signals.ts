import { SIG_BLOCK, SIGTERM, signalName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';

export const execWithBlockedSignals: Scenario = {
  name: 'exec-with-blocked-signals',
  subject: 'programs',
  title: 'a program is executed with a signal blocked',
  story:
    'A manager has SIGTERM blocked, for it takes the signal with signalfd or sigwaitinfo. It forks and executes a server. The ' +
    'mask of blocked signals goes through fork and through execve: handlers are reset for a new program, the mask ' +
    'is not. So the server starts with SIGTERM blocked, knows nothing of it, and cannot be stopped by SIGTERM. See ' +
    'exec-with-mask-reset.',
  cast: [
    'CPU 0: process 100, the manager, SIGTERM blocked: fork(), kill(child, SIGTERM), wait4(child)',
    'CPU 1: its child: execve(); its program has no handlers, and stays in user mode',
  ],
  claim: 'the server never dies of SIGTERM, in no schedule.',
  watch: ['copy_process', 'execve', 'flush_signal_handlers', '__send_signal', 'wants_signal'],
  patches: [],
  possible: [
    { outcome: 'the child is deaf, and its parent waits', because: 'the mask is inherited, whatever the order.' },
  ],
  impossible: [
    { outcome: 'the child died of SIGTERM', because: 'it was blocked before fork, and nobody unblocks it.' },
  ],
  learn:
    'What a new program inherits: its pid, its mask, what is pending, what is ignored. What it does not: handlers. ' +
    "Whoever starts another's program cleans up first.",
  reading: [
    'man 2 execve: Effect on process attributes; man 2 fork',
    'fs/exec.c: setup_new_exec (flush_signal_handlers)',
  ],
  cpus: 2,
  results: ['kill', 'status'],

  programs: {
    *manager(sys) {
      const child = yield* sys.fork('child', 0, 1);
      const error = yield* sys.kill(child, SIGTERM);
      sys.result('kill', error);
      sys.check(error === 0, 'kill of the child failed');
      sys.result('status', (yield* sys.wait4(child)).status);
      yield* sys.stay();
    },
    *child(sys) {
      yield* sys.execve('image');
    },
    *image(sys) {
      yield* sys.stay();
    },
  },

  setup(setup) {
    const manager = setup.process('manager', { cpu: 0 });
    setup.run(manager, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGTERM));
    });
  },

  outcome: ({ status }) =>
    status === null ? 'the child is deaf, and its parent waits' : `the child died of ${signalName(status & 0x7f)}`,
};
