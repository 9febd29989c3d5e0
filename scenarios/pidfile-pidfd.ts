import { ESRCH, errorName, SIGTERM, signalName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The cell that stands for the pid file; 0 when the file is not there. */
const PIDFILE = 0;
/** The daemon, and whoever has its pid after it: there is no other pid free. */
const DAEMON = 102;

export const pidfilePidfd: Scenario = {
  name: 'pidfile-pidfd',
  subject: 'programs',
  title: 'a pid is read from a file, opened as a pidfd, and read again',
  story:
    'The program of pidfile-kill, put right. A pidfd stands for one process and never for another. It is opened by number, so ' +
    'the number may be wrong by then; but if the file still has it afterwards, the daemon had not yet removed it when the ' +
    "pidfd was opened, so that the pidfd is the daemon's. The signal goes to the daemon or to nobody.",
  cast: [
    'CPU 0: process 100, the administrator: reads the pid file, pidfd_open(pid), reads the file again, pidfd_send_signal(SIGTERM)',
    'CPU 1: process 101, the parent of the daemon: wait4(102), then forks another process, which gets the pid 102',
    'CPU 1: process 102, the daemon: removes the pid file, exit(0)',
  ],
  claim: 'the daemon gets the signal, or nobody.',
  watch: [
    'kill_pid_info',
    'find_pid_ns',
    'alloc_pid',
    'release_task',
    'wait_task_zombie',
    'pidfd_open',
    'pidfd_send_signal',
  ],
  patches: [],
  possible: [
    { outcome: 'no pid file, the other process exited', because: 'the daemon has removed the file already.' },
    {
      outcome: 'sent, the other process exited',
      because: 'the signal reaches the daemon, or what is left of it before its parent has waited.',
    },
    {
      outcome: '-ESRCH, the other process exited',
      because: 'the file is gone when it is read again, or the daemon is when the signal is sent.',
    },
  ],
  impossible: [
    {
      outcome: 'sent, the other process died of SIGTERM',
      because: 'the file still had the pid after the pidfd was opened: it was opened while the daemon lived.',
    },
  ],
  learn: 'Open first and check then: what was right after the handle was there is right for as long as the handle is.',
  reading: [
    'kernel/pid.c: pidfd_open; kernel/signal.c: pidfd_send_signal',
    'man 2 pidfd_open; man 2 pidfd_send_signal',
  ],
  cpus: 2,
  results: ['file', 'kill', 'other'],

  programs: {
    *administrator(sys) {
      const pid = yield* sys.load(PIDFILE);
      sys.result('file', pid);
      if (pid !== 0) {
        const pidfd = yield* sys.pidfd_open(pid, 0);
        const still = yield* sys.load(PIDFILE);
        if (pidfd >= 0 && still === pid) sys.result('kill', yield* sys.pidfd_send_signal(pidfd, SIGTERM, null, 0));
        else sys.result('kill', -ESRCH);
      }
      yield* sys.stay();
    },
    *parent(sys) {
      yield* sys.wait4(DAEMON);
      const other = yield* sys.fork('other');
      sys.check(other === DAEMON, `fork gave ${other}`);
      const { status } = yield* sys.wait4(other);
      sys.result('other', status);
      yield* sys.stay();
    },
    *daemon(sys) {
      yield* sys.store(PIDFILE, 0);
    },
    *other(sys) {
      yield* sys.step();
    },
  },

  setup(setup) {
    setup.cell(PIDFILE, DAEMON);
    setup.process('administrator', { cpu: 0 });
    const parent = setup.process('parent', { cpu: 1 });
    setup.process('daemon', { parent, cpu: 1 });
    setup.pidMax(DAEMON + 1);
  },

  unfinished: ({ other }) =>
    other === null || other === 0 ? null : 'SIGTERM went to a process that is not the daemon',

  outcome: ({ file, kill, other }) => {
    const sent = file === 0 ? 'no pid file' : `${kill === 0 ? 'sent' : errorName(kill ?? 1)}`;
    return `${sent}, the other process ${other === 0 ? 'exited' : other === null ? 'lives' : `died of ${signalName(other & 0x7f)}`}`;
  },
};
