/** A core dump where tasks trace each other. */

import { expect, test } from 'vitest';
import { CLONE_VM, PTRACE_O_TRACEEXIT, PTRACE_SEIZE, SIGABRT, SIGQUIT, SIGSTOP } from '../../src/kernel/constants.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { stays } from '../support/tasks.js';

test('a tracee that shares the memory of its dumping tracer does not stop in its exit', () => {
  const parts: Parts = {
    results: ['status'],
    cpus: 3,
    programs: {
      *main(sys) {
        const tracer = yield* sys.fork('tracer', 0, 1);
        sys.result('status', (yield* sys.wait4(tracer)).status);
      },
      *tracer(sys) {
        const child = yield* sys.clone(CLONE_VM, 'child', { cpu: 2 });
        sys.check((yield* sys.ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACEEXIT)) === 0, 'seize');
        yield* sys.kill(yield* sys.getpid(), SIGABRT);
      },
      child: stays,
    },
    setup: (setup) => void setup.process('main'),
    unfinished: ({ status }) => (status === null ? 'the dump never ends' : null),
  };
  expect(outcomesOf(parts, 100)).toEqual([`status=${SIGABRT}`]);
});

test('a dump wakes a tracer that waits for the trap of a stopped thread', () => {
  const parts: Parts = {
    results: ['attached'],
    cpus: 4,
    programs: {
      *killer(sys) {
        yield* sys.tgkill(101, 102, SIGSTOP);
        yield* sys.tgkill(101, 101, SIGQUIT);
      },
      leader: stays,
      thread: stays,
      *tracer(sys) {
        const r = yield* sys.ptrace(PTRACE_SEIZE, 102);
        sys.result('attached', r);
      },
    },
    setup(setup) {
      setup.process('killer');
      setup.thread(setup.process('leader', { cpu: 1 }), 'thread', { cpu: 2 });
      setup.process('tracer', { cpu: 3 });
    },
    unfinished: ({ attached }) => (attached === null ? 'PTRACE_SEIZE has not come back' : null),
  };
  expect(outcomesOf(parts, 40_000)).toEqual(['attached=0']);
});
