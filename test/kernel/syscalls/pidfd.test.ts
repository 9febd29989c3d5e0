/** `pidfd_open(2)` and `pidfd_send_signal(2)`. */

import {
  EBADF,
  EINVAL,
  EPERM,
  ESRCH,
  F_GETFD,
  FD_CLOEXEC,
  POLLIN,
  SA_SIGINFO,
  SI_QUEUE,
  SI_TKILL,
  SI_USER,
  SIGKILL,
  SIGRTMAX,
  SIGUSR1,
} from '../../../src/kernel/constants.js';
import { checkCall, same } from '../../support/syscalls.js';
import { ends, pauses, stays } from '../../support/tasks.js';

checkCall('pidfd_open', {
  'gives a descriptor that is closed on exec, and ready when the process has ended': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      const fd = yield* sys.pidfd_open(child, 0);
      sys.check(fd >= 0, `pidfd_open gave ${fd}`);
      same(sys, 'F_GETFD', yield* sys.fcntl(fd, F_GETFD), FD_CLOEXEC);
      const polled = { fd, events: POLLIN, revents: 0 };
      same(sys, 'poll', yield* sys.poll([polled], 1, 0), 0);
      yield* sys.kill(child, SIGKILL);
      same(sys, 'poll', yield* sys.poll([polled], 1, -1), 1);
      yield* sys.wait();
    },
    programs: { child: stays },
  },
  'refuses flags, numbers below 1, numbers of nobody and of a thread': {
    *main(sys) {
      same(sys, 'flags', yield* sys.pidfd_open(yield* sys.getpid(), 1), -EINVAL);
      for (const pid of [0, -1]) same(sys, `pid ${pid}`, yield* sys.pidfd_open(pid, 0), -EINVAL);
      same(sys, 'nobody', yield* sys.pidfd_open(999, 0), -ESRCH);
      const tid = yield* sys.thread('stays', 0, 1);
      same(sys, 'a thread', yield* sys.pidfd_open(tid, 0), -EINVAL);
    },
    programs: { stays },
  },
});

checkCall('pidfd_send_signal', {
  'reaches the process, as kill would': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      const fd = yield* sys.pidfd_open(child, 0);
      same(sys, 'signal 0', yield* sys.pidfd_send_signal(fd, 0, null, 0), 0);
      same(sys, 'the call', yield* sys.pidfd_send_signal(fd, SIGUSR1, null, 0), 0);
      same(sys, 'status', (yield* sys.wait()).status, SIGUSR1);
      same(sys, 'when it has gone', yield* sys.pidfd_send_signal(fd, SIGUSR1, null, 0), -ESRCH);
    },
    programs: { child: pauses },
  },
  'brings a siginfo, to oneself any': {
    *main(sys) {
      yield* sys.sigaction(SIGUSR1, 'tells', { flags: SA_SIGINFO });
      const fd = yield* sys.pidfd_open(yield* sys.getpid(), 0);
      for (const [si_code, value] of [
        [SI_QUEUE, 5],
        [SI_USER, 6],
        [SI_TKILL, 7],
      ] as const) {
        const info = { si_signo: SIGUSR1, si_code, si_value: value };
        same(sys, 'the call', yield* sys.pidfd_send_signal(fd, SIGUSR1, info, 0), 0);
        same(sys, 'si_code', yield* sys.load(0), si_code);
        same(sys, 'si_value', yield* sys.load(1), value);
      }
    },
    handlers: {
      *tells(sys, _, info) {
        yield* sys.store(0, info?.si_code ?? 1000);
        yield* sys.store(1, info?.si_value ?? -1);
      },
    },
  },
  'refuses flags, other files, another number in the siginfo, and one like the kernel’s': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      const fd = yield* sys.pidfd_open(child, 0);
      const fds: number[] = [];
      yield* sys.pipe(fds);
      const info = (si_signo: number, si_code: number) => ({ si_signo, si_code });
      same(sys, 'flags', yield* sys.pidfd_send_signal(fd, SIGUSR1, null, 1), -EINVAL);
      same(sys, 'closed', yield* sys.pidfd_send_signal(9, SIGUSR1, null, 0), -EBADF);
      same(sys, 'a pipe', yield* sys.pidfd_send_signal(fds[0] ?? -1, SIGUSR1, null, 0), -EBADF);
      same(sys, 'no signal', yield* sys.pidfd_send_signal(fd, SIGRTMAX + 1, null, 0), -EINVAL);
      same(sys, 'number', yield* sys.pidfd_send_signal(fd, SIGUSR1, info(SIGKILL, SI_QUEUE), 0), -EINVAL);
      same(sys, 'code', yield* sys.pidfd_send_signal(fd, SIGUSR1, info(SIGUSR1, SI_USER), 0), -EPERM);
      yield* sys.setresuid(1000, 1000, 0);
      same(sys, 'another user', yield* sys.pidfd_send_signal(fd, SIGUSR1, null, 0), -EPERM);
      yield* sys.seteuid(0);
      yield* sys.kill(child, SIGKILL);
      yield* sys.wait();
    },
    programs: { child: pauses },
  },
  'never reaches another process that has the number now': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      const fd = yield* sys.pidfd_open(child, 0);
      yield* sys.waitpid(child);
      same(sys, 'the call', yield* sys.pidfd_send_signal(fd, 0, null, 0), -ESRCH);
    },
    programs: { child: ends },
  },
});
