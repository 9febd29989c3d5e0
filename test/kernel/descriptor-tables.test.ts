/** Tables of descriptors: copied, shared, and over fork, exec and exit. */

import { describe, expect, test } from 'vitest';
import {
  CLONE_FILES,
  CLONE_VM,
  EBADF,
  ENOMEM,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_SETFD,
  FD_CLOEXEC,
  O_CLOEXEC,
  SIGKILL,
  SIGUSR1,
} from '../../src/kernel/constants.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { pipeOf } from '../support/pipes.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';

describe('a table', () => {
  test('is copied by fork: closing in one does not close in the other', () => {
    const parts = alone(
      ['read', 'eof'],
      function* (sys) {
        const [r, w] = yield* pipeOf(sys);
        yield* sys.fork('child', w, 1);
        yield* sys.close(w);
        const buf = new Uint8Array(8);
        sys.result('read', yield* sys.read(r, buf));
        sys.result('eof', yield* sys.read(r, buf));
      },
      {
        programs: {
          *child(sys) {
            yield* sys.close(0);
            yield* sys.write(sys.arg, 'abc');
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual(['read=3 eof=0']);
  });

  test('is copied without the numbers that a thread has been given and not yet filled', () => {
    const parts = alone(
      ['first'],
      function* (sys) {
        const [r] = yield* pipeOf(sys);
        yield* sys.thread('opener', 0, 1);
        yield* sys.fork('child', r, 0);
        yield* sys.stay();
      },
      {
        programs: {
          *opener(sys) {
            yield* sys.dup(0);
            yield* sys.stay();
          },
          *child(sys) {
            sys.result('first', yield* sys.dup(sys.arg));
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual(['first=2', 'first=3']);
  });

  test('is shared by threads, from before anything was opened', () => {
    const parts = alone(
      ['read', 'closed'],
      function* (sys) {
        yield* sys.thread('thread', 0, 1);
        while ((yield* sys.load(0)) === 0);
        const buf = new Uint8Array(8);
        sys.result('read', yield* sys.read(0, buf));
        sys.result('closed', yield* sys.close(0));
        yield* sys.store(1, 1);
        yield* sys.stay();
      },
      {
        programs: {
          *thread(sys) {
            const [, w] = yield* pipeOf(sys);
            yield* sys.write(w, 'ab');
            yield* sys.store(0, 1);
            while ((yield* sys.load(1)) === 0);
            sys.check((yield* sys.close(0)) === -EBADF, 'close of a number that the other thread has closed');
          },
        },
      },
    );
    expect(outcomesOf(parts, 100)).toEqual(['read=2 closed=0']);
  });

  test('is shared with a process where clone says so, and closed with the last', () => {
    const parts = alone(
      ['eof', 'end'],
      function* (sys) {
        const [r, w] = yield* pipeOf(sys);
        const child = yield* sys.clone(CLONE_FILES | CLONE_VM, 'child', { arg: w, cpu: 1 });
        yield* sys.wait4(child);
        // The child has closed it for both.
        sys.result('end', yield* sys.close(w));
        sys.result('eof', yield* sys.read(r, new Uint8Array(1)));
      },
      {
        programs: {
          *child(sys) {
            yield* sys.close(sys.arg);
          },
        },
      },
    );
    expect(outcomesOf(parts, 200)).toEqual([`eof=0 end=${-EBADF}`]);
  });

  test('loses on exec what is marked for it', () => {
    const parts = alone(
      ['kept', 'lost', 'eof'],
      function* (sys) {
        const [, w] = yield* pipeOf(sys);
        yield* sys.fcntl(w, F_SETFD, FD_CLOEXEC);
        yield* sys.execve('next', w);
      },
      {
        programs: {
          *next(sys) {
            sys.result('kept', yield* sys.fcntl(0, F_GETFD));
            sys.result('lost', yield* sys.fcntl(sys.arg, F_GETFD));
            sys.result('eof', yield* sys.read(0, new Uint8Array(1)));
          },
        },
      },
    );
    expect(outcomesOf(parts, 5)).toEqual([`kept=0 lost=${-EBADF} eof=0`]);
  });

  test('shared with another process is left to that on exec', () => {
    const parts = alone(
      ['lost', 'fd', 'end'],
      function* (sys) {
        const [, w] = yield* pipeOf(sys, O_CLOEXEC);
        const child = yield* sys.clone(CLONE_FILES | CLONE_VM, 'child', { arg: w, cpu: 1 });
        yield* sys.wait4(child);
        sys.result('fd', yield* sys.fcntl(w, F_GETFD));
        sys.result('end', yield* sys.write(w, 'x'));
      },
      {
        programs: {
          *child(sys) {
            yield* sys.execve('next', sys.arg);
          },
          *next(sys) {
            sys.result('lost', yield* sys.close(sys.arg));
          },
        },
      },
    );
    expect(outcomesOf(parts, 200)).toEqual([`lost=${-EBADF} fd=1 end=1`]);
  });

  test('shared by the threads of a process that execs is the new program\u2019s alone', () => {
    const parts: Parts = {
      results: ['r', 'none'],
      cpus: 3,
      programs: {
        *main(sys) {
          const [r, w] = yield* pipeOf(sys);
          yield* sys.fcntl(w, F_SETFD, FD_CLOEXEC);
          yield* sys.thread('busy', r, 1);
          yield* sys.execve('next', r);
        },
        // Opens and closes until it is killed.
        *busy(sys) {
          for (;;) yield* sys.close(yield* sys.dup(sys.arg));
        },
        *next(sys) {
          sys.result('r', yield* sys.fcntl(sys.arg, F_GETFD));
          sys.result('none', yield* sys.read(sys.arg, new Uint8Array(1)));
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 300)).toEqual(['r=0 none=0']);
  });

  test('is back after an exec that came to nothing', () => {
    // Two threads exec at once: the one that loses is killed in it, or finds the process dying.
    const parts: Parts = {
      results: ['w'],
      cpus: 2,
      programs: {
        *main(sys) {
          yield* pipeOf(sys);
          yield* sys.thread('rival', 1, 1);
          yield* sys.execve('next');
          yield* sys.stay();
        },
        *rival(sys) {
          yield* sys.execve('next');
          yield* sys.stay();
        },
        *next(sys) {
          sys.result('w', yield* sys.write(1, 'x'));
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 300)).toEqual(['w=1']);
  });

  test('is copied on exec while a thread is being given a number that exec would close', () => {
    const parts = alone(
      ['first'],
      function* (sys) {
        yield* pipeOf(sys);
        yield* sys.thread('opener', 0, 1);
        yield* sys.execve('next');
      },
      {
        programs: {
          *opener(sys) {
            yield* sys.fcntl(0, F_DUPFD_CLOEXEC, 0);
            yield* sys.stay();
          },
          *next(sys) {
            // Not marked, whatever the number was before.
            const fd = yield* sys.dup(0);
            sys.check((yield* sys.fcntl(fd, F_GETFD)) === 0, 'a duplicate is marked');
            sys.result('first', fd);
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual(['first=2']);
  });

  test('for which there is no memory is ENOMEM: to fork, exec, threads, and the first to open something', () => {
    const parts: Parts = {
      results: ['fork', 'exec', 'pipe', 'signalfd', 'thread', 'still'],
      cpus: 3,
      programs: {
        *main(sys) {
          const [r] = yield* pipeOf(sys);
          const execs = yield* sys.clone(CLONE_FILES | CLONE_VM, 'execs', { arg: 1, cpu: 2 });
          let error = 0;
          while (error >= 0) error = yield* sys.fork('stays');
          sys.result('fork', error);
          yield* sys.store(0, 1);
          yield* sys.wait4(execs);
          sys.result('still', yield* sys.fcntl(r, F_GETFD));
        },
        *stays(sys) {
          yield* sys.pause();
        },
        *execs(sys) {
          while ((yield* sys.load(0)) === 0);
          sys.result('exec', yield* sys.execve('stays'));
          sys.check((yield* sys.fcntl(sys.arg, F_GETFD)) === 0, 'the table is not what it was');
        },
        *late(sys) {
          while ((yield* sys.load(0)) === 0);
          sys.result('pipe', yield* sys.pipe([]));
          sys.result('signalfd', yield* sys.signalfd(-1, sigmask(SIGUSR1)));
          sys.result('thread', yield* sys.thread('stays'));
        },
      },
      setup(setup) {
        setup.process('main');
        setup.process('late', { cpu: 1 });
      },
    };
    const e = -ENOMEM;
    expect(outcomesOf(parts, 5)).toEqual([`fork=${e} exec=${e} pipe=${e} signalfd=${e} thread=${e} still=0`]);
  });

  test('with nothing in it is no hindrance to an exec of a process with threads', () => {
    const parts = alone(
      ['first'],
      function* (sys) {
        yield* sys.thread('thread', 0, 1);
        yield* sys.execve('next');
      },
      {
        programs: {
          *thread(sys) {
            yield* sys.stay();
          },
          *next(sys) {
            sys.result('first', (yield* pipeOf(sys))[0]);
          },
        },
      },
    );
    expect(outcomesOf(parts, 100)).toEqual(['first=0']);
  });

  test('of a killed process is closed', () => {
    const parts = alone(
      ['eof'],
      function* (sys) {
        const [r, w] = yield* pipeOf(sys);
        const child = yield* sys.fork('child', 0, 1);
        yield* sys.close(w);
        yield* sys.kill(child, SIGKILL);
        sys.result('eof', yield* sys.read(r, new Uint8Array(1)));
      },
      {
        programs: {
          *child(sys) {
            yield* sys.stay();
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual(['eof=0']);
  });
});
