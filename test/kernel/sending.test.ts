/** Sending to one thread and with a value; waiting for signals, and asking for them. Under every schedule tried. */

import { describe, expect, test } from 'vitest';
import {
  EAGAIN,
  EFAULT,
  EINTR,
  EINVAL,
  EPERM,
  ESRCH,
  SA_SIGINFO,
  SI_QUEUE,
  SI_TKILL,
  SI_USER,
  SIG_BLOCK,
  SIG_DFL,
  SIG_SETMASK,
  SIGRTMIN,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
} from '../../src/kernel/constants.js';
import { EMPTY_MASK, sigmask } from '../../src/kernel/sigset.js';
import type { OldAction, ReceivedSiginfo } from '../../src/kernel/sys.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';

describe('tgkill and tkill', () => {
  test('reach the one thread that is named', () => {
    const parts: Parts = {
      results: ['by', 'code'],
      programs: {
        *leader(sys) {
          const tid = yield* sys.thread('thread', 0, 1);
          const sent = yield* sys.tgkill(yield* sys.getpid(), tid, SIGUSR1);
          sys.check(sent === 0, `tgkill gave ${sent}`);
          yield* sys.stay();
        },
        *thread(sys) {
          for (;;) yield* sys.pause();
        },
      },
      handlers: {
        *onUser(sys, _sig, info) {
          sys.result('by', yield* sys.gettid());
          sys.result('code', info?.si_code ?? 0);
          yield* sys.exit_group(0);
        },
      },
      setup(setup) {
        setup.sigaction(setup.process('leader'), SIGUSR1, 'onUser', { flags: SA_SIGINFO });
      },
    };
    expect(outcomesOf(parts, 300)).toEqual([`by=101 code=${SI_TKILL}`]);
  });

  test('refuse numbers that no thread can have, and threads of another process', () => {
    const parts = alone(
      ['zero', 'negative', 'nobody', 'other', 'signal', 'ask'],
      function* (sys) {
        const own = yield* sys.getpid();
        sys.result('zero', yield* sys.tkill(0, SIGUSR1));
        sys.result('negative', yield* sys.tgkill(-1, own, SIGUSR1));
        sys.result('nobody', yield* sys.tkill(999, SIGUSR1));
        sys.result('other', yield* sys.tgkill(1, own, SIGUSR1));
        sys.result('signal', yield* sys.tkill(own, 65));
        sys.result('ask', yield* sys.tkill(own, 0));
      },
      { cpus: 1 },
    );
    expect(outcomesOf(parts, 5)).toEqual([
      `zero=${-EINVAL} negative=${-EINVAL} nobody=${-ESRCH} other=${-ESRCH} signal=${-EINVAL} ask=0`,
    ]);
  });

  test('ask for permission', () => {
    const parts: Parts = {
      results: ['theirs'],
      programs: {
        *victim(sys) {
          yield* sys.stay();
        },
        *main(sys) {
          sys.result('theirs', yield* sys.tkill(100, SIGTERM));
        },
      },
      setup(setup) {
        setup.process('victim', { uid: 1, cpu: 1 });
        setup.process('main', { uid: 2 });
      },
    };
    expect(outcomesOf(parts, 20)).toEqual([`theirs=${-EPERM}`]);
  });
});

describe('sigqueue', () => {
  test('hands its value to the handler, real-time signals in the order sent', () => {
    const parts = alone(
      ['order', 'code'],
      function* (sys) {
        yield* sys.sigaction(SIGRTMIN, 'onQueue', { flags: SA_SIGINFO });
        const set = sigmask(SIGRTMIN);
        yield* sys.sigprocmask(SIG_BLOCK, set);
        for (const value of [3, 1, 2]) yield* sys.sigqueue(yield* sys.getpid(), SIGRTMIN, value);
        yield* sys.sigprocmask(SIG_SETMASK, EMPTY_MASK);
        sys.result('order', yield* sys.load(0));
      },
      {
        cpus: 1,
        handlers: {
          *onQueue(sys, _sig, info) {
            yield* sys.store(0, (yield* sys.load(0)) * 10 + (info?.si_value ?? 0));
            sys.result('code', info?.si_code ?? 0);
          },
        },
      },
    );
    // The handlers run one inside the other before the first of them: the signal is blocked while it runs, so in turn.
    expect(outcomesOf(parts, 20)).toEqual([`order=312 code=${SI_QUEUE}`]);
  });

  test('may not pretend to come from the kernel or from kill, but to oneself', () => {
    const parts: Parts = {
      results: ['kernel', 'kill', 'tkill', 'self', 'null', 'thread'],
      programs: {
        *other(sys) {
          yield* sys.stay();
        },
        *main(sys) {
          const own = yield* sys.getpid();
          sys.result('kernel', yield* sys.rt_sigqueueinfo(100, 0, { si_code: 0x80 }));
          sys.result('kill', yield* sys.rt_sigqueueinfo(100, 0, { si_code: SI_USER }));
          sys.result('tkill', yield* sys.rt_tgsigqueueinfo(100, 100, 0, { si_code: SI_TKILL }));
          sys.result('self', yield* sys.rt_sigqueueinfo(own, 0, { si_code: SI_TKILL }));
          sys.result('null', yield* sys.rt_sigqueueinfo(own, 0, null));
          sys.result('thread', yield* sys.rt_tgsigqueueinfo(0, own, 0, { si_code: SI_QUEUE }));
        },
      },
      setup(setup) {
        setup.process('other', { cpu: 1 });
        setup.process('main');
      },
    };
    expect(outcomesOf(parts, 5)).toEqual([
      `kernel=${-EPERM} kill=${-EPERM} tkill=${-EPERM} self=0 null=${-EFAULT} thread=${-EINVAL}`,
    ]);
  });
});

describe('sigpending, sigprocmask and sigaction', () => {
  test('tell what is pending, what was blocked and what the action was', () => {
    const parts = alone(
      ['pending', 'null', 'how'],
      function* (sys) {
        const own = yield* sys.getpid();
        const before: OldAction = {};
        const mask = { lo: -1, hi: -1 };
        const waiting = { lo: 0, hi: 0 };
        yield* sys.sigaction(SIGUSR1, 'onUser', { flags: SA_SIGINFO, mask: sigmask(SIGUSR2) });
        yield* sys.sigaction(SIGUSR1, SIG_DFL, {}, before);
        sys.check(before.handler === 'onUser', `the handler was ${before.handler}`);
        sys.check(before.flags === SA_SIGINFO && before.mask?.lo === sigmask(SIGUSR2).lo, 'flags and mask');
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGUSR2, SIGRTMIN), mask);
        sys.check(mask.lo === 0 && mask.hi === 0, 'nothing was blocked');
        yield* sys.kill(own, SIGUSR1);
        yield* sys.tkill(own, SIGRTMIN);
        yield* sys.sigpending(waiting);
        const both = sigmask(SIGUSR1, SIGRTMIN);
        sys.result('pending', waiting.lo === both.lo && waiting.hi === both.hi ? 1 : 0);
        sys.result('null', yield* sys.sigpending(null));
        sys.result('how', yield* sys.sigprocmask(7, EMPTY_MASK));
      },
      {
        cpus: 1,
        handlers: {
          *onUser() {},
        },
      },
    );
    expect(outcomesOf(parts, 5)).toEqual([`pending=1 null=${-EFAULT} how=${-EINVAL}`]);
  });
});

describe('sigsuspend', () => {
  test('never misses a signal that is blocked until then, and puts the mask back', () => {
    const parts: Parts = {
      results: ['suspended', 'blocked', 'handled'],
      programs: {
        *main(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          yield* sys.fork('child', yield* sys.getpid(), 1);
          while ((yield* sys.load(0)) === 0) sys.result('suspended', yield* sys.sigsuspend(EMPTY_MASK));
          const mask = { lo: 0, hi: 0 };
          yield* sys.sigprocmask(SIG_BLOCK, null, mask);
          sys.result('blocked', mask.lo === sigmask(SIGUSR1).lo ? 1 : 0);
        },
        *child(sys) {
          yield* sys.kill(sys.arg, SIGUSR1);
        },
      },
      handlers: {
        *onUser(sys) {
          yield* sys.store(0, 1);
          sys.result('handled', 1);
        },
      },
      setup(setup) {
        setup.sigaction(setup.process('main'), SIGUSR1, 'onUser');
      },
    };
    expect(outcomesOf(parts, 500)).toEqual([`suspended=${-EINTR} blocked=1 handled=1`]);
  });
});

describe('sigtimedwait', () => {
  test('takes the signal or says that the time is over, and never both or neither', () => {
    const parts: Parts = {
      results: ['got', 'from', 'later'],
      programs: {
        *main(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          const child = yield* sys.fork('child', yield* sys.getpid(), 1);
          const info: ReceivedSiginfo = {};
          sys.result('got', yield* sys.sigtimedwait(sigmask(SIGUSR1), info, { tv_sec: 1, tv_nsec: 0 }));
          sys.result('from', info.si_pid === child ? 1 : 0);
          yield* sys.wait4(child);
          sys.result('later', yield* sys.sigtimedwait(sigmask(SIGUSR1), null, { tv_sec: 0, tv_nsec: 0 }));
        },
        *child(sys) {
          yield* sys.kill(sys.arg, SIGUSR1);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 500)).toEqual([
      `got=${-EAGAIN} from=0 later=${SIGUSR1}`,
      `got=${SIGUSR1} from=1 later=${-EAGAIN}`,
    ]);
  });

  test('of two threads that wait, each signal is taken by one', () => {
    const waiter: Parts['programs'][string] = function* (sys) {
      let sig = -EINTR;
      // One that was woken for a signal which the other has taken first is told that it was interrupted.
      while (sig === -EINTR) sig = yield* sys.sigwaitinfo(sigmask(SIGUSR1, SIGUSR2));
      sys.check(sig === SIGUSR1 || sig === SIGUSR2, `sigwaitinfo gave ${sig}`);
      yield* sys.store(sig, (yield* sys.load(sig)) + 1);
      yield* sys.exit(0);
    };
    const parts: Parts = {
      results: ['first', 'second'],
      cpus: 3,
      programs: {
        *main(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGUSR2));
          const process = yield* sys.fork('process', 0, 1);
          yield* sys.kill(process, SIGUSR1);
          yield* sys.kill(process, SIGUSR2);
          yield* sys.wait4(process);
          sys.result('first', yield* sys.load(SIGUSR1));
          sys.result('second', yield* sys.load(SIGUSR2));
        },
        *process(sys) {
          yield* sys.thread('waiter', 0, 2);
          yield* waiter(sys);
        },
        waiter,
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 300)).toEqual(['first=1 second=1']);
  });

  test('is interrupted by the handler of another signal', () => {
    const parts: Parts = {
      results: ['got'],
      programs: {
        *main(sys) {
          yield* sys.fork('child', yield* sys.getpid(), 1);
          let got = -EAGAIN;
          while ((yield* sys.load(0)) === 0) got = yield* sys.sigtimedwait(sigmask(SIGUSR2), null, null);
          sys.result('got', got);
        },
        *child(sys) {
          while ((yield* sys.kill(sys.arg, SIGUSR1)) === 0) yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
        },
      },
      handlers: {
        *onUser(sys) {
          yield* sys.store(0, 1);
        },
      },
      setup(setup) {
        setup.sigaction(setup.process('main'), SIGUSR1, 'onUser');
      },
    };
    // Handled before the first wait, there is none.
    const outcomes = outcomesOf(parts, 300);
    expect(outcomes).toContain(`got=${-EINTR}`);
    expect(outcomes.filter((outcome) => outcome !== `got=${-EINTR}` && outcome !== `got=${-EAGAIN}`)).toEqual([]);
  });

  test('refuses times that are none', () => {
    const parts = alone(
      ['time', 'null'],
      function* (sys) {
        sys.result('time', yield* sys.sigtimedwait(EMPTY_MASK, null, { tv_sec: 0, tv_nsec: -1 }));
        sys.result('null', yield* sys.sigwaitinfo(null));
      },
      { cpus: 1 },
    );
    expect(outcomesOf(parts, 5)).toEqual([`time=${-EINVAL} null=${-EFAULT}`]);
  });
});
