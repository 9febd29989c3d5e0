/** Core dumps: who is told to die, who waits for whom, and what the parent is told. Under every schedule tried. */

import { describe, expect, test } from 'vitest';
import {
  CLD_DUMPED,
  CLD_KILLED,
  CLONE_FILES,
  CLONE_VM,
  EAGAIN,
  ELF_MIN_COREDUMP,
  ENOMEM,
  P_ALL,
  PR_SET_DUMPABLE,
  RLIMIT_CORE,
  SEGV_MAPERR,
  SIGABRT,
  SIGKILL,
  SIGQUIT,
  SIGSEGV,
  SIGTERM,
  SIGUSR1,
  SIGXCPU,
  WEXITED,
} from '../../src/kernel/constants.js';
import { coredumpFunctions } from '../../src/kernel/coredump.js';
import type { Program } from '../../src/kernel/scenario.js';
import { user_memory } from '../../src/kernel/structs.js';
import type { Sys } from '../../src/kernel/sys.js';
import { outcomesOf, type Parts, patchOf } from '../support/programs.js';
import { aborts } from '../support/tasks.js';

const CORE = 0x80;

/** A process that may dump as much as it likes, and a parent that reports how it ended. */
function dumping(child: Program, more: Partial<Parts> & { limit?: number; killer?: Program } = {}): Parts {
  const { limit = 1 << 20, killer, ...parts } = more;
  return {
    cpus: 3,
    ...parts,
    results: ['status', ...(more.results ?? [])],
    programs: {
      *main(sys) {
        const pid = yield* sys.fork('child', 0, 1);
        if (killer !== undefined) yield* sys.fork('killer', pid, 2);
        sys.result('status', (yield* sys.wait4(pid)).status);
      },
      child,
      ...(killer === undefined ? {} : { killer }),
      ...more.programs,
    },
    setup: (setup) => void setup.process('main', { limits: { [RLIMIT_CORE]: limit } }),
  };
}

describe('WCOREDUMP', () => {
  test.each([
    ['nothing may be written', 0, 0],
    ['less than a page may be written', ELF_MIN_COREDUMP - 1, 0],
    ['a page may be written', ELF_MIN_COREDUMP, CORE],
  ])('where %s', (_, limit, core) => {
    expect(outcomesOf(dumping(aborts, { limit }), 20)).toEqual([`status=${SIGABRT | core}`]);
  });

  test.each([SIGQUIT, SIGABRT, SIGSEGV, SIGXCPU])('after signal %i', (sig) => {
    const parts = dumping(function* (sys) {
      yield* sys.kill(yield* sys.getpid(), sig);
    });
    expect(outcomesOf(parts, 10)).toEqual([`status=${sig | CORE}`]);
  });

  test('not after a signal that only kills', () => {
    const parts = dumping(function* (sys) {
      yield* sys.kill(yield* sys.getpid(), SIGTERM);
    });
    expect(outcomesOf(parts, 10)).toEqual([`status=${SIGTERM}`]);
  });

  test('not of a process that is not to be dumped', () => {
    const parts = dumping(function* (sys) {
      yield* sys.prctl(PR_SET_DUMPABLE, 0);
      yield* aborts(sys);
    });
    expect(outcomesOf(parts, 10)).toEqual([`status=${SIGABRT}`]);
  });

  test('is CLD_DUMPED to waitid', () => {
    const coded = (child: Program): Parts => ({
      results: ['code', 'status'],
      programs: {
        *main(sys) {
          yield* sys.fork('child', 0, 1);
          const info = { si_signo: 0, si_code: 0, si_pid: 0, si_uid: 0, si_status: 0 };
          yield* sys.waitid(P_ALL, 0, info, WEXITED);
          sys.result('code', info.si_code);
          sys.result('status', info.si_status);
        },
        child,
      },
      setup: (setup) => void setup.process('main', { limits: { [RLIMIT_CORE]: 1 << 20 } }),
    });
    expect(outcomesOf(coded(aborts), 10)).toEqual([`code=${CLD_DUMPED} status=${SIGABRT}`]);
    const killed = coded(function* (sys) {
      yield* sys.kill(yield* sys.getpid(), SIGKILL);
    });
    expect(outcomesOf(killed, 10)).toEqual([`code=${CLD_KILLED} status=${SIGKILL}`]);
  });
});

describe('a process with threads', () => {
  const threads = (ends: Program, limit?: number): Parts =>
    dumping(
      function* (sys) {
        yield* sys.thread('thread', 0, 0);
        yield* sys.thread('thread', 0, 2);
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      },
      { programs: { thread: ends }, ...(limit === undefined ? {} : { limit }) },
    );

  test.each([
    ['in user mode', (sys: Sys) => sys.stay()],
    ['asleep', (sys: Sys) => sys.pause()],
  ])('dumps when all the others have stopped, %s', (_, rests) => {
    const parts = threads(function* (sys) {
      yield* rests(sys);
    });
    expect(outcomesOf(parts, 300)).toEqual([`status=${SIGSEGV | CORE}`]);
  });

  test('the same where nothing is written', () => {
    const parts = threads(function* (sys) {
      yield* sys.pause();
    }, 0);
    expect(outcomesOf(parts, 200)).toEqual([`status=${SIGSEGV}`]);
  });

  test('one that exits meanwhile is waited for, or gone', () => {
    const parts = threads(function* (sys) {
      yield* sys.exit(3);
    });
    expect(outcomesOf(parts, 500)).toEqual([`status=${SIGSEGV | CORE}`]);
  });

  test('one that ends the process meanwhile: one of the two does', () => {
    const parts = threads(function* (sys) {
      yield* sys.exit_group(3);
    });
    expect(outcomesOf(parts, 500)).toEqual([`status=${SIGSEGV | CORE}`, `status=${3 << 8}`].sort());
  });

  test('two that fault at once: one dumps', () => {
    const parts = dumping(
      function* (sys) {
        yield* sys.thread('thread', 0, 2);
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      },
      {
        programs: {
          *thread(sys) {
            yield* aborts(sys);
            yield* sys.pause();
          },
        },
      },
    );
    expect(outcomesOf(parts, 500)).toEqual([`status=${SIGABRT | CORE}`, `status=${SIGSEGV | CORE}`].sort());
  });

  test('one that execs meanwhile: it goes on, or the process is dumped', () => {
    const parts = dumping(
      function* (sys) {
        yield* sys.thread('thread', 0, 2);
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      },
      {
        programs: {
          *thread(sys) {
            yield* sys.execve('program');
          },
          *program() {
            return 4;
          },
        },
      },
    );
    const outcomes = outcomesOf(parts, 500);
    expect(outcomes).toContain(`status=${SIGSEGV | CORE}`);
    expect(outcomes).toContain(`status=${4 << 8}`);
  });

  test('no new thread appears in a dump', () => {
    const parts = dumping(
      function* (sys) {
        yield* sys.thread('maker', 0, 2);
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      },
      {
        programs: {
          *maker(sys) {
            for (let made = 0; made < 3; made++) yield* sys.thread('thread', 0, 0);
            yield* sys.pause();
          },
          *thread(sys) {
            yield* sys.stay();
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual([`status=${SIGSEGV | CORE}`]);
  });
});

describe('a signal from elsewhere', () => {
  test('SIGKILL ends the dump, and is what the process died of; or comes before or after', () => {
    const parts = dumping(
      function* (sys) {
        yield* sys.thread('thread', 0, 0);
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      },
      {
        programs: {
          *thread(sys) {
            yield* sys.pause();
          },
        },
        *killer(sys) {
          for (let look = 0; look < 12; look++) yield* sys.load(0);
          yield* sys.kill(sys.arg, SIGKILL);
        },
      },
    );
    const outcomes = outcomesOf(parts, 1000);
    expect(outcomes).toEqual([`status=${SIGSEGV | CORE}`, `status=${SIGKILL}`].sort());
  });

  test('no other does: the process is dumped all the same', () => {
    const parts = dumping(
      function* (sys) {
        for (let look = 0; look < 20; look++) yield* sys.load(0);
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      },
      {
        *killer(sys) {
          yield* sys.kill(sys.arg, SIGUSR1);
        },
      },
    );
    expect(outcomesOf(parts, 500)).toEqual([`status=${SIGUSR1}`, `status=${SIGSEGV | CORE}`]);
  });
});

describe('processes on the same memory', () => {
  test('the child of a vfork takes its parent along', () => {
    const parts = dumping(
      function* (sys) {
        yield* sys.vfork('grandchild', 0, 2);
        sys.result('returned', 1);
        yield* sys.pause();
      },
      {
        results: ['returned'],
        programs: {
          *grandchild(sys) {
            yield* sys.fault(SIGSEGV, SEGV_MAPERR);
          },
        },
      },
    );
    expect(outcomesOf(parts, 500)).toEqual([`status=${SIGSEGV} returned=null`]);
  });

  test('but not once it has exec’ed', () => {
    const parts = dumping(
      function* (sys) {
        yield* sys.vfork('grandchild', 0, 2);
        yield* sys.wait4(-1);
        return 1;
      },
      {
        programs: {
          *grandchild(sys) {
            yield* sys.execve('program');
          },
          *program(sys) {
            yield* sys.fault(SIGSEGV, SEGV_MAPERR);
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual([`status=${1 << 8}`]);
  });

  /** Two processes that share their memory; the child dumps it. */
  const sharing = (parent: Program, child: Program, programs: Parts['programs'] = {}): Parts =>
    dumping(
      function* (sys) {
        yield* sys.clone(CLONE_VM, 'sharer', { cpu: 2 });
        yield* parent(sys);
      },
      { programs: { sharer: child, ...programs } },
    );

  test('a parent that exits meanwhile is dumped, or gone', () => {
    const parts = sharing(
      function* () {
        return 5;
      } as Program,
      function* (sys) {
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      },
    );
    const outcomes = outcomesOf(parts, 500);
    expect(outcomes).toContain(`status=${SIGSEGV}`);
    expect(outcomes).toContain('status=0');
    expect(outcomes).toHaveLength(2);
  });

  test('a parent that execs meanwhile is dumped, or gone', () => {
    const parts = sharing(
      function* (sys) {
        yield* sys.thread('other', 0, 0);
        yield* sys.execve('program');
      },
      function* (sys) {
        for (let look = 0; look < 20; look++) yield* sys.load(0);
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      },
      {
        *other(sys) {
          yield* sys.pause();
        },
        *program() {
          return 4;
        },
      },
    );
    const outcomes = outcomesOf(parts, 1000);
    expect(outcomes).toContain(`status=${SIGSEGV}`);
    expect(outcomes).toContain(`status=${4 << 8}`);
    expect(outcomes).toHaveLength(2);
  });

  test('both dump at once: one does, and takes the other along', () => {
    const parts = sharing(aborts, aborts);
    const outcomes = outcomesOf(parts, 500);
    expect(outcomes).toContain(`status=${SIGABRT}`);
    expect(outcomes).toContain(`status=${SIGABRT | CORE}`);
    expect(outcomes).toHaveLength(2);
  });

  test('two threads make sharers at once', () => {
    const parts = dumping(
      function* (sys) {
        yield* sys.thread('maker', 0, 0);
        yield* sys.clone(CLONE_VM, 'sharer', { cpu: 2 });
        yield* sys.pause();
      },
      {
        programs: {
          *maker(sys) {
            yield* sys.clone(CLONE_VM, 'rests', { cpu: 1 });
            yield* sys.pause();
          },
          *sharer(sys) {
            yield* sys.fault(SIGSEGV, SEGV_MAPERR);
          },
          *rests(sys) {
            yield* sys.pause();
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual([`status=${SIGSEGV}`]);
  });

  test('a fork that fails shares nothing', () => {
    const parts: Parts = {
      cpus: 1,
      results: ['error'],
      programs: {
        *main(sys) {
          let pid = 0;
          while (pid >= 0) pid = yield* sys.clone(CLONE_VM, 'rests');
          sys.result('error', pid);
        },
        *rests(sys) {
          yield* sys.pause();
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 2)).toEqual([`error=${-ENOMEM}`]);
  });
});

test('a descriptor table that another process shares is copied first', () => {
  const parts = dumping(
    function* (sys) {
      yield* sys.pipe([0, 0]);
      yield* sys.clone(CLONE_FILES, 'sharer', { cpu: 2 });
      yield* aborts(sys);
    },
    {
      programs: {
        *sharer(sys) {
          yield* sys.close(0);
        },
      },
    },
  );
  expect(outcomesOf(parts, 100)).toEqual([`status=${SIGABRT | CORE}`]);
});

test('a signal to dump for, taken by a thread that an exec is just ending, is lost: the process lives on', () => {
  /** Notes in cell 5 that a dump was refused. */
  const notes = patchOf({
    *zap_threads(tsk, core, exit_code) {
      const nr = yield* coredumpFunctions.zap_threads.call(this, tsk, core, exit_code);
      if (nr === -EAGAIN) this.store(this.arena.static(user_memory) + user_memory.cells + 5, 1);
      return nr;
    },
  });
  const parts = dumping(
    function* (sys) {
      yield* sys.thread('thread', 0, 2);
      yield* sys.fault(SIGSEGV, SEGV_MAPERR);
    },
    {
      results: ['refused'],
      programs: {
        *thread(sys) {
          yield* sys.execve('program');
        },
        *program(sys) {
          sys.result('refused', yield* sys.load(5));
          return 4;
        },
      },
    },
  );
  const outcomes = outcomesOf(parts, 1000, [notes]);
  expect(outcomes).toContain(`status=${SIGSEGV | CORE} refused=null`);
  // Nothing ignores or blocks it.
  expect(outcomes).toContain(`status=${4 << 8} refused=1`);
});
