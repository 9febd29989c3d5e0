import { ESRCH, errorName, SIGTERM, signalName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The cell that stands for the pid file; 0 when the file is not there. */
const PIDFILE = 0;
/** The daemon, and whoever has its pid after it: there is no other pid free. */
const DAEMON = 102;

export const pidfileKill: Scenario = {
  name: 'pidfile-kill',
  subject: 'programs',
  title: 'a pid is read from a file, and its process has been replaced',
  story:
    'A daemon writes its pid to a file, and removes the file before it exits. An administrator reads the pid and sends it ' +
    'SIGTERM. Between the two the daemon may exit and its parent wait for it; then the number is free, and the next process ' +
    'gets it. The signal goes to that one. See pidfile-pidfd.',
  cast: [
    'CPU 0: process 100, the administrator: reads the pid file, kill(pid, SIGTERM)',
    'CPU 1: process 101, the parent of the daemon: wait4(102), then forks another process, which gets the pid 102',
    'CPU 1: process 102, the daemon: removes the pid file, exit(0)',
  ],
  claim: 'the daemon gets the signal, or nobody, or a process that has nothing to do with it: all happen.',
  watch: ['kill_pid_info', 'find_pid_ns', 'alloc_pid', 'release_task', 'wait_task_zombie'],
  patches: [],
  possible: [
    { outcome: 'no pid file, the other process exited', because: 'the daemon has removed the file already.' },
    {
      outcome: 'sent, the other process exited',
      because: 'the signal reaches the daemon, or what is left of it before its parent has waited.',
    },
    { outcome: '-ESRCH, the other process exited', because: 'the pid is free at that moment.' },
    { outcome: 'sent, the other process died of SIGTERM', because: 'the pid has a new owner.' },
  ],
  learn:
    'A pid is a name and not a handle: it means who has it now. Only the parent knows that it has not changed hands, ' +
    'for as long as it has not waited.',
  reading: ['kernel/pid.c: alloc_pid, free_pid', 'man 2 pidfd_open; man 5 proc: /proc/sys/kernel/pid_max'],
  cpus: 2,
  results: ['file', 'kill', 'other'],

  programs: {
    *administrator(sys) {
      const pid = yield* sys.load(PIDFILE);
      sys.result('file', pid);
      if (pid !== 0) {
        const error = yield* sys.kill(pid, SIGTERM);
        sys.result('kill', error);
        sys.check(error === 0 || error === -ESRCH, `kill gave ${errorName(error)}`);
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

  outcome: ({ file, kill, other }) => {
    const sent = file === 0 ? 'no pid file' : `${kill === 0 ? 'sent' : errorName(kill ?? 1)}`;
    return `${sent}, the other process ${other === 0 ? 'exited' : other === null ? 'lives' : `died of ${signalName(other & 0x7f)}`}`;
  },
};
