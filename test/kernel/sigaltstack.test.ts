/** The alternate signal stack, and what happens where a signal frame does not fit. */

import { describe, expect, test } from 'vitest';
import {
  CLONE_VM,
  EINVAL,
  ENOMEM,
  EPERM,
  MINSIGSTKSZ,
  SA_NODEFER,
  SA_ONSTACK,
  SIGSEGV,
  SIGSTKSZ,
  SIGUSR1,
  SIGUSR2,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_ONSTACK,
} from '../../src/kernel/constants.js';
import type { Handler } from '../../src/kernel/scenario.js';
import type { SigAltStack } from '../../src/kernel/sigaltstack.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { onlyOutcomeOf, type Parts } from '../support/programs.js';
import { killsItself } from '../support/tasks.js';

const AT = 0x10000;

function stack(ss_size = SIGSTKSZ, ss_flags = 0, ss_sp = AT): SigAltStack {
  return { ss_sp, ss_flags, ss_size };
}

/** What a program is told of its stack: where, how large, and the flags. */
function* told(sys: Sys): Coroutine<SigAltStack> {
  const old = stack(-1, -1, -1);
  const result = yield* sys.sigaltstack(null, old);
  sys.check(result === 0, `sigaltstack gave ${result}`);
  return old;
}

interface Handled {
  readonly handlers?: Readonly<Record<string, Handler>>;
  readonly actions?: readonly (readonly [sig: number, handler: string, flags?: number])[];
  readonly programs?: Parts['programs'];
  readonly executions?: number;
  readonly cpus?: number;
}

/** The only outcome of one process. */
function outcomeOf(main: Parts['programs'][string], results: readonly string[], more: Handled = {}): string {
  const { handlers = {}, actions = [], programs = {}, executions = 5, cpus = 1 } = more;
  const parts: Parts = {
    results,
    programs: { main, ...programs },
    handlers,
    cpus,
    setup(setup) {
      const process = setup.process('main');
      for (const [sig, handler, flags = 0] of actions) setup.sigaction(process, sig, handler, { flags });
    },
  };
  return onlyOutcomeOf(parts, executions);
}

describe('sigaltstack', () => {
  test('tells what was installed: nothing, then what was given last', () => {
    const outcome = outcomeOf(
      function* (sys) {
        sys.result('none', (yield* told(sys)).ss_flags);
        sys.result('installed', yield* sys.sigaltstack(stack()));
        const old = stack(0, 0, 0);
        yield* sys.sigaltstack(stack(MINSIGSTKSZ, SS_ONSTACK, 2 * AT), old);
        sys.result('where', old.ss_sp);
        sys.result('size', old.ss_size);
        sys.result('flags', old.ss_flags);
        sys.result('next', (yield* told(sys)).ss_sp);
      },
      ['none', 'installed', 'where', 'size', 'flags', 'next'],
    );
    expect(outcome).toBe(`none=${SS_DISABLE} installed=0 where=${AT} size=${SIGSTKSZ} flags=0 next=${2 * AT}`);
  });

  test('refuses a stack that is too small, and flags that there are none of', () => {
    const outcome = outcomeOf(
      function* (sys) {
        sys.result('small', yield* sys.sigaltstack(stack(MINSIGSTKSZ - 1)));
        sys.result('flags', yield* sys.sigaltstack(stack(SIGSTKSZ, 3)));
        sys.result('other', yield* sys.sigaltstack(stack(SIGSTKSZ, 0x100)));
        sys.result('none', (yield* told(sys)).ss_flags);
      },
      ['small', 'flags', 'other', 'none'],
    );
    expect(outcome).toBe(`small=${-ENOMEM} flags=${-EINVAL} other=${-EINVAL} none=${SS_DISABLE}`);
  });

  test('disables it, whatever size is given', () => {
    const outcome = outcomeOf(
      function* (sys) {
        yield* sys.sigaltstack(stack());
        sys.result('disable', yield* sys.sigaltstack(stack(1, SS_DISABLE)));
        const now = yield* told(sys);
        sys.result('flags', now.ss_flags);
        sys.result('where', now.ss_sp);
        sys.result('size', now.ss_size);
      },
      ['disable', 'flags', 'where', 'size'],
    );
    expect(outcome).toBe(`disable=0 flags=${SS_DISABLE} where=0 size=0`);
  });
});

describe('a handler with SA_ONSTACK', () => {
  const handlers: Record<string, Handler> = {
    *onUser(sys) {
      sys.result('in', (yield* told(sys)).ss_flags);
      sys.result('change', yield* sys.sigaltstack(stack(SIGSTKSZ, 0, 2 * AT)));
      sys.result('disable', yield* sys.sigaltstack(stack(0, SS_DISABLE)));
    },
    *onOther(sys) {
      sys.result('nested', (yield* told(sys)).ss_flags);
    },
    *nests(sys) {
      yield* killsItself(sys, SIGUSR2);
      sys.result('in', (yield* told(sys)).ss_flags);
    },
  };

  test('runs on the stack, which cannot be changed meanwhile', () => {
    const outcome = outcomeOf(
      function* (sys) {
        yield* sys.sigaltstack(stack());
        yield* killsItself(sys, SIGUSR1);
        sys.result('after', (yield* told(sys)).ss_flags);
      },
      ['in', 'change', 'disable', 'after'],
      { handlers, actions: [[SIGUSR1, 'onUser', SA_ONSTACK]] },
    );
    expect(outcome).toBe(`in=${SS_ONSTACK} change=${-EPERM} disable=${-EPERM} after=0`);
  });

  test('does not without a stack; and one that it installs there stays', () => {
    const outcome = outcomeOf(
      function* (sys) {
        yield* killsItself(sys, SIGUSR1);
        sys.result('after', (yield* told(sys)).ss_sp);
      },
      ['in', 'change', 'after'],
      {
        handlers: {
          *onUser(sys) {
            sys.result('in', (yield* told(sys)).ss_flags);
            sys.result('change', yield* sys.sigaltstack(stack()));
          },
        },
        actions: [[SIGUSR1, 'onUser', SA_ONSTACK]],
      },
    );
    expect(outcome).toBe(`in=${SS_DISABLE} change=0 after=${AT}`);
  });

  test('is the only kind that does; what another changes is undone when it returns', () => {
    const outcome = outcomeOf(
      function* (sys) {
        yield* sys.sigaltstack(stack());
        yield* killsItself(sys, SIGUSR1);
        const now = yield* told(sys);
        sys.result('after', now.ss_flags);
        sys.result('where', now.ss_sp);
      },
      ['in', 'change', 'disable', 'after', 'where'],
      { handlers, actions: [[SIGUSR1, 'onUser']] },
    );
    expect(outcome).toBe(`in=0 change=0 disable=0 after=0 where=${AT}`);
  });

  test.each([
    ['with it', SA_ONSTACK],
    ['without it', 0],
  ])('leaves room there for another %s', (_, flags) => {
    const outcome = outcomeOf(
      function* (sys) {
        yield* sys.sigaltstack(stack());
        yield* killsItself(sys, SIGUSR1);
      },
      ['nested', 'in'],
      {
        handlers,
        actions: [
          [SIGUSR1, 'nests', SA_ONSTACK],
          [SIGUSR2, 'onOther', flags],
        ],
      },
    );
    expect(outcome).toBe(`nested=${SS_ONSTACK} in=${SS_ONSTACK}`);
  });

  test('with SS_AUTODISARM finds no stack, may install another, and the first is there again after it', () => {
    const outcome = outcomeOf(
      function* (sys) {
        yield* sys.sigaltstack(stack(SIGSTKSZ, SS_AUTODISARM | SS_ONSTACK));
        sys.result('before', (yield* told(sys)).ss_flags === SS_AUTODISARM ? 1 : 0);
        yield* killsItself(sys, SIGUSR1);
        const now = yield* told(sys);
        sys.result('after', now.ss_flags === SS_AUTODISARM ? 1 : 0);
        sys.result('where', now.ss_sp);
      },
      ['before', 'in', 'change', 'disable', 'after', 'where'],
      { handlers, actions: [[SIGUSR1, 'onUser', SA_ONSTACK]] },
    );
    expect(outcome).toBe(`before=1 in=${SS_DISABLE} change=0 disable=0 after=1 where=${AT}`);
  });

  test('with SS_AUTODISARM may be interrupted by one on a stack of its own', () => {
    const outcome = outcomeOf(
      function* (sys) {
        yield* sys.sigaltstack(stack(MINSIGSTKSZ, SS_AUTODISARM));
        yield* killsItself(sys, SIGUSR1);
      },
      ['nested', 'in'],
      {
        handlers: {
          ...handlers,
          *nests(sys) {
            yield* sys.sigaltstack(stack(MINSIGSTKSZ, 0, 2 * AT));
            yield* killsItself(sys, SIGUSR2);
            sys.result('in', (yield* told(sys)).ss_flags);
          },
        },
        actions: [
          [SIGUSR1, 'nests', SA_ONSTACK],
          [SIGUSR2, 'onOther', SA_ONSTACK],
        ],
      },
    );
    expect(outcome).toBe(`nested=${SS_ONSTACK} in=0`);
  });
});

describe('a signal frame that does not fit', () => {
  /** A process whose status its parent reports. */
  function statusOf(main: Parts['programs'][string], handlers: Parts['handlers'] = {}): string {
    return outcomeOf(
      function* (sys) {
        const { status } = yield* sys.wait4(yield* sys.fork('child'));
        sys.result('status', status & 0x7f);
      },
      ['status', 'seen'],
      { handlers, programs: { child: main } },
    );
  }

  test('on the alternate stack is a SIGSEGV: a small one has room for one handler', () => {
    const outcome = statusOf(
      function* (sys) {
        yield* sys.sigaltstack(stack(MINSIGSTKSZ));
        yield* sys.sigaction(SIGUSR1, 'again', { flags: SA_ONSTACK | SA_NODEFER });
        yield* killsItself(sys, SIGUSR1);
      },
      {
        *again(sys) {
          sys.result('seen', yield* sys.load(0));
          yield* sys.store(0, (yield* sys.load(0)) + 1);
          yield* killsItself(sys, SIGUSR1);
        },
      },
    );
    expect(outcome).toBe(`status=${SIGSEGV} seen=0`);
  });

  test('on the stack is a SIGSEGV whose handler runs on the alternate stack', () => {
    const outcome = statusOf(
      function* (sys) {
        yield* sys.sigaltstack(stack());
        yield* sys.sigaction(SIGSEGV, 'onFault', { flags: SA_ONSTACK });
        yield* sys.sigaction(SIGUSR1, 'again', { flags: SA_NODEFER });
        yield* killsItself(sys, SIGUSR1);
      },
      {
        *again(sys) {
          yield* killsItself(sys, SIGUSR1);
        },
        *onFault(sys) {
          sys.result('seen', (yield* told(sys)).ss_flags);
          yield* sys.exit_group(0);
        },
      },
    );
    expect(outcome).toBe(`status=0 seen=${SS_ONSTACK}`);
  });

  test('and neither does that for SIGSEGV: it is fatal', () => {
    const outcome = statusOf(
      function* (sys) {
        yield* sys.sigaction(SIGSEGV, 'onFault');
        yield* sys.sigaction(SIGUSR1, 'again', { flags: SA_NODEFER });
        yield* killsItself(sys, SIGUSR1);
      },
      {
        *again(sys) {
          yield* killsItself(sys, SIGUSR1);
        },
        *onFault(sys) {
          sys.result('seen', 1);
        },
      },
    );
    expect(outcome).toBe(`status=${SIGSEGV} seen=null`);
  });
});

describe('the alternate stack of another task', () => {
  const results = ['flags', 'where'];
  function reports(start: (sys: Sys) => Coroutine<number>, flags = 0): string {
    return outcomeOf(
      function* (sys) {
        yield* sys.sigaltstack(stack(SIGSTKSZ, flags));
        yield* start(sys);
        yield* sys.pause();
      },
      results,
      {
        programs: {
          *other(sys) {
            const now = yield* told(sys);
            sys.result('flags', now.ss_flags);
            sys.result('where', now.ss_sp);
            yield* sys.exit(0);
          },
        },
      },
    );
  }

  test('is inherited over fork', () => {
    expect(reports((sys) => sys.fork('other'))).toBe(`flags=0 where=${AT}`);
  });

  test('and over vfork', () => {
    expect(reports((sys) => sys.vfork('other'))).toBe(`flags=0 where=${AT}`);
  });

  test('but not by threads', () => {
    expect(reports((sys) => sys.thread('other'))).toBe(`flags=${SS_DISABLE} where=0`);
  });

  test('nor by a process on the same memory', () => {
    expect(reports((sys) => sys.clone(CLONE_VM, 'other'))).toBe(`flags=${SS_DISABLE} where=0`);
  });

  test('is dropped at exec, not so SS_AUTODISARM', () => {
    expect(reports((sys) => sys.execve('other'))).toBe(`flags=${SS_DISABLE} where=0`);
    expect(reports((sys) => sys.execve('other'), SS_AUTODISARM)).toBe(`flags=${SS_DISABLE | SS_AUTODISARM} where=0`);
  });

  test('is what a child runs on that its parent forks in a handler there', () => {
    const outcome = outcomeOf(
      function* (sys) {
        yield* sys.sigaltstack(stack());
        yield* killsItself(sys, SIGUSR1);
      },
      ['in'],
      {
        handlers: {
          *onUser(sys) {
            yield* sys.wait4(yield* sys.fork('other'));
          },
        },
        actions: [[SIGUSR1, 'onUser', SA_ONSTACK]],
        programs: {
          *other(sys) {
            sys.result('in', (yield* told(sys)).ss_flags);
          },
        },
      },
    );
    expect(outcome).toBe(`in=${SS_ONSTACK}`);
  });
});
