/** Pidfds: made, and used to send signals. */

import { describe, expect, test } from 'vitest';
import {
  CLD_EXITED,
  CLONE_DETACHED,
  CLONE_FILES,
  CLONE_PIDFD,
  CLONE_PTHREAD,
  CLONE_VM,
  EBADF,
  ECHILD,
  EFAULT,
  EINVAL,
  EMFILE,
  ENOMEM,
  EPERM,
  ESRCH,
  F_GETFD,
  F_GETFL,
  FD_CLOEXEC,
  NR_OPEN_DEFAULT,
  O_RDWR,
  P_PIDFD,
  RESERVED_PIDS,
  SA_SIGINFO,
  SI_QUEUE,
  SI_TKILL,
  SI_USER,
  SIG_BLOCK,
  SIGKILL,
  SIGRTMIN,
  SIGTERM,
  SIGUSR1,
  WEXITED,
  WNOHANG,
} from '../../src/kernel/constants.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { PID_MAX } from '../../src/kernel/structs.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';
import { noInfo, stays, until } from '../support/tasks.js';

describe('pidfd_open', () => {
  test('gives a descriptor that exec closes', () => {
    const parts = alone(['fd', 'cloexec', 'flags'], function* (sys) {
      const fd = yield* sys.pidfd_open(yield* sys.getpid(), 0);
      sys.result('fd', fd);
      sys.result('cloexec', yield* sys.fcntl(fd, F_GETFD));
      sys.result('flags', yield* sys.fcntl(fd, F_GETFL));
    });
    expect(outcomesOf(parts, 3)).toEqual([`fd=0 cloexec=${FD_CLOEXEC} flags=${O_RDWR}`]);
  });

  test('refuses flags, pids that cannot be, pids of nobody, and threads', () => {
    const parts = alone(
      ['flags', 'zero', 'negative', 'nobody', 'thread'],
      function* (sys) {
        sys.result('flags', yield* sys.pidfd_open(yield* sys.getpid(), 1));
        sys.result('zero', yield* sys.pidfd_open(0, 0));
        sys.result('negative', yield* sys.pidfd_open(-1, 0));
        sys.result('nobody', yield* sys.pidfd_open(999, 0));
        sys.result('thread', yield* sys.pidfd_open(yield* sys.thread('thread', 0, 1), 0));
      },
      { programs: { thread: stays } },
    );
    const e = -EINVAL;
    expect(outcomesOf(parts, 30)).toEqual([`flags=${e} zero=${e} negative=${e} nobody=${-ESRCH} thread=${e}`]);
  });

  test('of a zombie works; of a child that has been waited for there is nobody', () => {
    const parts = alone(
      ['zombie', 'gone'],
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* sys.waitid(P_PIDFD, yield* sys.pidfd_open(child, 0), null, WEXITED | 0x01000000);
        sys.result('zombie', yield* sys.pidfd_open(child, 0));
        yield* sys.wait4(child);
        sys.result('gone', yield* sys.pidfd_open(child, 0));
      },
      {
        programs: {
          *child(sys) {
            yield* sys.getpid();
          },
        },
      },
    );
    expect(outcomesOf(parts, 200)).toEqual([`zombie=1 gone=${-ESRCH}`]);
  });

  test('says ENOMEM when no file can be had, and leaves nothing behind', () => {
    // Two processes with a full table each have all the files there are.
    const parts = alone(
      ['open', 'pipe', 'half', 'clone', 'first'],
      function* (sys) {
        const own = yield* sys.getpid();
        while ((yield* sys.pidfd_open(own, 0)) >= 0);
        yield* sys.fork('child');
        yield* sys.wait4(-1);
      },
      {
        programs: {
          *child(sys) {
            for (let fd = 0; fd < NR_OPEN_DEFAULT; fd++) yield* sys.close(fd);
            const own = yield* sys.getpid();
            while ((yield* sys.pidfd_open(own, 0)) >= 0);
            yield* sys.fork('grandchild', 0, 1);
            yield* until(sys, 0);
            // The last one, which the grandchild has closed.
            yield* sys.close(0);
            yield* sys.store(1, 1);
            yield* sys.wait4(-1);
          },
          *grandchild(sys) {
            yield* sys.close(0);
            yield* sys.close(1);
            sys.result('open', yield* sys.pidfd_open(yield* sys.getpid(), 0));
            sys.result('pipe', yield* sys.pipe([]));
            sys.result('clone', yield* sys.clone(CLONE_PIDFD, 'grandchild', { pidfd: { pidfd: 0 } }));
            yield* sys.store(0, 1);
            yield* until(sys, 1);
            // One file is free, and a pipe has two ends.
            sys.result('half', yield* sys.pipe([]));
            sys.result('first', yield* sys.dup(2));
          },
        },
      },
    );
    expect(outcomesOf(parts, 3)).toEqual([`open=${-ENOMEM} pipe=${-ENOMEM} half=${-ENOMEM} clone=${-ENOMEM} first=0`]);
  });
});

describe('CLONE_PIDFD', () => {
  test('gives the parent a pidfd of the child, and the child none', () => {
    const parts = alone(
      ['cloexec', 'wait', 'status', 'child'],
      function* (sys) {
        const out = { pidfd: -1 };
        const child = yield* sys.clone(CLONE_PIDFD, 'child', { cpu: 1, pidfd: out });
        sys.result('cloexec', yield* sys.fcntl(out.pidfd, F_GETFD));
        const info = noInfo();
        sys.result('wait', yield* sys.waitid(P_PIDFD, out.pidfd, info, WEXITED));
        sys.check(info.si_pid === child && info.si_code === CLD_EXITED, 'another child');
        sys.result('status', info.si_status);
      },
      {
        programs: {
          *child(sys) {
            sys.result('child', yield* sys.fcntl(0, F_GETFD));
            return 5;
          },
        },
      },
    );
    expect(outcomesOf(parts, 200)).toEqual([`cloexec=1 wait=0 status=5 child=${-EBADF}`]);
  });

  test('is not for threads, and needs a place for the number, and one in the table', () => {
    const parts = alone(
      ['thread', 'detached', 'place', 'shared', 'full', 'children', 'first'],
      function* (sys) {
        const out = { pidfd: -1 };
        sys.result('thread', yield* sys.clone(CLONE_PTHREAD | CLONE_PIDFD, 'child', { pidfd: out }));
        sys.result('detached', yield* sys.clone(CLONE_DETACHED | CLONE_PIDFD, 'child', { pidfd: out }));
        sys.result('place', yield* sys.clone(CLONE_PIDFD, 'child'));
        sys.result('shared', yield* sys.clone(CLONE_PIDFD | CLONE_FILES | CLONE_VM, 'child'));
        sys.result('first', yield* sys.pidfd_open(yield* sys.getpid(), 0));
        while ((yield* sys.dup(0)) >= 0);
        sys.result('full', yield* sys.clone(CLONE_PIDFD, 'child', { pidfd: out }));
        sys.check(out.pidfd === -1, 'a number was given');
        sys.result('children', (yield* sys.wait4(-1)).pid);
      },
      { programs: { child: stays } },
    );
    expect(outcomesOf(parts, 20)).toEqual([
      `thread=${-EINVAL} detached=${-EINVAL} place=${-EFAULT} shared=${-EFAULT} full=${-EMFILE} children=${-ECHILD} first=0`,
    ]);
  });

  test('gives the number back when the parent is killed in the middle', () => {
    const parts = alone(
      ['status'],
      function* (sys) {
        const child = yield* sys.fork('forks', 0, 1);
        yield* until(sys, 0);
        yield* sys.kill(child, SIGKILL);
        sys.result('status', (yield* sys.wait4(child)).status);
      },
      {
        programs: {
          *forks(sys) {
            yield* sys.store(0, 1);
            for (;;) {
              const out = { pidfd: -1 };
              yield* sys.clone(CLONE_PIDFD, 'child', { pidfd: out });
              yield* sys.waitid(P_PIDFD, out.pidfd, null, WEXITED);
              yield* sys.close(out.pidfd);
            }
          },
          *child(sys) {
            yield* sys.getpid();
          },
        },
      },
    );
    expect(outcomesOf(parts, 600)).toEqual([`status=${SIGKILL}`]);
  });
});

describe('pidfd_send_signal', () => {
  test('is kill, and with a siginfo sigqueue', () => {
    const parts: Parts = {
      results: ['exists', 'kill', 'code', 'queue', 'value', 'invalid'],
      programs: {
        *main(sys) {
          yield* sys.sigaction(SIGUSR1, 'onUser', { flags: SA_SIGINFO });
          yield* sys.sigaction(SIGRTMIN, 'onQueue', { flags: SA_SIGINFO });
          const pid = yield* sys.getpid();
          const fd = yield* sys.pidfd_open(pid, 0);
          sys.result('exists', yield* sys.pidfd_send_signal(fd, 0, null, 0));
          sys.result('kill', yield* sys.pidfd_send_signal(fd, SIGUSR1, null, 0));
          const info = { si_signo: SIGRTMIN, si_code: SI_QUEUE, si_pid: pid, si_uid: 1000, si_value: 77 };
          sys.result('queue', yield* sys.pidfd_send_signal(fd, SIGRTMIN, info, 0));
          sys.result('invalid', yield* sys.pidfd_send_signal(fd, 65, null, 0));
        },
      },
      handlers: {
        *onUser(sys, _sig, info) {
          sys.check(info?.si_code === SI_USER && info.si_pid === 100, 'not as from kill');
          sys.result('code', info?.si_code ?? -1);
          yield* sys.getpid();
        },
        *onQueue(sys, _sig, info) {
          sys.result('value', info?.si_value ?? -1);
          yield* sys.getpid();
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 3)).toEqual([`exists=0 kill=0 code=0 queue=0 value=77 invalid=${-EINVAL}`]);
  });

  test('refuses flags, what is no pidfd, another number in the siginfo, and to pretend', () => {
    const parts: Parts = {
      results: ['flags', 'bad', 'pipe', 'signo', 'kill', 'tkill', 'perm', 'own', 'ok'],
      programs: {
        *main(sys) {
          const fd = yield* sys.pidfd_open(101, 0);
          sys.result('flags', yield* sys.pidfd_send_signal(fd, SIGUSR1, null, 1));
          sys.result('bad', yield* sys.pidfd_send_signal(9, SIGUSR1, null, 0));
          yield* sys.pipe([]);
          sys.result('pipe', yield* sys.pidfd_send_signal(1, SIGUSR1, null, 0));
          const send = (to: number, si_signo: number, si_code: number): Coroutine<number> =>
            sys.pidfd_send_signal(to, SIGUSR1, { si_signo, si_code }, 0);
          sys.result('signo', yield* send(fd, SIGTERM, SI_QUEUE));
          sys.result('kill', yield* send(fd, SIGUSR1, SI_USER));
          sys.result('tkill', yield* send(fd, SIGUSR1, SI_TKILL));
          sys.result('ok', yield* send(fd, SIGUSR1, SI_QUEUE));
          sys.result('perm', yield* sys.pidfd_send_signal(yield* sys.pidfd_open(102, 0), SIGUSR1, null, 0));
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          sys.result('own', yield* send(yield* sys.pidfd_open(100, 0), SIGUSR1, SI_TKILL));
        },
        other: stays,
      },
      setup(setup) {
        setup.process('main');
        setup.process('other', { cpu: 1 });
        setup.process('other', { cpu: 1, uid: 0 });
      },
    };
    expect(outcomesOf(parts, 10)).toEqual([
      `flags=${-EINVAL} bad=${-EBADF} pipe=${-EBADF} signo=${-EINVAL} kill=${-EPERM} tkill=${-EPERM} perm=${-EPERM} own=0 ok=0`,
    ]);
  });

  test('reaches a zombie, and nobody after it was waited for, though its number has a new owner', () => {
    // Past the numbers that are given out only once, and then all the way round. A clone that fails late takes one.
    const skip = function* (sys: Sys, numbers: number): Coroutine<void> {
      for (let n = 0; n < numbers; n++) yield* sys.clone(CLONE_PIDFD, 'stays');
    };
    const parts: Parts = {
      results: ['gone', 'reused', 'alive'],
      programs: {
        *main(sys) {
          yield* skip(sys, RESERVED_PIDS - 1 - (yield* sys.getpid()));
          const out = { pidfd: -1 };
          const first = yield* sys.clone(CLONE_PIDFD, 'ends', { cpu: 1, pidfd: out });
          yield* sys.wait4(first);
          sys.result('gone', yield* sys.pidfd_send_signal(out.pidfd, SIGKILL, null, 0));
          yield* skip(sys, PID_MAX - RESERVED_PIDS - 1);
          const reborn = yield* sys.fork('stays', 0, 1);
          sys.check(reborn === first && first === RESERVED_PIDS, `the number is ${reborn} and was ${first}`);
          sys.result('reused', yield* sys.pidfd_send_signal(out.pidfd, SIGKILL, null, 0));
          sys.result('alive', (yield* sys.wait4(reborn, WNOHANG)).pid);
        },
        *ends(sys) {
          yield* sys.getpid();
        },
        stays,
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 2)).toEqual([`gone=${-ESRCH} reused=${-ESRCH} alive=0`]);
  });

  test('while the process is waited for by another thread: it was reached, or there is nobody', () => {
    const parts: Parts = {
      results: ['sent'],
      cpus: 3,
      programs: {
        *main(sys) {
          const out = { pidfd: -1 };
          const child = yield* sys.clone(CLONE_PIDFD, 'ends', { cpu: 1, pidfd: out });
          yield* sys.thread('waits', child, 2);
          sys.result('sent', yield* sys.pidfd_send_signal(out.pidfd, SIGTERM, null, 0));
          yield* sys.stay();
        },
        *ends(sys) {
          yield* sys.getpid();
        },
        *waits(sys) {
          yield* sys.wait4(sys.arg);
          yield* sys.stay();
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 1000)).toEqual([`sent=${-ESRCH}`, 'sent=0']);
  });

  test('reaches a process that execs from another thread', () => {
    const parts: Parts = {
      results: ['sent', 'status'],
      cpus: 3,
      programs: {
        *main(sys) {
          const fd = yield* sys.pidfd_open(101, 0);
          sys.result('sent', yield* sys.pidfd_send_signal(fd, SIGTERM, null, 0));
          sys.result('status', (yield* sys.wait4(101)).status);
        },
        leader: stays,
        *execs(sys) {
          yield* sys.execve('leader');
        },
      },
      setup(setup) {
        const main = setup.process('main');
        const leader = setup.process('leader', { parent: main, cpu: 1 });
        setup.thread(leader, 'execs', { cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 500)).toEqual([`sent=0 status=${SIGTERM}`]);
  });
});
