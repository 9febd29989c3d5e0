import { CLONE_SIGHAND, CLONE_VM, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The process that execs; another one shares its handlers. */
const TARGET = 101;

export const execWithSharedHandlers: Scenario = {
  name: 'exec-with-shared-handlers',
  subject: 'kill and exec',
  title: 'a signal to a process that execs, and shares its handlers with another process',
  story:
    'Two processes share one table of handlers (CLONE_SIGHAND), and with it one siglock. One of them calls execve: from then ' +
    'on it has a table of its own, with a lock of its own. A sender reads which table the target has, and takes its lock. If ' +
    'the target changes to its own table in between, the sender holds the wrong lock: so it looks again, and starts over. ' +
    'And the change itself is made with the old lock held, so that it cannot happen under the hands of a sender.',
  cast: [
    `CPU 0: process 100, the sender: kill(${TARGET}, SIGUSR1)`,
    `CPU 1: process ${TARGET}, with a handler for SIGUSR1: execve()`,
    'CPU 1: process 102, which shares the handlers',
  ],
  claim: 'the signal is handled by the old program, or ends the new one; it is not lost.',
  watch: ['__lock_task_sighand', 'unshareSighand', 'flush_signal_handlers', 'complete_signal'],
  patches: [
    {
      name: 'unshare-without-siglock',
      breaks: 'the table is changed under the hands of a sender',
      kind: 'data-race',
    },
  ],
  possible: [
    { outcome: 'handled', because: 'the signal comes before the handlers are reset.' },
    { outcome: 'the new program died', because: 'it comes afterwards, and the default action is to end it.' },
  ],
  learn:
    'A lock that is reached through a pointer protects also that pointer: change it only with the old lock held, and look ' +
    'again when you have the lock.',
  reading: [
    'fs/exec.c: de_thread, at "no_thread_group"',
    'kernel/signal.c: __lock_task_sighand',
    'man 2 clone: CLONE_SIGHAND',
  ],
  cpus: 2,
  results: ['handled'],

  programs: {
    *sender(sys) {
      yield* sys.kill(TARGET, SIGUSR1);
      yield* sys.stay();
    },
    *target(sys) {
      yield* sys.execve('image');
    },
    *sharer(sys) {
      yield* sys.stay();
    },
    *image(sys) {
      yield* sys.getpid();
      yield* sys.stay();
    },
  },

  handlers: {
    *onSignal(sys) {
      sys.result('handled', 1);
    },
  },

  setup(setup) {
    setup.process('sender', { cpu: 0 });
    const target = setup.process('target', { cpu: 1 });
    setup.sigaction(target, SIGUSR1, 'onSignal');
    setup.process('sharer', { parent: target, cpu: 1, namespaces: CLONE_SIGHAND | CLONE_VM });
  },

  outcome: ({ handled }) => (handled === null ? 'the new program died' : 'handled'),
};
