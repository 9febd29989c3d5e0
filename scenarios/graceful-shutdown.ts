import { EAGAIN, ECHILD, errorName, SIG_BLOCK, SIGCHLD, SIGKILL, SIGTERM } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';

/** The pid of the worker: the second process that the setup makes. */
const WORKER = 101;

export const gracefulShutdown: Scenario = {
  name: 'graceful-shutdown',
  subject: 'exit and wait',
  title: 'a supervisor sends SIGTERM, waits, and sends SIGKILL',
  story:
    'A supervisor stops its worker: it sends SIGTERM, waits a second for SIGCHLD, and sends SIGKILL if none came. The worker ' +
    'has a handler for SIGTERM that cleans up and exits. The second may be over at any moment: before the worker has begun, ' +
    'in the middle of its exit, or when it is dead already and has not been waited for. A kill of a zombie is no error, and ' +
    'its pid cannot have a new owner before wait4.',
  cast: [
    `CPU 0: process 100, the supervisor: kill(${WORKER}, SIGTERM), sigtimedwait({SIGCHLD}, 1 s), kill(${WORKER}, SIGKILL) if ` +
      `the time is over, wait4(${WORKER})`,
    `CPU 1: process ${WORKER}, the worker: a handler for SIGTERM that calls exit(0)`,
  ],
  claim: 'the shutdown ends, the worker has exited or was killed, and nothing is left.',
  watch: ['kill_pid_info', 'rt_sigtimedwait', 'complete_signal', 'do_exit', 'do_notify_parent', 'wait_task_zombie'],
  patches: [],
  possible: [
    { outcome: 'in time, exited', because: 'SIGCHLD comes within the second.' },
    {
      outcome: 'time over, exited',
      because:
        'the second is over, but the worker has exited before SIGKILL reaches it, or is past the point where a signal changes its exit status.',
    },
    { outcome: 'time over, killed', because: 'SIGKILL comes before the worker has called exit.' },
  ],
  impossible: [{ outcome: 'in time, killed', because: 'SIGKILL is sent only when the time is over.' }],
  learn:
    'Wait for a child before you forget its pid, and never after: between its death and wait4 a kill is harmless. Whether the ' +
    'worker had the time it needed is told by its exit status and by nothing else.',
  reading: [
    'kernel/signal.c: kill_pid_info, complete_signal (SIGNAL_GROUP_EXIT); kernel/exit.c: do_group_exit, wait_task_zombie',
    'man 2 kill: NOTES; man 2 sigtimedwait; man 2 wait',
  ],
  cpus: 2,
  results: ['timeout', 'status'],

  programs: {
    *supervisor(sys) {
      sys.check((yield* sys.kill(WORKER, SIGTERM)) === 0, 'kill(SIGTERM) failed');
      const sig = yield* sys.sigtimedwait(sigmask(SIGCHLD), null, { tv_sec: 1, tv_nsec: 0 });
      sys.check(sig === SIGCHLD || sig === -EAGAIN, `sigtimedwait gave ${errorName(sig)}`);
      sys.result('timeout', sig === SIGCHLD ? 0 : 1);
      if (sig !== SIGCHLD) sys.check((yield* sys.kill(WORKER, SIGKILL)) === 0, 'kill(SIGKILL) failed');
      const { pid, status } = yield* sys.wait4(WORKER);
      sys.check(pid === WORKER, `wait4 gave ${errorName(pid)}`);
      sys.check(status === 0 || status === SIGKILL, `the worker ended with status ${status}`);
      sys.check((yield* sys.wait()).pid === -ECHILD, 'something is left');
      sys.result('status', status);
      yield* sys.stay();
    },
    *worker(sys) {
      yield* sys.stay();
    },
  },

  handlers: {
    *onTerm(sys) {
      yield* sys.exit_group(0);
    },
  },

  setup(setup) {
    const supervisor = setup.process('supervisor', { cpu: 0 });
    setup.run(supervisor, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGCHLD));
    });
    const worker = setup.process('worker', { parent: supervisor, cpu: 1 });
    setup.sigaction(worker, SIGTERM, 'onTerm');
  },

  unfinished: ({ status }) => (status === null ? 'the shutdown does not end' : null),

  outcome: ({ timeout, status }) =>
    status === null ? 'no end' : `${timeout === 0 ? 'in time' : 'time over'}, ${status === 0 ? 'exited' : 'killed'}`,
};
