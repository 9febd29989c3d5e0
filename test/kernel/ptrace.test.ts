/** ptrace(2): its arguments, and who can be a tracee, under every schedule tried. */

import { describe, expect, test } from 'vitest';
import {
  CLONE_NEWPID,
  EFAULT,
  EINVAL,
  EIO,
  EPERM,
  ESRCH,
  PTRACE_ATTACH,
  PTRACE_CONT,
  PTRACE_DETACH,
  PTRACE_EVENT_FORK,
  PTRACE_EVENT_STOP,
  PTRACE_GETEVENTMSG,
  PTRACE_GETREGS,
  PTRACE_GETSIGMASK,
  PTRACE_INTERRUPT,
  PTRACE_O_TRACEFORK,
  PTRACE_O_TRACESYSGOOD,
  PTRACE_OLDSETOPTIONS,
  PTRACE_PEEKUSR,
  PTRACE_SEIZE,
  PTRACE_SETOPTIONS,
  PTRACE_SETSIGMASK,
  PTRACE_SYSCALL,
  PTRACE_TRACEME,
  SIG_BLOCK,
  SIGCONT,
  SIGKILL,
  SIGTERM,
  SIGTRAP,
  SIGUSR1,
  SIGUSR2,
} from '../../src/kernel/constants.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { endOf, event, expectStop, stopped, traces } from '../support/ptrace.js';
import { must, stays } from '../support/tasks.js';

describe('the arguments', () => {
  test('are checked: who may, and who is there', () => {
    const parts: Parts = {
      results: ['nobody', 'own', 'other', 'noTracee', 'options', 'addr', 'twice', 'request', 'sig', 'running', 'init'],
      cpus: 3,
      programs: {
        *tracer(sys) {
          sys.result('nobody', yield* sys.ptrace(PTRACE_ATTACH, 999));
          sys.result('own', yield* sys.ptrace(PTRACE_ATTACH, yield* sys.getpid()));
          sys.result('other', yield* sys.ptrace(PTRACE_ATTACH, 102));
          sys.result('noTracee', yield* sys.ptrace(PTRACE_CONT, 101));
          sys.result('options', yield* sys.ptrace(PTRACE_SEIZE, 101, 0, 1 << 30));
          sys.result('addr', yield* sys.ptrace(PTRACE_SEIZE, 101, 1, 0));
          yield* must(sys, sys.ptrace(PTRACE_SEIZE, 101, 0, 0));
          sys.result('twice', yield* sys.ptrace(PTRACE_ATTACH, 101));
          // Traced, but not stopped.
          sys.result('running', yield* sys.ptrace(PTRACE_CONT, 101));
          yield* must(sys, sys.ptrace(PTRACE_INTERRUPT, 101));
          yield* expectStop(sys, 101, event(PTRACE_EVENT_STOP));
          sys.result('request', yield* sys.ptrace(12345, 101));
          sys.result('sig', yield* sys.ptrace(PTRACE_CONT, 101, 0, 65));
          sys.check((yield* sys.ptrace(PTRACE_DETACH, 101, 0, 65)) === -EIO, 'DETACH with a wrong signal');
          sys.check((yield* sys.ptrace(PTRACE_SETOPTIONS, 101, 0, 1 << 30)) === -EINVAL, 'wrong options');
          sys.check((yield* sys.ptrace(PTRACE_SETOPTIONS, 101, 0, 1 << 21)) === -EINVAL, 'seccomp');
          sys.check((yield* sys.ptrace(PTRACE_GETEVENTMSG, 101, 0, null)) === -EFAULT, 'no place');
          sys.check((yield* sys.ptrace(PTRACE_PEEKUSR, 101, 4, { value: 0 })) === -EIO, 'odd address');
          sys.check((yield* sys.ptrace(PTRACE_PEEKUSR, 101, 912, { value: 0 })) === -EIO, 'too far');
          sys.check((yield* sys.ptrace(PTRACE_PEEKUSR, 101, 0, null)) === -EFAULT, 'no place for a register');
          sys.check((yield* sys.ptrace(PTRACE_GETREGS, 101, 0, null)) === -EFAULT, 'no place for registers');
          const word = { value: 1 };
          sys.check((yield* sys.ptrace(PTRACE_PEEKUSR, 101, 0, word)) === 0 && word.value === 0, 'r15 is not 0');
          yield* must(sys, sys.ptrace(PTRACE_DETACH, 101, 0, SIGKILL));
          sys.result('init', yield* sys.ptrace(PTRACE_ATTACH, 1));
        },
        target: stays,
        *other(sys) {
          yield* sys.stay();
        },
      },
      setup(setup) {
        setup.process('tracer');
        setup.process('target', { cpu: 1 });
        setup.process('other', { cpu: 2, uid: 1001 });
      },
    };
    expect(outcomesOf(parts, 100)).toEqual([
      `nobody=${-ESRCH} own=${-EPERM} other=${-EPERM} noTracee=${-ESRCH} options=${-EIO} addr=${-EIO} ` +
        `twice=${-EPERM} request=${-EIO} sig=${-EIO} running=${-ESRCH} init=${-EPERM}`,
    ]);
  });

  test('TRACEME fails where the process is traced already', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        sys.result('end', (yield* sys.wait4(child)).status);
      },
      function* (sys) {
        return (yield* sys.ptrace(PTRACE_TRACEME, 0)) === -EPERM ? 4 : 5;
      },
      ['end'],
    );
    expect(outcomesOf(parts, 50)).toEqual([`end=${4 << 8}`]);
  });
});

describe('a tracee', () => {
  test('in sigsuspend has the mask that it will have, and the tracer can set it', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        const mask = { lo: 0, hi: 0 };
        yield* expectStop(sys, child, stopped(SIGUSR1));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child));
        while ((yield* sys.load(0)) === 0);
        yield* must(sys, sys.kill(child, SIGUSR2));
        yield* expectStop(sys, child, stopped(SIGUSR2));
        yield* must(sys, sys.ptrace(PTRACE_GETSIGMASK, child, 8, mask));
        // In the call or, if the signal came before it, not yet.
        sys.result('mask', mask.lo === sigmask(SIGTERM).lo ? 1 : 0);
        yield* must(sys, sys.ptrace(PTRACE_SETSIGMASK, child, 8, sigmask(SIGCONT)));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGUSR2));
        sys.result('end', yield* endOf(sys, child));
      },
      function* (sys) {
        yield* sys.sigaction(SIGUSR2, 'nothing');
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGTERM, SIGUSR2));
        yield* sys.store(0, 1);
        yield* sys.sigsuspend(sigmask(SIGTERM));
        const old = { lo: 0, hi: 0 };
        yield* sys.sigprocmask(SIG_BLOCK, null, old);
        return old.lo === sigmask(SIGCONT).lo ? 1 : 2;
      },
      ['mask', 'end'],
      { handlers: { *nothing() {} } },
    );
    expect(outcomesOf(parts, 300)).toEqual([`mask=0 end=${1 << 8}`]);
  });

  test('that closes a file lets go of it before it stops', () => {
    const parts: Parts = {
      results: ['end'],
      programs: {
        *parent(sys) {
          const fds: number[] = [];
          yield* must(sys, sys.pipe(fds));
          const child = yield* sys.fork('child', fds[1], 1);
          yield* must(sys, sys.close(fds[1] as number));
          yield* expectStop(sys, child, stopped(SIGUSR1));
          yield* must(sys, sys.ptrace(PTRACE_OLDSETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD));
          for (let stops = 0; stops < 2; stops++) {
            yield* must(sys, sys.ptrace(PTRACE_SYSCALL, child));
            yield* expectStop(sys, child, stopped(SIGTRAP | 0x80));
          }
          // The last writer is gone, though the child has not come back from close.
          sys.check((yield* sys.read(fds[0] as number, new Uint8Array(1))) === 0, 'not the end of the pipe');
          yield* must(sys, sys.ptrace(PTRACE_CONT, child));
          sys.result('end', yield* endOf(sys, child));
        },
        *child(sys) {
          yield* must(sys, sys.ptrace(PTRACE_TRACEME, 0));
          yield* sys.kill(yield* sys.getpid(), SIGUSR1);
          yield* sys.close(sys.arg);
        },
      },
      setup: (setup) => void setup.process('parent'),
      unfinished: ({ end }) => (end === null ? 'the reader waits' : null),
    };
    expect(outcomesOf(parts, 100)).toEqual(['end=0']);
  });

  test('cannot be init, which never runs here', () => {
    const parts: Parts = {
      results: [],
      programs: {
        *tracer(sys) {
          yield* sys.ptrace(PTRACE_ATTACH, 1, 0, null);
        },
      },
      setup: (setup) => void setup.process('tracer', { uid: 0 }),
    };
    expect(() => outcomesOf(parts, 1)).toThrow('ptrace of init, which never runs');
  });

  test('of init is released when it ends, as if init waited for it', () => {
    const parts: Parts = {
      results: ['traceme'],
      programs: {
        *orphan(sys) {
          sys.result('traceme', yield* sys.ptrace(PTRACE_TRACEME, 0));
          yield* sys.thread('thread');
          yield* sys.exit(0);
        },
        *thread(sys) {
          yield* sys.ptrace(PTRACE_TRACEME, 0);
        },
      },
      setup: (setup) => void setup.process('orphan'),
    };
    expect(outcomesOf(parts, 100)).toEqual(['traceme=0']);
  });

  test('in a pid namespace of its own is told of by the numbers of its tracer', () => {
    const parts: Parts = {
      results: ['message', 'end'],
      programs: {
        *tracer(sys) {
          yield* must(sys, sys.ptrace(PTRACE_SEIZE, 101, 0, PTRACE_O_TRACEFORK));
          yield* sys.store(0, 1);
          yield* expectStop(sys, 101, event(PTRACE_EVENT_FORK));
          const message = { value: 0 };
          yield* must(sys, sys.ptrace(PTRACE_GETEVENTMSG, 101, 0, message));
          sys.result('message', message.value);
          yield* expectStop(sys, message.value, event(PTRACE_EVENT_STOP));
          yield* must(sys, sys.ptrace(PTRACE_DETACH, message.value));
          yield* must(sys, sys.ptrace(PTRACE_CONT, 101));
          sys.result('end', yield* endOf(sys, 101));
        },
        *first(sys) {
          while ((yield* sys.load(0)) === 0);
          // 2 in its own.
          return (yield* sys.fork('second')) + 10;
        },
        second: stays,
      },
      setup(setup) {
        setup.process('tracer', { uid: 0 });
        setup.process('first', { cpu: 1, namespaces: CLONE_NEWPID });
      },
    };
    expect(outcomesOf(parts, 300)).toEqual([`message=102 end=${12 << 8}`]);
  });
});
