/** A pipe whose last reader goes, and a signal to who waits at a pipe. */

import { describe, expect, test } from 'vitest';
import { EINTR, EPIPE, PIPE_BUF, SA_RESTART, SIG_IGN, SIGKILL, SIGPIPE, SIGUSR1 } from '../../src/kernel/constants.js';
import { CAPACITY, letters, pipeOf } from '../support/pipes.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';
import { until } from '../support/tasks.js';

describe('the last reader closed', () => {
  test('means SIGPIPE, and EPIPE to who ignores or handles that', () => {
    const parts = alone(
      ['status', 'ignored', 'handled', 'handler'],
      function* (sys) {
        yield* sys.fork('dies', 0, 1);
        sys.result('status', (yield* sys.wait4(-1)).status);
        const [r, w] = yield* pipeOf(sys);
        yield* sys.close(r);
        yield* sys.sigaction(SIGPIPE, SIG_IGN);
        sys.result('ignored', yield* sys.write(w, 'x'));
        yield* sys.sigaction(SIGPIPE, 'onPipe', { flags: SA_RESTART });
        sys.result('handled', yield* sys.write(w, 'x'));
        sys.result('handler', yield* sys.load(0));
      },
      {
        programs: {
          *dies(sys) {
            const [r, w] = yield* pipeOf(sys);
            yield* sys.close(r);
            yield* sys.write(w, 'x');
            return 1;
          },
        },
      },
    );
    const handlers: Parts['handlers'] = {
      *onPipe(sys, sig) {
        yield* sys.store(0, sig);
      },
    };
    expect(outcomesOf({ ...parts, handlers }, 20)).toEqual([
      `status=${SIGPIPE} ignored=${-EPIPE} handled=${-EPIPE} handler=${SIGPIPE}`,
    ]);
  });

  test('while a writer writes: it is told, or all is written before', () => {
    const parts = alone(
      ['wrote'],
      function* (sys) {
        const [r, w] = yield* pipeOf(sys);
        yield* sys.sigaction(SIGPIPE, SIG_IGN);
        yield* sys.fork('writer', w, 1);
        yield* sys.close(r);
        yield* sys.wait4(-1);
      },
      {
        programs: {
          *writer(sys) {
            yield* sys.close(0);
            const wrote = yield* sys.write(sys.arg, letters(3));
            sys.check(wrote === 3 || wrote === -EPIPE, `write gave ${wrote}`);
            sys.result('wrote', wrote);
          },
        },
      },
    );
    expect(outcomesOf(parts, 400)).toEqual([`wrote=${-EPIPE}`, 'wrote=3']);
  });

  test('while a writer sleeps on a full pipe: it returns what it has written, and SIGPIPE comes', () => {
    const parts = alone(
      ['wrote', 'sig'],
      function* (sys) {
        const [r, w] = yield* pipeOf(sys);
        yield* sys.sigaction(SIGPIPE, 'onPipe');
        yield* sys.fork('writer', w, 1);
        yield* sys.read(r, new Uint8Array(1));
        yield* sys.close(r);
        yield* sys.wait4(-1);
      },
      {
        programs: {
          *writer(sys) {
            yield* sys.close(0);
            sys.result('wrote', yield* sys.write(sys.arg, letters(CAPACITY + 1)));
            sys.result('sig', yield* sys.load(0));
            // Now it is full, and nobody will read.
            sys.check((yield* sys.write(sys.arg, 'x')) === -EPIPE, 'another write');
          },
        },
      },
    );
    const handlers: Parts['handlers'] = {
      *onPipe(sys, sig) {
        yield* sys.store(0, sig);
      },
    };
    expect(outcomesOf({ ...parts, handlers }, 300)).toEqual([`wrote=${CAPACITY} sig=${SIGPIPE}`]);
  });
});

test('a writer asleep on a full pipe, with nothing written, is told EPIPE', () => {
  const parts = alone(
    ['wrote'],
    function* (sys) {
      const [r, w] = yield* pipeOf(sys);
      yield* sys.sigaction(SIGPIPE, SIG_IGN);
      yield* sys.write(w, letters(CAPACITY));
      yield* sys.fork('writer', w, 1);
      yield* until(sys, 0);
      yield* sys.close(r);
      yield* sys.wait4(-1);
    },
    {
      programs: {
        *writer(sys) {
          yield* sys.close(0);
          yield* sys.store(0, 1);
          sys.result('wrote', yield* sys.write(sys.arg, 'xyz'));
        },
      },
    },
  );
  expect(outcomesOf(parts, 200)).toEqual([`wrote=${-EPIPE}`]);
});

describe('a signal', () => {
  /** A reader with nothing to read, and a child that signals it and then writes. */
  const reader = (flags: number): Parts => ({
    results: ['read', 'handled'],
    programs: {
      *main(sys) {
        const [r, w] = yield* pipeOf(sys);
        yield* sys.sigaction(SIGUSR1, 'onUser', { flags });
        yield* sys.fork('child', w, 1);
        yield* until(sys, 1);
        sys.result('read', yield* sys.read(r, new Uint8Array(1)));
        sys.result('handled', yield* sys.load(0));
        yield* sys.stay();
      },
      *child(sys) {
        yield* sys.store(1, 1);
        yield* sys.kill(100, SIGUSR1);
        // Only when the handler has run: the byte is not what ends the first wait.
        yield* until(sys, 0);
        yield* sys.write(sys.arg, 'x');
      },
    },
    handlers: {
      *onUser(sys) {
        yield* sys.store(0, 1);
      },
    },
    setup: (setup) => void setup.process('main'),
  });

  test('ends a wait for data with EINTR, or it is taken up again after the handler', () => {
    // It may come before the read, too.
    expect(outcomesOf(reader(0), 200)).toEqual([`read=${-EINTR} handled=1`, 'read=1 handled=1']);
    expect(outcomesOf(reader(SA_RESTART), 200)).toEqual(['read=1 handled=1']);
  });

  test('ends a wait for room: with what was written, or with EINTR', () => {
    const parts = (already: number): Parts => ({
      results: ['wrote'],
      programs: {
        *main(sys) {
          const [, w] = yield* pipeOf(sys);
          yield* sys.sigaction(SIGUSR1, 'onUser');
          yield* sys.write(w, letters(already));
          yield* sys.fork('child', 0, 1);
          yield* until(sys, 1);
          sys.result('wrote', yield* sys.write(w, letters(CAPACITY - already + 1)));
        },
        *child(sys) {
          yield* sys.store(1, 1);
          yield* sys.kill(100, SIGUSR1);
          yield* sys.stay();
        },
      },
      handlers: {
        *onUser(sys) {
          yield* sys.store(0, 1);
        },
      },
      setup: (setup) => void setup.process('main'),
    });
    // A signal that comes before the write leaves it asleep for good.
    expect(outcomesOf(parts(PIPE_BUF), 200)).toEqual([`wrote=${CAPACITY - PIPE_BUF}`, 'wrote=null']);
    expect(outcomesOf(parts(CAPACITY), 200)).toEqual([`wrote=${-EINTR}`, 'wrote=null']);
  });

  test('that kills ends both', () => {
    const parts = alone(
      ['first', 'second'],
      function* (sys) {
        yield* pipeOf(sys);
        const first = yield* sys.fork('reads', 0, 1);
        const second = yield* sys.fork('writes', 1, 1);
        yield* sys.kill(first, SIGKILL);
        yield* sys.kill(second, SIGKILL);
        sys.result('first', (yield* sys.wait4(first)).status);
        sys.result('second', (yield* sys.wait4(second)).status);
      },
      {
        programs: {
          *reads(sys) {
            for (;;) yield* sys.read(sys.arg, new Uint8Array(200));
          },
          *writes(sys) {
            for (;;) yield* sys.write(sys.arg, letters(40));
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual([`first=${SIGKILL} second=${SIGKILL}`]);
  });
});
