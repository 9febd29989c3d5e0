/** `setpgid(2)`, `getpgid(2)`, `getpgrp(2)`, `setsid(2)`, `getsid(2)` and `getppid(2)`. */

import { EACCES, EINVAL, EPERM, ESRCH, SIGKILL, SIGUSR1 } from '../../../src/kernel/constants.js';
import { checkCall, same } from '../../support/syscalls.js';
import { ends, pauses, stays } from '../../support/tasks.js';

checkCall('setpgid', {
  'makes a group of one’s own, with 0 for both or with the numbers': {
    *main(sys) {
      const pid = yield* sys.getpid();
      for (const [of, group] of [
        [0, 0],
        [pid, pid],
        [pid, 0],
        [0, pid],
      ] as const) {
        same(sys, 'setpgid', yield* sys.setpgid(of, group), 0);
        same(sys, 'getpgrp', yield* sys.getpgrp(), pid);
        same(sys, 'getpgid', yield* sys.getpgid(0), pid);
      }
    },
  },
  'moves a child to a group of the session, and back': {
    *main(sys) {
      const before = yield* sys.getpgrp();
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'inherited', yield* sys.getpgid(child), before);
      same(sys, 'a new one', yield* sys.setpgid(child, child), 0);
      same(sys, 'getpgid', yield* sys.getpgid(child), child);
      same(sys, 'back', yield* sys.setpgid(child, before), 0);
      same(sys, 'getpgid', yield* sys.getpgid(child), before);
      yield* sys.kill(child, SIGKILL);
      yield* sys.wait();
    },
    programs: { child: pauses },
  },
  'refuses numbers below 0, processes that are no children, and groups that there are not': {
    *main(sys) {
      same(sys, 'below 0', yield* sys.setpgid(0, -1), -EINVAL);
      same(sys, 'no process', yield* sys.setpgid(999, 0), -ESRCH);
      same(sys, 'pid below 0', yield* sys.setpgid(-1, 0), -EINVAL);
      same(sys, 'init', yield* sys.setpgid(1, 0), -ESRCH);
      same(sys, 'no group', yield* sys.setpgid(0, 999), -EPERM);
    },
  },
  'refuses a child that has called execve, and one in another session': {
    *main(sys) {
      const child = yield* sys.fork('execs', 0, 1);
      while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
      same(sys, 'after execve', yield* sys.setpgid(child, child), -EACCES);
      const leader = yield* sys.fork('leads', 0, 1);
      while ((yield* sys.load(1)) === 0) yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
      same(sys, 'in another session', yield* sys.setpgid(leader, yield* sys.getpgrp()), -EPERM);
      for (const pid of [child, leader]) yield* sys.kill(pid, SIGKILL);
      for (let n = 0; n < 2; n++) yield* sys.wait();
    },
    programs: {
      *execs(sys) {
        yield* sys.execve('second');
      },
      *second(sys) {
        yield* sys.store(0, 1);
        yield* sys.stay();
      },
      *leads(sys) {
        yield* sys.setsid();
        yield* sys.store(1, 1);
        yield* sys.stay();
      },
    },
  },
  'refuses a session’s leader': {
    *main(sys) {
      const pid = yield* sys.getpid();
      same(sys, 'setsid', yield* sys.setsid(), pid);
      same(sys, 'setpgid', yield* sys.setpgid(0, 0), -EPERM);
    },
  },
});

checkCall('getpgid', {
  'of a process that there is not says ESRCH': {
    *main(sys) {
      same(sys, 'getpgid', yield* sys.getpgid(999), -ESRCH);
    },
  },
  'knows the caller, its children and init, and nobody else': {
    *main(sys) {
      const pid = yield* sys.getpid();
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'the caller', yield* sys.getpgid(pid), yield* sys.getpgrp());
      same(sys, 'the child', yield* sys.getpgid(child), yield* sys.getpgrp());
      same(sys, 'init', yield* sys.getpgid(1), 1);
      same(sys, 'nobody', yield* sys.getpgid(999), -ESRCH);
      same(sys, 'below 0', yield* sys.getpgid(-1), -ESRCH);
      yield* sys.wait();
      same(sys, 'gone', yield* sys.getpgid(child), -ESRCH);
    },
    programs: { child: ends },
  },
});

checkCall('setsid', {
  'makes the caller the leader of a session and a group': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'status', (yield* sys.waitpid(child)).status, 0);
    },
    programs: {
      *child(sys) {
        const pid = yield* sys.getpid();
        same(sys, 'setsid', yield* sys.setsid(), pid);
        same(sys, 'getsid', yield* sys.getsid(0), pid);
        same(sys, 'getpgrp', yield* sys.getpgrp(), pid);
        same(sys, 'again', yield* sys.setsid(), -EPERM);
      },
    },
  },
  'refuses the leader of a group, also where others are still in it': {
    *main(sys) {
      yield* sys.setpgid(0, 0);
      same(sys, 'a leader', yield* sys.setsid(), -EPERM);
      const leader = yield* sys.fork('leads', 0, 1);
      yield* sys.setpgid(leader, leader);
      const member = yield* sys.fork('stays', 0, 1);
      yield* sys.setpgid(member, leader);
      yield* sys.store(0, 1);
      same(sys, 'status', (yield* sys.waitpid(leader)).status, 0);
      yield* sys.kill(member, SIGKILL);
      yield* sys.wait();
    },
    programs: {
      *leads(sys) {
        while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
        same(sys, 'setsid', yield* sys.setsid(), -EPERM);
      },
      stays,
    },
  },
});

checkCall('getsid', {
  'knows the caller’s session, that of others, and nobody else': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'the caller', yield* sys.getsid(0), 1);
      same(sys, 'the child', yield* sys.getsid(child), 1);
      same(sys, 'nobody', yield* sys.getsid(999), -ESRCH);
      yield* sys.kill(child, SIGUSR1);
      yield* sys.wait();
    },
    programs: { child: stays },
  },
});

checkCall('getppid', {
  'is the parent, and init when that has gone': {
    *main(sys) {
      same(sys, 'of main', yield* sys.getppid(), 1);
      same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', yield* sys.getpid(), 1))).status, 0);
    },
    programs: {
      *child(sys) {
        same(sys, 'of the child', yield* sys.getppid(), sys.arg);
      },
    },
  },
});
