/** Actions, and handlers while they run. */

import { describe, expect, test } from 'vitest';
import {
  _NSIG,
  EINVAL,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_NODEFER,
  SA_RESETHAND,
  SA_RESTART,
  SA_SIGINFO,
  SI_USER,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIGABRT,
  SIGCHLD,
  SIGHUP,
  SIGKILL,
  SIGRTMIN,
  SIGSTOP,
  SIGTERM,
  SIGURG,
  SIGUSR1,
  SIGUSR2,
} from '../../src/kernel/constants.js';
import type { Handler } from '../../src/kernel/scenario.js';
import { EMPTY_MASK, type SigMask, sigmask } from '../../src/kernel/sigset.js';
import type { OldAction, Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { alone, onlyOutcomeOf, outcomesOf, type Parts } from '../support/programs.js';
import { killsItself } from '../support/tasks.js';

/** Notes the signal at the end of what is noted in cell 0. */
function* note(sys: Sys, value: number): Coroutine<void> {
  yield* sys.store(0, (yield* sys.load(0)) * 100 + value);
}

describe('sigaction', () => {
  test('refuses signals that there are none of, and to handle SIGKILL and SIGSTOP; asking is allowed', () => {
    const outcome = onlyOutcomeOf(
      alone(
        ['negative', 'zero', 'large', 'kill', 'stop', 'ask'],
        function* (sys) {
          sys.result('negative', yield* sys.sigaction(-3, 'nothing'));
          sys.result('zero', yield* sys.sigaction(0, 'nothing'));
          sys.result('large', yield* sys.sigaction(_NSIG + 1, 'nothing'));
          sys.result('kill', yield* sys.sigaction(SIGKILL, 'nothing'));
          sys.result('stop', yield* sys.sigaction(SIGSTOP, SIG_IGN));
          sys.result('ask', yield* sys.sigaction(SIGKILL, null, {}, {}));
        },
        { cpus: 1, handlers: { *nothing() {} } },
      ),
    );
    const error = -EINVAL;
    expect(outcome).toBe(`negative=${error} zero=${error} large=${error} kill=${error} stop=${error} ask=0`);
  });

  test('and the other calls refuse sets of another size', () => {
    const outcome = onlyOutcomeOf(
      alone(
        ['action', 'mask', 'pending', 'smaller', 'suspend', 'wait'],
        function* (sys) {
          const set = { lo: 0, hi: 0 };
          sys.result('action', yield* sys.sigaction(SIGUSR1, SIG_IGN, {}, {}, 4));
          sys.result('mask', yield* sys.sigprocmask(SIG_BLOCK, set, set, 16));
          sys.result('pending', yield* sys.sigpending(set, 16));
          sys.result('smaller', yield* sys.sigpending(set, 4));
          sys.result('suspend', yield* sys.sigsuspend(set, 4));
          sys.result('wait', yield* sys.sigtimedwait(set, null, null, 4));
        },
        { cpus: 1 },
      ),
    );
    const error = -EINVAL;
    expect(outcome).toBe(`action=${error} mask=${error} pending=${error} smaller=0 suspend=${error} wait=${error}`);
  });

  test('gives the action before, without SIGKILL and SIGSTOP in its mask', () => {
    const outcome = onlyOutcomeOf(
      alone(
        ['result', 'handler', 'flags', 'mask', 'now'],
        function* (sys) {
          const flags = SA_SIGINFO | SA_RESTART;
          yield* sys.sigaction(SIGUSR1, 'nothing', { flags, mask: sigmask(SIGUSR2, SIGKILL, SIGSTOP) });
          const old: OldAction = {};
          sys.result('result', yield* sys.sigaction(SIGUSR1, SIG_DFL, {}, old));
          sys.result('handler', old.handler === 'nothing' ? 1 : 0);
          sys.result('flags', old.flags === flags ? 1 : 0);
          sys.result('mask', old.mask?.lo === sigmask(SIGUSR2).lo ? 1 : 0);
          yield* sys.sigaction(SIGUSR1, null, {}, old);
          sys.result('now', old.handler as number);
        },
        { cpus: 1, handlers: { *nothing() {} } },
      ),
    );
    expect(outcome).toBe('result=0 handler=1 flags=1 mask=1 now=0');
  });

  test.each([
    ['SIG_IGN', SIGUSR1, SIG_IGN, 0],
    ['the default, which is to ignore it', SIGURG, SIG_DFL, 0],
    ['a handler', SIGUSR1, 'notes', SIGUSR1],
  ] as const)('drops what is pending and blocked with %s', (_, sig, action, seen) => {
    const outcome = onlyOutcomeOf(
      alone(
        ['seen'],
        function* (sys) {
          yield* sys.sigaction(sig, 'other');
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(sig));
          yield* killsItself(sys, sig);
          yield* sys.tkill(yield* sys.gettid(), sig);
          yield* sys.sigaction(sig, action);
          yield* sys.sigaction(sig, 'notes');
          yield* sys.sigprocmask(SIG_SETMASK, EMPTY_MASK);
          sys.result('seen', (yield* sys.load(0)) % 100);
        },
        {
          cpus: 1,
          handlers: {
            *notes(sys, sig) {
              yield* note(sys, sig);
            },
            *other() {},
          },
        },
      ),
    );
    expect(outcome).toBe(`seen=${seen}`);
  });

  test('handlers, ignoring and defaults, for every signal', () => {
    const parts: Parts = {
      cpus: 1,
      results: ['handled', 'ignored', 'killed'],
      programs: {
        *main(sys) {
          let handled = 0;
          let ignored = 0;
          let killed = 0;
          for (let sig = 1; sig <= _NSIG; sig++) {
            if (sig === SIGKILL || sig === SIGSTOP) continue;
            yield* sys.sigaction(sig, 'notes');
            yield* sys.store(0, 0);
            yield* killsItself(sys, sig);
            if ((yield* sys.load(0)) === sig) handled++;
            yield* sys.sigaction(sig, SIG_IGN);
            yield* killsItself(sys, sig);
            if ((yield* sys.load(0)) === sig) ignored++;
            yield* sys.sigaction(sig, SIG_DFL);
          }
          for (const sig of [SIGHUP, SIGABRT, SIGTERM, SIGRTMIN, _NSIG]) {
            const { status } = yield* sys.wait4(yield* sys.fork('child', sig));
            if ((status & 0x7f) === sig) killed++;
          }
          sys.result('handled', handled);
          sys.result('ignored', ignored);
          sys.result('killed', killed);
        },
        *child(sys) {
          yield* killsItself(sys, sys.arg);
        },
      },
      handlers: {
        *notes(sys, sig) {
          yield* sys.store(0, sig);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 3)).toEqual([`handled=${_NSIG - 2} ignored=${_NSIG - 2} killed=5`]);
  });
});

describe('a handler', () => {
  const handlers: Record<string, Handler> = {
    /** Raises its own signal once, and notes 1 before, 2 after. */
    *raises(sys, sig) {
      if ((yield* sys.load(1)) === 1) {
        yield* note(sys, 3);
        return;
      }
      yield* sys.store(1, 1);
      yield* note(sys, 1);
      yield* killsItself(sys, sig);
      yield* note(sys, 2);
    },
    *other(sys) {
      yield* note(sys, 4);
    },
    /** Raises another signal. */
    *nests(sys) {
      yield* note(sys, 1);
      yield* killsItself(sys, SIGUSR2);
      yield* note(sys, 2);
    },
  };

  function order(handler: string, options: { flags?: number; mask?: SigMask }, sig = SIGUSR1): string {
    return onlyOutcomeOf(
      alone(
        ['order', 'blocked'],
        function* (sys) {
          yield* sys.sigaction(sig, handler, options);
          yield* sys.sigaction(SIGUSR2, 'other');
          yield* killsItself(sys, sig);
          sys.result('order', yield* sys.load(0));
          const mask = { lo: 0, hi: 0 };
          yield* sys.sigprocmask(SIG_BLOCK, null, mask);
          sys.result('blocked', mask.lo | mask.hi);
        },
        { cpus: 1, handlers: handlers },
      ),
    );
  }

  test('is not interrupted by its own signal, which waits until it has returned', () => {
    expect(order('raises', {})).toBe('order=10203 blocked=0');
    expect(order('raises', {}, SIGRTMIN)).toBe('order=10203 blocked=0');
  });

  test('is, with SA_NODEFER', () => {
    expect(order('raises', { flags: SA_NODEFER })).toBe('order=10302 blocked=0');
  });

  test('is not, with SA_NODEFER, where its own signal is in its mask', () => {
    expect(order('raises', { flags: SA_NODEFER, mask: sigmask(SIGUSR1) })).toBe('order=10203 blocked=0');
  });

  test('is interrupted by other signals, and not by those in its mask', () => {
    expect(order('nests', {})).toBe('order=10402 blocked=0');
    expect(order('nests', { mask: sigmask(SIGUSR2) })).toBe('order=10204 blocked=0');
  });

  test('sees the mask before, its own, and the signal blocked; the first comes back', () => {
    const outcome = onlyOutcomeOf(
      alone(
        ['in', 'after'],
        function* (sys) {
          yield* sys.sigaction(SIGUSR1, 'asks', { mask: sigmask(SIGUSR2) });
          yield* sys.sigprocmask(SIG_SETMASK, sigmask(SIGTERM));
          yield* killsItself(sys, SIGUSR1);
          const mask = { lo: 0, hi: 0 };
          yield* sys.sigprocmask(SIG_BLOCK, null, mask);
          sys.result('after', mask.lo === sigmask(SIGTERM).lo ? 1 : 0);
        },
        {
          cpus: 1,
          handlers: {
            *asks(sys) {
              const mask = { lo: 0, hi: 0 };
              yield* sys.sigprocmask(SIG_BLOCK, null, mask);
              sys.result('in', mask.lo === sigmask(SIGTERM, SIGUSR1, SIGUSR2).lo ? 1 : 0);
              // What it blocks itself is forgotten when it returns.
              yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGHUP));
            },
          },
        },
      ),
    );
    expect(outcome).toBe('in=1 after=1');
  });

  test('with SA_RESETHAND is called once; the signal is blocked in it as in any other', () => {
    const parts: Parts = {
      cpus: 1,
      results: ['handled', 'blocked', 'now', 'died'],
      programs: {
        *main(sys) {
          sys.result('died', (yield* sys.wait4(yield* sys.fork('child'))).status & 0x7f);
        },
        *child(sys) {
          yield* sys.sigaction(SIGUSR1, 'onUser', { flags: SA_RESETHAND | SA_SIGINFO });
          yield* killsItself(sys, SIGUSR1);
          yield* killsItself(sys, SIGUSR1);
        },
      },
      handlers: {
        *onUser(sys, _sig, info) {
          sys.result('handled', info?.si_code === SI_USER ? 1 : 0);
          const mask = { lo: 0, hi: 0 };
          yield* sys.sigprocmask(SIG_BLOCK, null, mask);
          sys.result('blocked', mask.lo === sigmask(SIGUSR1).lo ? 1 : 0);
          const old: OldAction = {};
          yield* sys.sigaction(SIGUSR1, null, {}, old);
          sys.result('now', old.handler as number);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 5)).toEqual([`handled=1 blocked=1 now=${SIG_DFL} died=${SIGUSR1}`]);
  });

  test('without SA_SIGINFO is told the signal only', () => {
    const outcome = onlyOutcomeOf(
      alone(
        ['info'],
        function* (sys) {
          yield* sys.sigaction(SIGUSR1, 'onUser');
          yield* killsItself(sys, SIGUSR1);
        },
        {
          cpus: 1,
          handlers: {
            *onUser(sys, _sig, info) {
              sys.result('info', info === null ? 0 : 1);
            },
          },
        },
      ),
    );
    expect(outcome).toBe('info=0');
  });
});

describe('SIGCHLD', () => {
  test('SA_NOCLDWAIT: the child is gone at once, and the handler is called', () => {
    const parts: Parts = {
      results: ['handled', 'wait'],
      programs: {
        *main(sys) {
          yield* sys.sigaction(SIGCHLD, 'onChild', { flags: SA_NOCLDWAIT | SA_NOCLDSTOP | SA_RESTART });
          yield* sys.fork('child', 0, 1);
          sys.result('wait', (yield* sys.wait4(-1)).pid);
        },
        *child() {},
      },
      handlers: {
        *onChild(sys) {
          sys.result('handled', 1);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    const outcomes = outcomesOf(parts, 300);
    expect(outcomes).toEqual(['handled=1 wait=-10']);
  });
});
