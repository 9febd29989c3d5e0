/** Signals that a thread's own instructions cause. Under every schedule tried. */

import { describe, expect, test } from 'vitest';
import {
  BUS_ADRERR,
  CLONE_NEWPID,
  FPE_INTDIV,
  ILL_ILLOPC,
  SA_RESETHAND,
  SA_SIGINFO,
  SEGV_MAPERR,
  SI_KERNEL,
  SI_QUEUE,
  SIG_BLOCK,
  SIG_IGN,
  SIG_UNBLOCK,
  SIGBUS,
  SIGFPE,
  SIGILL,
  SIGKILL,
  SIGSEGV,
  SIGTERM,
  SIGTRAP,
  SIGUSR1,
  TRAP_BRKPT,
} from '../../src/kernel/constants.js';
import type { Program } from '../../src/kernel/scenario.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { outcomesOf, type Parts, patchOf } from '../support/programs.js';

/** A process that faults, and a parent that reports the signal that it died of. */
function faulting(
  child: Program,
  results: readonly string[] = [],
  handlers: Parts['handlers'] = {},
  programs: Parts['programs'] = {},
): Parts {
  return {
    results: ['died', ...results],
    programs: {
      *main(sys) {
        const { status } = yield* sys.wait4(yield* sys.fork('child', yield* sys.getpid(), 1));
        sys.result('died', status & 0x7f);
      },
      child,
      ...programs,
    },
    handlers,
    setup: (setup) => void setup.process('main'),
  };
}

const FAULTS = [
  ['SIGSEGV', SIGSEGV, SEGV_MAPERR],
  ['SIGBUS', SIGBUS, BUS_ADRERR],
  ['SIGILL', SIGILL, ILL_ILLOPC],
  ['SIGFPE', SIGFPE, FPE_INTDIV],
  ['SIGTRAP', SIGTRAP, TRAP_BRKPT],
] as const;

describe('a fault', () => {
  test.each(FAULTS)('is fatal where nothing is said: %s', (_, sig, code) => {
    const parts = faulting(
      function* (sys) {
        yield* sys.fault(sig, code, 0x1234);
        sys.result('after', 1);
      },
      ['after'],
    );
    expect(outcomesOf(parts, 20)).toEqual([`died=${sig} after=null`]);
  });

  test.each(FAULTS)('is told to a handler, and the program goes on after it: %s', (_, sig, code) => {
    const parts = faulting(
      function* (sys) {
        yield* sys.sigaction(sig, 'onFault', { flags: SA_SIGINFO });
        yield* sys.fault(sig, code, 0x1234);
        sys.result('after', 1);
      },
      ['code', 'addr', 'after'],
      {
        *onFault(sys, _sig, info) {
          sys.result('code', info?.si_code ?? 0);
          sys.result('addr', info?.si_addr ?? 0);
        },
      },
    );
    expect(outcomesOf(parts, 20)).toEqual([`died=0 code=${code} addr=${0x1234} after=1`]);
  });

  test('cannot be ignored', () => {
    const parts = faulting(
      function* (sys) {
        yield* sys.sigaction(SIGSEGV, SIG_IGN);
        yield* sys.kill(yield* sys.getpid(), SIGSEGV);
        sys.result('sent', 1);
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
        sys.result('after', 1);
      },
      ['sent', 'after'],
    );
    expect(outcomesOf(parts, 20)).toEqual([`died=${SIGSEGV} sent=1 after=null`]);
  });

  test('cannot be blocked: its handler is not called then', () => {
    const parts = faulting(
      function* (sys) {
        yield* sys.sigaction(SIGSEGV, 'onFault');
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGSEGV));
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      },
      ['handled'],
      {
        *onFault(sys) {
          sys.result('handled', 1);
        },
      },
    );
    expect(outcomesOf(parts, 20)).toEqual([`died=${SIGSEGV} handled=null`]);
  });

  test('in its own handler is fatal', () => {
    const parts = faulting(
      function* (sys) {
        yield* sys.sigaction(SIGSEGV, 'onFault');
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      },
      ['handled'],
      {
        *onFault(sys) {
          sys.result('handled', 1);
          yield* sys.fault(SIGSEGV, SEGV_MAPERR);
          sys.result('handled', 2);
        },
      },
    );
    expect(outcomesOf(parts, 20)).toEqual([`died=${SIGSEGV} handled=1`]);
  });

  test('may happen again where the handler is still there, and is fatal the second time with SA_RESETHAND', () => {
    const again = (flags: number): Parts =>
      faulting(
        function* (sys) {
          yield* sys.sigaction(SIGFPE, 'onFault', { flags });
          yield* sys.fault(SIGFPE, FPE_INTDIV);
          yield* sys.fault(SIGFPE, FPE_INTDIV);
        },
        ['handled'],
        {
          *onFault(sys) {
            yield* sys.store(0, (yield* sys.load(0)) + 1);
            sys.result('handled', yield* sys.load(0));
          },
        },
      );
    expect(outcomesOf(again(0), 20)).toEqual(['died=0 handled=2']);
    expect(outcomesOf(again(SA_RESETHAND), 20)).toEqual([`died=${SIGFPE} handled=1`]);
  });

  /** In which order the handlers of two signals run that are unblocked at once, SIGSEGV sent before SIGILL. */
  const order = (si_code: number, blocked = sigmask(SIGSEGV, SIGILL)): Parts =>
    faulting(
      function* (sys) {
        for (const sig of [SIGSEGV, SIGILL]) yield* sys.sigaction(sig, 'onFault');
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGSEGV, SIGILL));
        const self = yield* sys.gettid();
        for (const sig of [SIGSEGV, SIGILL]) yield* sys.rt_tgsigqueueinfo(self, self, sig, { si_code });
        yield* sys.sigprocmask(SIG_UNBLOCK, blocked);
        sys.result('order', yield* sys.load(0));
      },
      ['order'],
      {
        *onFault(sys, sig) {
          yield* sys.store(0, (yield* sys.load(0)) * 100 + sig);
        },
      },
    );

  test('is taken in the order of their causes, so that the handler of the last runs first', () => {
    expect(outcomesOf(order(SEGV_MAPERR), 20)).toEqual([`died=0 order=${100 * SIGILL + SIGSEGV}`]);
  });

  test('is not what others have sent: that is taken in the order of numbers', () => {
    expect(outcomesOf(order(SI_QUEUE), 20)).toEqual([`died=0 order=${100 * SIGSEGV + SIGILL}`]);
  });

  test('is taken before another that is not blocked, even if it is blocked itself', () => {
    // An oddity of the kernel: it asks whether any is not blocked, and takes the first.
    expect(outcomesOf(order(SEGV_MAPERR, sigmask(SIGILL)), 20)).toEqual([`died=0 order=${100 * SIGILL + SIGSEGV}`]);
    expect(outcomesOf(order(SI_QUEUE, sigmask(SIGILL)), 20)).toEqual([`died=0 order=${SIGILL}`]);
  });

  test('ends the process, all its threads', () => {
    const parts = faulting(
      function* (sys) {
        yield* sys.thread('thread', 0, 0);
        yield* sys.stay();
      },
      [],
      {},
      {
        *thread(sys) {
          yield* sys.fault(SIGSEGV, SEGV_MAPERR);
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual([`died=${SIGSEGV}`]);
  });
});

describe('faults and signals from elsewhere', () => {
  test('a fault races with a SIGTERM from another process: one of them ends it', () => {
    const parts: Parts = {
      results: ['died'],
      programs: {
        *main(sys) {
          const child = yield* sys.fork('child', 0, 1);
          yield* sys.kill(child, SIGTERM);
          sys.result('died', (yield* sys.wait4(child)).status & 0x7f);
        },
        *child(sys) {
          yield* sys.fault(SIGSEGV, SEGV_MAPERR);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 500)).toEqual([`died=${SIGSEGV}`, `died=${SIGTERM}`]);
  });

  test('the same signal from another thread, blocked and pending, is what dies of the fault', () => {
    // The fault finds it pending: there is one of a kind, and no word of the address.
    const parts = faulting(
      function* (sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGSEGV));
        yield* sys.sigaction(SIGSEGV, 'onFault');
        yield* sys.thread('thread', yield* sys.gettid(), 0);
        yield* sys.load(0);
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
        sys.result('after', 1);
      },
      ['after', 'handled'],
      {
        *onFault(sys) {
          sys.result('handled', 1);
        },
      },
      {
        *thread(sys) {
          yield* sys.tkill(sys.arg, SIGSEGV);
          yield* sys.pause();
        },
      },
    );
    expect(outcomesOf(parts, 500)).toEqual([`died=${SIGSEGV} after=null handled=null`]);
  });

  test('a handler that another thread removes meanwhile: handled or fatal', () => {
    const parts = faulting(
      function* (sys) {
        yield* sys.sigaction(SIGSEGV, 'onFault');
        yield* sys.thread('thread', 0, 0);
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
        yield* sys.exit_group(0);
      },
      ['handled'],
      {
        *onFault(sys) {
          sys.result('handled', 1);
        },
      },
      {
        *thread(sys) {
          yield* sys.sigaction(SIGSEGV, SIG_IGN);
          yield* sys.pause();
        },
      },
    );
    const outcomes = outcomesOf(parts, 500);
    expect(outcomes).toContain('died=0 handled=1');
    expect(outcomes).toContain(`died=${SIGSEGV} handled=null`);
  });

  test('two of a kind: the one that the instruction caused first', () => {
    // The handler of the fault blocks its own signal, so the other comes after it.
    const parts = faulting(
      function* (sys) {
        yield* sys.sigaction(SIGBUS, 'onFault', { flags: SA_SIGINFO });
        yield* sys.sigaction(SIGSEGV, 'onFault', { flags: SA_SIGINFO });
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGBUS));
        yield* sys.tkill(yield* sys.gettid(), SIGBUS);
        yield* sys.fault(SIGSEGV, SEGV_MAPERR, 7);
        sys.result('first', yield* sys.load(1));
        const blocked = { lo: 0, hi: 0 };
        yield* sys.sigpending(blocked);
        sys.result('left', blocked.lo === sigmask(SIGBUS).lo ? 1 : 0);
      },
      ['first', 'left'],
      {
        *onFault(sys, sig) {
          yield* sys.store(1, sig);
        },
      },
    );
    expect(outcomesOf(parts, 20)).toEqual([`died=0 first=${SIGSEGV} left=1`]);
  });

  test('a signal of that kind from kill is no fault: it waits in the order of numbers', () => {
    const parts = faulting(
      function* (sys) {
        yield* sys.sigaction(SIGSEGV, 'onFault', { flags: SA_SIGINFO });
        yield* sys.tkill(yield* sys.gettid(), SIGSEGV);
        yield* sys.kill(yield* sys.getpid(), SIGSEGV);
      },
      ['code'],
      {
        *onFault(sys, _sig, info) {
          sys.result('code', info?.si_code ?? 0);
        },
      },
    );
    expect(outcomesOf(parts, 20)).toEqual(['died=0 code=0']);
  });

  test('SIGKILL is not delayed by a fault under way', () => {
    const parts: Parts = {
      results: ['died'],
      programs: {
        *main(sys) {
          const child = yield* sys.fork('child', 0, 1);
          yield* sys.load(0);
          yield* sys.kill(child, SIGKILL);
          sys.result('died', (yield* sys.wait4(child)).status & 0x7f);
        },
        *child(sys) {
          yield* sys.sigaction(SIGSEGV, 'onFault');
          for (;;) yield* sys.fault(SIGSEGV, SEGV_MAPERR);
        },
      },
      handlers: {
        *onFault() {},
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 200)).toEqual([`died=${SIGKILL}`]);
  });
});

describe('what force_sig_info does to init', () => {
  const init = (program: Program): Parts => ({
    results: ['died', 'sent'],
    programs: {
      *main(sys) {
        sys.result('died', (yield* sys.wait4(-1)).status & 0x7f);
      },
      init: program,
    },
    setup(setup) {
      setup.process('init', { parent: setup.process('main'), namespaces: CLONE_NEWPID, cpu: 1 });
    },
  });

  test('of a namespace: no signal from inside ends it, a fault does', () => {
    const parts = init(function* (sys) {
      yield* sys.kill(1, SIGSEGV);
      sys.result('sent', 1);
      yield* sys.fault(SIGSEGV, SEGV_MAPERR);
    });
    expect(outcomesOf(parts, 100)).toEqual([`died=${SIGSEGV} sent=1`]);
  });
});

describe('sigreturn', () => {
  /** `getpid` does what `rt_sigreturn` does. */
  const raw = patchOf({
    getpid() {
      return this.rt_sigreturn();
    },
  });

  test('outside a handler is a SIGSEGV of the kernel', () => {
    const parts: Parts = {
      cpus: 1,
      results: ['code', 'result'],
      programs: {
        *main(sys) {
          yield* sys.sigaction(SIGSEGV, 'onFault', { flags: SA_SIGINFO });
          sys.result('result', yield* sys.getpid());
        },
      },
      handlers: {
        *onFault(sys, _sig, info) {
          sys.result('code', info?.si_code ?? 0);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 5, [raw])).toEqual([`code=${SI_KERNEL} result=0`]);
  });
});

test('a fault in a handler is handled on top of it', () => {
  const parts = faulting(
    function* (sys) {
      yield* sys.sigaction(SIGUSR1, 'onUser');
      yield* sys.sigaction(SIGSEGV, 'onFault');
      yield* sys.kill(yield* sys.getpid(), SIGUSR1);
      sys.result('order', yield* sys.load(0));
    },
    ['order'],
    {
      *onUser(sys) {
        yield* sys.fault(SIGSEGV, SEGV_MAPERR);
        yield* sys.store(0, (yield* sys.load(0)) * 10 + 2);
      },
      *onFault(sys) {
        yield* sys.store(0, (yield* sys.load(0)) * 10 + 1);
      },
    },
  );
  expect(outcomesOf(parts, 20)).toEqual(['died=0 order=12']);
});
