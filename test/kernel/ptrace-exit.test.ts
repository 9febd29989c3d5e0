/** What becomes of the tracees of a tracer that ends. */

import { describe, expect, test } from 'vitest';
import {
  ECHILD,
  PTRACE_CONT,
  PTRACE_EVENT_STOP,
  PTRACE_INTERRUPT,
  PTRACE_O_EXITKILL,
  PTRACE_O_TRACEFORK,
  PTRACE_SEIZE,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTERM,
  WCONTINUED,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { event, expectStop, stopped } from '../support/ptrace.js';
import { must } from '../support/tasks.js';

describe('a tracer that ends', () => {
  const ends = (options: number, how: 'stopped' | 'running'): Parts => ({
    results: ['end'],
    cpus: 3,
    programs: {
      *parent(sys) {
        const { pid } = yield* sys.wait4(102);
        sys.check(pid === 102, 'the tracer was not waited for');
        yield* sys.store(0, 1);
        sys.result('end', (yield* sys.wait4(101)).status);
      },
      *child(sys) {
        while ((yield* sys.load(0)) === 0);
        return 7;
      },
      *tracer(sys) {
        yield* must(sys, sys.ptrace(PTRACE_SEIZE, 101, 0, options));
        if (how === 'running') return;
        yield* must(sys, sys.ptrace(PTRACE_INTERRUPT, 101));
        yield* expectStop(sys, 101, event(PTRACE_EVENT_STOP));
      },
    },
    setup(setup) {
      const parent = setup.process('parent');
      setup.process('child', { parent, cpu: 1 });
      setup.process('tracer', { parent, cpu: 2 });
    },
  });

  test('lets its tracees go on', () => {
    expect(outcomesOf(ends(0, 'stopped'), 300)).toEqual([`end=${7 << 8}`]);
    expect(outcomesOf(ends(0, 'running'), 200)).toEqual([`end=${7 << 8}`]);
  });

  test('kills them where PTRACE_O_EXITKILL says so', () => {
    expect(outcomesOf(ends(PTRACE_O_EXITKILL, 'stopped'), 300)).toEqual([`end=${SIGKILL}`]);
    expect(outcomesOf(ends(PTRACE_O_EXITKILL, 'running'), 200)).toEqual([`end=${SIGKILL}`]);
  });

  test('while a tracee is on its way into a stop lets it go on, with the signal', () => {
    const parts: Parts = {
      results: ['end'],
      cpus: 3,
      programs: {
        *parent(sys) {
          sys.result('end', (yield* sys.wait4(101)).status);
        },
        *child(sys) {
          while ((yield* sys.load(0)) === 0);
          yield* sys.kill(101, SIGTERM);
        },
        *tracer(sys) {
          yield* must(sys, sys.ptrace(PTRACE_SEIZE, 101));
          yield* sys.store(0, 1);
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.process('child', { parent, cpu: 1 });
        setup.process('tracer', { cpu: 2 });
      },
    };
    // Stopped for a tracer that dies, it goes on without the signal; the stop that nobody waited for has its code still.
    expect(outcomesOf(parts, 1000)).toEqual([`end=${SIGTERM}`]);
  });

  test('leaves a stopped process stopped', () => {
    const parts: Parts = {
      results: ['stop', 'end'],
      cpus: 3,
      programs: {
        *parent(sys) {
          yield* sys.wait4(102);
          const { status } = yield* sys.wait4(101, WUNTRACED);
          sys.result('stop', status);
          yield* sys.kill(101, SIGCONT);
          yield* sys.wait4(101, WCONTINUED);
          yield* sys.store(0, 1);
          sys.result('end', (yield* sys.wait4(101)).status);
        },
        *child(sys) {
          while ((yield* sys.load(0)) === 0);
          return 7;
        },
        *tracer(sys) {
          yield* must(sys, sys.ptrace(PTRACE_SEIZE, 101, 0, PTRACE_O_TRACEFORK));
          yield* must(sys, sys.kill(101, SIGSTOP));
          yield* expectStop(sys, 101, stopped(SIGSTOP));
          yield* must(sys, sys.ptrace(PTRACE_CONT, 101, 0, SIGSTOP));
          yield* expectStop(sys, 101, event(PTRACE_EVENT_STOP, SIGSTOP));
          if (sys.arg === 1) yield* must(sys, sys.ptrace(PTRACE_CONT, 101));
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.process('child', { parent, cpu: 1 });
        setup.process('tracer', { parent, cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 300)).toEqual([`stop=${stopped(SIGSTOP)} end=${7 << 8}`]);
  });

  test('gives a zombie to its parent, and releases one that nobody wants', () => {
    const parts = (ignore: boolean): Parts => ({
      results: ['end', 'thread'],
      cpus: 3,
      programs: {
        *parent(sys) {
          if (ignore) yield* sys.sigaction(SIGCHLD, SIG_IGN);
          yield* sys.store(0, 1);
          sys.result('end', (yield* sys.wait4(101)).pid);
        },
        *child(sys) {
          yield* sys.thread('other');
          while ((yield* sys.load(1)) === 0);
          return 7;
        },
        *other(sys) {
          while ((yield* sys.load(1)) === 0);
          yield* sys.exit(1);
        },
        *tracer(sys) {
          while ((yield* sys.load(0)) === 0);
          yield* sys.ptrace(PTRACE_SEIZE, 101, 0, 0);
          sys.result('thread', (yield* sys.ptrace(PTRACE_SEIZE, 103, 0, 0)) <= 0 ? 0 : 1);
          yield* sys.store(1, 1);
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.process('child', { parent, cpu: 1 });
        setup.process('tracer', { cpu: 2 });
      },
    });
    expect(outcomesOf(parts(false), 600)).toEqual(['end=101 thread=0']);
    expect(outcomesOf(parts(true), 600)).toEqual([`end=${-ECHILD} thread=0`]);
  });

  test('that ignores its own children releases a traced one when it lets go of it', () => {
    const parts: Parts = {
      results: ['end'],
      cpus: 3,
      programs: {
        *leader(sys) {
          yield* sys.sigaction(SIGCHLD, SIG_IGN);
          yield* sys.thread('tracer', yield* sys.fork('child', 0, 2), 1);
          yield* sys.store(0, 1);
          sys.result('end', (yield* sys.wait4(-1)).pid);
        },
        *tracer(sys) {
          // Of the same process as the parent, and its thread ends first.
          yield* sys.ptrace(PTRACE_SEIZE, sys.arg);
          yield* sys.store(1, 1);
          yield* sys.exit(0);
        },
        *child(sys) {
          while ((yield* sys.load(1)) === 0);
          return 1;
        },
      },
      setup: (setup) => void setup.process('leader'),
    };
    // The zombie of a tracee is there to be waited for until then.
    expect(outcomesOf(parts, 800)).toEqual([`end=${-ECHILD}`, 'end=101']);
  });
});
