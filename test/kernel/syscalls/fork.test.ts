/** `fork(2)`, `vfork(2)` and `clone(2)`. */

import {
  __WALL,
  __WCLONE,
  CLONE_DETACHED,
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_PIDFD,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
  EAGAIN,
  ECHILD,
  EFAULT,
  EINVAL,
  EPERM,
  RLIMIT_NPROC,
  SIG_BLOCK,
  SIGALRM,
  SIGCHLD,
  SIGUSR1,
  SIGUSR2,
  WNOHANG,
} from '../../../src/kernel/constants.js';
import { EMPTY_MASK, sigmask } from '../../../src/kernel/sigset.js';
import { sigset } from '../../../src/kernel/sys/sigset.js';
import type { OldAction, Sys } from '../../../src/kernel/sys.js';
import { WEXITSTATUS } from '../../../src/kernel/waitstatus.js';
import type { Coroutine } from '../../../src/sync/gate.js';
import { checkCall, same } from '../../support/syscalls.js';
import { ends, stays } from '../../support/tasks.js';

const handlers = {
  *remembers(sys: Sys, sig: number): Coroutine<void> {
    yield* sys.store(0, sig);
  },
};

checkCall('fork', {
  'gives the parent the child’s number, and the child has its own and knows its parent': {
    *main(sys) {
      const child = yield* sys.fork('child', yield* sys.getpid(), 1);
      const { pid, status } = yield* sys.wait();
      same(sys, 'wait', pid, child);
      same(sys, 'status', status, 0);
      same(sys, 'the child’s own', yield* sys.load(0), child);
    },
    programs: {
      *child(sys) {
        same(sys, 'getppid', yield* sys.getppid(), sys.arg);
        sys.check((yield* sys.getpid()) !== sys.arg, 'the child has its parent’s number');
        same(sys, 'gettid', yield* sys.gettid(), yield* sys.getpid());
        yield* sys.store(0, yield* sys.getpid());
      },
    },
  },
  'leaves group, session, user, mask and handlers as they are': {
    *main(sys) {
      yield* sys.setpgid(0, 0);
      yield* sys.signal(SIGUSR1, 'remembers');
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR2));
      yield* sys.store(1, yield* sys.getpgrp());
      yield* sys.store(2, yield* sys.getsid(0));
      same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', 0, 1))).status, 0);
    },
    programs: {
      *child(sys) {
        same(sys, 'getpgrp', yield* sys.getpgrp(), yield* sys.load(1));
        same(sys, 'getsid', yield* sys.getsid(0), yield* sys.load(2));
        same(sys, 'getuid', yield* sys.getuid(), 0);
        const old: OldAction = {};
        yield* sys.sigaction(SIGUSR1, null, {}, old);
        same(sys, 'handler', old.handler, 'remembers');
        const mask = sigset();
        yield* sys.sigprocmask(SIG_BLOCK, null, mask);
        same(sys, 'mask', mask, sigmask(SIGUSR2));
      },
    },
    handlers,
  },
  'does not leave the child pending signals, alarms or children': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGALRM, SIGCHLD));
      yield* sys.raise(SIGUSR1);
      const ended = yield* sys.fork('ended', 0, 0);
      yield* sys.alarm(100);
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.alarm(0);
      same(sys, 'status', (yield* sys.waitpid(child)).status, 0);
      same(sys, 'the other', (yield* sys.waitpid(ended)).pid, ended);
    },
    programs: {
      *child(sys) {
        const pending = sigset();
        yield* sys.sigpending(pending);
        same(sys, 'pending', pending, EMPTY_MASK);
        same(sys, 'alarm', yield* sys.alarm(0), 0);
        same(sys, 'wait', (yield* sys.wait()).pid, -ECHILD);
      },
      ended: ends,
    },
  },
  'copies descriptors: closed in one they are open in the other': {
    *main(sys) {
      const fds: number[] = [];
      yield* sys.pipe(fds);
      const [from = -1, to = -1] = fds;
      const child = yield* sys.fork('child', to, 1);
      yield* sys.close(to);
      const bytes = new Uint8Array(4);
      same(sys, 'read', yield* sys.read(from, bytes), 1);
      same(sys, 'at the end', yield* sys.read(from, bytes), 0);
      same(sys, 'wait', (yield* sys.wait()).pid, child);
    },
    programs: {
      *child(sys) {
        same(sys, 'write', yield* sys.write(sys.arg, 'x'), 1);
      },
    },
  },
  'gives EAGAIN where the user has as many processes as allowed': {
    *main(sys) {
      yield* sys.setrlimit(RLIMIT_NPROC, { rlim_cur: 2, rlim_max: 2 });
      same(sys, 'the second', yield* sys.fork('child', 0, 1), 101);
      same(sys, 'the third', yield* sys.fork('child', 0, 1), -EAGAIN);
      same(sys, 'wait', (yield* sys.wait()).pid, 101);
    },
    programs: { child: ends },
    as: { uid: 1000 },
  },
});

checkCall('vfork', {
  'lets the parent go on when the child has ended': {
    *main(sys) {
      const child = yield* sys.vfork('child', 0, 1);
      same(sys, 'what the child did', yield* sys.load(0), 1);
      const { pid, status } = yield* sys.waitpid(child, WNOHANG);
      sys.check(pid === 0 || pid === child, `waitpid gave ${pid}`);
      same(sys, 'status', WEXITSTATUS(pid === child ? status : (yield* sys.waitpid(child)).status), 9);
    },
    programs: {
      *child(sys) {
        yield* sys.store(0, 1);
        yield* sys._exit(9);
      },
    },
  },
  'lets the parent go on when the child has called execve': {
    *main(sys) {
      const child = yield* sys.vfork('child', 0, 1);
      same(sys, 'what the child did', yield* sys.load(0), 1);
      yield* sys.kill(child, SIGUSR1);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGUSR1);
    },
    programs: {
      *child(sys) {
        yield* sys.store(0, 1);
        yield* sys.execve('stays');
      },
      stays,
    },
  },
});

checkCall('clone', {
  'sends the signal that it is told when the child ends': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      const child = yield* sys.clone(0, 'child', { exit_signal: SIGUSR1, cpu: 1 });
      same(sys, 'sigwaitinfo', yield* sys.sigwaitinfo(sigmask(SIGUSR1)), SIGUSR1);
      same(sys, 'waitpid', (yield* sys.waitpid(child, __WCLONE)).pid, child);
    },
    programs: { child: ends },
  },
  'takes the signal from the flags, too, as in C': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      const child = yield* sys.clone(CLONE_FILES | SIGUSR1, 'child', { cpu: 1 });
      same(sys, 'sigwaitinfo', yield* sys.sigwaitinfo(sigmask(SIGUSR1)), SIGUSR1);
      same(sys, 'waitpid', (yield* sys.waitpid(child)).pid, -ECHILD);
      same(sys, 'waitpid', (yield* sys.waitpid(child, __WALL)).pid, child);
    },
    programs: { child: ends },
  },
  'with CLONE_PARENT makes a sibling': {
    *main(sys) {
      const first = yield* sys.fork('first', yield* sys.getpid(), 1);
      for (let n = 0; n < 2; n++) sys.check((yield* sys.wait()).pid > 0, 'fewer than two children');
      same(sys, 'wait', (yield* sys.wait()).pid, -ECHILD);
      sys.check(first > 0, 'fork failed');
    },
    programs: {
      *first(sys) {
        sys.check((yield* sys.clone(CLONE_PARENT, 'second', { arg: sys.arg })) > 0, 'clone failed');
        same(sys, 'wait', (yield* sys.wait()).pid, -ECHILD);
      },
      *second(sys) {
        same(sys, 'getppid', yield* sys.getppid(), sys.arg);
      },
    },
  },
  'with CLONE_THREAD makes a thread: the same pid, another tid, no child': {
    *main(sys) {
      yield* sys.clone(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 'thread', { arg: yield* sys.getpid(), cpu: 1 });
      same(sys, 'wait', (yield* sys.wait()).pid, -ECHILD);
      while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
    },
    programs: {
      *thread(sys) {
        same(sys, 'getpid', yield* sys.getpid(), sys.arg);
        sys.check((yield* sys.gettid()) !== sys.arg, 'the thread has its process’s number');
        yield* sys.store(0, 1);
        yield* sys.exit(0);
      },
    },
  },
  'with CLONE_SIGHAND shares handlers, and without copies them': {
    *main(sys) {
      for (const [flags, handler] of [
        [CLONE_VM | CLONE_SIGHAND, 'remembers'],
        [0, 0],
      ] as const) {
        yield* sys.sigaction(SIGUSR1, 0);
        yield* sys.waitpid(yield* sys.clone(flags, 'child', { cpu: 1 }));
        const old: OldAction = {};
        yield* sys.sigaction(SIGUSR1, null, {}, old);
        same(sys, 'handler', old.handler, handler);
      }
    },
    programs: {
      *child(sys) {
        yield* sys.signal(SIGUSR1, 'remembers');
      },
    },
    handlers,
  },
  'with CLONE_FILES shares descriptors, and without copies them': {
    *main(sys) {
      for (const [flags, closed] of [
        [CLONE_FILES, true],
        [0, false],
      ] as const) {
        const fds: number[] = [];
        yield* sys.pipe(fds);
        const [from = -1, to = -1] = fds;
        yield* sys.waitpid(yield* sys.clone(flags, 'child', { arg: to, cpu: 1 }));
        sys.check((yield* sys.write(to, 'x')) < 0 === closed, 'the descriptor');
        yield* sys.close(from);
        yield* sys.close(to);
      }
    },
    programs: {
      *child(sys) {
        yield* sys.close(sys.arg);
      },
    },
  },
  'with CLONE_VFORK waits': {
    *main(sys) {
      const child = yield* sys.clone(CLONE_VM | CLONE_VFORK, 'child', { cpu: 1 });
      same(sys, 'what the child did', yield* sys.load(0), 1);
      same(sys, 'waitpid', (yield* sys.waitpid(child)).pid, child);
    },
    programs: {
      *child(sys) {
        yield* sys.store(0, 1);
      },
    },
  },
  'with CLONE_PIDFD gives a pidfd': {
    *main(sys) {
      const out = { pidfd: -1 };
      const child = yield* sys.clone(CLONE_PIDFD, 'child', { pidfd: out, cpu: 1 });
      same(sys, 'pidfd_send_signal', yield* sys.pidfd_send_signal(out.pidfd, SIGUSR1, null, 0), 0);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGUSR1);
      same(sys, 'nowhere to put it', yield* sys.clone(CLONE_PIDFD, 'child', { pidfd: null }), -EFAULT);
    },
    programs: { child: stays },
  },
  'refuses flags that do not go together': {
    *main(sys) {
      for (const flags of [
        CLONE_SIGHAND,
        CLONE_THREAD,
        CLONE_THREAD | CLONE_VM,
        CLONE_FS | CLONE_NEWNS,
        CLONE_FS | CLONE_NEWUSER,
        CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWPID,
        CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_PIDFD,
        CLONE_PIDFD | CLONE_PARENT_SETTID,
        CLONE_PIDFD | CLONE_DETACHED,
      ]) {
        same(sys, `flags ${flags.toString(16)}`, yield* sys.clone(flags, 'child', { pidfd: { pidfd: 0 } }), -EINVAL);
      }
    },
    programs: { child: ends },
  },
  'makes a pid namespace for root only': {
    *main(sys) {
      same(sys, 'clone', yield* sys.clone(CLONE_NEWPID, 'child'), -EPERM);
    },
    programs: { child: ends },
    as: { uid: 1000 },
  },
  'numbers from 1 in a pid namespace': {
    *main(sys) {
      const child = yield* sys.clone(CLONE_NEWPID, 'child', { cpu: 1 });
      same(sys, 'status', (yield* sys.waitpid(child)).status, 0);
    },
    programs: {
      *child(sys) {
        same(sys, 'getpid', yield* sys.getpid(), 1);
        same(sys, 'getppid', yield* sys.getppid(), 0);
      },
    },
  },
});
