import { ESRCH, errorName, SIGUSR1, SIGUSR2 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the target: the third process that the setup makes. */
const TARGET = 102;

function reached(error: number | null, another: number | null): string {
  if (another !== null) return 'another process';
  return error === -ESRCH ? 'nobody' : 'the target';
}

export const pidReuse: Scenario = {
  name: 'pid-reuse',
  subject: 'lookup and lifetime',
  title: 'kill(2) by number after the number has a new owner',
  story:
    'A manager remembers the pid of a server, to send it a signal some day. The server dies, its parent waits for it and ' +
    'starts another process, and as pids are short here that one gets the same number. The manager, who knows nothing of ' +
    'this, sends SIGUSR1 to the number: the wrong process gets it. No lock in the kernel can help, for the number was ' +
    'right when the manager learned it. A pidfd does not stand for a number but for the process that had it: the manager ' +
    'opened one in time, sends SIGUSR2 through that, and hits the server or nobody.',
  cast: [
    'CPU 0: process 100, the manager, with a pidfd of process 102: kill(102, SIGUSR1), then pidfd_send_signal(pidfd, SIGUSR2)',
    'CPU 1: process 101, the parent: wait4(102), then fork(); pids are 100 to 102',
    'CPU 2: process 102, the server: exit(0); later the new process, which handles both signals',
  ],
  claim: 'a signal by number may hit another process that has the number by now; one through a pidfd never does.',
  watch: ['find_vpid', 'alloc_pid', 'free_pid', 'pidfd_send_signal', 'kill_pid_info'],
  patches: [],
  possible: [
    { outcome: 'by number the target, by pidfd the target', because: 'it was alive or a zombie both times.' },
    { outcome: 'by number the target, by pidfd nobody', because: 'its parent had waited for it in between.' },
    { outcome: 'by number nobody, by pidfd nobody', because: 'its parent had waited for it, and the number was free.' },
    {
      outcome: 'by number another process, by pidfd nobody',
      because: 'the number was given to the new process before the manager used it.',
    },
  ],
  impossible: [
    {
      outcome: 'by number another process, by pidfd another process',
      because: 'the pidfd holds the struct pid of the server, which no other task is ever attached to.',
    },
  ],
  learn:
    'A pid is a name that is given again. Only a parent can be sure whom it means, as long as it has not waited. Everybody ' +
    'else needs a handle: a pidfd, opened while the process was certainly the right one.',
  reading: [
    'kernel/pid.c: alloc_pid, which goes through the numbers in a circle, and free_pid',
    'kernel/signal.c: pidfd_send_signal',
    'man 2 pidfd_open, man 2 pidfd_send_signal',
  ],
  cpus: 3,
  results: ['number', 'pidfd', 'usr1', 'usr2'],

  programs: {
    *manager(sys) {
      sys.result('number', yield* sys.kill(TARGET, SIGUSR1));
      // The descriptor that it opened before the race.
      const error = yield* sys.pidfd_send_signal(0, SIGUSR2, null, 0);
      sys.result('pidfd', error);
      sys.check(error === 0 || error === -ESRCH, `pidfd_send_signal said ${errorName(error)}`);
      // Its own number is not to become free.
      yield* sys.stay();
    },
    *parent(sys) {
      yield* sys.wait4(TARGET);
      const pid = yield* sys.fork('another', 0, 2);
      sys.check(pid === TARGET, `fork gave ${errorName(pid)}: the free number was ${TARGET}`);
      yield* sys.stay();
    },
    *server() {
      return 0;
    },
    *another(sys) {
      yield* sys.stay();
    },
  },

  handlers: {
    *onUsr1(sys) {
      sys.result('usr1', 1);
    },
    *onUsr2(sys) {
      sys.result('usr2', 1);
      sys.check(false, 'a signal through the pidfd of the server was taken by another process');
    },
  },

  setup(setup) {
    const manager = setup.process('manager', { cpu: 0 });
    const parent = setup.process('parent', { cpu: 1 });
    const server = setup.process('server', { parent, cpu: 2 });
    setup.run(manager, function* (sys) {
      sys.check((yield* sys.pidfd_open(server.pid, 0)) === 0, 'the first descriptor is not 0');
    });
    // Inherited by the new process; the server has the default actions.
    setup.sigaction(parent, SIGUSR1, 'onUsr1');
    setup.sigaction(parent, SIGUSR2, 'onUsr2');
    setup.pidMax(TARGET + 1);
  },

  outcome: ({ number, pidfd, usr1, usr2 }) =>
    `by number ${reached(number ?? 0, usr1)}, by pidfd ${reached(pidfd ?? 0, usr2)}`,
};
