/** `rt_sigtimedwait(2)`, `sigwaitinfo(2)` and `sigwait(3)`: each of the three in every case that fits all. */

import {
  CLD_EXITED,
  EAGAIN,
  EFAULT,
  EINTR,
  EINVAL,
  SI_QUEUE,
  SI_TKILL,
  SI_USER,
  SIG_BLOCK,
  SIGALRM,
  SIGCHLD,
  SIGKILL,
  SIGRTMIN,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
} from '../../../src/kernel/constants.js';
import { EMPTY_MASK, type SigMask, sigmask } from '../../../src/kernel/sigset.js';
import { sigset } from '../../../src/kernel/sys/sigset.js';
import type { ReceivedSiginfo, Sys } from '../../../src/kernel/sys.js';
import type { Coroutine } from '../../../src/sync/gate.js';
import { type Case, checkCall, same } from '../../support/syscalls.js';
import { ends } from '../../support/tasks.js';

/** A way to wait for a signal: its number, or a negative errno. */
type Wait = (sys: Sys, set: SigMask) => Coroutine<number>;

const WAYS: Readonly<Record<string, Wait>> = {
  sigwaitinfo: (sys, set) => sys.sigwaitinfo(set),
  // Without an end: a finite one may come first.
  sigtimedwait: (sys, set) => sys.sigtimedwait(set, null, null),
  *sigwait(sys, set) {
    const out = { sig: 0 };
    const result = yield* sys.sigwait(set, out);
    return result < 0 ? result : out.sig;
  },
};

const handlers = {
  *remembers(sys: Sys, sig: number): Coroutine<void> {
    yield* sys.store(0, sig);
  },
};

const common = (wait: Wait): Readonly<Record<string, Case>> => ({
  'takes a signal that is pending, without its handler': {
    *main(sys) {
      yield* sys.signal(SIGUSR1, 'remembers');
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      yield* sys.raise(SIGUSR1);
      same(sys, 'the wait', yield* wait(sys, sigmask(SIGUSR1)), SIGUSR1);
      same(sys, 'the handler', yield* sys.load(0), 0);
      const pending = sigset();
      yield* sys.sigpending(pending);
      same(sys, 'pending', pending, EMPTY_MASK);
    },
    handlers,
  },
  'waits for one to be sent, to the process or to the thread': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGUSR2));
      yield* sys.fork('child', yield* sys.getpid(), 1);
      same(sys, 'the first', yield* wait(sys, sigmask(SIGUSR1)), SIGUSR1);
      same(sys, 'the second', yield* wait(sys, sigmask(SIGUSR2)), SIGUSR2);
      yield* sys.wait();
    },
    programs: {
      *child(sys) {
        yield* sys.kill(sys.arg, SIGUSR1);
        yield* sys.tkill(sys.arg, SIGUSR2);
      },
    },
  },
  'takes the lowest of a set first, and leaves the others': {
    *main(sys) {
      const set = sigmask(SIGUSR1, SIGTERM, SIGRTMIN, SIGRTMIN + 1);
      yield* sys.sigprocmask(SIG_BLOCK, set);
      for (const sig of [SIGRTMIN + 1, SIGRTMIN, SIGTERM, SIGUSR1]) yield* sys.kill(yield* sys.getpid(), sig);
      for (const sig of [SIGUSR1, SIGTERM, SIGRTMIN, SIGRTMIN + 1]) same(sys, 'the wait', yield* wait(sys, set), sig);
    },
  },
  'leaves the mask as it was': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGALRM));
      yield* sys.alarm(1);
      same(sys, 'the wait', yield* wait(sys, sigmask(SIGALRM)), SIGALRM);
      const mask = sigset();
      yield* sys.sigprocmask(SIG_BLOCK, null, mask);
      same(sys, 'mask', mask, sigmask(SIGUSR1, SIGALRM));
    },
  },
  'cannot wait for SIGKILL': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.kill(child, SIGKILL);
      same(sys, 'status', (yield* sys.wait()).status, SIGKILL);
    },
    programs: {
      *child(sys) {
        yield* wait(sys, sigmask(SIGKILL));
      },
    },
  },
});

for (const [call, wait] of Object.entries(WAYS)) checkCall(call, common(wait));

checkCall('sigwaitinfo', {
  'tells the sender of a kill, a tgkill and a sigqueue, and of a child its end': {
    *main(sys) {
      const pid = yield* sys.getpid();
      const info: ReceivedSiginfo = {};
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGCHLD));
      yield* sys.kill(pid, SIGUSR1);
      yield* sys.sigwaitinfo(sigmask(SIGUSR1), info);
      same(sys, 'si_code of kill', info.si_code, SI_USER);
      same(sys, 'si_pid', info.si_pid, pid);
      yield* sys.raise(SIGUSR1);
      yield* sys.sigwaitinfo(sigmask(SIGUSR1), info);
      same(sys, 'si_code of tgkill', info.si_code, SI_TKILL);
      yield* sys.sigqueue(pid, SIGUSR1, 5);
      yield* sys.sigwaitinfo(sigmask(SIGUSR1), info);
      same(sys, 'si_code of sigqueue', info.si_code, SI_QUEUE);
      same(sys, 'si_value', info.si_value, 5);
      const child = yield* sys.fork('child', 3, 1);
      yield* sys.sigwaitinfo(sigmask(SIGCHLD), info);
      same(sys, 'si_code of SIGCHLD', info.si_code, CLD_EXITED);
      same(sys, 'si_pid', info.si_pid, child);
      same(sys, 'si_status', info.si_status, 3);
      yield* sys.wait();
    },
    programs: { child: ends },
  },
  'is ended by the handler of another signal, and sigwait goes on': {
    *main(sys) {
      yield* sys.signal(SIGALRM, 'remembers');
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGALRM));
      const self = yield* sys.getpid();
      yield* sys.fork('child', self, 1);
      let sig: number;
      do sig = yield* sys.sigwaitinfo(sigmask(SIGUSR1));
      while (sig === -EINTR);
      same(sys, 'sigwaitinfo', sig, SIGUSR1);
      yield* sys.wait();
    },
    programs: {
      *child(sys) {
        yield* sys.kill(sys.arg, SIGALRM);
        yield* sys.kill(sys.arg, SIGUSR1);
      },
    },
    handlers,
  },
});

checkCall('sigtimedwait', {
  'gives EAGAIN when the time is over, at once for a time of 0': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      for (const tv_nsec of [0, 1, 999_999_999]) {
        same(sys, 'the wait', yield* sys.sigtimedwait(sigmask(SIGUSR1), null, { tv_sec: 0, tv_nsec }), -EAGAIN);
      }
      same(sys, 'no signals', yield* sys.sigtimedwait(EMPTY_MASK, null, { tv_sec: 0, tv_nsec: 1 }), -EAGAIN);
    },
  },
  'gives EINTR where a handler runs': {
    *main(sys) {
      yield* sys.signal(SIGALRM, 'remembers');
      yield* sys.alarm(1);
      // Without an end of its own; the alarm may have come before it.
      const sig = yield* sys.sigtimedwait(sigmask(SIGUSR1), null, { tv_sec: 2, tv_nsec: 0 });
      sys.check(sig === -EINTR || sig === -EAGAIN, `sigtimedwait gave ${sig}`);
      if (sig === -EAGAIN) same(sys, 'the handler', yield* sys.load(0), SIGALRM);
    },
    handlers,
  },
  'refuses times that are none, null pointers and sets of another size': {
    *main(sys) {
      const set = sigmask(SIGUSR1);
      for (const [tv_sec, tv_nsec] of [
        [0, -1],
        [0, 1_000_000_000],
        [-1, 0],
      ] as const) {
        same(sys, 'time', yield* sys.sigtimedwait(set, null, { tv_sec, tv_nsec }), -EINVAL);
      }
      same(sys, 'null', yield* sys.sigtimedwait(null, null, { tv_sec: 0, tv_nsec: 0 }), -EFAULT);
      same(sys, 'size', yield* sys.rt_sigtimedwait(set, null, { tv_sec: 0, tv_nsec: 0 }, 16), -EINVAL);
    },
  },
});
