/** A core dump of memory that several processes use, while they come and go. */

import { expect, test } from 'vitest';
import {
  CLONE_FILES,
  CLONE_VM,
  RLIMIT_CORE,
  SA_NOCLDWAIT,
  SIG_DFL,
  SIGABRT,
  SIGCHLD,
} from '../../src/kernel/constants.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { aborts, stays } from '../support/tasks.js';

const CORE = 0x80;

test('without memory for a table of descriptors of its own the process dies, and has not dumped', () => {
  const parts = (objects: NonNullable<Parts['objects']>): Parts => ({
    results: ['status'],
    programs: {
      *main(sys) {
        const fds: [number, number] = [0, 0];
        yield* sys.pipe(fds);
        const child = yield* sys.fork('dumper', 0, 1);
        sys.result('status', (yield* sys.waitpid(child)).status);
      },
      *dumper(sys) {
        yield* sys.clone(CLONE_FILES, 'stay', { cpu: 0 });
        yield* aborts(sys);
      },
      stay: stays,
    },
    objects,
    setup: (setup) => void setup.process('main', { limits: { [RLIMIT_CORE]: 1 << 20 } }),
  });
  expect(outcomesOf(parts({ files_cache: 2 }), 20)).toEqual([`status=${SIGABRT}`]);
  expect(outcomesOf(parts({ files_cache: 3 }), 20)).toEqual([`status=${SIGABRT | CORE}`]);
});

test('another process that uses the memory, by a thread whose leader has exited, dies of the dump as well', () => {
  const parts: Parts = {
    results: ['dumper', 'sharer'],
    cpus: 3,
    programs: {
      *main(sys) {
        const dumper = yield* sys.fork('dumper', 0, 1);
        sys.result('dumper', (yield* sys.waitpid(dumper)).status & 0x7f);
      },
      *dumper(sys) {
        yield* sys.clone(CLONE_VM, 'sharer', { cpu: 2 });
        while ((yield* sys.load(0)) === 0) yield* sys.step();
        yield* aborts(sys);
      },
      *sharer(sys) {
        yield* sys.thread('thread', 0, 2);
        yield* sys.exit(0);
      },
      *thread(sys) {
        yield* sys.store(0, 1);
        yield* sys.stay();
      },
    },
    setup: (setup) => void setup.process('main', { limits: { [RLIMIT_CORE]: 1 << 20 } }),
  };
  // Nobody is left: who shares the memory has been killed, or the run would end with it in user mode.
  expect(outcomesOf(parts, 60)).toEqual([`dumper=${SIGABRT} sharer=null`]);
});

test('another process that uses the memory and exits meanwhile is waited for, or gone', () => {
  const parts: Parts = {
    results: ['status'],
    cpus: 3,
    programs: {
      *main(sys) {
        const dumper = yield* sys.fork('dumper', 0, 1);
        sys.result('status', (yield* sys.waitpid(dumper)).status);
      },
      *dumper(sys) {
        yield* sys.sigaction(SIGCHLD, SIG_DFL, { flags: SA_NOCLDWAIT });
        for (let made = 0; made < 2; made++) yield* sys.clone(CLONE_VM, 'ends', { cpu: made === 0 ? 2 : 0 });
        yield* aborts(sys);
      },
      *ends() {},
    },
    setup: (setup) => void setup.process('main', { limits: { [RLIMIT_CORE]: 1 << 20 } }),
  };
  expect(outcomesOf(parts, 600)).toEqual([`status=${SIGABRT | CORE}`]);
});
