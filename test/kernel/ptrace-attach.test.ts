/** Who may trace whom, and attaching to a process in exec. */

import { describe, expect, test } from 'vitest';
import {
  __WALL,
  CAP_KILL,
  CAP_SYS_PTRACE,
  EPERM,
  PR_SET_DUMPABLE,
  PTRACE_SEIZE,
  PTRACE_TRACEME,
  SIGCHLD,
  SIGUSR1,
  WNOHANG,
} from '../../src/kernel/constants.js';
import type { ProcessOptions, Setup } from '../../src/kernel/setup.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { endOf, stopped } from '../support/ptrace.js';
import { must, stays } from '../support/tasks.js';

describe('permission', () => {
  const attach = (more: Partial<Parts>, tracer: ProcessOptions, target: ProcessOptions): Parts => ({
    results: ['attach'],
    programs: {
      *tracer(sys) {
        sys.result('attach', yield* sys.ptrace(PTRACE_SEIZE, 101));
      },
      target: stays,
      ...more.programs,
    },
    setup(setup) {
      setup.process('tracer', tracer);
      setup.process('target', { cpu: 1, ...target });
    },
  });

  test('is by all user and group ids, or CAP_SYS_PTRACE', () => {
    const denied = [`attach=${-EPERM}`];
    expect(outcomesOf(attach({}, {}, {}), 20)).toEqual(['attach=0']);
    expect(outcomesOf(attach({}, {}, { euid: 0, capabilities: 0 }), 20)).toEqual(denied);
    expect(outcomesOf(attach({}, { uid: 0 }, {}), 20)).toEqual(['attach=0']);
    expect(outcomesOf(attach({}, {}, { gid: 7 }), 20)).toEqual(denied);
    expect(outcomesOf(attach({}, { capabilities: CAP_SYS_PTRACE }, { gid: 7 }), 20)).toEqual(['attach=0']);
    // The same ids, and a capability that the tracer does not have.
    expect(outcomesOf(attach({}, {}, { capabilities: CAP_KILL }), 20)).toEqual(denied);
    expect(outcomesOf(attach({}, { capabilities: CAP_KILL }, { capabilities: CAP_KILL }), 20)).toEqual(['attach=0']);
  });

  test('is refused where the process may not be dumped', () => {
    const parts: Parts = {
      results: ['attach'],
      programs: {
        *tracer(sys) {
          while ((yield* sys.load(0)) === 0);
          sys.result('attach', yield* sys.ptrace(PTRACE_SEIZE, 101));
        },
        *target(sys) {
          yield* sys.prctl(PR_SET_DUMPABLE, 0);
          yield* sys.store(0, 1);
          yield* sys.stay();
        },
      },
      setup(setup) {
        setup.process('tracer');
        setup.process('target', { cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 50)).toEqual([`attach=${-EPERM}`]);
    const root = {
      ...parts,
      setup(setup: Setup) {
        setup.process('tracer', { uid: 0 });
        setup.process('target', { cpu: 1 });
      },
    };
    expect(outcomesOf(root, 50)).toEqual(['attach=0']);
  });

  test('to have oneself traced is refused where the parent has less, and where it is on its way out', () => {
    const parts: Parts = {
      results: ['less', 'more'],
      programs: {
        *parent(sys) {
          yield* sys.stay();
        },
        *child(sys) {
          sys.result(sys.arg === 0 ? 'less' : 'more', yield* sys.ptrace(PTRACE_TRACEME, 0));
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        const capable = setup.process('parent', { capabilities: CAP_SYS_PTRACE });
        setup.process('child', { parent, cpu: 1, capabilities: CAP_KILL });
        setup.process('child', { parent: capable, cpu: 1, capabilities: CAP_KILL, arg: 1 });
      },
    };
    expect(outcomesOf(parts, 50)).toEqual([`less=${-EPERM} more=0`]);
    const dying: Parts = {
      results: ['traceme', 'end'],
      cpus: 3,
      programs: {
        *parent(sys) {
          yield* sys.getpid();
        },
        *child(sys) {
          sys.result('traceme', yield* sys.ptrace(PTRACE_TRACEME, 0));
          yield* sys.kill(yield* sys.getpid(), SIGUSR1);
          return 3;
        },
        *reaper(sys) {
          // Whoever had it traced is gone: it dies by the signal.
          for (;;) {
            const { pid, status } = yield* sys.wait4(-1);
            if (pid === 102) {
              sys.result('end', status);
              break;
            }
          }
        },
      },
      setup(setup) {
        const reaper = setup.process('reaper', { subreaper: true });
        setup.process('child', { parent: setup.process('parent', { parent: reaper, cpu: 1 }), cpu: 2 });
      },
    };
    // By nobody, where the parent is dying, or was when the signal came; otherwise by the new parent, who sees it stop.
    expect(outcomesOf(dying, 800)).toEqual([`traceme=0 end=${SIGUSR1}`, `traceme=0 end=${stopped(SIGUSR1)}`]);
  });

  test('a traced process gains nothing from a set-user-id program, unless its tracer may trace all', () => {
    const parts = (traced: boolean, tracer: ProcessOptions): Parts => ({
      results: ['euid', 'end'],
      programs: {
        *tracer(sys) {
          if (traced) yield* must(sys, sys.ptrace(PTRACE_SEIZE, 101));
          yield* sys.store(0, 1);
          sys.result('end', traced ? yield* endOf(sys, 101) : 0);
        },
        *target(sys) {
          while ((yield* sys.load(0)) === 0);
          yield* sys.execve('passwd');
        },
        *passwd(sys) {
          sys.result('euid', yield* sys.geteuid());
        },
      },
      files: { passwd: { setuid: 0 } },
      setup(setup) {
        setup.process('tracer', tracer);
        setup.process('target', { cpu: 1 });
      },
    });
    expect(outcomesOf(parts(false, {}), 50)).toEqual(['euid=0 end=0']);
    expect(outcomesOf(parts(true, {}), 100)).toEqual(['euid=1000 end=0']);
    expect(outcomesOf(parts(true, { uid: 0 }), 100)).toEqual(['euid=0 end=0']);
  });
});

describe('attaching to a process in exec', () => {
  /** @param zombie a thread of the process that the tracer has, and that dies in the exec */
  const race = (zombie: boolean): Parts => ({
    results: ['attached', 'end'],
    cpus: 4,
    programs: {
      *tracer(sys) {
        if (zombie) yield* must(sys, sys.ptrace(PTRACE_SEIZE, 102));
        yield* sys.store(0, 1);
        sys.result('attached', yield* sys.ptrace(PTRACE_SEIZE, 101));
        if (zombie) yield* endOf(sys, 102);
        sys.result('end', yield* endOf(sys, 101));
      },
      *leader(sys) {
        while ((yield* sys.load(0)) === 0);
        yield* sys.execve('next');
      },
      thread: stays,
      *next(sys) {
        yield* sys.getpid();
        yield* sys.stay();
      },
    },
    setup(setup) {
      setup.process('tracer');
      const leader = setup.process('leader', { cpu: 1 });
      setup.thread(leader, 'thread', { cpu: 2 });
    },
    unfinished: ({ attached }) => (attached === null ? 'PTRACE_SEIZE has not come back' : null),
  });

  test('waits for it, where all its threads die', () => {
    expect(outcomesOf(race(false), 600)).toEqual(['attached=0 end=null']);
  });

  test('never ends, where one of them is a zombie that only the tracer can wait for: this kernel deadlocks', () => {
    expect(() => outcomesOf(race(true), 1000)).toThrow(
      /PTRACE_SEIZE has not come back; task 100 is sleeping, task 101 is in uninterruptible sleep.*task 102 of 101 is zombie/,
    );
  });

  test('is ended by a signal to the tracer, and made again', () => {
    const parts = race(true);
    const programs = {
      ...parts.programs,
      *tracer(sys: Sys): Coroutine<void> {
        yield* sys.sigaction(SIGCHLD, 'reap');
        yield* must(sys, sys.ptrace(PTRACE_SEIZE, 102));
        yield* sys.store(0, 1);
        sys.result('attached', yield* sys.ptrace(PTRACE_SEIZE, 101));
      },
    };
    const handlers: Parts['handlers'] = {
      *reap(sys) {
        yield* sys.wait4(102, __WALL | WNOHANG);
      },
    };
    // The zombie's SIGCHLD lets the tracer wait for it: nobody need wait for ever.
    expect(outcomesOf({ ...parts, programs, handlers }, 800)).toEqual(['attached=0 end=null']);
  });
});
