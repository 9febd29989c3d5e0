/** A tracee that is sent signals, and SIGKILL for one whom its tracer reads. */

import { describe, expect, test } from 'vitest';
import {
  CLD_TRAPPED,
  EFAULT,
  EINVAL,
  ESRCH,
  P_PID,
  PTRACE_ATTACH,
  PTRACE_CONT,
  PTRACE_GETREGS,
  PTRACE_GETSIGINFO,
  PTRACE_GETSIGMASK,
  PTRACE_KILL,
  PTRACE_SEIZE,
  PTRACE_SETSIGINFO,
  PTRACE_SETSIGMASK,
  SIG_IGN,
  SIGCHLD,
  SIGKILL,
  SIGSTOP,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { WaitidInfo } from '../../src/kernel/wait.js';
import { noPtraceFreeze } from '../../src/patches/no-ptrace-freeze.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { endOf, expectStop, stopped, traces } from '../support/ptrace.js';
import { must, stays } from '../support/tasks.js';

describe('a signal of a tracee', () => {
  test('stops it before it is taken, and PTRACE_CONT delivers it, another, or none', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1), 0);
        // Once only.
        sys.result('again', (yield* sys.wait4(child, WNOHANG)).pid);
        yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, 0));
        yield* expectStop(sys, child, stopped(SIGUSR1), 0);
        yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGUSR2));
        yield* expectStop(sys, child, stopped(SIGUSR1), 0);
        yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGUSR1));
        sys.result('end', (yield* sys.wait4(child)).status);
        sys.result('usr2', yield* sys.load(0));
      },
      function* (sys) {
        yield* sys.sigaction(SIGUSR2, 'count');
        const me = yield* sys.getpid();
        yield* sys.kill(me, SIGUSR1);
        yield* sys.kill(me, SIGUSR1);
        yield* sys.kill(me, SIGUSR1);
      },
      ['again', 'end', 'usr2'],
      {
        handlers: {
          *count(sys, sig) {
            yield* sys.store(0, sig);
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual([`again=0 end=${SIGUSR1} usr2=${SIGUSR2}`]);
  });

  test('stops it even where it is ignored; SIGKILL does not', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1), 0);
        yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGUSR1));
        yield* expectStop(sys, child, stopped(SIGCHLD), 0);
        yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGCHLD));
        sys.result('end', (yield* sys.wait4(child)).status);
      },
      function* (sys) {
        yield* sys.sigaction(SIGUSR1, SIG_IGN);
        const me = yield* sys.getpid();
        yield* sys.kill(me, SIGUSR1);
        yield* sys.kill(me, SIGCHLD);
        yield* sys.kill(me, SIGKILL);
      },
      ['end'],
    );
    expect(outcomesOf(parts, 200)).toEqual([`end=${SIGKILL}`]);
  });

  test('tells its tracer by SIGCHLD with CLD_TRAPPED, and by waitid without WSTOPPED', () => {
    const parts = traces(
      function* (sys) {
        yield* sys.sigaction(SIGCHLD, 'onChild', { flags: 4 });
        const child = yield* sys.fork('child', 0, 1);
        const info: WaitidInfo = { si_signo: 0, si_code: 0, si_pid: 0, si_uid: 0, si_status: 0 };
        while ((yield* sys.waitid(P_PID, child, info, WEXITED)) !== 0);
        sys.result('waited', info.si_code * 100 + info.si_status);
        while ((yield* sys.load(0)) === 0) yield* sys.getpid();
        sys.result('signal', yield* sys.load(0));
        yield* sys.ptrace(PTRACE_KILL, child);
      },
      function* (sys) {
        yield* sys.kill(yield* sys.getpid(), SIGTERM);
      },
      ['waited', 'signal'],
      {
        handlers: {
          *onChild(sys, _sig, info) {
            if (info?.si_code === CLD_TRAPPED) yield* sys.store(0, info.si_code * 100 + info.si_status);
          },
        },
      },
    );
    const trapped = CLD_TRAPPED * 100 + SIGTERM;
    expect(outcomesOf(parts, 200)).toEqual([`waited=${trapped} signal=${trapped}`]);
  });

  test('that the tracer has blocked meanwhile is queued again', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1));
        const old = { lo: -1, hi: -1 };
        yield* must(sys, sys.ptrace(PTRACE_GETSIGMASK, child, 8, old));
        sys.check(old.lo === 0 && old.hi === 0, 'the mask is not empty');
        yield* must(sys, sys.ptrace(PTRACE_SETSIGMASK, child, 8, { ...sigmask(SIGUSR1, SIGKILL, SIGSTOP) }));
        yield* must(sys, sys.ptrace(PTRACE_GETSIGMASK, child, 8, old));
        sys.result('mask', old.lo);
        sys.result('size', yield* sys.ptrace(PTRACE_GETSIGMASK, child, 4, old));
        sys.result('fault', yield* sys.ptrace(PTRACE_SETSIGMASK, child, 8, null));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGUSR1));
        sys.result('end', (yield* sys.wait4(child)).status);
      },
      function* (sys) {
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        const set = { lo: 0, hi: 0 };
        yield* sys.sigpending(set);
        return set.lo === sigmask(SIGUSR1).lo ? 7 : 8;
      },
      ['mask', 'size', 'fault', 'end'],
    );
    expect(outcomesOf(parts, 200)).toEqual([
      `mask=${sigmask(SIGUSR1).lo} size=${-EINVAL} fault=${-EFAULT} end=${7 << 8}`,
    ]);
  });

  test('has a siginfo that the tracer can read and change', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1));
        const info: { si_signo?: number; si_code?: number; si_value?: number; si_pid?: number } = {};
        yield* must(sys, sys.ptrace(PTRACE_GETSIGINFO, child, 0, info));
        sys.check(info.si_signo === SIGUSR1 && info.si_value === 5 && info.si_pid === child, 'not the siginfo');
        sys.result('fault', yield* sys.ptrace(PTRACE_GETSIGINFO, child, 0, null));
        sys.result('setFault', yield* sys.ptrace(PTRACE_SETSIGINFO, child, 0, null));
        yield* must(sys, sys.ptrace(PTRACE_SETSIGINFO, child, 0, { ...info, si_value: 6, si_status: 6 }));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGUSR1));
        // Another signal than that in the siginfo: from the tracer.
        yield* expectStop(sys, child, stopped(SIGUSR1));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGUSR2));
        sys.result('end', (yield* sys.wait4(child)).status);
        sys.result('value', yield* sys.load(0));
        sys.result('from', (yield* sys.load(1)) - (yield* sys.getpid()));
      },
      function* (sys) {
        yield* sys.sigaction(SIGUSR1, 'got', { flags: 4 });
        yield* sys.sigaction(SIGUSR2, 'got', { flags: 4 });
        const me = yield* sys.getpid();
        yield* sys.sigqueue(me, SIGUSR1, 5);
        yield* sys.sigqueue(me, SIGUSR1, 5);
      },
      ['fault', 'setFault', 'end', 'value', 'from'],
      {
        handlers: {
          *got(sys, sig, info) {
            if (sig === SIGUSR1) yield* sys.store(0, info?.si_value ?? -1);
            else yield* sys.store(1, info?.si_pid ?? -1);
          },
        },
      },
    );
    expect(outcomesOf(parts, 200)).toEqual([`fault=${-EFAULT} setFault=${-EFAULT} end=0 value=6 from=0`]);
  });
});

describe('SIGKILL', () => {
  const reading: Parts = {
    results: ['end'],
    cpus: 3,
    programs: {
      *tracer(sys) {
        yield* must(sys, sys.ptrace(PTRACE_ATTACH, 101));
        yield* expectStop(sys, 101, stopped(SIGSTOP));
        yield* sys.store(0, 1);
        const regs = { orig_ax: 0, ax: 0 };
        for (let reads = 0; reads < 3; reads++) {
          const result = yield* sys.ptrace(PTRACE_GETREGS, 101, 0, regs);
          sys.check(result === 0 || result === -ESRCH, `GETREGS gave ${result}`);
        }
        sys.result('end', yield* endOf(sys, 101));
      },
      target: stays,
      *killer(sys) {
        while ((yield* sys.load(0)) === 0);
        yield* sys.kill(101, SIGKILL);
      },
    },
    setup(setup) {
      setup.process('tracer');
      setup.process('target', { cpu: 1 });
      setup.process('killer', { cpu: 2 });
    },
  };

  test('does not wake a tracee while its tracer reads it, and does so after', () => {
    expect(outcomesOf(reading, 1000)).toEqual([`end=${SIGKILL}`]);
  });

  test('does, where the kernel does not freeze it', () => {
    expect(() => outcomesOf(reading, 2000, [noPtraceFreeze])).toThrow('ptrace: the registers of a task that runs');
  });

  test('by PTRACE_KILL takes effect in a stop, and is no error for one that is dead', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1));
        sys.result('kill', yield* sys.ptrace(PTRACE_KILL, child));
        yield* sys.store(0, 1);
        const info: WaitidInfo = { si_signo: 0, si_code: 0, si_pid: 0, si_uid: 0, si_status: 0 };
        sys.check((yield* sys.waitid(P_PID, child, info, WEXITED | WNOWAIT)) === 0, 'waitid');
        sys.result('dead', yield* sys.ptrace(PTRACE_KILL, child));
        sys.result('end', (yield* sys.wait4(child)).status);
      },
      function* (sys) {
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
      },
      ['kill', 'dead', 'end'],
    );
    expect(outcomesOf(parts, 200)).toEqual([`kill=0 dead=0 end=${SIGKILL}`]);
  });

  test('ends a tracer that waits for a stopped task to be in its trap, and leaves the task as it was', () => {
    const parts: Parts = {
      results: ['end', 'child'],
      cpus: 3,
      programs: {
        *parent(sys) {
          yield* sys.kill(101, SIGSTOP);
          yield* sys.wait4(101, WUNTRACED);
          yield* sys.store(0, 1);
          while ((yield* sys.load(1)) === 0);
          yield* sys.kill(102, SIGKILL);
          sys.result('end', (yield* sys.wait4(102)).status);
          yield* sys.kill(101, SIGKILL);
          sys.result('child', (yield* sys.wait4(101)).status);
        },
        child: stays,
        *tracer(sys) {
          while ((yield* sys.load(0)) === 0);
          yield* sys.store(1, 1);
          yield* sys.ptrace(PTRACE_SEIZE, 101);
          yield* sys.stay();
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.process('child', { parent, cpu: 1 });
        setup.process('tracer', { parent, cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 800)).toEqual([`end=${SIGKILL} child=${SIGKILL}`]);
  });
});
