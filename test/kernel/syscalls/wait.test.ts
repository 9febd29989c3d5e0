/** `wait(2)`, `waitpid(2)` and `wait4(2)`. */

import {
  __WALL,
  __WCLONE,
  CLONE_VM,
  ECHILD,
  EINTR,
  EINVAL,
  ESRCH,
  INT_MIN,
  SIGALRM,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTERM,
  SIGTSTP,
  WCONTINUED,
  WNOHANG,
  WUNTRACED,
} from '../../../src/kernel/constants.js';
import {
  WEXITSTATUS,
  WIFCONTINUED,
  WIFEXITED,
  WIFSIGNALED,
  WIFSTOPPED,
  WSTOPSIG,
  WTERMSIG,
} from '../../../src/kernel/waitstatus.js';
import { checkCall, same } from '../../support/syscalls.js';
import { ends, pauses, stays } from '../../support/tasks.js';

checkCall('wait', {
  'gives ECHILD without children': {
    *main(sys) {
      same(sys, 'wait', (yield* sys.wait()).pid, -ECHILD);
      same(sys, 'wait3', (yield* sys.wait3(WNOHANG)).pid, -ECHILD);
      same(sys, 'waitpid', (yield* sys.waitpid(-1, WNOHANG)).pid, -ECHILD);
    },
  },
  'tells exit codes, of which eight bits are left': {
    *main(sys) {
      for (const code of [0, 1, 127, 255, 256, 511, -1]) {
        const child = yield* sys.fork('child', code, 1);
        const { pid, status } = yield* sys.wait();
        same(sys, 'wait', pid, child);
        sys.check(WIFEXITED(status) && !WIFSIGNALED(status) && !WIFSTOPPED(status), `status ${status}`);
        same(sys, 'exit code', WEXITSTATUS(status), code & 0xff);
      }
    },
    programs: { child: ends },
  },
  'gives each child once': {
    *main(sys) {
      const children = new Set<number>();
      for (let n = 0; n < 4; n++) children.add(yield* sys.fork('child', n, n % 2));
      for (let n = 0; n < 4; n++) sys.check(children.delete((yield* sys.wait()).pid), 'a child that is none');
      same(sys, 'wait', (yield* sys.wait()).pid, -ECHILD);
    },
    programs: { child: ends },
  },
});

checkCall('waitpid', {
  'waits for the child named, though another has ended': {
    *main(sys) {
      const other = yield* sys.fork('ends', 1, 0);
      const child = yield* sys.fork('stays', 0, 1);
      yield* sys.kill(child, SIGTERM);
      const { pid, status } = yield* sys.waitpid(child);
      same(sys, 'waitpid', pid, child);
      sys.check(WIFSIGNALED(status) && WTERMSIG(status) === SIGTERM, `status ${status}`);
      same(sys, 'the other', (yield* sys.waitpid(other)).pid, other);
      same(sys, 'again', (yield* sys.waitpid(child)).pid, -ECHILD);
    },
    programs: { ends, stays },
  },
  'with WNOHANG gives 0 while the child lives': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'waitpid', (yield* sys.waitpid(child, WNOHANG)).pid, 0);
      same(sys, 'of any', (yield* sys.waitpid(-1, WNOHANG)).pid, 0);
      yield* sys.kill(child, SIGKILL);
      same(sys, 'then', (yield* sys.waitpid(child)).status, SIGKILL);
    },
    programs: { child: stays },
  },
  'knows the caller’s group and others': {
    *main(sys) {
      yield* sys.setpgid(0, 0);
      const mine = yield* sys.fork('child', 1, 1);
      const outside = yield* sys.fork('stays', 0, 1);
      same(sys, 'setpgid', yield* sys.setpgid(outside, outside), 0);
      same(sys, 'of the own group', (yield* sys.waitpid(0)).pid, mine);
      same(sys, 'no more', (yield* sys.waitpid(0)).pid, -ECHILD);
      same(sys, 'of the other', (yield* sys.waitpid(-outside, WNOHANG)).pid, 0);
      yield* sys.kill(-outside, SIGKILL);
      same(sys, 'of the other', (yield* sys.waitpid(-outside)).pid, outside);
      same(sys, 'of none', (yield* sys.waitpid(-999)).pid, -ECHILD);
    },
    programs: { child: ends, stays },
  },
  'tells stops with WUNTRACED, and continuing with WCONTINUED, once each': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      // A group of its own, which is not orphaned: otherwise SIGTSTP would stop nobody.
      yield* sys.setpgid(child, child);
      for (const sig of [SIGSTOP, SIGTSTP]) {
        yield* sys.kill(child, sig);
        const stopped = yield* sys.waitpid(child, WUNTRACED);
        same(sys, 'waitpid', stopped.pid, child);
        sys.check(WIFSTOPPED(stopped.status) && WSTOPSIG(stopped.status) === sig, `status ${stopped.status}`);
        same(sys, 'again', (yield* sys.waitpid(child, WUNTRACED | WNOHANG)).pid, 0);
        yield* sys.kill(child, SIGCONT);
        const continued = yield* sys.waitpid(child, WCONTINUED);
        sys.check(WIFCONTINUED(continued.status), `status ${continued.status}`);
        same(sys, 'again', (yield* sys.waitpid(child, WCONTINUED | WNOHANG)).pid, 0);
      }
      yield* sys.kill(child, SIGKILL);
      same(sys, 'status', (yield* sys.waitpid(child, WUNTRACED | WCONTINUED)).status, SIGKILL);
    },
    programs: { child: stays },
  },
  'does not tell stops without WUNTRACED': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.kill(child, SIGSTOP);
      same(sys, 'waitpid', (yield* sys.waitpid(child, WNOHANG)).pid, 0);
      yield* sys.kill(child, SIGKILL);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGKILL);
    },
    programs: { child: pauses },
  },
  'refuses options that it does not know, and the pid that has no positive': {
    *main(sys) {
      same(sys, 'options', (yield* sys.waitpid(-1, -1)).pid, -EINVAL);
      same(sys, 'options', (yield* sys.waitpid(-1, 0x100)).pid, -EINVAL);
      same(sys, 'pid', (yield* sys.waitpid(INT_MIN, 0)).pid, -ESRCH);
    },
  },
  'is for the caller’s own children': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'the parent', (yield* sys.waitpid(1)).pid, -ECHILD);
      same(sys, 'itself', (yield* sys.waitpid(yield* sys.getpid())).pid, -ECHILD);
      same(sys, 'status', (yield* sys.waitpid(child)).status, 0);
    },
    programs: {
      *child(sys) {
        yield* sys.waitpid(yield* sys.fork('grandchild', 0, 0));
      },
      grandchild: ends,
    },
  },
  'is ended by a handler': {
    *main(sys) {
      yield* sys.sigaction(SIGALRM, 'nothing');
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.alarm(1);
      // The alarm may come before the wait. A second one comes for it: time stands still while others can run.
      yield* sys.setitimer(0, { it_value: { tv_sec: 1, tv_usec: 0 }, it_interval: { tv_sec: 1, tv_usec: 0 } });
      same(sys, 'waitpid', (yield* sys.waitpid(child)).pid, -EINTR);
      yield* sys.kill(child, SIGKILL);
      yield* sys.alarm(0);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGKILL);
    },
    programs: { child: pauses },
    handlers: {
      *nothing() {},
    },
  },
  'of a child without SIGCHLD needs __WCLONE or __WALL': {
    *main(sys) {
      const child = yield* sys.clone(CLONE_VM, 'child', { exit_signal: 0, cpu: 1 });
      same(sys, 'waitpid', (yield* sys.waitpid(child)).pid, -ECHILD);
      same(sys, 'with __WCLONE', (yield* sys.waitpid(child, __WCLONE)).pid, child);
      const plain = yield* sys.fork('child', 0, 1);
      same(sys, 'with __WCLONE', (yield* sys.waitpid(plain, __WCLONE)).pid, -ECHILD);
      same(sys, 'with __WALL', (yield* sys.waitpid(plain, __WALL)).pid, plain);
    },
    programs: { child: ends },
  },
});
