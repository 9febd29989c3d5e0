/** POSIX timers, under every schedule tried. */

import { describe, expect, test } from 'vitest';
import {
  EAGAIN,
  EFAULT,
  EINVAL,
  EOPNOTSUPP,
  RLIMIT_SIGPENDING,
  SA_SIGINFO,
  SI_TIMER,
  SIG_BLOCK,
  SIG_IGN,
  SIGALRM,
  SIGCHLD,
  SIGEV_NONE,
  SIGEV_SIGNAL,
  SIGEV_THREAD_ID,
  SIGKILL,
  SIGRTMIN,
  SIGUSR1,
  SIGUSR2,
  TIMER_ABSTIME,
} from '../../src/kernel/constants.js';
import { CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE, CLOCK_REALTIME } from '../../src/kernel/hrtimer.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { ReceivedSiginfo, Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';
import { itimerspec, seconds } from '../support/time.js';

const signal = (sigev_signo: number, sigev_value = 0) => ({ sigev_notify: SIGEV_SIGNAL, sigev_signo, sigev_value });

function* newTimer(sys: Sys, event: Parameters<Sys['timer_create']>[1]): Coroutine<number> {
  const id = { timerid: -1 };
  const error = yield* sys.timer_create(CLOCK_MONOTONIC, event, id);
  sys.check(error === 0, `timer_create: ${error}`);
  return id.timerid;
}

describe('timer_create', () => {
  test('numbers the timers of a process from 0, and refuses what makes no sense', () => {
    const parts = alone(
      ['clock', 'coarse', 'notify', 'signal', 'none', 'thread', 'badsig', 'null', 'id'],
      function* (sys) {
        const id = { timerid: -1 };
        sys.result('clock', yield* sys.timer_create(99, null, id));
        sys.result('coarse', yield* sys.timer_create(CLOCK_MONOTONIC_COARSE, null, id));
        sys.result('notify', yield* sys.timer_create(CLOCK_REALTIME, { sigev_notify: 77 }, id));
        sys.result('signal', yield* sys.timer_create(CLOCK_REALTIME, signal(65), id));
        sys.result('none', yield* sys.timer_create(CLOCK_REALTIME, { sigev_notify: SIGEV_NONE, sigev_signo: 65 }, id));
        const stranger = { ...signal(SIGUSR1), sigev_notify: SIGEV_THREAD_ID, sigev_notify_thread_id: 1 };
        sys.result('thread', yield* sys.timer_create(CLOCK_REALTIME, stranger, id));
        const self = { ...stranger, sigev_notify_thread_id: 100 };
        sys.result('badsig', yield* sys.timer_create(CLOCK_REALTIME, { ...self, sigev_signo: 0 }, id));
        sys.result('null', yield* sys.timer_create(CLOCK_REALTIME, null, null));
        yield* sys.timer_create(CLOCK_REALTIME, null, id);
        sys.result('id', id.timerid);
      },
      { cpus: 1 },
    );
    const [outcome, ...others] = outcomesOf(parts, 10);
    expect(others).toEqual([]);
    // The number of a timer that could not be made is not given again.
    const refused = `clock=${-EINVAL} coarse=${-EOPNOTSUPP} notify=${-EINVAL} signal=${-EINVAL} none=0 thread=${-EINVAL}`;
    expect(outcome).toBe(`${refused} badsig=${-EINVAL} null=${-EFAULT} id=6`);
  });

  test('gives EAGAIN where the user has as many signals queued as allowed, and where there is no memory', () => {
    const parts = alone(
      ['limit'],
      function* (sys) {
        yield* sys.setrlimit(RLIMIT_SIGPENDING, { rlim_cur: 1, rlim_max: 1 });
        yield* newTimer(sys, null);
        sys.result('limit', yield* sys.timer_create(CLOCK_REALTIME, null, { timerid: 0 }));
      },
      { cpus: 1 },
    );
    expect(outcomesOf(parts, 10)).toEqual([`limit=${-EAGAIN}`]);
    const many = alone(
      ['made', 'error'],
      function* (sys) {
        let made = 0;
        let error = 0;
        while (error === 0) {
          error = yield* sys.timer_create(CLOCK_REALTIME, null, { timerid: 0 });
          if (error === 0) made++;
        }
        sys.result('made', made);
        sys.result('error', error);
      },
      { cpus: 1 },
    );
    expect(outcomesOf(many, 5)).toEqual([`made=16 error=${-EAGAIN}`]);
  });

  test('calls that name no timer of the process give EINVAL, and so does another process’s', () => {
    const parts: Parts = {
      programs: {
        *main(sys) {
          const id = yield* newTimer(sys, null);
          const child = yield* sys.fork('child', id);
          yield* sys.wait4(child);
        },
        *child(sys) {
          sys.result('get', yield* sys.timer_gettime(sys.arg, itimerspec(seconds(0))));
          sys.result('set', yield* sys.timer_settime(sys.arg, 0, itimerspec(seconds(1))));
          sys.result('overrun', yield* sys.timer_getoverrun(sys.arg));
          sys.result('delete', yield* sys.timer_delete(-1));
        },
      },
      results: ['get', 'set', 'overrun', 'delete'],
      setup: (setup) => void setup.process('main'),
    };
    const refused = -EINVAL;
    expect(outcomesOf(parts, 50)).toEqual([`get=${refused} set=${refused} overrun=${refused} delete=${refused}`]);
  });
});

describe('a timer', () => {
  test('sends its signal once, with its number, code and value', () => {
    const parts = alone(
      ['sig', 'code', 'tid', 'value', 'at', 'again'],
      function* (sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
        yield* newTimer(sys, null);
        const id = yield* newTimer(sys, signal(SIGUSR1, 42));
        yield* sys.timer_settime(id, 0, itimerspec(seconds(3)));
        const info: ReceivedSiginfo = {};
        sys.result('sig', yield* sys.sigwaitinfo(sigmask(SIGUSR1), info));
        sys.result('code', info.si_code ?? 0);
        sys.result('tid', info.si_pid ?? -1);
        sys.result('value', info.si_value ?? -1);
        const now = seconds(0);
        yield* sys.clock_gettime(CLOCK_MONOTONIC, now);
        sys.result('at', now.tv_sec);
        sys.result('again', yield* sys.sigtimedwait(sigmask(SIGUSR1), null, seconds(10)));
      },
      { cpus: 1 },
    );
    expect(outcomesOf(parts, 50)).toEqual([`sig=10 code=${SI_TIMER} tid=1 value=42 at=3 again=${-EAGAIN}`]);
  });

  test('without an event sends SIGALRM; deleted or set to 0 it sends nothing', () => {
    const parts = alone(
      ['off', 'delete', 'deleted', 'sig', 'alarm', 'value'],
      function* (sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGALRM));
        const first = yield* newTimer(sys, null);
        const second = yield* newTimer(sys, null);
        yield* sys.timer_settime(first, 0, itimerspec(seconds(1)));
        sys.result('off', yield* sys.timer_settime(first, 0, itimerspec(seconds(0))));
        sys.result('delete', yield* sys.timer_delete(second));
        sys.result('deleted', yield* sys.timer_delete(second));
        sys.result('sig', yield* sys.sigtimedwait(sigmask(SIGALRM), null, seconds(5)));
        const third = yield* newTimer(sys, null);
        yield* sys.timer_settime(third, TIMER_ABSTIME, itimerspec(seconds(9)));
        const info: ReceivedSiginfo = {};
        sys.result('alarm', yield* sys.sigwaitinfo(sigmask(SIGALRM), info));
        sys.result('value', info.si_value ?? -1);
      },
      { cpus: 1 },
    );
    const outcomes = outcomesOf(parts, 500);
    // Time may pass before it is stopped: then it has sent its signal.
    expect(outcomes).toEqual([
      `off=0 delete=0 deleted=${-EINVAL} sig=${-EAGAIN} alarm=14 value=2`,
      `off=0 delete=0 deleted=${-EINVAL} sig=14 alarm=14 value=2`,
    ]);
  });

  test('tells what it is set to, and what it was', () => {
    const parts = alone(
      ['null', 'bad', 'worse', 'unset', 'value', 'interval', 'later', 'was', 'over', 'nowhere'],
      function* (sys) {
        const id = yield* newTimer(sys, { sigev_notify: SIGEV_NONE });
        const old = itimerspec(seconds(7), seconds(7));
        sys.result('null', yield* sys.timer_settime(id, 0, null));
        sys.result('bad', yield* sys.timer_settime(id, 0, itimerspec(seconds(0, -1))));
        sys.result('worse', yield* sys.timer_settime(id, 0, itimerspec(seconds(1), seconds(0, 1_000_000_000))));
        yield* sys.timer_settime(id, 0, itimerspec(seconds(5), seconds(2)), old);
        sys.result('unset', old.it_value.tv_sec + old.it_interval.tv_sec);
        const now = itimerspec(seconds(0));
        yield* sys.timer_gettime(id, now);
        sys.result('value', now.it_value.tv_sec);
        sys.result('interval', now.it_interval.tv_sec);
        yield* sys.nanosleep(seconds(8));
        yield* sys.timer_gettime(id, now);
        // It expired at 5 and 7, and will at 9.
        sys.result('later', now.it_value.tv_sec);
        yield* sys.timer_settime(id, 0, itimerspec(seconds(1)), old);
        sys.result('was', old.it_value.tv_sec);
        yield* sys.nanosleep(seconds(2));
        yield* sys.timer_gettime(id, now);
        sys.result('over', now.it_value.tv_sec + now.it_value.tv_nsec);
        sys.result('nowhere', yield* sys.timer_gettime(id, null));
      },
      { cpus: 1 },
    );
    const refused = `null=${-EINVAL} bad=${-EINVAL} worse=${-EINVAL}`;
    expect(outcomesOf(parts, 50)).toEqual([
      `${refused} unset=0 value=5 interval=2 later=1 was=1 over=0 nowhere=${-EFAULT}`,
    ]);
  });

  test('with an interval is armed again when its signal is taken, and counts what it missed', () => {
    const parts = alone(
      ['next', 'sig', 'missed', 'overrun', 'then', 'at'],
      function* (sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN));
        const id = yield* newTimer(sys, signal(SIGRTMIN));
        yield* sys.timer_settime(id, 0, itimerspec(seconds(1), seconds(1)));
        yield* sys.nanosleep(seconds(4, 500));
        const pending = itimerspec(seconds(0));
        yield* sys.timer_gettime(id, pending);
        sys.result('next', pending.it_value.tv_sec * 1_000_000_000 + pending.it_value.tv_nsec);
        const info: ReceivedSiginfo = {};
        sys.result('sig', yield* sys.sigwaitinfo(sigmask(SIGRTMIN), info));
        // Sent at 1, and missed at 2, 3 and 4.
        sys.result('missed', info.si_uid ?? -1);
        sys.result('overrun', yield* sys.timer_getoverrun(id));
        yield* sys.sigwaitinfo(sigmask(SIGRTMIN), info);
        sys.result('then', info.si_uid ?? -1);
        const now = seconds(0);
        yield* sys.clock_gettime(CLOCK_MONOTONIC, now);
        sys.result('at', now.tv_sec);
        yield* sys.timer_delete(id);
      },
      { cpus: 1 },
    );
    expect(outcomesOf(parts, 100)).toContain('next=999999500 sig=32 missed=3 overrun=3 then=0 at=5');
  });

  test('whose signal is ignored goes on by itself', () => {
    const parts = alone(
      ['left'],
      function* (sys) {
        yield* sys.sigaction(SIGUSR1, SIG_IGN);
        const id = yield* newTimer(sys, signal(SIGUSR1));
        yield* sys.timer_settime(id, 0, itimerspec(seconds(1), seconds(1)));
        yield* sys.nanosleep(seconds(3, 5));
        const now = itimerspec(seconds(0));
        yield* sys.timer_gettime(id, now);
        sys.result('left', now.it_value.tv_sec * 1_000_000_000 + now.it_value.tv_nsec);
        yield* sys.timer_delete(id);
      },
      { cpus: 1 },
    );
    expect(outcomesOf(parts, 100)).toContain('left=999999995');
  });

  test('sends to the thread that it was made for', () => {
    const parts: Parts = {
      programs: {
        *main(sys) {
          yield* sys.sigaction(SIGUSR1, 'takes');
          const thread = yield* sys.thread('second', 0, 1);
          const event = { ...signal(SIGUSR1), sigev_notify: SIGEV_THREAD_ID, sigev_notify_thread_id: thread };
          const id = yield* newTimer(sys, event);
          yield* sys.timer_settime(id, 0, itimerspec(seconds(1)));
          yield* sys.stay();
        },
        *second(sys) {
          yield* sys.pause();
        },
      },
      handlers: {
        *takes(sys) {
          sys.result('by', yield* sys.gettid());
        },
      },
      results: ['by'],
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 200)).toEqual(['by=101']);
  });

  test('reaches a handler with SA_SIGINFO, over and over', () => {
    const parts = alone(
      ['count'],
      function* (sys) {
        yield* sys.sigaction(SIGUSR2, 'counts', { flags: SA_SIGINFO });
        const id = yield* newTimer(sys, signal(SIGUSR2, 1));
        yield* sys.timer_settime(id, 0, itimerspec(seconds(1), seconds(1)));
        while ((yield* sys.load(0)) < 3) yield* sys.pause();
        yield* sys.timer_delete(id);
        sys.result('count', 3);
      },
      {
        cpus: 1,
        handlers: {
          *counts(sys, _sig, info) {
            sys.check(info?.si_code === SI_TIMER && info.si_value === 1, 'the siginfo is not the timer’s');
            yield* sys.store(0, (yield* sys.load(0)) + 1);
          },
        },
      },
    );
    expect(outcomesOf(parts, 100)).toEqual(['count=3']);
  });
});

describe('races of a timer', () => {
  test('deleted while it expires it is gone, and its signal is sent or not', () => {
    const parts: Parts = {
      programs: {
        *main(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          const id = yield* newTimer(sys, signal(SIGUSR1));
          yield* sys.timer_settime(id, 0, itimerspec(seconds(1), seconds(1)));
          yield* sys.thread('deletes', id, 1);
          yield* sys.stay();
        },
        *deletes(sys) {
          sys.result('delete', yield* sys.timer_delete(sys.arg));
          const info: ReceivedSiginfo = {};
          sys.result('sent', yield* sys.sigtimedwait(sigmask(SIGUSR1), info, seconds(0)));
          sys.result('more', yield* sys.sigtimedwait(sigmask(SIGUSR1), info, seconds(9)));
        },
      },
      results: ['delete', 'sent', 'more'],
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 1500)).toEqual([
      `delete=0 sent=${-EAGAIN} more=${-EAGAIN}`,
      `delete=0 sent=10 more=${-EAGAIN}`,
    ]);
  });

  test('set again while it expires on another CPU it has the new time', () => {
    const parts: Parts = {
      programs: {
        *main(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          const id = yield* newTimer(sys, signal(SIGUSR1));
          yield* sys.timer_settime(id, 0, itimerspec(seconds(1)));
          yield* sys.thread('sets', id, 1);
          yield* sys.stay();
        },
        *sets(sys) {
          const old = itimerspec(seconds(0));
          sys.result('set', yield* sys.timer_settime(sys.arg, TIMER_ABSTIME, itimerspec(seconds(50)), old));
          yield* sys.nanosleep(seconds(100));
          sys.result('sig', yield* sys.sigtimedwait(sigmask(SIGUSR1), null, seconds(0)));
          sys.result('more', yield* sys.sigtimedwait(sigmask(SIGUSR1), null, seconds(0)));
        },
      },
      results: ['set', 'sig', 'more'],
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 1000)).toEqual([`set=0 sig=10 more=${-EAGAIN}`]);
  });

  test('does not outlive an exec, nor does what it has sent', () => {
    const parts: Parts = {
      programs: {
        *main(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGUSR2, SIGRTMIN));
          const id = yield* newTimer(sys, signal(SIGUSR1));
          yield* sys.timer_settime(id, 0, itimerspec(seconds(1), seconds(1)));
          yield* sys.kill(yield* sys.getpid(), SIGUSR2);
          yield* sys.sigqueue(yield* sys.getpid(), SIGRTMIN, 1);
          yield* sys.execve('image');
        },
        *image(sys) {
          sys.result('timer', yield* sys.sigtimedwait(sigmask(SIGUSR1), null, seconds(9)));
          sys.result('other', yield* sys.sigtimedwait(sigmask(SIGUSR2), null, seconds(0)));
          sys.result('queued', yield* sys.sigtimedwait(sigmask(SIGRTMIN), null, seconds(0)));
          sys.result('old', yield* sys.timer_delete(0));
        },
      },
      results: ['timer', 'other', 'queued', 'old'],
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 500)).toEqual([`timer=${-EAGAIN} other=12 queued=32 old=${-EINVAL}`]);
  });

  test('goes with its process, killed or not, while it expires', () => {
    const parts: Parts = {
      programs: {
        *main(sys) {
          const child = yield* sys.fork('child', 0, 1);
          yield* sys.kill(child, SIGKILL);
          sys.result('reaped', (yield* sys.wait4(child)).pid);
        },
        *child(sys) {
          yield* sys.sigaction(SIGUSR1, 'nothing');
          const id = yield* newTimer(sys, signal(SIGUSR1));
          yield* sys.timer_settime(id, 0, itimerspec(seconds(1), seconds(1)));
          yield* sys.thread('other', 0, 0);
          yield* sys.nanosleep(seconds(2));
        },
        *other() {},
      },
      handlers: { *nothing() {} },
      results: ['reaped'],
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 1500)).toEqual(['reaped=101']);
  });
});

test('a timer’s signal of an exited child’s parent is not confused with SIGCHLD', () => {
  const parts: Parts = {
    programs: {
      *main(sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGCHLD));
        const id = yield* newTimer(sys, signal(SIGCHLD));
        yield* sys.timer_settime(id, 0, itimerspec(seconds(1)));
        yield* sys.fork('child', 0, 1);
        const info: ReceivedSiginfo = {};
        yield* sys.sigwaitinfo(sigmask(SIGCHLD), info);
        sys.result('timer', info.si_code === SI_TIMER ? 1 : 0);
      },
      *child() {},
    },
    results: ['timer'],
    setup: (setup) => void setup.process('main'),
  };
  // A legacy signal is queued once: by the child, or, while none is queued, by the timer.
  expect(outcomesOf(parts, 500)).toEqual(['timer=0', 'timer=1']);
});
