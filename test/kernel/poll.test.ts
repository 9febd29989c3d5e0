/** Waiting for several files at once: which are ready, for how long, and what ends the wait. */

import { describe, expect, test } from 'vitest';
import {
  EFAULT,
  EINTR,
  EINVAL,
  ENOMEM,
  NR_OPEN_DEFAULT,
  O_NONBLOCK,
  PIPE_BUF,
  PIPE_DEF_BUFFERS,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDNORM,
  POLLWRNORM,
  SA_RESTART,
  SIG_BLOCK,
  SIGCONT,
  SIGSTOP,
  SIGUSR1,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import { CLOCK_MONOTONIC } from '../../src/kernel/hrtimer.js';
import type { Pollfd } from '../../src/kernel/select.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { pipeOf } from '../support/pipes.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';
import { until } from '../support/tasks.js';

function pollfd(fd: number, events: number): Pollfd {
  return { fd, events, revents: -1 };
}

/** What one file is ready for; 0 when the time is over. */
function* events(sys: Sys, fd: number, wanted: number, timeout = 0): Coroutine<number> {
  const fds = [pollfd(fd, wanted)];
  const count = yield* sys.poll(fds, 1, timeout);
  sys.check(count < 0 || count === (fds[0]?.revents === 0 ? 0 : 1), `poll gave ${count}`);
  return count < 0 ? count : (fds[0]?.revents ?? 0);
}

/** The simulated time in milliseconds. */
function* now(sys: Sys): Coroutine<number> {
  const time = { tv_sec: 0, tv_nsec: 0 };
  yield* sys.clock_gettime(CLOCK_MONOTONIC, time);
  return time.tv_sec * 1000 + time.tv_nsec / 1_000_000;
}

describe('poll', () => {
  test('tells what each end of a pipe is ready for', () => {
    const names = ['empty', 'room', 'data', 'full', 'hup', 'dataHup', 'err', 'only'];
    const parts = alone(names, function* (sys) {
      const all = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | POLLPRI;
      const [r, w] = yield* pipeOf(sys, O_NONBLOCK);
      sys.result('empty', yield* events(sys, r, all));
      sys.result('room', yield* events(sys, w, all));
      yield* sys.write(w, new Uint8Array(PIPE_BUF * PIPE_DEF_BUFFERS));
      sys.result('data', yield* events(sys, r, all));
      sys.result('full', yield* events(sys, w, all));
      sys.result('only', yield* events(sys, r, POLLIN));
      yield* sys.close(w);
      sys.result('dataHup', yield* events(sys, r, all));
      yield* sys.read(r, new Uint8Array(PIPE_BUF * PIPE_DEF_BUFFERS));
      sys.result('hup', yield* events(sys, r, 0));
      const [other, end] = yield* pipeOf(sys);
      yield* sys.close(other);
      sys.result('err', yield* events(sys, end, POLLOUT));
    });
    const inEvents = POLLIN | POLLRDNORM;
    expect(outcomesOf(parts, 3)).toEqual([
      `empty=0 room=${POLLOUT | POLLWRNORM} data=${inEvents} full=0 hup=${POLLHUP} dataHup=${inEvents | POLLHUP} ` +
        `err=${POLLOUT | POLLERR} only=${POLLIN}`,
    ]);
  });

  test('counts the files that are ready, leaves numbers below 0 alone, and tells of those that are not open', () => {
    const parts = alone(['count', 'revents', 'bad', 'none', 'many', 'fault', 'null'], function* (sys) {
      const [r, w] = yield* pipeOf(sys);
      const fds = [pollfd(r, POLLIN), pollfd(-1, POLLIN), pollfd(9, POLLIN), pollfd(w, POLLOUT)];
      sys.result('count', yield* sys.poll(fds, 4, -1));
      sys.result('revents', (fds[0]?.revents ?? 1) + (fds[1]?.revents ?? 1) + (fds[3]?.revents ?? 0));
      sys.result('bad', fds[2]?.revents ?? 0);
      sys.result('none', yield* sys.poll(null, 0, 0));
      sys.result('many', yield* sys.poll(fds, NR_OPEN_DEFAULT + 1, 0));
      sys.result('fault', yield* sys.poll(fds, 5, 0));
      sys.result('null', yield* sys.poll(null, 1, 0));
      sys.check((yield* sys.poll(fds, -1, 0)) === -EINVAL, 'a number of files below 0');
    });
    expect(outcomesOf(parts, 3)).toEqual([
      `count=2 revents=${POLLOUT} bad=${POLLNVAL} none=0 many=${-EINVAL} fault=${-EFAULT} null=${-EFAULT}`,
    ]);
  });

  test('waits for data, for room, for the end, and for one of several', () => {
    const parts = alone(
      ['data', 'room', 'hup'],
      function* (sys) {
        const [r, w] = yield* pipeOf(sys);
        const [r2, w2] = yield* pipeOf(sys, O_NONBLOCK);
        yield* sys.write(w2, new Uint8Array(PIPE_BUF * PIPE_DEF_BUFFERS));
        yield* sys.fork('child', r2 * 10 + w, 1);
        yield* sys.close(w);
        const fds = [pollfd(r, POLLIN), pollfd(w2, POLLOUT)];
        sys.check((yield* sys.poll(fds, 2, -1)) >= 1, 'poll found nothing');
        // The writer may be gone already.
        sys.result('data', (yield* events(sys, r, POLLIN, -1)) & ~POLLHUP);
        yield* sys.read(r, new Uint8Array(1));
        sys.result('room', yield* events(sys, w2, POLLOUT, -1));
        sys.result('hup', yield* events(sys, r, POLLIN, -1));
      },
      {
        programs: {
          *child(sys) {
            yield* sys.write(sys.arg % 10, 'x');
            yield* sys.read(Math.floor(sys.arg / 10), new Uint8Array(PIPE_BUF));
          },
        },
      },
    );
    expect(outcomesOf(parts, 600)).toEqual([`data=${POLLIN} room=${POLLOUT} hup=${POLLHUP}`]);
  });

  test('of data that another reader may take can come to nothing, and never lose what is there', () => {
    const parts: Parts = {
      results: ['main', 'rival'],
      cpus: 3,
      programs: {
        *main(sys) {
          const [r, w] = yield* pipeOf(sys, O_NONBLOCK);
          yield* sys.fork('rival', r, 1);
          yield* sys.fork('writer', w, 2);
          yield* sys.close(w);
          for (;;) {
            yield* events(sys, r, POLLIN, -1);
            const count = yield* sys.read(r, new Uint8Array(1));
            if (count < 0) continue;
            sys.result('main', count);
            return;
          }
        },
        *rival(sys) {
          yield* sys.close(1);
          const count = yield* sys.read(sys.arg, new Uint8Array(1));
          sys.result('rival', count > 0 ? 1 : 0);
        },
        *writer(sys) {
          yield* sys.write(sys.arg, 'x');
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 500)).toEqual(['main=0 rival=1', 'main=1 rival=0']);
  });

  test('is over when its time is', () => {
    const parts = alone(['none', 'zero', 'time', 'empty'], function* (sys) {
      const [r] = yield* pipeOf(sys);
      const start = yield* now(sys);
      sys.result('zero', (yield* events(sys, r, POLLIN, 0)) + (yield* now(sys)) - start);
      sys.result('none', yield* events(sys, r, POLLIN, 30));
      sys.result('time', (yield* now(sys)) - start);
      // As a sleep.
      yield* sys.poll(null, 0, 20);
      sys.result('empty', (yield* now(sys)) - start);
    });
    expect(outcomesOf(parts, 50)).toEqual(['none=0 zero=0 time=30 empty=50']);
  });

  test('against a writer: ready, or too late', () => {
    const parts = alone(
      ['events'],
      function* (sys) {
        const [r, w] = yield* pipeOf(sys);
        yield* sys.fork('child', w, 1);
        const found = yield* events(sys, r, POLLIN, 10);
        sys.check(found === 0 || found === POLLIN, `poll gave ${found}`);
        sys.result('events', found);
        yield* sys.read(r, new Uint8Array(1));
      },
      {
        programs: {
          *child(sys) {
            yield* sys.write(sys.arg, 'x');
            yield* sys.stay();
          },
        },
      },
    );
    expect(outcomesOf(parts, 400)).toEqual(['events=0', `events=${POLLIN}`]);
  });

  test('says ENOMEM when it has no place to wait in, and leaves nothing behind', () => {
    const full: Parts = {
      results: ['second', 'ready', 'first'],
      programs: {
        *main(sys) {
          const [r, w] = yield* pipeOf(sys);
          yield* sys.fork('child', w, 1);
          const fds = Array.from({ length: NR_OPEN_DEFAULT }, () => pollfd(r, POLLIN));
          yield* sys.store(0, 1);
          sys.result('first', yield* sys.poll(fds, NR_OPEN_DEFAULT, -1));
        },
        *child(sys) {
          yield* until(sys, 0);
          // The parent takes every place, sooner or later.
          let found = 0;
          for (let n = 0; n < 10 && found === 0; n++) found = yield* events(sys, 0, POLLIN, 1);
          sys.result('second', found);
          sys.result('ready', yield* events(sys, 1, POLLOUT, -1));
          yield* sys.write(1, 'x');
          yield* sys.stay();
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(full, 200)).toContain(`second=${-ENOMEM} ready=${POLLOUT} first=${NR_OPEN_DEFAULT}`);
  });
});

describe('a signal', () => {
  const handlers: Parts['handlers'] = {
    *onUser(sys) {
      yield* sys.store(0, 1);
    },
  };

  /** A poll for ever, or for a time, and a child that signals. */
  const polled = (timeout: number, flags: number): Parts => ({
    ...alone(
      ['poll', 'time'],
      function* (sys) {
        const [r] = yield* pipeOf(sys);
        yield* sys.sigaction(SIGUSR1, 'onUser', { flags });
        yield* sys.fork('child', 0, 1);
        yield* until(sys, 1);
        sys.result('poll', yield* events(sys, r, POLLIN, timeout));
        sys.result('time', yield* now(sys));
      },
      {
        programs: {
          *child(sys) {
            yield* sys.store(1, 1);
            yield* sys.kill(100, SIGUSR1);
            yield* sys.stay();
          },
        },
      },
    ),
    handlers,
  });

  test('with a handler ends it with EINTR, SA_RESTART or not', () => {
    expect(outcomesOf(polled(-1, 0), 300)).toEqual([`poll=${-EINTR} time=0`, 'poll=null time=null']);
    expect(outcomesOf(polled(-1, SA_RESTART), 300)).toEqual([`poll=${-EINTR} time=0`, 'poll=null time=null']);
    expect(outcomesOf(polled(5, 0), 500)).toEqual([`poll=${-EINTR} time=0`, `poll=${-EINTR} time=5`, 'poll=0 time=5']);
  });

  test('that stops and continues leaves it to go on, until the time that was meant at first', () => {
    const parts = (timeout: number): Parts =>
      alone(
        ['poll', 'late'],
        function* (sys) {
          const child = yield* sys.fork('child', timeout, 1);
          yield* until(sys, 0);
          // Twice: what was restarted is restarted again.
          for (let n = 0; n < 2; n++) {
            yield* sys.kill(child, SIGSTOP);
            if (((yield* sys.wait4(child, WUNTRACED)).status & 0xff) !== 0x7f) return;
            yield* sys.kill(child, SIGCONT);
          }
          yield* sys.store(1, 1);
          yield* sys.wait4(child);
        },
        {
          programs: {
            *child(sys) {
              const [r, w] = yield* pipeOf(sys);
              const start = yield* now(sys);
              yield* sys.store(0, 1);
              if (sys.arg < 0) yield* sys.thread('writer', w, 2);
              sys.result('poll', yield* events(sys, r, POLLIN, sys.arg));
              sys.result('late', (yield* now(sys)) - start);
            },
            *writer(sys) {
              yield* until(sys, 1);
              yield* sys.write(sys.arg, 'x');
              yield* sys.stay();
            },
          },
        },
      );
    expect(outcomesOf({ ...parts(40), cpus: 3 }, 300)).toEqual(['poll=0 late=40']);
    expect(outcomesOf({ ...parts(-1), cpus: 3 }, 300)).toEqual([`poll=${POLLIN} late=0`]);
  });

  test('that is blocked makes a signalfd ready, and only in its own process', () => {
    const parts = alone(
      ['before', 'own', 'after', 'shared', 'other'],
      function* (sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
        const fd = yield* sys.signalfd(-1, sigmask(SIGUSR1));
        sys.result('before', yield* events(sys, fd, POLLIN));
        yield* sys.fork('child', fd, 1);
        sys.result('shared', yield* events(sys, fd, POLLIN, -1));
        yield* sys.read(fd, new Uint8Array(128));
        sys.result('after', yield* events(sys, fd, POLLIN));
        yield* sys.tkill(yield* sys.gettid(), SIGUSR1);
        sys.result('own', yield* events(sys, fd, POLLIN));
      },
      {
        programs: {
          *child(sys) {
            yield* sys.kill(100, SIGUSR1);
            sys.result('other', yield* events(sys, sys.arg, POLLIN));
          },
        },
      },
    );
    expect(outcomesOf(parts, 400)).toEqual([`before=0 own=${POLLIN} after=0 shared=${POLLIN} other=0`]);
  });
});

describe('ppoll', () => {
  test('takes a time as nanosleep does, and gives back what is left of it', () => {
    const parts = alone(['none', 'left', 'ready', 'rest', 'zero', 'invalid', 'size'], function* (sys) {
      const [r, w] = yield* pipeOf(sys);
      const fds = [pollfd(r, POLLIN)];
      const time = { tv_sec: 1, tv_nsec: 5 };
      sys.result('none', yield* sys.ppoll(fds, 1, time, null));
      sys.result('left', time.tv_sec + time.tv_nsec);
      yield* sys.write(w, 'x');
      const more = { tv_sec: 2, tv_nsec: 7 };
      sys.result('ready', yield* sys.ppoll(fds, 1, more, null));
      sys.result('rest', more.tv_sec * 10 + more.tv_nsec);
      sys.result('zero', yield* sys.ppoll([pollfd(w, POLLIN)], 1, { tv_sec: 0, tv_nsec: 0 }, null));
      sys.result('invalid', yield* sys.ppoll(fds, 1, { tv_sec: 0, tv_nsec: -1 }, null));
      sys.result('size', yield* sys.ppoll(fds, 1, null, sigmask(), 4));
    });
    const e = -EINVAL;
    expect(outcomesOf(parts, 20)).toEqual([`none=0 left=0 ready=1 rest=27 zero=0 invalid=${e} size=${e}`]);
  });

  test('lets a signal in only while it waits, so that none is missed, and puts the mask back', () => {
    const parts: Parts = {
      ...alone(
        ['poll', 'handled', 'mask'],
        function* (sys) {
          const [r, w] = yield* pipeOf(sys);
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          yield* sys.sigaction(SIGUSR1, 'onUser');
          yield* sys.fork('child', 0, 1);
          sys.result('poll', yield* sys.ppoll([pollfd(r, POLLIN)], 1, null, sigmask()));
          sys.result('handled', yield* sys.load(0));
          const old = { lo: 0, hi: 0 };
          yield* sys.sigprocmask(SIG_BLOCK, null, old);
          sys.result('mask', old.lo);
          // Nothing comes: the mask is put back by the call itself.
          yield* sys.write(w, 'x');
          yield* sys.ppoll([pollfd(r, POLLIN)], 1, null, sigmask());
          yield* sys.sigprocmask(SIG_BLOCK, null, old);
          sys.check(old.lo === sigmask(SIGUSR1).lo, 'another mask');
        },
        {
          programs: {
            *child(sys) {
              yield* sys.kill(100, SIGUSR1);
              yield* sys.stay();
            },
          },
        },
      ),
      handlers: {
        *onUser(sys) {
          yield* sys.store(0, 1);
        },
      },
    };
    expect(outcomesOf(parts, 500)).toEqual([`poll=${-EINTR} handled=1 mask=${sigmask(SIGUSR1).lo}`]);
  });
});
