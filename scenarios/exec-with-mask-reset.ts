import { SIG_BLOCK, SIG_SETMASK, SIGTERM, signalName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { EMPTY_MASK, sigmask } from '../src/kernel/sigset.js';

export const execWithMaskReset: Scenario = {
  name: 'exec-with-mask-reset',
  subject: 'programs',
  title: 'a program is executed with the mask of blocked signals emptied',
  story:
    'The program of exec-with-blocked-signals, put right: the child empties its mask before it executes the server. A ' +
    'SIGTERM that came before that is pending, and is taken at that moment; one that comes later is taken at once.',
  cast: [
    'CPU 0: process 100, the manager, SIGTERM blocked: fork(), kill(child, SIGTERM), wait4(child)',
    'CPU 1: its child: sigprocmask(SIG_SETMASK, {}), execve(); its program has no handlers, and stays in user mode',
  ],
  claim: 'the child dies of SIGTERM, whenever it comes.',
  watch: ['copy_process', 'execve', 'flush_signal_handlers', '__send_signal', 'wants_signal'],
  patches: [],
  possible: [
    {
      outcome: 'the child died of SIGTERM',
      because: 'the signal is pending while it is blocked, and is taken when it is not.',
    },
  ],
  impossible: [
    {
      outcome: 'the child is deaf, and its parent waits',
      because: 'the mask is empty before the program is executed.',
    },
  ],
  learn:
    'Between fork and execve a child puts back what its parent has changed for itself: the mask, ignored signals, ' +
    'open files.',
  reading: ['man 2 execve: Effect on process attributes; man 2 sigprocmask'],
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
      yield* sys.sigprocmask(SIG_SETMASK, EMPTY_MASK);
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

  unfinished: ({ status }) => (status === null ? 'the child was sent SIGTERM, and lives' : null),

  outcome: ({ status }) =>
    status === null ? 'the child is deaf, and its parent waits' : `the child died of ${signalName(status & 0x7f)}`,
};
