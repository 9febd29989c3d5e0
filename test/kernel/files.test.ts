/** Descriptors: opening, closing, duplicating, and others that do so meanwhile. */

import { describe, expect, test } from 'vitest';
import {
  CLONE_FILES,
  CLONE_VM,
  EBADF,
  EBUSY,
  EFAULT,
  EINVAL,
  EMFILE,
  ENFILE,
  EPIPE,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  NR_OPEN_DEFAULT,
  O_APPEND,
  O_CLOEXEC,
  O_DIRECT,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  SIG_IGN,
  SIGPIPE,
  SIGSTOP,
  SIGUSR1,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { pipeOf } from '../support/pipes.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';

describe('close', () => {
  test('frees the number, lowest first, and knows what is not open', () => {
    const parts = alone(['none', 'far', 'negative', 'ok', 'again', 'reused'], function* (sys) {
      sys.result('none', yield* sys.close(0));
      const [r] = yield* pipeOf(sys);
      sys.result('far', yield* sys.close(NR_OPEN_DEFAULT));
      sys.result('negative', yield* sys.close(-1));
      sys.result('ok', yield* sys.close(r));
      sys.result('again', yield* sys.close(r));
      sys.result('reused', (yield* pipeOf(sys))[0]);
    });
    const bad = -EBADF;
    expect(outcomesOf(parts, 5)).toEqual([`none=${bad} far=${bad} negative=${bad} ok=0 again=${bad} reused=0`]);
  });
});

describe('dup', () => {
  test('gives the lowest number, and dup2 the one asked for', () => {
    const parts = alone(['dup', 'dup2', 'same', 'bad', 'badSame', 'range', 'read'], function* (sys) {
      const [r, w] = yield* pipeOf(sys);
      sys.result('dup', yield* sys.dup(w));
      sys.result('dup2', yield* sys.dup2(w, 9));
      sys.result('same', yield* sys.dup2(w, w));
      sys.result('bad', yield* sys.dup(7));
      sys.result('badSame', yield* sys.dup2(7, 7));
      sys.check((yield* sys.dup2(99, 99)) === -EBADF && (yield* sys.dup(-1)) === -EBADF, 'numbers out of range');
      sys.result('range', yield* sys.dup2(w, NR_OPEN_DEFAULT));
      yield* sys.close(w);
      yield* sys.write(9, 'x');
      const buf = new Uint8Array(1);
      sys.result('read', (yield* sys.read(r, buf)) * 1000 + (buf[0] as number));
    });
    expect(outcomesOf(parts, 5)).toEqual([
      `dup=2 dup2=9 same=1 bad=${-EBADF} badSame=${-EBADF} range=${-EBADF} read=1120`,
    ]);
  });

  test('onto an open number closes what was there', () => {
    const parts = alone(['dup2', 'eof'], function* (sys) {
      const [r, w] = yield* pipeOf(sys);
      const [other] = yield* pipeOf(sys);
      sys.result('dup2', yield* sys.dup2(other, w));
      // Its last writer is gone.
      sys.result('eof', yield* sys.read(r, new Uint8Array(1)));
    });
    expect(outcomesOf(parts, 5)).toEqual(['dup2=1 eof=0']);
  });

  test('3 takes O_CLOEXEC and nothing else, and not the same number', () => {
    const parts = alone(['ok', 'fd', 'plain', 'plainFd', 'flags', 'same', 'bad', 'none'], function* (sys) {
      sys.result('none', yield* sys.dup3(0, 1, 0));
      const [r] = yield* pipeOf(sys);
      sys.result('ok', yield* sys.dup3(r, 5, O_CLOEXEC));
      sys.result('fd', yield* sys.fcntl(5, F_GETFD));
      sys.result('plain', yield* sys.dup3(r, 5, 0));
      sys.result('plainFd', yield* sys.fcntl(5, F_GETFD));
      sys.result('flags', yield* sys.dup3(r, 6, O_NONBLOCK));
      sys.result('same', yield* sys.dup3(r, r, 0));
      sys.result('bad', yield* sys.dup3(7, 8, 0));
    });
    expect(outcomesOf(parts, 5)).toEqual([
      `ok=5 fd=${FD_CLOEXEC} plain=5 plainFd=0 flags=${-EINVAL} same=${-EINVAL} bad=${-EBADF} none=${-EBADF}`,
    ]);
  });

  test('says EMFILE when the table is full, and leaves nothing behind', () => {
    const parts = alone(['count', 'dup', 'fcntl', 'pipe', 'half', 'signalfd', 'pidfd', 'fork'], function* (sys) {
      const [r, w] = yield* pipeOf(sys);
      let count = 2;
      while ((yield* sys.dup(r)) >= 0) count++;
      sys.result('count', count);
      sys.result('dup', yield* sys.dup(r));
      sys.result('fcntl', yield* sys.fcntl(r, F_DUPFD, 3));
      const fds = [-1, -1];
      sys.result('pipe', yield* sys.pipe(fds));
      sys.result('signalfd', yield* sys.signalfd(-1, sigmask(SIGUSR1)));
      sys.result('pidfd', yield* sys.pidfd_open(yield* sys.getpid(), 0));
      yield* sys.close(w);
      // One number is free: the first end of a pipe gets it, and gives it back.
      sys.result('half', yield* sys.pipe(fds));
      sys.check(fds[0] === -1 && fds[1] === -1, 'a pipe that failed gave numbers');
      sys.result('fork', yield* sys.dup(r));
    });
    const full = -EMFILE;
    expect(outcomesOf(parts, 5)).toEqual([
      `count=${NR_OPEN_DEFAULT} dup=${full} fcntl=${full} pipe=${full} half=${full} signalfd=${full} pidfd=${full} fork=1`,
    ]);
  });

  test('2 onto a number that another thread has been given but not filled says EBUSY', () => {
    const parts: Parts = {
      results: ['dup2'],
      programs: {
        *main(sys) {
          const [r] = yield* pipeOf(sys);
          yield* sys.thread('opener', 0, 1);
          const result = yield* sys.dup2(r, 2);
          sys.check(result === 2 || result === -EBUSY, `dup2 gave ${result}`);
          sys.result('dup2', result);
          yield* sys.stay();
        },
        *opener(sys) {
          const fds = yield* pipeOf(sys);
          sys.check(fds[0] >= 2 && fds[1] > fds[0], `pipe gave ${fds}`);
          yield* sys.stay();
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 1000)).toEqual([`dup2=${-EBUSY}`, 'dup2=2']);
  });
});

describe('fcntl', () => {
  test('duplicates from a number on', () => {
    const parts = alone(['low', 'next', 'cloexec', 'fd', 'range', 'negative', 'bad', 'unknown'], function* (sys) {
      const [r] = yield* pipeOf(sys);
      sys.result('low', yield* sys.fcntl(r, F_DUPFD, 0));
      yield* sys.fcntl(r, F_DUPFD, 8);
      sys.result('next', yield* sys.fcntl(r, F_DUPFD, 8));
      sys.result('cloexec', yield* sys.fcntl(r, F_DUPFD_CLOEXEC, 12));
      sys.result('fd', yield* sys.fcntl(12, F_GETFD));
      sys.result('range', yield* sys.fcntl(r, F_DUPFD, NR_OPEN_DEFAULT));
      sys.result('negative', yield* sys.fcntl(r, F_DUPFD, -1));
      sys.result('bad', yield* sys.fcntl(7, F_DUPFD, 0));
      sys.result('unknown', yield* sys.fcntl(r, 99));
    });
    expect(outcomesOf(parts, 5)).toEqual([
      `low=2 next=9 cloexec=12 fd=1 range=${-EINVAL} negative=${-EINVAL} bad=${-EBADF} unknown=${-EINVAL}`,
    ]);
  });

  test('reads and sets the flags of a descriptor, and those of a file for all its descriptors', () => {
    const parts = alone(['fd', 'fdSet', 'fdDup', 'r', 'w', 'set', 'dup', 'sfd', 'sfdDirect'], function* (sys) {
      const [r, w] = yield* pipeOf(sys, O_CLOEXEC);
      sys.result('fd', yield* sys.fcntl(r, F_GETFD));
      yield* sys.fcntl(r, F_SETFD, 0);
      sys.result('fdSet', yield* sys.fcntl(r, F_GETFD));
      const copy = yield* sys.dup(w);
      sys.result('fdDup', yield* sys.fcntl(copy, F_GETFD));
      sys.result('r', yield* sys.fcntl(r, F_GETFL));
      sys.result('w', yield* sys.fcntl(w, F_GETFL));
      sys.result('set', yield* sys.fcntl(copy, F_SETFL, O_NONBLOCK | O_APPEND));
      sys.result('dup', yield* sys.fcntl(w, F_GETFL));
      const sfd = yield* sys.signalfd(-1, sigmask(SIGUSR1), O_NONBLOCK);
      sys.result('sfd', yield* sys.fcntl(sfd, F_GETFL));
      sys.result('sfdDirect', yield* sys.fcntl(sfd, F_SETFL, O_DIRECT));
    });
    expect(outcomesOf(parts, 5)).toEqual([
      `fd=1 fdSet=0 fdDup=0 r=${O_RDONLY} w=${O_WRONLY} set=0 dup=${O_WRONLY | O_NONBLOCK | O_APPEND} ` +
        `sfd=${O_RDWR | O_NONBLOCK} sfdDirect=${-EINVAL}`,
    ]);
  });
});

describe('two threads', () => {
  test('at one descriptor see each other\u2019s flags as they were or as they are', () => {
    const parts = alone(
      ['fd', 'fl', 'low', 'same'],
      function* (sys) {
        const [r] = yield* pipeOf(sys);
        yield* sys.thread('thread', r, 1);
        yield* sys.store(0, 1);
        sys.result('fd', yield* sys.fcntl(r, F_GETFD));
        sys.result('fl', yield* sys.fcntl(r, F_GETFL));
        sys.result('same', yield* sys.dup2(r, r));
        const low = yield* sys.fcntl(r, F_DUPFD, 0);
        sys.check(low === 2 || low === 3, `F_DUPFD gave ${low}`);
        sys.result('low', low);
        yield* sys.fcntl(r, F_SETFL, 0);
        yield* sys.fcntl(r, F_SETFD, 0);
        yield* sys.stay();
      },
      {
        programs: {
          *thread(sys) {
            while ((yield* sys.load(0)) === 0);
            yield* sys.fcntl(sys.arg, F_SETFD, FD_CLOEXEC);
            yield* sys.fcntl(sys.arg, F_SETFL, O_NONBLOCK);
            yield* sys.fcntl(sys.arg, F_DUPFD, 0);
            yield* sys.stay();
          },
        },
      },
    );
    const outcomes = outcomesOf(parts, 600);
    for (const field of ['fd=0', 'fd=1', 'fl=0', `fl=${O_NONBLOCK}`, 'low=2', 'low=3']) {
      expect(outcomes.some((outcome) => outcome.includes(`${field} `))).toBe(true);
    }
    expect(outcomes.every((outcome) => outcome.endsWith('same=0'))).toBe(true);
  });
});

test('read and write say EBADF for a number or an end that does not fit, and EINVAL for a file that cannot', () => {
  const parts = alone(
    ['none', 'wNone', 'wrongR', 'wrongW', 'pidfd', 'wPidfd', 'wSfd', 'size', 'wSize'],
    function* (sys) {
      const buf = new Uint8Array(4);
      sys.result('none', yield* sys.read(0, buf));
      sys.result('wNone', yield* sys.write(0, buf));
      const [r, w] = yield* pipeOf(sys);
      sys.result('wrongR', yield* sys.read(w, buf));
      sys.result('wrongW', yield* sys.write(r, buf));
      const pidfd = yield* sys.pidfd_open(yield* sys.getpid(), 0);
      sys.result('pidfd', yield* sys.read(pidfd, buf));
      sys.result('wPidfd', yield* sys.write(pidfd, buf));
      sys.result('wSfd', yield* sys.write(yield* sys.signalfd(-1, sigmask(SIGUSR1)), buf));
      sys.result('size', yield* sys.read(r, buf, -1));
      sys.result('wSize', yield* sys.write(w, buf, -1));
    },
  );
  const bad = -EBADF;
  const invalid = -EINVAL;
  expect(outcomesOf(parts, 5)).toEqual([
    `none=${bad} wNone=${bad} wrongR=${bad} wrongW=${bad} pidfd=${invalid} wPidfd=${invalid} wSfd=${invalid} ` +
      `size=${invalid} wSize=${invalid}`,
  ]);
});

describe('a file', () => {
  test('is looked up while another thread closes it: found and good, or not found', () => {
    const parts = alone(
      ['flags'],
      function* (sys) {
        const [r] = yield* pipeOf(sys);
        yield* sys.thread('closer', r, 1);
        const flags = yield* sys.fcntl(r, F_GETFL);
        sys.check(flags === O_RDONLY || flags === -EBADF, `fcntl gave ${flags}`);
        sys.result('flags', flags);
        yield* sys.stay();
      },
      {
        programs: {
          *closer(sys) {
            yield* sys.close(sys.arg);
            yield* sys.stay();
          },
        },
      },
    );
    expect(outcomesOf(parts, 600)).toEqual([`flags=${-EBADF}`, 'flags=0']);
  });

  test('is looked up while dup2 puts another in its place: one or the other, never none', () => {
    const parts = alone(
      ['flags'],
      function* (sys) {
        const [r] = yield* pipeOf(sys);
        const [other] = yield* pipeOf(sys, O_NONBLOCK);
        sys.check(other === 2, `the second pipe is ${other}`);
        yield* sys.thread('replacer', r, 1);
        const flags = yield* sys.fcntl(r, F_GETFL);
        sys.check(flags >= 0, `fcntl gave ${flags}`);
        sys.result('flags', flags);
        yield* sys.stay();
      },
      {
        programs: {
          *replacer(sys) {
            yield* sys.dup2(2, sys.arg);
            yield* sys.stay();
          },
        },
      },
    );
    expect(outcomesOf(parts, 600)).toEqual(['flags=0', `flags=${O_NONBLOCK}`]);
  });

  test('that was closed is released before its last user stops for a signal', () => {
    const parts = alone(
      ['write'],
      function* (sys) {
        const [r, w] = yield* pipeOf(sys);
        yield* sys.sigaction(SIGPIPE, SIG_IGN);
        const child = yield* sys.clone(CLONE_FILES | CLONE_VM, 'reader', { arg: r, cpu: 1 });
        yield* sys.close(r);
        yield* sys.kill(child, SIGSTOP);
        yield* sys.wait4(child, WUNTRACED);
        sys.result('write', yield* sys.write(w, 'x'));
      },
      {
        programs: {
          *reader(sys) {
            yield* sys.read(sys.arg, new Uint8Array(1));
            yield* sys.stay();
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual([`write=${-EPIPE}`]);
  });

  test('that cannot be had gives an error, and nothing is left', () => {
    const parts = alone(
      ['enfile', 'efault', 'badFlags'],
      function* (sys) {
        sys.result('efault', yield* sys.pipe(null));
        sys.result('badFlags', yield* sys.pipe2([], O_APPEND));
        // As many pipes as there can be.
        for (let n = 0; n < NR_OPEN_DEFAULT / 2; n++) yield* pipeOf(sys);
        yield* sys.fork('child');
        yield* sys.wait4(-1);
      },
      {
        programs: {
          *child(sys) {
            yield* sys.close(0);
            yield* sys.close(1);
            sys.result('enfile', yield* sys.pipe([]));
          },
        },
      },
    );
    expect(outcomesOf(parts, 5)).toEqual([`enfile=${-ENFILE} efault=${-EFAULT} badFlags=${-EINVAL}`]);
  });
});
