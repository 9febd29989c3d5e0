import {
  CLONE_NEWPID,
  EAGAIN,
  errorName,
  SIG_BLOCK,
  SIGCHLD,
  SIGKILL,
  SIGTERM,
  signalName,
} from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';

/** The container's init, as its parent outside sees it. */
const INIT = 101;

export const containerInit: Scenario = {
  name: 'container-init',
  subject: 'credentials and containers',
  title: 'docker stop against an init without handlers',
  story:
    'The first process of a pid namespace is its init, and is protected: a signal whose action is the default does nothing to ' +
    'it. From inside that holds for SIGKILL too. From the namespace outside SIGKILL gets through, but SIGTERM does not: so a ' +
    'container whose main program has no handler for SIGTERM lets its stop time out, and is killed. With init ' +
    'everything in the namespace dies.',
  cast: [
    `CPU 0: process 100, outside: kill(${INIT}, SIGTERM), waits ten seconds for SIGCHLD, kill(${INIT}, SIGKILL), wait4(${INIT})`,
    `CPU 0: process ${INIT}, the init of a pid namespace: pause(), no handlers`,
    'CPU 1: process 2 of the namespace: kill(1, SIGTERM), kill(1, SIGKILL)',
  ],
  claim:
    'no signal from inside and no SIGTERM from outside ends init; SIGKILL from outside ends it and all that is in its namespace.',
  watch: ['sig_task_ignored', 'send_signal', 'prepare_signal', 'complete_signal', 'zap_pid_ns_processes'],
  patches: [],
  possible: [
    {
      outcome: 'init died of SIGKILL, after both signals from inside',
      because: 'the ten seconds are long enough for the signals from inside, which init survives.',
    },
    {
      outcome: 'init died of SIGKILL, and the process inside before it had sent both signals',
      because: 'the process inside is killed with its namespace before it has sent both.',
    },
  ],
  learn:
    'A program that is to be process 1 of a container installs a handler for SIGTERM; the default action is not there for it.',
  reading: [
    'kernel/signal.c: sig_task_ignored, send_signal (force), get_signal (SIGNAL_UNKILLABLE)',
    'kernel/pid_namespace.c: zap_pid_ns_processes',
    'man 7 pid_namespaces: The namespace init process',
  ],
  cpus: 2,
  results: ['wait', 'status', 'inside'],

  programs: {
    *outside(sys) {
      sys.check((yield* sys.kill(INIT, SIGTERM)) === 0, 'kill(init, SIGTERM) from outside failed');
      const sig = yield* sys.sigtimedwait(sigmask(SIGCHLD), null, { tv_sec: 10, tv_nsec: 0 });
      sys.result('wait', sig);
      sys.check(sig === -EAGAIN, `sigtimedwait gave ${errorName(sig)}: init is dead before it was sent SIGKILL`);
      sys.check((yield* sys.kill(INIT, SIGKILL)) === 0, 'kill(init, SIGKILL) from outside failed');
      const { status } = yield* sys.wait4(INIT);
      sys.result('status', status);
      sys.check(status === SIGKILL, `init ended with status ${status}`);
      yield* sys.stay();
    },
    *init(sys) {
      for (;;) yield* sys.pause();
    },
    *inside(sys) {
      const term = yield* sys.kill(1, SIGTERM);
      const kill = yield* sys.kill(1, SIGKILL);
      sys.check(term === 0 && kill === 0, `from inside kill gave ${errorName(term)} and ${errorName(kill)}`);
      sys.result('inside', 1);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const outside = setup.process('outside', { cpu: 0, uid: 0 });
    setup.run(outside, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGCHLD));
    });
    const init = setup.process('init', { parent: outside, cpu: 0, namespaces: CLONE_NEWPID, blocked: true });
    setup.process('inside', { parent: init, cpu: 1 });
  },

  unfinished: ({ status }) => (status === null ? 'init was sent SIGKILL from outside, and lives' : null),

  outcome: ({ status, inside }) =>
    `${status === null ? 'init lives' : `init died of ${signalName(status & 0x7f)}`}, ` +
    `${inside === null ? 'and the process inside before it had sent both signals' : 'after both signals from inside'}`,
};
