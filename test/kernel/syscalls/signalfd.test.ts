/** `signalfd(2)` and `signalfd4(2)`. */

import {
  CLD_EXITED,
  EAGAIN,
  EBADF,
  EFAULT,
  EINVAL,
  F_GETFD,
  F_GETFL,
  FD_CLOEXEC,
  O_NONBLOCK,
  POLLIN,
  SFD_CLOEXEC,
  SFD_NONBLOCK,
  SI_QUEUE,
  SI_USER,
  SIG_BLOCK,
  SIGCHLD,
  SIGKILL,
  SIGRTMIN,
  SIGUSR1,
  SIGUSR2,
} from '../../../src/kernel/constants.js';
import { SIGNALFD_SIGINFO_SIZE as SIZE, signalfdSiginfo } from '../../../src/kernel/signalfd.js';
import { sigmask } from '../../../src/kernel/sigset.js';
import { checkCall, same } from '../../support/syscalls.js';
import { ends } from '../../support/tasks.js';

const USR1 = sigmask(SIGUSR1);

checkCall('signalfd', {
  'gives a pending signal to a reader, who has taken it then': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, USR1);
      const fd = yield* sys.signalfd(-1, USR1);
      sys.check(fd >= 0, `signalfd gave ${fd}`);
      yield* sys.kill(yield* sys.getpid(), SIGUSR1);
      const buf = new Uint8Array(SIZE);
      same(sys, 'read', yield* sys.read(fd, buf), SIZE);
      const info = signalfdSiginfo(buf);
      same(sys, 'ssi_signo', info.ssi_signo, SIGUSR1);
      same(sys, 'ssi_code', info.ssi_code, SI_USER);
      same(sys, 'ssi_pid', info.ssi_pid, yield* sys.getpid());
      const pending = { lo: 0, hi: 0 };
      yield* sys.sigpending(pending);
      same(sys, 'pending', pending.lo, 0);
    },
  },
  'waits for a signal, and tells of a child and of a value': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGCHLD, SIGRTMIN));
      const fd = yield* sys.signalfd(-1, sigmask(SIGCHLD, SIGRTMIN));
      const child = yield* sys.fork('child', 3, 1);
      const buf = new Uint8Array(SIZE);
      same(sys, 'read', yield* sys.read(fd, buf), SIZE);
      const ended = signalfdSiginfo(buf);
      same(sys, 'ssi_signo', ended.ssi_signo, SIGCHLD);
      same(sys, 'ssi_code', ended.ssi_code, CLD_EXITED);
      same(sys, 'ssi_pid', ended.ssi_pid, child);
      same(sys, 'ssi_status', ended.ssi_status, 3);
      yield* sys.sigqueue(yield* sys.getpid(), SIGRTMIN, 77);
      yield* sys.read(fd, buf);
      const queued = signalfdSiginfo(buf);
      same(sys, 'ssi_code', queued.ssi_code, SI_QUEUE);
      same(sys, 'ssi_int', queued.ssi_int, 77);
      yield* sys.wait();
    },
    programs: { child: ends },
  },
  'gives as many as there are and the buffer has room for': {
    *main(sys) {
      const set = sigmask(SIGUSR1, SIGUSR2, SIGRTMIN);
      yield* sys.sigprocmask(SIG_BLOCK, set);
      const fd = yield* sys.signalfd(-1, set);
      for (const sig of [SIGRTMIN, SIGUSR2, SIGUSR1]) yield* sys.raise(sig);
      same(sys, 'two of three', yield* sys.read(fd, new Uint8Array(2 * SIZE + 1)), 2 * SIZE);
      same(sys, 'the last', yield* sys.read(fd, new Uint8Array(4 * SIZE)), SIZE);
    },
  },
  'takes another set': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGUSR2));
      const fd = yield* sys.signalfd4(-1, USR1, 8, SFD_NONBLOCK);
      yield* sys.raise(SIGUSR2);
      const buf = new Uint8Array(SIZE);
      same(sys, 'not in the set', yield* sys.read(fd, buf), -EAGAIN);
      same(sys, 'signalfd', yield* sys.signalfd(fd, sigmask(SIGUSR2)), fd);
      same(sys, 'in the set', yield* sys.read(fd, buf), SIZE);
      same(sys, 'ssi_signo', signalfdSiginfo(buf).ssi_signo, SIGUSR2);
    },
  },
  'sets the descriptor’s flags as it is told': {
    *main(sys) {
      for (const [flags, cloexec, nonblock] of [
        [0, 0, 0],
        [SFD_CLOEXEC, FD_CLOEXEC, 0],
        [SFD_NONBLOCK, 0, O_NONBLOCK],
      ] as const) {
        const fd = yield* sys.signalfd(-1, USR1, flags);
        same(sys, 'F_GETFD', yield* sys.fcntl(fd, F_GETFD), cloexec);
        same(sys, 'F_GETFL', (yield* sys.fcntl(fd, F_GETFL)) & O_NONBLOCK, nonblock);
        yield* sys.close(fd);
      }
    },
  },
  'is ready for poll when a signal is pending': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, USR1);
      const fd = yield* sys.signalfd(-1, USR1);
      const polled = { fd, events: POLLIN, revents: 0 };
      same(sys, 'poll', yield* sys.poll([polled], 1, 0), 0);
      yield* sys.raise(SIGUSR1);
      same(sys, 'poll', yield* sys.poll([polled], 1, -1), 1);
      same(sys, 'revents', polled.revents, POLLIN);
    },
  },
  'refuses flags that it does not know, other files, small buffers and null pointers': {
    *main(sys) {
      const fds: number[] = [];
      yield* sys.pipe(fds);
      same(sys, 'flags', yield* sys.signalfd4(-1, USR1, 8, -1), -EINVAL);
      same(sys, 'size', yield* sys.signalfd4(-1, USR1, 7, 0), -EINVAL);
      same(sys, 'closed', yield* sys.signalfd(9, USR1), -EBADF);
      same(sys, 'a pipe', yield* sys.signalfd(fds[0] ?? -1, USR1), -EINVAL);
      same(sys, 'no set', yield* sys.signalfd(-1, null), -EINVAL);
      const fd = yield* sys.signalfd(-1, sigmask(SIGUSR1, SIGKILL), SFD_NONBLOCK);
      same(sys, 'small', yield* sys.read(fd, new Uint8Array(SIZE - 1)), -EINVAL);
      same(sys, 'nothing there', yield* sys.read(fd, new Uint8Array(SIZE)), -EAGAIN);
      yield* sys.sigprocmask(SIG_BLOCK, USR1);
      yield* sys.raise(SIGUSR1);
      same(sys, 'no buffer', yield* sys.read(fd, null, SIZE), -EFAULT);
    },
  },
});
