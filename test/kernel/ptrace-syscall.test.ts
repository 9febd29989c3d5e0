/** PTRACE_SYSCALL and PTRACE_SINGLESTEP: a tracee that goes on for a while only. */

import { describe, expect, test } from 'vitest';
import {
  ENOSYS,
  ORIG_RAX,
  PTRACE_ATTACH,
  PTRACE_CONT,
  PTRACE_GETEVENTMSG,
  PTRACE_GETREGS,
  PTRACE_GETSIGINFO,
  PTRACE_O_TRACESYSGOOD,
  PTRACE_PEEKUSR,
  PTRACE_SETOPTIONS,
  PTRACE_SINGLESTEP,
  PTRACE_SYSCALL,
  RAX,
  SIG_BLOCK,
  SIG_IGN,
  SIGKILL,
  SIGSTOP,
  SIGTRAP,
  SIGUSR1,
  SIGUSR2,
} from '../../src/kernel/constants.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { endOf, expectStop, stopped, traces } from '../support/ptrace.js';
import { must } from '../support/tasks.js';

describe('PTRACE_SYSCALL', () => {
  test('stops before a call and after it, with its number and result', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1));
        yield* must(sys, sys.ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD));
        yield* must(sys, sys.ptrace(PTRACE_SYSCALL, child));
        yield* expectStop(sys, child, stopped(SIGTRAP | 0x80));
        const message = { value: -1 };
        yield* must(sys, sys.ptrace(PTRACE_GETEVENTMSG, child, 0, message));
        sys.result('entry', message.value);
        const regs = { orig_ax: 0, ax: 0 };
        yield* must(sys, sys.ptrace(PTRACE_GETREGS, child, 0, regs));
        sys.check(regs.ax === -ENOSYS, `ax is ${regs.ax} before the call`);
        sys.result('number', regs.orig_ax);
        yield* must(sys, sys.ptrace(PTRACE_SYSCALL, child));
        yield* expectStop(sys, child, stopped(SIGTRAP | 0x80));
        yield* must(sys, sys.ptrace(PTRACE_GETEVENTMSG, child, 0, message));
        sys.result('exit', message.value);
        const word = { value: 0 };
        yield* must(sys, sys.ptrace(PTRACE_PEEKUSR, child, RAX, word));
        sys.result('ax', word.value - child);
        yield* must(sys, sys.ptrace(PTRACE_PEEKUSR, child, ORIG_RAX, word));
        sys.check(word.value === 39, 'orig_ax after the call');
        // With a signal: it is sent, and seen as a signal of its own.
        yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGUSR2));
        yield* expectStop(sys, child, stopped(SIGUSR2));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child));
        sys.result('end', (yield* sys.wait4(child)).status);
      },
      function* (sys) {
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        yield* sys.getpid();
        return 2;
      },
      ['entry', 'number', 'exit', 'ax', 'end'],
    );
    expect(outcomesOf(parts, 200)).toEqual([`entry=1 number=39 exit=2 ax=0 end=${2 << 8}`]);
  });

  test('counts the stops of a call that is restarted, and shows exec as a call that gives 0', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1));
        yield* must(sys, sys.ptrace(PTRACE_SYSCALL, child));
        const regs = { orig_ax: 0, ax: 0 };
        let seen = '';
        for (let stops = 0; stops < 4; stops++) {
          yield* expectStop(sys, child, stopped(SIGTRAP));
          yield* must(sys, sys.ptrace(PTRACE_GETREGS, child, 0, regs));
          seen += `${regs.orig_ax},${regs.ax};`;
          yield* must(sys, sys.ptrace(stops === 3 ? PTRACE_CONT : PTRACE_SYSCALL, child));
        }
        sys.check(seen === `59,-38;59,0;39,-38;39,${child};`, seen);
        sys.result('end', (yield* sys.wait4(child)).status);
      },
      function* (sys) {
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        yield* sys.execve('next');
      },
      ['end'],
      {
        programs: {
          *next(sys) {
            yield* sys.getpid();
            return 6;
          },
        },
      },
    );
    // The SIGTRAP that tells a tracer of exec which has asked for nothing comes between the two.
    expect(() => outcomesOf(parts, 20)).toThrow('59,-38;59,0;');
    const good = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1));
        yield* must(sys, sys.ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD));
        yield* must(sys, sys.ptrace(PTRACE_SYSCALL, child));
        const regs = { orig_ax: 0, ax: 0 };
        let seen = '';
        for (;;) {
          const { status } = yield* sys.wait4(child);
          if ((status & 0x7f) !== 0x7f) {
            sys.result('end', status);
            break;
          }
          yield* must(sys, sys.ptrace(PTRACE_GETREGS, child, 0, regs));
          seen += status >> 8 === SIGTRAP ? 'trap;' : `${regs.orig_ax},${regs.ax};`;
          yield* must(sys, sys.ptrace(PTRACE_SYSCALL, child));
        }
        sys.check(seen === `59,-38;59,0;trap;39,-38;39,${child};231,-38;`, seen);
      },
      function* (sys) {
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        yield* sys.execve('next');
      },
      ['end'],
      {
        programs: {
          *next(sys) {
            yield* sys.getpid();
            return 6;
          },
        },
      },
    );
    expect(outcomesOf(good, 100)).toEqual([`end=${6 << 8}`]);
  });

  test('of a call that a signal interrupts, and that is made again', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1));
        yield* must(sys, sys.ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD));
        yield* must(sys, sys.ptrace(PTRACE_SYSCALL, child));
        yield* expectStop(sys, child, stopped(SIGTRAP | 0x80));
        yield* must(sys, sys.ptrace(PTRACE_SYSCALL, child));
        yield* must(sys, sys.kill(child, SIGUSR2));
        const regs = { orig_ax: 0, ax: 0 };
        yield* expectStop(sys, child, stopped(SIGTRAP | 0x80));
        yield* must(sys, sys.ptrace(PTRACE_GETREGS, child, 0, regs));
        // The kernel's own number, which programs never see.
        sys.result('interrupted', regs.ax);
        yield* must(sys, sys.ptrace(PTRACE_SYSCALL, child));
        yield* expectStop(sys, child, stopped(SIGUSR2));
        yield* must(sys, sys.ptrace(PTRACE_SYSCALL, child));
        yield* expectStop(sys, child, stopped(SIGTRAP | 0x80));
        yield* must(sys, sys.ptrace(PTRACE_GETREGS, child, 0, regs));
        sys.result('again', regs.orig_ax);
        // Killed before the call: it is not made.
        yield* must(sys, sys.kill(child, SIGKILL));
        sys.result('end', yield* endOf(sys, child));
      },
      function* (sys) {
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        yield* sys.pause();
      },
      ['interrupted', 'again', 'end'],
    );
    expect(outcomesOf(parts, 300)).toEqual([`interrupted=-514 again=34 end=${SIGKILL}`]);
  });
});

describe('PTRACE_SINGLESTEP', () => {
  test('stops after a system call, after a memory access, and at the beginning of a handler', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1));
        yield* must(sys, sys.ptrace(PTRACE_SINGLESTEP, child));
        yield* expectStop(sys, child, stopped(SIGTRAP));
        sys.result('stored', yield* sys.load(0));
        const info: { si_code?: number } = {};
        yield* must(sys, sys.ptrace(PTRACE_GETSIGINFO, child, 0, info));
        sys.check(info.si_code === 1, 'not the trap of a step');
        yield* must(sys, sys.ptrace(PTRACE_SINGLESTEP, child));
        yield* expectStop(sys, child, stopped(SIGTRAP));
        sys.result('then', yield* sys.load(0));
        yield* must(sys, sys.ptrace(PTRACE_SINGLESTEP, child));
        yield* expectStop(sys, child, stopped(SIGTRAP));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child));
        yield* expectStop(sys, child, stopped(SIGUSR2));
        yield* must(sys, sys.ptrace(PTRACE_SINGLESTEP, child, 0, SIGUSR2));
        yield* expectStop(sys, child, stopped(SIGTRAP));
        sys.result('handler', yield* sys.load(1));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child));
        sys.result('end', (yield* sys.wait4(child)).status);
      },
      function* (sys) {
        yield* sys.sigaction(SIGUSR2, 'count');
        // Blocked: forced through, and the block with it.
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGTRAP));
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        yield* sys.store(0, 1);
        const one = yield* sys.load(0);
        yield* sys.sigprocmask(SIG_BLOCK, { lo: 0, hi: 0 });
        yield* sys.store(0, one + 1);
        yield* sys.kill(yield* sys.getpid(), SIGUSR2);
        return 1;
      },
      ['stored', 'then', 'handler', 'end'],
      {
        handlers: {
          *count(sys) {
            yield* sys.store(1, 1);
          },
        },
      },
    );
    expect(outcomesOf(parts, 200)).toEqual([`stored=1 then=1 handler=0 end=${1 << 8}`]);
  });

  test('of a task whose tracer dies ends it by SIGTRAP', () => {
    const parts: Parts = {
      results: ['end'],
      programs: {
        *parent(sys) {
          const child = yield* sys.fork('child', 0, 1);
          const tracer = yield* sys.fork('tracer', child);
          yield* sys.wait4(tracer);
          yield* sys.store(0, 1);
          sys.result('end', (yield* sys.wait4(child)).status);
        },
        *child(sys) {
          yield* sys.sigaction(SIGTRAP, SIG_IGN);
          while ((yield* sys.load(0)) === 0);
        },
        *tracer(sys) {
          yield* must(sys, sys.ptrace(PTRACE_ATTACH, sys.arg));
          yield* expectStop(sys, sys.arg, stopped(SIGSTOP));
          yield* must(sys, sys.ptrace(PTRACE_SINGLESTEP, sys.arg));
        },
      },
      setup: (setup) => void setup.process('parent'),
    };
    expect(outcomesOf(parts, 200)).toEqual([`end=${SIGTRAP}`]);
  });
});
