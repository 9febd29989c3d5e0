/** `tkill(2)`, `tgkill(2)` and `pthread_kill(3)`. */

import {
  EINVAL,
  EPERM,
  ESRCH,
  INT_MIN,
  SI_TKILL,
  SIG_BLOCK,
  SIGKILL,
  SIGRTMAX,
  SIGUSR1,
} from '../../../src/kernel/constants.js';
import { sigmask } from '../../../src/kernel/sigset.js';
import type { ReceivedSiginfo } from '../../../src/kernel/sys.js';
import { checkCall, same } from '../../support/syscalls.js';
import { pauses, stays } from '../../support/tasks.js';

const counts = {
  *count(sys: Parameters<typeof stays>[0]) {
    yield* sys.store(0, yield* sys.gettid());
  },
};

checkCall('tkill', {
  'runs the handler of the calling thread': {
    *main(sys) {
      yield* sys.signal(SIGUSR1, 'count');
      const tid = yield* sys.gettid();
      same(sys, 'tkill', yield* sys.tkill(tid, SIGUSR1), 0);
      same(sys, 'the thread', yield* sys.load(0), tid);
    },
    handlers: counts,
  },
  'refuses numbers below 1, unknown threads and what is no signal': {
    *main(sys) {
      for (const tid of [0, -1, INT_MIN]) same(sys, `tid ${tid}`, yield* sys.tkill(tid, SIGUSR1), -EINVAL);
      same(sys, 'unknown', yield* sys.tkill(999, SIGUSR1), -ESRCH);
      same(sys, 'no signal', yield* sys.tkill(yield* sys.gettid(), SIGRTMAX + 1), -EINVAL);
      same(sys, 'signal 0', yield* sys.tkill(yield* sys.gettid(), 0), 0);
    },
  },
  'is refused to a thread of another user': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.setresuid(1000, 1000, 0);
      same(sys, 'tkill', yield* sys.tkill(child, SIGKILL), -EPERM);
      yield* sys.seteuid(0);
      same(sys, 'as root', yield* sys.tkill(child, SIGKILL), 0);
      same(sys, 'status', (yield* sys.wait()).status, SIGKILL);
    },
    programs: { child: pauses },
  },
});

checkCall('tgkill', {
  'reaches the thread named, which says so, and not the others': {
    *main(sys) {
      yield* sys.signal(SIGUSR1, 'count');
      const first = yield* sys.thread('thread', 0, 1);
      const second = yield* sys.thread('thread', 0, 0);
      same(sys, 'tgkill', yield* sys.tgkill(yield* sys.getpid(), second, SIGUSR1), 0);
      while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
      same(sys, 'the thread', yield* sys.load(0), second);
      same(sys, 'the first is there', yield* sys.tgkill(yield* sys.getpid(), first, 0), 0);
    },
    programs: { thread: stays },
    handlers: counts,
  },
  'says SI_TKILL and who sent it': {
    *main(sys) {
      const pid = yield* sys.getpid();
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      yield* sys.tgkill(pid, yield* sys.gettid(), SIGUSR1);
      const info: ReceivedSiginfo = {};
      same(sys, 'sigwaitinfo', yield* sys.sigwaitinfo(sigmask(SIGUSR1), info), SIGUSR1);
      same(sys, 'si_code', info.si_code, SI_TKILL);
      same(sys, 'si_pid', info.si_pid, pid);
      same(sys, 'si_uid', info.si_uid, 0);
    },
  },
  'refuses numbers below 1, a thread of another process, and one that has ended': {
    *main(sys) {
      const pid = yield* sys.getpid();
      const tid = yield* sys.gettid();
      const child = yield* sys.fork('child', 0, 1);
      for (const bad of [0, -1]) {
        same(sys, 'tgid', yield* sys.tgkill(bad, tid, SIGUSR1), -EINVAL);
        same(sys, 'tid', yield* sys.tgkill(pid, bad, SIGUSR1), -EINVAL);
      }
      same(sys, 'no signal', yield* sys.tgkill(pid, tid, SIGRTMAX + 1), -EINVAL);
      same(sys, 'another process', yield* sys.tgkill(pid, child, SIGUSR1), -ESRCH);
      yield* sys.kill(child, SIGKILL);
      yield* sys.waitpid(child);
      same(sys, 'one that has ended', yield* sys.tgkill(child, child, SIGUSR1), -ESRCH);
    },
    programs: { child: pauses },
  },
});

checkCall('pthread_kill', {
  'reaches a thread of the process': {
    *main(sys) {
      yield* sys.signal(SIGUSR1, 'count');
      const tid = yield* sys.pthread_create('thread', 0, 1);
      same(sys, 'pthread_kill', yield* sys.pthread_kill(tid, SIGUSR1), 0);
      while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
      same(sys, 'the thread', yield* sys.load(0), tid);
    },
    programs: { thread: stays },
    handlers: counts,
  },
});
