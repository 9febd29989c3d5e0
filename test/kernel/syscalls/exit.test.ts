/** `exit(2)`, `exit_group(2)` and `_exit(2)`. */

import { CLD_EXITED, PR_SET_CHILD_SUBREAPER, SIG_BLOCK, SIGCHLD } from '../../../src/kernel/constants.js';
import { sigmask } from '../../../src/kernel/sigset.js';
import type { ReceivedSiginfo } from '../../../src/kernel/sys.js';
import { WEXITSTATUS, WIFEXITED } from '../../../src/kernel/waitstatus.js';
import { checkCall, same } from '../../support/syscalls.js';
import { stays } from '../../support/tasks.js';

checkCall('exit_group', {
  'ends every thread, with the code given': {
    *main(sys) {
      const { status } = yield* sys.waitpid(yield* sys.fork('child', 0, 1));
      sys.check(WIFEXITED(status), `status ${status}`);
      same(sys, 'exit code', WEXITSTATUS(status), 4);
    },
    programs: {
      *child(sys) {
        yield* sys.thread('stays', 0, 0);
        yield* sys.thread('ends', 0, 1);
        yield* sys.stay();
      },
      *ends(sys) {
        yield* sys.exit_group(4);
      },
      stays,
    },
  },
  'leaves eight bits of the code': {
    *main(sys) {
      for (const code of [0, 255, 256, -1]) {
        const { status } = yield* sys.waitpid(yield* sys.fork('child', code, 1));
        same(sys, 'status', status, (code & 0xff) << 8);
      }
    },
    programs: {
      *child(sys) {
        yield* sys._exit(sys.arg);
      },
    },
  },
  'tells the parent by SIGCHLD': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGCHLD));
      const child = yield* sys.fork('child', 0, 1);
      const info: ReceivedSiginfo = {};
      yield* sys.sigwaitinfo(sigmask(SIGCHLD), info);
      same(sys, 'si_pid', info.si_pid, child);
      same(sys, 'si_code', info.si_code, CLD_EXITED);
      same(sys, 'si_status', info.si_status, 6);
      yield* sys.wait();
    },
    programs: {
      *child(sys) {
        yield* sys.exit_group(6);
      },
    },
  },
  'gives its children to init, or to a subreaper': {
    *main(sys) {
      for (const [reaper, parent] of [
        [0, 1],
        [1, yield* sys.getpid()],
      ] as const) {
        yield* sys.prctl(PR_SET_CHILD_SUBREAPER, reaper);
        yield* sys.store(0, 0);
        yield* sys.waitpid(yield* sys.fork('child', 0, 1));
        yield* sys.store(0, parent);
        while ((yield* sys.load(1)) !== parent) yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
      }
      sys.check((yield* sys.wait()).pid > 0, 'the orphan is not there');
    },
    programs: {
      *child(sys) {
        yield* sys.fork('orphan', 0, 0);
      },
      *orphan(sys) {
        let parent: number;
        do {
          yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
          parent = yield* sys.load(0);
        } while (parent === 0);
        same(sys, 'getppid', yield* sys.getppid(), parent);
        yield* sys.store(1, parent);
      },
    },
  },
});

checkCall('exit', {
  'ends one thread; the process ends with the last, with the code of its leader': {
    *main(sys) {
      const { status } = yield* sys.waitpid(yield* sys.fork('child', 0, 1));
      same(sys, 'status', status, 1 << 8);
    },
    programs: {
      *child(sys) {
        yield* sys.thread('thread', 0, 0);
        yield* sys.exit(1);
      },
      *thread(sys) {
        yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
        yield* sys.exit(2);
      },
    },
  },
});
