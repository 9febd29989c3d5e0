/** Signals read from a file: by whom, which, and each of them once. */

import { describe, expect, test } from 'vitest';
import {
  CLD_EXITED,
  EAGAIN,
  EBADF,
  EFAULT,
  EINTR,
  EINVAL,
  ENOMEM,
  F_GETFD,
  F_GETFL,
  FD_CLOEXEC,
  O_RDWR,
  SA_RESTART,
  SFD_CLOEXEC,
  SFD_NONBLOCK,
  SI_KERNEL,
  SI_QUEUE,
  SI_TIMER,
  SI_TKILL,
  SI_USER,
  SIG_BLOCK,
  SIGALRM,
  SIGCHLD,
  SIGKILL,
  SIGRTMIN,
  SIGSEGV,
  SIGSTOP,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
} from '../../src/kernel/constants.js';
import { SIGNALFD_SIGINFO_SIZE, signalfdSiginfo } from '../../src/kernel/signalfd.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';
import { until } from '../support/tasks.js';

const USR1 = sigmask(SIGUSR1);

/** Blocks signals and makes a signalfd for them. */
function* signalfdOf(sys: Sys, signals: readonly number[], flags = 0): Coroutine<number> {
  yield* sys.sigprocmask(SIG_BLOCK, sigmask(...signals));
  const fd = yield* sys.signalfd(-1, sigmask(...signals), flags);
  sys.check(fd >= 0, `signalfd gave ${fd}`);
  return fd;
}

/** Reads one signal: its number, or a negative errno. */
function* readOne(sys: Sys, fd: number): Coroutine<number> {
  const buf = new Uint8Array(SIGNALFD_SIGINFO_SIZE);
  const count = yield* sys.read(fd, buf);
  sys.check(count < 0 || count === SIGNALFD_SIGINFO_SIZE, `read gave ${count}`);
  return count < 0 ? count : signalfdSiginfo(buf).ssi_signo;
}

describe('signalfd', () => {
  test('makes a descriptor with the flags asked for', () => {
    const parts = alone(['fd', 'flags', 'cloexec', 'nonblock', 'plain'], function* (sys) {
      const fd = yield* sys.signalfd(-1, USR1);
      sys.result('fd', fd);
      sys.result('flags', yield* sys.fcntl(fd, F_GETFL));
      sys.result('plain', yield* sys.fcntl(fd, F_GETFD));
      const other = yield* sys.signalfd(-1, USR1, SFD_CLOEXEC | SFD_NONBLOCK);
      sys.result('cloexec', yield* sys.fcntl(other, F_GETFD));
      sys.result('nonblock', yield* sys.fcntl(other, F_GETFL));
    });
    expect(outcomesOf(parts, 3)).toEqual([
      `fd=0 flags=${O_RDWR} cloexec=${FD_CLOEXEC} nonblock=${O_RDWR | SFD_NONBLOCK} plain=0`,
    ]);
  });

  test('refuses what it does not know, and files that are no signalfd', () => {
    const parts = alone(
      ['flags', 'size', 'mask', 'bad', 'pipe', 'pipe2', 'oldMask', 'short'],
      function* (sys) {
        sys.result('flags', yield* sys.signalfd(-1, USR1, 1));
        sys.result('size', yield* sys.signalfd4(-1, USR1, 4, 0));
        sys.result('mask', yield* sys.signalfd4(-1, null, 8, 0));
        sys.result('oldMask', yield* sys.signalfd(-1, null));
        sys.result('bad', yield* sys.signalfd(9, USR1));
        yield* sys.pipe([]);
        sys.result('pipe', yield* sys.signalfd(0, USR1));
        // The same where others could close it.
        yield* sys.thread('thread');
        sys.result('pipe2', yield* sys.signalfd(0, USR1));
        const fd = yield* sys.signalfd(-1, USR1);
        sys.result('short', yield* sys.read(fd, new Uint8Array(SIGNALFD_SIGINFO_SIZE - 1)));
      },
      {
        programs: {
          *thread(sys) {
            yield* sys.stay();
          },
        },
      },
    );
    const e = -EINVAL;
    expect(outcomesOf(parts, 20)).toEqual([
      `flags=${e} size=${e} mask=${e} bad=${-EBADF} pipe=${e} pipe2=${e} oldMask=${e} short=${e}`,
    ]);
  });

  test('says ENOMEM when there is no memory, and leaves nothing behind', () => {
    const parts = alone(['sfd', 'count'], function* (sys) {
      let count = 0;
      for (;;) {
        const fd = yield* sys.signalfd(-1, USR1);
        if (fd < 0) {
          sys.result('sfd', fd);
          sys.result('count', count);
          return;
        }
        count++;
      }
    });
    expect(outcomesOf(parts, 3)).toEqual([`sfd=${-ENOMEM} count=8`]);
  });

  test('gives EAGAIN where nothing is pending and it does not wait', () => {
    const parts = alone(['none', 'one', 'after'], function* (sys) {
      const fd = yield* signalfdOf(sys, [SIGUSR1], SFD_NONBLOCK);
      sys.result('none', yield* readOne(sys, fd));
      yield* sys.kill(yield* sys.getpid(), SIGUSR1);
      sys.result('one', yield* readOne(sys, fd));
      sys.result('after', yield* readOne(sys, fd));
    });
    expect(outcomesOf(parts, 3)).toEqual([`none=${-EAGAIN} one=${SIGUSR1} after=${-EAGAIN}`]);
  });

  test('waits for a signal', () => {
    const parts = alone(
      ['sig'],
      function* (sys) {
        const fd = yield* signalfdOf(sys, [SIGUSR1]);
        yield* sys.fork('child', 0, 1);
        sys.result('sig', yield* readOne(sys, fd));
      },
      {
        programs: {
          *child(sys) {
            yield* sys.kill(100, SIGUSR1);
          },
        },
      },
    );
    expect(outcomesOf(parts, 500)).toEqual([`sig=${SIGUSR1}`]);
  });

  test('gives as many as there are and as there is room for, in the order in which they are taken', () => {
    const parts = alone(['count', 'order', 'rest', 'last'], function* (sys) {
      const fd = yield* signalfdOf(sys, [SIGUSR1, SIGUSR2, SIGRTMIN]);
      const pid = yield* sys.getpid();
      yield* sys.sigqueue(pid, SIGRTMIN, 7);
      yield* sys.sigqueue(pid, SIGRTMIN, 8);
      yield* sys.kill(pid, SIGUSR2);
      // Twice is once, below SIGRTMIN.
      yield* sys.kill(pid, SIGUSR2);
      yield* sys.tkill(pid, SIGUSR1);
      const buf = new Uint8Array(3 * SIGNALFD_SIGINFO_SIZE + 5);
      sys.result('count', yield* sys.read(fd, buf));
      const at = (index: number): number => signalfdSiginfo(buf, index).ssi_signo;
      sys.result('order', (at(0) * 100 + at(1)) * 100 + at(2));
      sys.result('rest', yield* sys.read(fd, buf));
      sys.result('last', signalfdSiginfo(buf).ssi_int);
    });
    expect(outcomesOf(parts, 3)).toEqual([
      `count=${3 * SIGNALFD_SIGINFO_SIZE} order=${(SIGUSR1 * 100 + SIGUSR2) * 100 + SIGRTMIN} ` +
        `rest=${SIGNALFD_SIGINFO_SIZE} last=8`,
    ]);
  });

  test('tells who sent it and how', () => {
    const names = [
      'kill',
      'tkill',
      'queue',
      'value',
      'chld',
      'status',
      'alarm',
      'fault',
      'timer',
      'overrun',
      'odd',
      'io',
    ];
    const parts = alone(
      names,
      function* (sys) {
        const fd = yield* signalfdOf(sys, [SIGUSR1, SIGUSR2, SIGCHLD, SIGALRM, SIGRTMIN, SIGSEGV]);
        const pid = yield* sys.getpid();
        const buf = new Uint8Array(SIGNALFD_SIGINFO_SIZE);
        const next = function* (code: number): Coroutine<ReturnType<typeof signalfdSiginfo>> {
          yield* sys.read(fd, buf);
          const info = signalfdSiginfo(buf);
          sys.check(info.ssi_code === code, `si_code ${info.ssi_code} of signal ${info.ssi_signo}`);
          return info;
        };
        yield* sys.kill(pid, SIGUSR1);
        const kill = yield* next(SI_USER);
        sys.result('kill', kill.ssi_pid * 10000 + kill.ssi_uid);
        yield* sys.tkill(pid, SIGUSR1);
        sys.result('tkill', (yield* next(SI_TKILL)).ssi_pid);
        yield* sys.sigqueue(pid, SIGUSR2, -5);
        const queued = yield* next(SI_QUEUE);
        sys.result('queue', queued.ssi_pid);
        sys.result('value', queued.ssi_int);
        const child = yield* sys.fork('child');
        const chld = yield* next(CLD_EXITED);
        sys.result('chld', chld.ssi_pid - child);
        sys.result('status', chld.ssi_status);
        yield* sys.alarm(1);
        sys.result('alarm', (yield* next(SI_KERNEL)).ssi_pid);
        // To itself a process may say anything.
        yield* sys.rt_sigqueueinfo(pid, SIGSEGV, { si_code: 1, si_pid: 0x1234 });
        const fault = yield* next(1);
        sys.result('fault', fault.ssi_pid === 0 ? fault.ssi_addr : -1);
        yield* sys.rt_sigqueueinfo(pid, SIGRTMIN, { si_code: SI_TIMER, si_pid: 3, si_uid: 2, si_value: 9 });
        const timer = yield* next(SI_TIMER);
        sys.result('timer', timer.ssi_tid * 10 + timer.ssi_int);
        sys.result('overrun', timer.ssi_overrun);
        yield* sys.rt_sigqueueinfo(pid, SIGSEGV, { si_code: 90, si_pid: 4 });
        sys.result('odd', (yield* next(90)).ssi_pid);
        yield* sys.rt_sigqueueinfo(pid, SIGCHLD, { si_code: 9, si_pid: 4, si_value: 5 });
        const io = yield* next(9);
        sys.result('io', io.ssi_pid * 10 + io.ssi_status);
      },
      {
        programs: {
          *child(sys) {
            yield* sys.getpid();
            return 6;
          },
        },
      },
    );
    expect(outcomesOf(parts, 20)).toEqual(
      [
        'kill=1001000 tkill=100 queue=100 value=-5 chld=0 status=6 alarm=0 fault=4660 timer=39 overrun=2 odd=4 io=40',
      ].map((line) => line.replace('kill=1001000', `kill=${100 * 10000 + 1000}`)),
    );
  });

  test('says EFAULT for memory that is not there, and the signal is gone', () => {
    const parts = alone(['none', 'next', 'part'], function* (sys) {
      const fd = yield* signalfdOf(sys, [SIGUSR1, SIGUSR2], SFD_NONBLOCK);
      const pid = yield* sys.getpid();
      yield* sys.kill(pid, SIGUSR1);
      sys.result('none', yield* sys.read(fd, null, SIGNALFD_SIGINFO_SIZE));
      sys.result('next', yield* readOne(sys, fd));
      yield* sys.kill(pid, SIGUSR1);
      yield* sys.kill(pid, SIGUSR2);
      sys.result('part', yield* sys.read(fd, new Uint8Array(SIGNALFD_SIGINFO_SIZE), 2 * SIGNALFD_SIGINFO_SIZE));
    });
    expect(outcomesOf(parts, 3)).toEqual([`none=${-EFAULT} next=${-EAGAIN} part=${SIGNALFD_SIGINFO_SIZE}`]);
  });

  test('never takes SIGKILL or SIGSTOP', () => {
    const parts = alone(
      ['status'],
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* sys.kill(child, SIGKILL);
        sys.result('status', (yield* sys.wait4(child)).status);
      },
      {
        programs: {
          *child(sys) {
            const fd = yield* signalfdOf(sys, [SIGKILL, SIGSTOP]);
            yield* readOne(sys, fd);
          },
        },
      },
    );
    expect(outcomesOf(parts, 200)).toEqual([`status=${SIGKILL}`]);
  });
});

describe('another set for a signalfd', () => {
  test('is the one that it goes by from then on', () => {
    const parts = alone(['same', 'first', 'second'], function* (sys) {
      const fd = yield* signalfdOf(sys, [SIGUSR1], SFD_NONBLOCK);
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR2));
      yield* sys.kill(yield* sys.getpid(), SIGUSR2);
      sys.result('first', yield* readOne(sys, fd));
      sys.result('same', yield* sys.signalfd(fd, sigmask(SIGUSR2)));
      sys.result('second', yield* readOne(sys, fd));
    });
    expect(outcomesOf(parts, 3)).toEqual([`same=0 first=${-EAGAIN} second=${SIGUSR2}`]);
  });

  test('given by another thread wakes a reader for what is pending already', () => {
    const parts = alone(
      ['sig'],
      function* (sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR2));
        const fd = yield* signalfdOf(sys, [SIGUSR1]);
        yield* sys.kill(yield* sys.getpid(), SIGUSR2);
        yield* sys.thread('thread', fd, 1);
        sys.result('sig', yield* readOne(sys, fd));
      },
      {
        programs: {
          *thread(sys) {
            yield* sys.signalfd(sys.arg, sigmask(SIGUSR2));
            yield* sys.stay();
          },
        },
      },
    );
    expect(outcomesOf(parts, 400)).toEqual([`sig=${SIGUSR2}`]);
  });
});

describe('a signal', () => {
  test('is that of the reader, and not of who made the descriptor', () => {
    const parts = alone(
      ['child', 'parent'],
      function* (sys) {
        const fd = yield* signalfdOf(sys, [SIGUSR1], SFD_NONBLOCK);
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        const child = yield* sys.fork('child', fd, 1);
        sys.result('child', (yield* sys.wait4(child)).status >> 8);
        sys.result('parent', yield* readOne(sys, fd));
      },
      {
        programs: {
          // Pending signals are not inherited.
          *child(sys) {
            const none = yield* readOne(sys, sys.arg);
            yield* sys.kill(yield* sys.getpid(), SIGUSR1);
            const own = yield* readOne(sys, sys.arg);
            return none === -EAGAIN && own === SIGUSR1 ? 1 : 2;
          },
        },
      },
    );
    expect(outcomesOf(parts, 50)).toEqual([`child=1 parent=${SIGUSR1}`]);
  });

  test('to one thread is not read by another', () => {
    const parts = alone(
      ['main', 'thread'],
      function* (sys) {
        const fd = yield* signalfdOf(sys, [SIGUSR1], SFD_NONBLOCK);
        yield* sys.tkill(yield* sys.gettid(), SIGUSR1);
        yield* sys.thread('thread', fd, 1);
        yield* until(sys, 0);
        sys.result('main', yield* readOne(sys, fd));
      },
      {
        programs: {
          *thread(sys) {
            sys.result('thread', yield* readOne(sys, sys.arg));
            yield* sys.store(0, 1);
            yield* sys.stay();
          },
        },
      },
    );
    expect(outcomesOf(parts, 50)).toEqual([`main=${SIGUSR1} thread=${-EAGAIN}`]);
  });

  test('is taken once: by one of two readers', () => {
    const parts: Parts = {
      results: ['main', 'thread'],
      cpus: 3,
      programs: {
        *main(sys) {
          const fd = yield* signalfdOf(sys, [SIGUSR1]);
          yield* sys.thread('thread', fd, 1);
          yield* sys.fork('sender', 0, 2);
          sys.result('main', yield* readOne(sys, fd));
          yield* sys.stay();
        },
        *thread(sys) {
          sys.result('thread', yield* readOne(sys, sys.arg));
          yield* sys.stay();
        },
        *sender(sys) {
          yield* sys.kill(100, SIGUSR1);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 600)).toEqual([`main=${SIGUSR1} thread=null`, `main=null thread=${SIGUSR1}`]);
  });

  test('is taken once: by one of two readers, or by the handler of a thread that does not block it', () => {
    const parts: Parts = {
      results: ['read', 'handled'],
      cpus: 4,
      programs: {
        *main(sys) {
          yield* sys.sigaction(SIGUSR1, 'onUser', { flags: SA_RESTART });
          yield* sys.thread('open', 0, 1);
          const fd = yield* signalfdOf(sys, [SIGUSR1]);
          yield* sys.thread('reader', fd, 2);
          yield* until(sys, 0);
          yield* sys.fork('sender', 0, 3);
          yield* readOne(sys, fd);
          sys.result('read', 1);
          yield* sys.stay();
        },
        *reader(sys) {
          yield* sys.store(0, 1);
          yield* readOne(sys, sys.arg);
          sys.result('read', 2);
          yield* sys.stay();
        },
        *open(sys) {
          yield* sys.stay();
        },
        *sender(sys) {
          yield* sys.kill(100, SIGUSR1);
        },
      },
      handlers: {
        *onUser(sys) {
          sys.result('handled', 1);
          yield* sys.getpid();
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 1000)).toEqual(['read=1 handled=null', 'read=2 handled=null', 'read=null handled=1']);
  });

  test('that has a handler ends the wait for others, or leaves it to be taken up again', () => {
    const parts = (flags: number): Parts => ({
      ...alone(
        ['sig', 'handled'],
        function* (sys) {
          const fd = yield* signalfdOf(sys, [SIGUSR1]);
          yield* sys.sigaction(SIGTERM, 'onTerm', { flags });
          yield* sys.fork('child', 0, 1);
          yield* until(sys, 1);
          sys.result('sig', yield* readOne(sys, fd));
          sys.result('handled', yield* sys.load(0));
          yield* sys.stay();
        },
        {
          programs: {
            *child(sys) {
              yield* sys.store(1, 1);
              yield* sys.kill(100, SIGTERM);
              yield* until(sys, 0);
              yield* sys.kill(100, SIGUSR1);
            },
          },
        },
      ),
      handlers: {
        *onTerm(sys) {
          yield* sys.store(0, 1);
        },
      },
    });
    expect(outcomesOf(parts(0), 300)).toEqual([`sig=${-EINTR} handled=1`, `sig=${SIGUSR1} handled=1`]);
    expect(outcomesOf(parts(SA_RESTART), 200)).toEqual([`sig=${SIGUSR1} handled=1`]);
  });

  test('that kills ends a wait, and the sighand that was waited on is freed', () => {
    const parts: Parts = {
      results: ['status'],
      cpus: 3,
      programs: {
        *main(sys) {
          const child = yield* sys.fork('child', 0, 1);
          yield* sys.kill(child, SIGTERM);
          sys.result('status', (yield* sys.wait4(child)).status);
        },
        *child(sys) {
          yield* sys.thread('reader', 0, 2);
          yield* sys.thread('reader', 0, 1);
          yield* sys.stay();
        },
        *reader(sys) {
          yield* readOne(sys, yield* signalfdOf(sys, [SIGUSR1]));
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 300)).toEqual([`status=${SIGTERM}`]);
  });
});
