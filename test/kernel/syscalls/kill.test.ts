/** `kill(2)`, `killpg(3)`, `raise(3)` and `abort(3)`. */

import {
  EINVAL,
  EPERM,
  ESRCH,
  INT_MAX,
  INT_MIN,
  SIG_BLOCK,
  SIG_IGN,
  SIG_UNBLOCK,
  SIGABRT,
  SIGCONT,
  SIGKILL,
  SIGRTMAX,
  SIGSTOP,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
} from '../../../src/kernel/constants.js';
import type { Program } from '../../../src/kernel/scenario.js';
import { sigmask } from '../../../src/kernel/sigset.js';
import { WIFEXITED, WIFSIGNALED, WTERMSIG } from '../../../src/kernel/waitstatus.js';
import { checkCall, same } from '../../support/syscalls.js';
import { ends, pauses, stays } from '../../support/tasks.js';

/** Dies of a SIGUSR1 that its parent has blocked. */
const unblocks: Program = function* (sys) {
  yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGUSR1));
  yield* sys.stay();
};

const remembers = {
  *one(sys: Parameters<Program>[0], sig: number) {
    yield* sys.store(0, sig);
  },
  *two(sys: Parameters<Program>[0], sig: number) {
    yield* sys.store(1, sig);
  },
};

checkCall('kill', {
  'with pid −1 forgets the EPERM of each, and says ESRCH only where there is nobody': {
    *main(sys) {
      same(sys, 'one of another user', yield* sys.kill(-1, SIGTERM), 0);
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'what is no signal', yield* sys.kill(-1, 65), -EINVAL);
      same(sys, 'one of its own besides', yield* sys.kill(-1, SIGTERM), 0);
      same(sys, 'its status', (yield* sys.waitpid(child)).status, SIGTERM);
      // In a pid namespace of its own there is nobody but itself and its init.
    },
    programs: { child: pauses, stranger: stays },
    as: { uid: 1000 },
    others: { stranger: { uid: 2000 } },
  },
  'of a group succeeds where it may signal one of it, and otherwise says EPERM': {
    *main(sys) {
      same(sys, 'strangers', yield* sys.kill(-101, SIGTERM), -EPERM);
      same(sys, 'signal 0 to strangers', yield* sys.kill(-101, 0), -EPERM);
      const child = yield* sys.fork('child', 0, 1);
      while ((yield* sys.load(0)) === 0) yield* sys.step();
      same(sys, 'a group of both', yield* sys.kill(-102, SIGTERM), 0);
      same(sys, 'its status', (yield* sys.waitpid(child)).status, SIGTERM);
    },
    programs: {
      *child(sys) {
        same(sys, 'setpgid', yield* sys.setpgid(0, 102), 0);
        yield* sys.store(0, 1);
        yield* sys.stay();
      },
      stranger: stays,
      leader: stays,
    },
    as: { uid: 1000 },
    others: { stranger: { uid: 2000, group: true }, leader: { uid: 2000, group: true } },
  },
  'ends a child, and its parent is told the signal': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'kill', yield* sys.kill(child, SIGKILL), 0);
      const { pid, status } = yield* sys.waitpid(child);
      same(sys, 'waitpid', pid, child);
      sys.check(WIFSIGNALED(status) && WTERMSIG(status) === SIGKILL, `status ${status}`);
    },
    programs: { child: pauses },
  },
  'runs the handler of the signal sent before it returns to a sender that it is for': {
    *main(sys) {
      yield* sys.sigaction(SIGUSR1, 'one');
      yield* sys.sigaction(SIGUSR2, 'two');
      same(sys, 'kill', yield* sys.kill(yield* sys.getpid(), SIGUSR1), 0);
      same(sys, 'the handler of SIGUSR1', yield* sys.load(0), SIGUSR1);
      same(sys, 'the handler of SIGUSR2', yield* sys.load(1), 0);
    },
    handlers: remembers,
  },
  'with pid 0 reaches every process of the group': {
    *main(sys) {
      yield* sys.setpgid(0, 0);
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      for (let cpu = 0; cpu < 2; cpu++) yield* sys.fork('child', 0, cpu);
      same(sys, 'kill', yield* sys.kill(0, SIGUSR1), 0);
      for (let n = 0; n < 2; n++) same(sys, 'status', (yield* sys.wait()).status, SIGUSR1);
      same(sys, 'sigwaitinfo', yield* sys.sigwaitinfo(sigmask(SIGUSR1)), SIGUSR1);
    },
    programs: { child: unblocks },
  },
  'with pid −1 reaches all others, but neither init nor the sender': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'kill', yield* sys.kill(-1, SIGUSR1), 0);
      const { pid, status } = yield* sys.wait();
      same(sys, 'wait', pid, child);
      same(sys, 'status', status, SIGUSR1);
      same(sys, 'init', yield* sys.kill(1, 0), 0);
    },
    programs: { child: stays },
  },
  'with a pid below −1 reaches that group, and no other': {
    *main(sys) {
      const inGroup = yield* sys.fork('child', 0, 1);
      same(sys, 'setpgid', yield* sys.setpgid(inGroup, inGroup), 0);
      const outside = yield* sys.fork('child', 0, 1);
      same(sys, 'kill', yield* sys.kill(-inGroup, SIGUSR1), 0);
      same(sys, 'wait', (yield* sys.wait()).pid, inGroup);
      same(sys, 'kill of the other', yield* sys.kill(outside, SIGKILL), 0);
      same(sys, 'status', (yield* sys.waitpid(outside)).status, SIGKILL);
    },
    programs: { child: stays },
  },
  'with signal 0 only says whether there is such a process: a zombie is one': {
    *main(sys) {
      const child = yield* sys.fork('child', 3, 1);
      same(sys, 'a living one or a zombie', yield* sys.kill(child, 0), 0);
      same(sys, 'a signal to it', yield* sys.kill(child, SIGCONT), 0);
      const { status } = yield* sys.waitpid(child);
      sys.check(WIFEXITED(status), `status ${status}`);
      same(sys, 'one that is gone', yield* sys.kill(child, 0), -ESRCH);
    },
    programs: { child: ends },
  },
  'refuses what is no signal': {
    *main(sys) {
      const self = yield* sys.getpid();
      for (const sig of [-1, SIGRTMAX + 1, 2000]) same(sys, `signal ${sig}`, yield* sys.kill(self, sig), -EINVAL);
      same(sys, 'the last signal, ignored', yield* sys.sigaction(SIGRTMAX, SIG_IGN), 0);
      same(sys, 'the last signal', yield* sys.kill(self, SIGRTMAX), 0);
    },
  },
  'knows no process of a number that none has': {
    *main(sys) {
      for (const pid of [INT_MAX, INT_MIN, INT_MIN + 1, -999, 999]) {
        same(sys, `pid ${pid}`, yield* sys.kill(pid, SIGTERM), -ESRCH);
      }
    },
  },
  'is refused to a process of another user, and allowed to root': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'setresuid', yield* sys.setresuid(1000, 1000, 0), 0);
      for (const sig of [0, SIGTERM, SIGKILL]) same(sys, `signal ${sig}`, yield* sys.kill(child, sig), -EPERM);
      same(sys, 'to everybody', yield* sys.kill(-1, SIGTERM), 0);
      same(sys, 'seteuid', yield* sys.seteuid(0), 0);
      same(sys, 'as root', yield* sys.kill(child, SIGKILL), 0);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGKILL);
    },
    programs: { child: pauses },
  },
  'of SIGCONT is allowed within the session': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'SIGSTOP', yield* sys.kill(child, SIGSTOP), 0);
      same(sys, 'setresuid', yield* sys.setresuid(1000, 1000, 0), 0);
      same(sys, 'SIGCONT', yield* sys.kill(child, SIGCONT), 0);
      yield* sys.seteuid(0);
      yield* sys.kill(child, SIGKILL);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGKILL);
    },
    programs: { child: stays },
  },
  'to init does nothing, even SIGKILL': {
    *main(sys) {
      for (const sig of [SIGKILL, SIGSTOP, SIGTERM]) same(sys, `signal ${sig}`, yield* sys.kill(1, sig), 0);
      same(sys, 'init', yield* sys.kill(1, 0), 0);
    },
  },
});

checkCall('killpg', {
  'reaches the group': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.setpgid(child, child);
      same(sys, 'killpg', yield* sys.killpg(child, SIGTERM), 0);
      same(sys, 'status', (yield* sys.wait()).status, SIGTERM);
    },
    programs: { child: stays },
  },
  'refuses a group that there is not, one below 0, and no signal': {
    *main(sys) {
      same(sys, 'no group', yield* sys.killpg(999, SIGTERM), -ESRCH);
      same(sys, 'below 0', yield* sys.killpg(-1, SIGTERM), -EINVAL);
      yield* sys.setpgid(0, 0);
      same(sys, 'no signal', yield* sys.killpg(0, SIGRTMAX + 1), -EINVAL);
    },
  },
});

checkCall('raise', {
  'runs the handler before it returns': {
    *main(sys) {
      yield* sys.signal(SIGUSR1, 'one');
      same(sys, 'raise', yield* sys.raise(SIGUSR1), 0);
      same(sys, 'the handler', yield* sys.load(0), SIGUSR1);
      same(sys, 'no signal', yield* sys.raise(-1), -EINVAL);
    },
    handlers: remembers,
  },
});

/** The signal that ends a child which calls `abort`. */
const aborts: Program = function* (sys) {
  const { status } = yield* sys.waitpid(yield* sys.fork('child', 0, 1));
  sys.check(WIFSIGNALED(status) && WTERMSIG(status) === SIGABRT, `status ${status}`);
};

checkCall('abort', {
  'ends by SIGABRT': {
    main: aborts,
    programs: { child: (sys) => sys.abort() },
  },
  'ends by SIGABRT where that is blocked and ignored': {
    main: aborts,
    programs: {
      *child(sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGABRT));
        yield* sys.signal(SIGABRT, SIG_IGN);
        yield* sys.abort();
      },
    },
  },
  'runs the handler first, and ends when that has returned': {
    *main(sys) {
      yield* aborts(sys);
      same(sys, 'the handler', yield* sys.load(0), SIGABRT);
    },
    programs: {
      *child(sys) {
        yield* sys.signal(SIGABRT, 'one');
        yield* sys.abort();
      },
    },
    handlers: remembers,
  },
});
