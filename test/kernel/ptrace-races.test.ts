/** A tracer and its tracee where others signal, dump or stop meanwhile. */

import { describe, expect, test } from 'vitest';
import {
  __NR_restart_syscall,
  __WALL,
  CLONE_VM,
  ORIG_RAX,
  PTRACE_CONT,
  PTRACE_INTERRUPT,
  PTRACE_LISTEN,
  PTRACE_PEEKUSR,
  PTRACE_SEIZE,
  PTRACE_SETSIGMASK,
  PTRACE_SYSCALL,
  SIG_IGN,
  SIGABRT,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTSTP,
  SIGUSR1,
  SIGWINCH,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import { WIFSTOPPED, WSTOPSIG } from '../../src/kernel/waitstatus.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { stays } from '../support/tasks.js';

/** Waits for a stop of a tracee by a signal. */
function* stopOf(sys: Sys, pid: number, sig: number): Coroutine<void> {
  const { status } = yield* sys.waitpid(pid);
  sys.check(WIFSTOPPED(status) && WSTOPSIG(status) === sig, `status ${status} is no stop by ${sig}`);
}

describe('a system call that is restarted', () => {
  test('is seen by its tracer as restart_syscall', () => {
    const parts: Parts = {
      results: ['nr'],
      programs: {
        *main(sys) {
          const child = yield* sys.fork('sleeps', 0, 1);
          sys.check((yield* sys.ptrace(PTRACE_SEIZE, child)) === 0, 'seize');
          yield* sys.kill(child, SIGUSR1);
          yield* stopOf(sys, child, SIGUSR1);
          // Without the signal it goes on sleeping; what it enters then is the restart.
          yield* sys.ptrace(PTRACE_SYSCALL, child, 0, 0);
          yield* sys.waitpid(child);
          const word = { value: -1 };
          yield* sys.ptrace(PTRACE_PEEKUSR, child, ORIG_RAX, word);
          sys.result('nr', word.value);
          yield* sys.kill(child, SIGKILL);
        },
        *sleeps(sys) {
          // Over and over: time may have passed at any moment.
          for (;;) yield* sys.nanosleep({ tv_sec: 1000, tv_nsec: 0 });
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 100)).toContain(`nr=${__NR_restart_syscall}`);
  });
});

describe('a tracee in a stopped process', () => {
  test('that its tracer lets run can take a stop signal again: the process is stopped by the first', () => {
    const parts: Parts = {
      results: ['status'],
      cpus: 3,
      programs: {
        *main(sys) {
          // The tracer of one thread of a process with two.
          const child = yield* sys.fork('leader', 0, 1);
          while ((yield* sys.load(0)) === 0) yield* sys.step();
          sys.check((yield* sys.ptrace(PTRACE_SEIZE, 102)) === 0, 'seize');
          yield* sys.kill(child, SIGSTOP);
          // Of whichever takes it first; the traced one stops for its tracer in any case.
          for (let stops = 0; stops < 2; stops++) {
            const { status } = yield* sys.wait4(102, __WALL);
            sys.check(WIFSTOPPED(status), `status ${status}`);
            if (status >> 16 !== 0) break;
            yield* sys.ptrace(PTRACE_CONT, 102, 0, SIGSTOP);
          }
          yield* sys.ptrace(PTRACE_CONT, 102, 0, 0);
          yield* sys.tgkill(child, 102, SIGTSTP);
          yield* sys.wait4(102, __WALL);
          yield* sys.ptrace(PTRACE_CONT, 102, 0, SIGTSTP);
          yield* sys.wait4(102, __WALL);
          sys.result('status', WSTOPSIG((yield* sys.waitpid(child, WUNTRACED)).status));
        },
        *leader(sys) {
          // A group that is not orphaned: there SIGTSTP would do nothing.
          yield* sys.setpgid(0, 0);
          yield* sys.thread('thread', 0, 2);
          yield* sys.stay();
        },
        *thread(sys) {
          yield* sys.store(0, 1);
          yield* sys.stay();
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 60)).toEqual([`status=${SIGSTOP}`]);
  });
});

describe('a tracer that sets the mask of its tracee', () => {
  test('waits for who sends to that just then', () => {
    const parts: Parts = {
      results: ['set'],
      cpus: 3,
      programs: {
        *sends(sys) {
          for (let n = 0; n < 3; n++) yield* sys.kill(102, SIGUSR1);
        },
        *tracer(sys) {
          sys.check((yield* sys.ptrace(PTRACE_SEIZE, 102)) === 0, 'seize');
          yield* sys.ptrace(PTRACE_INTERRUPT, 102);
          yield* sys.waitpid(102);
          sys.result('set', yield* sys.ptrace(PTRACE_SETSIGMASK, 102, 8, { ...sigmask(SIGUSR1) }));
          yield* sys.ptrace(PTRACE_CONT, 102);
        },
        tracee: stays,
      },
      setup(setup) {
        setup.process('sends', { cpu: 0 });
        const tracer = setup.process('tracer', { cpu: 1 });
        const tracee = setup.process('tracee', { parent: tracer, cpu: 2 });
        setup.sigaction(tracee, SIGWINCH, SIG_IGN);
        setup.sigaction(tracee, SIGUSR1, SIG_IGN);
      },
    };
    expect(outcomesOf(parts, 200)).toEqual(['set=0']);
  });
});

describe('a tracer that shares the memory of its tracee', () => {
  test('and reads it as a third begins to dump: the stop comes to nothing, and it is told that there is none', () => {
    const parts: Parts = {
      results: ['ended'],
      cpus: 3,
      programs: {
        *main(sys) {
          const tracer = yield* sys.clone(CLONE_VM, 'tracer', { cpu: 1 });
          yield* sys.kill(yield* sys.getpid(), tracer > 0 ? SIGABRT : SIGKILL);
        },
        *tracer(sys) {
          const child = yield* sys.clone(CLONE_VM, 'tracee', { cpu: 2 });
          yield* sys.ptrace(PTRACE_SEIZE, child);
          yield* sys.kill(child, SIGUSR1);
          for (;;) {
            yield* sys.ptrace(PTRACE_CONT, child, 0, 0);
            yield* sys.ptrace(PTRACE_LISTEN, child, 0, 0);
            yield* sys.kill(child, SIGCONT);
            yield* sys.kill(child, SIGUSR1);
          }
        },
        tracee: stays,
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 300)).toEqual(['ended=null']);
  });
});
