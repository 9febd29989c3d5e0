/** `waitid(2)`. */

import {
  CLD_CONTINUED,
  CLD_EXITED,
  CLD_KILLED,
  CLD_STOPPED,
  EBADF,
  ECHILD,
  EINVAL,
  P_ALL,
  P_PGID,
  P_PID,
  P_PIDFD,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
} from '../../../src/kernel/constants.js';
import type { Sys } from '../../../src/kernel/sys.js';
import type { WaitidInfo } from '../../../src/kernel/wait.js';
import { checkCall, same } from '../../support/syscalls.js';
import { ends, noInfo, stays } from '../../support/tasks.js';

function told(sys: Sys, info: WaitidInfo, pid: number, si_code: number, si_status: number): void {
  same(sys, 'siginfo', info, { si_signo: SIGCHLD, si_code, si_pid: pid, si_uid: 0, si_status });
}

checkCall('waitid', {
  'for stops alone does not find a zombie, which stays to be waited for': {
    *main(sys) {
      const child = yield* sys.fork('ends', 3, 1);
      const info = { si_signo: 1, si_code: 1, si_pid: 1, si_uid: 1, si_status: 1 };
      same(sys, 'until it is one', yield* sys.waitid(P_PID, child, info, WEXITED | WNOWAIT), 0);
      same(sys, 'WSTOPPED', yield* sys.waitid(P_PID, child, info, WSTOPPED | WNOHANG), -ECHILD);
      same(sys, 'si_pid', info.si_pid, 0);
      same(sys, 'WEXITED', yield* sys.waitid(P_PID, child, info, WEXITED), 0);
      same(sys, 'si_status', info.si_status, 3);
    },
    programs: { ends },
  },
  'tells a child’s exit code, whole': {
    *main(sys) {
      for (const [idtype, code] of [
        [P_ALL, 0],
        [P_PID, 123],
        [P_PGID, 255],
      ] as const) {
        const child = yield* sys.fork('child', code, 1);
        const info = noInfo();
        const id = idtype === P_PGID ? yield* sys.getpgrp() : child;
        same(sys, 'waitid', yield* sys.waitid(idtype, id, info, WEXITED), 0);
        told(sys, info, child, CLD_EXITED, code);
      }
    },
    programs: { child: ends },
  },
  'tells the signal that ended it': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.kill(child, SIGKILL);
      const info = noInfo();
      same(sys, 'waitid', yield* sys.waitid(P_PID, child, info, WEXITED), 0);
      told(sys, info, child, CLD_KILLED, SIGKILL);
    },
    programs: { child: stays },
  },
  'tells stops and continuing': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.kill(child, SIGSTOP);
      const info = noInfo();
      same(sys, 'waitid', yield* sys.waitid(P_PID, child, info, WSTOPPED), 0);
      told(sys, info, child, CLD_STOPPED, SIGSTOP);
      yield* sys.kill(child, SIGCONT);
      same(sys, 'waitid', yield* sys.waitid(P_PID, child, info, WCONTINUED), 0);
      told(sys, info, child, CLD_CONTINUED, SIGCONT);
      yield* sys.kill(child, SIGKILL);
      same(sys, 'waitid', yield* sys.waitid(P_PID, child, null, WEXITED), 0);
    },
    programs: { child: stays },
  },
  'with WNOWAIT leaves the child to be waited for': {
    *main(sys) {
      const child = yield* sys.fork('child', 7, 1);
      for (let n = 0; n < 3; n++) {
        const info = noInfo();
        same(sys, 'waitid', yield* sys.waitid(P_ALL, 0, info, WEXITED | WNOWAIT), 0);
        told(sys, info, child, CLD_EXITED, 7);
      }
      same(sys, 'waitid', yield* sys.waitid(P_PID, child, null, WEXITED), 0);
      same(sys, 'after', yield* sys.waitid(P_PID, child, null, WEXITED | WNOWAIT), -ECHILD);
    },
    programs: { child: ends },
  },
  'with WNOHANG gives 0 and zeros while the child lives': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      const info: WaitidInfo = { si_signo: 1, si_code: 1, si_pid: 1, si_uid: 1, si_status: 1 };
      same(sys, 'waitid', yield* sys.waitid(P_ALL, 0, info, WEXITED | WNOHANG), 0);
      same(sys, 'siginfo', info, noInfo());
      yield* sys.kill(child, SIGKILL);
      yield* sys.wait();
    },
    programs: { child: stays },
  },
  'gives ECHILD without a child that fits': {
    *main(sys) {
      same(sys, 'no child', yield* sys.waitid(P_ALL, 0, null, WEXITED), -ECHILD);
      same(sys, 'no process', yield* sys.waitid(P_PID, 999, null, WEXITED), -ECHILD);
      same(sys, 'no group', yield* sys.waitid(P_PGID, 999, null, WEXITED), -ECHILD);
      same(sys, 'with WNOHANG', yield* sys.waitid(P_ALL, 0, null, WNOHANG | WEXITED), -ECHILD);
    },
  },
  'refuses what it does not know, and wants one of the three': {
    *main(sys) {
      same(sys, 'nothing', yield* sys.waitid(P_ALL, 0, null, 0), -EINVAL);
      same(sys, 'WNOHANG', yield* sys.waitid(P_ALL, 0, null, WNOHANG), -EINVAL);
      same(sys, 'options', yield* sys.waitid(P_ALL, 0, null, -1), -EINVAL);
      same(sys, 'idtype', yield* sys.waitid(99, 0, null, WEXITED), -EINVAL);
      same(sys, 'pid 0', yield* sys.waitid(P_PID, 0, null, WEXITED), -EINVAL);
      same(sys, 'pid −1', yield* sys.waitid(P_PID, -1, null, WEXITED), -EINVAL);
      same(sys, 'group 0', yield* sys.waitid(P_PGID, 0, null, WEXITED), -EINVAL);
    },
  },
  'waits by a pidfd': {
    *main(sys) {
      const child = yield* sys.fork('child', 5, 1);
      const fd = yield* sys.pidfd_open(child, 0);
      const info = noInfo();
      same(sys, 'waitid', yield* sys.waitid(P_PIDFD, fd, info, WEXITED), 0);
      told(sys, info, child, CLD_EXITED, 5);
      same(sys, 'again', yield* sys.waitid(P_PIDFD, fd, info, WEXITED), -ECHILD);
      same(sys, 'below 0', yield* sys.waitid(P_PIDFD, -1, info, WEXITED), -EINVAL);
      same(sys, 'closed', yield* sys.waitid(P_PIDFD, 9, info, WEXITED), -EBADF);
    },
    programs: { child: ends },
  },
});
