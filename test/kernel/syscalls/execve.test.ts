/** `execve(2)`. */

import {
  EBADF,
  F_SETFD,
  FD_CLOEXEC,
  SI_QUEUE,
  SI_TIMER,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIGALRM,
  SIGRTMIN,
  SIGUSR1,
  SIGUSR2,
} from '../../../src/kernel/constants.js';
import { sigmask } from '../../../src/kernel/sigset.js';
import { sigset } from '../../../src/kernel/sys/sigset.js';
import type { OldAction, Sys } from '../../../src/kernel/sys.js';
import { WEXITSTATUS } from '../../../src/kernel/waitstatus.js';
import type { Coroutine } from '../../../src/sync/gate.js';
import { checkCall, same } from '../../support/syscalls.js';
import { stays } from '../../support/tasks.js';

/** Forks `first`, and has it end with 0. */
function* runs(sys: Sys): Coroutine<void> {
  const child = yield* sys.fork('first', 0, 1);
  yield* sys.store(9, child);
  same(sys, 'status', (yield* sys.waitpid(child)).status, 0);
  same(sys, 'programs run', yield* sys.load(8), 1);
}

const handlers = {
  *nothing(): Coroutine<void> {},
};

checkCall('execve', {
  'drops a pending signal that looks like a timer’s, though there never was a timer': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN, SIGUSR1));
      const pid = yield* sys.getpid();
      same(sys, 'one of a timer', yield* sys.rt_sigqueueinfo(pid, SIGRTMIN, { si_code: SI_TIMER }), 0);
      same(sys, 'one with a value', yield* sys.rt_sigqueueinfo(pid, SIGUSR1, { si_code: SI_QUEUE }), 0);
      yield* sys.execve('image');
    },
    programs: {
      *image(sys) {
        const set = { lo: 0, hi: 0 };
        yield* sys.sigpending(set);
        same(sys, 'pending', set, sigmask(SIGUSR1));
        sys.result('done', 1);
      },
    },
  },
  'runs the program with its argument, under the same number': {
    main: runs,
    programs: {
      *first(sys) {
        yield* sys.execve('second', 42);
        sys.check(false, 'execve returned');
      },
      *second(sys) {
        same(sys, 'the argument', sys.arg, 42);
        same(sys, 'getpid', yield* sys.getpid(), 101);
        same(sys, 'getppid', yield* sys.getppid(), 100);
        yield* sys.store(8, 1);
      },
    },
  },
  'resets handlers, and leaves what is ignored': {
    main: runs,
    programs: {
      *first(sys) {
        yield* sys.sigaction(SIGUSR1, 'nothing', { flags: 0x10000000, mask: sigmask(SIGUSR2) });
        yield* sys.sigaction(SIGUSR2, SIG_IGN);
        yield* sys.execve('second');
      },
      *second(sys) {
        const old: OldAction = {};
        yield* sys.sigaction(SIGUSR1, null, {}, old);
        same(sys, 'the handled one', old, { handler: SIG_DFL, flags: 0, mask: sigmask() });
        yield* sys.sigaction(SIGUSR2, null, {}, old);
        same(sys, 'the ignored one', old.handler, SIG_IGN);
        yield* sys.store(8, 1);
      },
    },
    handlers,
  },
  'leaves the mask, pending signals and the alarm': {
    main: runs,
    programs: {
      *first(sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGALRM));
        yield* sys.raise(SIGUSR1);
        yield* sys.alarm(5);
        yield* sys.execve('second');
      },
      *second(sys) {
        const set = sigset();
        yield* sys.sigprocmask(SIG_BLOCK, null, set);
        same(sys, 'mask', set, sigmask(SIGUSR1, SIGALRM));
        same(sys, 'SIGUSR1', yield* sys.sigwaitinfo(sigmask(SIGUSR1)), SIGUSR1);
        same(sys, 'SIGALRM', yield* sys.sigwaitinfo(sigmask(SIGALRM)), SIGALRM);
        yield* sys.store(8, 1);
      },
    },
  },
  'closes what is to be closed, and no more': {
    main: runs,
    programs: {
      *first(sys) {
        const fds: number[] = [];
        yield* sys.pipe(fds);
        yield* sys.fcntl(fds[0] ?? -1, F_SETFD, FD_CLOEXEC);
        yield* sys.execve('second', fds[1] ?? -1);
      },
      *second(sys) {
        same(sys, 'the one', yield* sys.close(0), -EBADF);
        same(sys, 'the other', yield* sys.close(sys.arg), 0);
        yield* sys.store(8, 1);
      },
    },
  },
  'of a thread ends the others, and takes the number of the process': {
    main: runs,
    programs: {
      *first(sys) {
        yield* sys.thread('execs', yield* sys.getpid(), 1);
        yield* sys.thread('stays', 0, 0);
        yield* sys.stay();
      },
      *execs(sys) {
        yield* sys.execve('second', sys.arg);
      },
      *second(sys) {
        same(sys, 'getpid', yield* sys.getpid(), sys.arg);
        same(sys, 'gettid', yield* sys.gettid(), sys.arg);
        yield* sys.store(8, 1);
      },
      stays,
    },
  },
  'gives the new program’s exit code to the parent': {
    *main(sys) {
      same(sys, 'exit code', WEXITSTATUS((yield* sys.waitpid(yield* sys.fork('first', 0, 1))).status), 33);
    },
    programs: {
      *first(sys) {
        yield* sys.execve('second');
      },
      *second(sys) {
        yield* sys.exit(33);
      },
    },
  },
});
