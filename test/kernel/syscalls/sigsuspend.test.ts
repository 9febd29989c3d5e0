/** `rt_sigsuspend(2)` and `pause(2)`. */

import {
  EFAULT,
  EINTR,
  EINVAL,
  SIG_BLOCK,
  SIGALRM,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGUSR1,
  SIGUSR2,
  WUNTRACED,
} from '../../../src/kernel/constants.js';
import { EMPTY_MASK, sigmask } from '../../../src/kernel/sigset.js';
import { sigset } from '../../../src/kernel/sys/sigset.js';
import type { Sys } from '../../../src/kernel/sys.js';
import { WIFSTOPPED } from '../../../src/kernel/waitstatus.js';
import type { Coroutine } from '../../../src/sync/gate.js';
import { checkCall, same } from '../../support/syscalls.js';
import { pauses } from '../../support/tasks.js';

const handlers = {
  *remembers(sys: Sys, sig: number): Coroutine<void> {
    const mask = sigset();
    yield* sys.sigprocmask(SIG_BLOCK, null, mask);
    yield* sys.store(0, sig);
    yield* sys.store(1, mask.lo);
  },
};

checkCall('sigsuspend', {
  'waits with the mask given, and puts the other back': {
    *main(sys) {
      yield* sys.signal(SIGALRM, 'remembers');
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGALRM));
      yield* sys.alarm(1);
      same(sys, 'sigsuspend', yield* sys.sigsuspend(sigmask(SIGUSR2)), -EINTR);
      same(sys, 'the handler', yield* sys.load(0), SIGALRM);
      same(sys, 'the mask in it', yield* sys.load(1), sigmask(SIGUSR2, SIGALRM).lo);
      const mask = sigset();
      yield* sys.sigprocmask(SIG_BLOCK, null, mask);
      same(sys, 'the mask after', mask, sigmask(SIGALRM));
    },
    handlers,
  },
  'takes at once what has been pending': {
    *main(sys) {
      yield* sys.signal(SIGUSR1, 'remembers');
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      yield* sys.raise(SIGUSR1);
      same(sys, 'sigsuspend', yield* sys.rt_sigsuspend(EMPTY_MASK), -EINTR);
      same(sys, 'the handler', yield* sys.load(0), SIGUSR1);
    },
    handlers,
  },
  'cannot block SIGKILL': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.kill(child, SIGKILL);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGKILL);
    },
    programs: {
      *child(sys) {
        yield* sys.sigsuspend({ lo: -1, hi: -1 });
      },
    },
  },
  'refuses a null pointer and a set of another size': {
    *main(sys) {
      same(sys, 'null', yield* sys.sigsuspend(null), -EFAULT);
      same(sys, 'size', yield* sys.rt_sigsuspend(EMPTY_MASK, 16), -EINVAL);
    },
  },
});

checkCall('pause', {
  'gives EINTR after a handler has run': {
    *main(sys) {
      yield* sys.signal(SIGUSR1, 'remembers');
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR2));
      yield* sys.fork('child', yield* sys.getpid(), 1);
      // The child goes on until pause has returned: one of its signals comes while the parent waits.
      same(sys, 'pause', yield* sys.pause(), -EINTR);
      yield* sys.store(2, 1);
      let pid: number;
      do ({ pid } = yield* sys.wait());
      while (pid === -EINTR);
      same(sys, 'the handler', yield* sys.load(0), SIGUSR1);
    },
    programs: {
      *child(sys) {
        while ((yield* sys.load(2)) === 0) {
          yield* sys.kill(sys.arg, SIGUSR1);
          yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
        }
      },
    },
    handlers,
  },
  'ends with the process where there is no handler': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.kill(child, SIGUSR1);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGUSR1);
    },
    programs: { child: pauses },
  },
  'goes on after a stop': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.kill(child, SIGSTOP);
      const { status } = yield* sys.waitpid(child, WUNTRACED);
      sys.check(WIFSTOPPED(status), `status ${status}`);
      yield* sys.kill(child, SIGCONT);
      yield* sys.kill(child, SIGUSR1);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGUSR1);
    },
    programs: {
      *child(sys) {
        yield* sys.pause();
        sys.check(false, 'pause returned');
      },
    },
  },
});
