/** `rt_sigprocmask(2)` and `rt_sigpending(2)`. */

import {
  EFAULT,
  EINVAL,
  SIG_BLOCK,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SIGCONT,
  SIGKILL,
  SIGRTMAX,
  SIGRTMIN,
  SIGSTOP,
  SIGTERM,
  SIGTSTP,
  SIGTTIN,
  SIGUSR1,
  SIGUSR2,
} from '../../../src/kernel/constants.js';
import { EMPTY_MASK, sigmask } from '../../../src/kernel/sigset.js';
import { sigaddset, sigdelset, sigfillset, sigismember, sigset } from '../../../src/kernel/sys/sigset.js';
import type { Sys } from '../../../src/kernel/sys.js';
import type { Coroutine } from '../../../src/sync/gate.js';
import { checkCall, same } from '../../support/syscalls.js';

const handlers = {
  *counts(sys: Sys): Coroutine<void> {
    yield* sys.store(0, (yield* sys.load(0)) + 1);
  },
};

checkCall('sigprocmask', {
  'has SIGCONT and stop signals drop each other while both are blocked': {
    *main(sys) {
      const both = sigmask(SIGCONT, SIGTSTP, SIGTTIN);
      yield* sys.sigprocmask(SIG_BLOCK, both);
      const pid = yield* sys.getpid();
      const set = { lo: 0, hi: 0 };
      for (const [sig, left] of [
        [SIGTSTP, sigmask(SIGTSTP)],
        [SIGTTIN, sigmask(SIGTSTP, SIGTTIN)],
        [SIGCONT, sigmask(SIGCONT)],
        [SIGTTIN, sigmask(SIGTTIN)],
        [SIGCONT, sigmask(SIGCONT)],
      ] as const) {
        // To the process and to the thread in turn: every queue is looked through.
        if (sig === SIGTTIN) yield* sys.tkill(pid, sig);
        else yield* sys.kill(pid, sig);
        yield* sys.sigpending(set);
        same(sys, `pending after ${sig}`, set, left);
      }
    },
  },
  'takes what is pending for the thread before what is pending for the process': {
    *main(sys) {
      yield* sys.sigaction(SIGUSR1, 'onUser');
      yield* sys.sigaction(SIGUSR2, 'onUser');
      const both = sigmask(SIGUSR1, SIGUSR2);
      yield* sys.sigprocmask(SIG_BLOCK, both);
      yield* sys.kill(yield* sys.getpid(), SIGUSR1);
      yield* sys.tkill(yield* sys.gettid(), SIGUSR2);
      // One at a time, and the higher number first.
      same(sys, 'the first', yield* sys.sigwaitinfo(both), SIGUSR2);
      same(sys, 'the second', yield* sys.sigwaitinfo(both), SIGUSR1);
    },
    handlers: { *onUser() {} },
  },
  'keeps a signal pending until it is unblocked, and takes it before it returns': {
    *main(sys) {
      yield* sys.signal(SIGUSR1, 'counts');
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      for (let sent = 0; sent < 3; sent++) yield* sys.raise(SIGUSR1);
      same(sys, 'runs', yield* sys.load(0), 0);
      same(sys, 'sigprocmask', yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGUSR1)), 0);
      same(sys, 'runs after', yield* sys.load(0), 1);
    },
    handlers,
  },
  'delivers a real-time signal as often as it was sent': {
    *main(sys) {
      yield* sys.signal(SIGRTMIN, 'counts');
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN));
      for (let sent = 0; sent < 3; sent++) yield* sys.raise(SIGRTMIN);
      yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGRTMIN));
      same(sys, 'runs', yield* sys.load(0), 3);
    },
    handlers,
  },
  'adds, takes away and replaces, and tells the mask before': {
    *main(sys) {
      const old = sigset();
      yield* sys.sigprocmask(SIG_SETMASK, sigmask(SIGUSR1), old);
      same(sys, 'at first', old, EMPTY_MASK);
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR2), old);
      same(sys, 'set', old, sigmask(SIGUSR1));
      yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGUSR1), old);
      same(sys, 'added', old, sigmask(SIGUSR1, SIGUSR2));
      yield* sys.sigprocmask(SIG_BLOCK, null, old);
      same(sys, 'taken away', old, sigmask(SIGUSR2));
    },
  },
  'leaves SIGKILL and SIGSTOP out without a word': {
    *main(sys) {
      const all = sigset();
      sigfillset(all);
      same(sys, 'sigprocmask', yield* sys.sigprocmask(SIG_SETMASK, all), 0);
      const old = sigset();
      yield* sys.sigprocmask(SIG_BLOCK, null, old);
      for (let sig = 1; sig <= SIGRTMAX; sig++) {
        const blocked = sig === SIGKILL || sig === SIGSTOP ? 0 : 1;
        same(sys, `signal ${sig}`, sigismember(old, sig), blocked);
      }
    },
  },
  'refuses what it does not know, but not without a set': {
    *main(sys) {
      const old = sigset();
      same(sys, 'how', yield* sys.sigprocmask(9999, sigmask(SIGUSR1)), -EINVAL);
      same(sys, 'how without a set', yield* sys.sigprocmask(9999, null, old), 0);
      same(sys, 'size', yield* sys.rt_sigprocmask(SIG_BLOCK, sigmask(SIGUSR1), old, 16), -EINVAL);
      same(sys, 'mask', old, EMPTY_MASK);
    },
  },
  'is each thread’s own, and a new thread has its maker’s': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      yield* sys.thread('thread', 0, 1);
      while ((yield* sys.load(1)) === 0) yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
      const old = sigset();
      yield* sys.pthread_sigmask(SIG_BLOCK, null, old);
      same(sys, 'mask', old, sigmask(SIGUSR1));
    },
    programs: {
      *thread(sys) {
        const old = sigset();
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR2), old);
        same(sys, 'mask of the thread', old, sigmask(SIGUSR1));
        yield* sys.store(1, 1);
        yield* sys.exit(0);
      },
    },
  },
});

checkCall('sigpending', {
  'tells what is blocked and pending, for the thread and for the process': {
    *main(sys) {
      const pending = sigset();
      same(sys, 'sigpending', yield* sys.sigpending(pending), 0);
      same(sys, 'at first', pending, EMPTY_MASK);
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGUSR2, SIGRTMAX));
      yield* sys.raise(SIGUSR1);
      yield* sys.kill(yield* sys.getpid(), SIGUSR2);
      yield* sys.kill(yield* sys.getpid(), SIGRTMAX);
      yield* sys.rt_sigpending(pending);
      same(sys, 'then', pending, sigmask(SIGUSR1, SIGUSR2, SIGRTMAX));
    },
  },
  'refuses a null pointer, and a set that is too large': {
    *main(sys) {
      same(sys, 'null', yield* sys.sigpending(null), -EFAULT);
      same(sys, 'size', yield* sys.rt_sigpending(sigset(), 16), -EINVAL);
      same(sys, 'size', yield* sys.rt_sigpending(sigset(), -1), -EINVAL);
      same(sys, 'size before pointer', yield* sys.rt_sigpending(null, 16), -EINVAL);
    },
  },
  'gives as many bytes as it is asked for: with 0 not even the pointer is looked at': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGTERM, SIGRTMAX));
      for (const sig of [SIGUSR1, SIGTERM, SIGRTMAX]) yield* sys.raise(sig);
      same(sys, 'null', yield* sys.rt_sigpending(null, 0), 0);
      same(sys, 'null', yield* sys.rt_sigpending(null, 1), -EFAULT);
      for (const [size, told] of [
        [0, EMPTY_MASK],
        [1, EMPTY_MASK],
        [2, sigmask(SIGUSR1, SIGTERM)],
        [4, sigmask(SIGUSR1, SIGTERM)],
        [7, sigmask(SIGUSR1, SIGTERM)],
        [8, sigmask(SIGUSR1, SIGTERM, SIGRTMAX)],
      ] as const) {
        const pending = sigset();
        same(sys, 'sigpending', yield* sys.rt_sigpending(pending, size), 0);
        same(sys, `${size} bytes`, pending, told);
      }
    },
  },
  'is empty in a child': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      yield* sys.raise(SIGUSR1);
      same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', 0, 1))).status, 0);
    },
    programs: {
      *child(sys) {
        const pending = sigset();
        const mask = sigset();
        yield* sys.sigpending(pending);
        yield* sys.sigprocmask(SIG_BLOCK, null, mask);
        same(sys, 'pending', pending, EMPTY_MASK);
        same(sys, 'mask', mask, sigmask(SIGUSR1));
      },
    },
  },
});

checkCall('sigaddset and the like', {
  'change a set, and refuse what is no signal': {
    *main(sys) {
      const set = sigset();
      for (const sig of [1, 32, 33, SIGRTMAX]) {
        same(sys, 'not in it', sigismember(set, sig), 0);
        same(sys, 'sigaddset', sigaddset(set, sig), 0);
        same(sys, 'in it', sigismember(set, sig), 1);
      }
      same(sys, 'sigdelset', sigdelset(set, 32), 0);
      same(sys, 'sigdelset', sigdelset(set, 33), 0);
      same(sys, 'set', set, sigmask(1, SIGRTMAX));
      for (const sig of [-1, 0, SIGRTMAX + 1]) {
        for (const call of [sigaddset, sigdelset, sigismember]) same(sys, 'no signal', call(set, sig), -EINVAL);
      }
      yield* sys.step();
    },
  },
});
