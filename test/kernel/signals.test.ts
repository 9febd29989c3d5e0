/** Actions and their flags, nested handlers, restarted system calls, and limits. Under every schedule tried. */

import { describe, expect, test } from 'vitest';
import {
  _NSIG,
  EAGAIN,
  EINTR,
  EINVAL,
  EPERM,
  ESRCH,
  PIDTYPE_PGID,
  RLIMIT_SIGPENDING,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_NODEFER,
  SA_RESETHAND,
  SA_RESTART,
  SA_SIGINFO,
  SI_KERNEL,
  SI_USER,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIGABRT,
  SIGCHLD,
  SIGCONT,
  SIGHUP,
  SIGKILL,
  SIGRTMIN,
  SIGSTOP,
  SIGTERM,
  SIGURG,
  SIGUSR1,
  SIGUSR2,
} from '../../src/kernel/constants.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Handler, Patch, Program } from '../../src/kernel/scenario.js';
import { EMPTY_MASK, type SigMask, sigmask } from '../../src/kernel/sigset.js';
import type { OldAction, Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { outcomesOf, type Parts } from '../support/programs.js';

/** The only outcome of one process on one CPU. */
function alone(
  main: Program,
  results: readonly string[],
  handlers: Parts['handlers'] = {},
  limits: Readonly<Record<number, number>> = {},
  patches: readonly Patch[] = [],
): string {
  const parts: Parts = {
    results,
    programs: { main },
    handlers,
    cpus: 1,
    setup: (setup) => void setup.process('main', { limits }),
  };
  const outcomes = outcomesOf(parts, 5, patches);
  expect(outcomes).toHaveLength(1);
  return outcomes[0] as string;
}

function* raise(sys: Sys, sig: number): Coroutine<void> {
  yield* sys.kill(yield* sys.getpid(), sig);
}

/** Notes the signal at the end of what is noted in cell 0. */
function* note(sys: Sys, value: number): Coroutine<void> {
  yield* sys.store(0, (yield* sys.load(0)) * 100 + value);
}

describe('sigaction', () => {
  test('refuses signals that there are none of, and to handle SIGKILL and SIGSTOP; asking is allowed', () => {
    const outcome = alone(
      function* (sys) {
        sys.result('negative', yield* sys.sigaction(-3, 'nothing'));
        sys.result('zero', yield* sys.sigaction(0, 'nothing'));
        sys.result('large', yield* sys.sigaction(_NSIG + 1, 'nothing'));
        sys.result('kill', yield* sys.sigaction(SIGKILL, 'nothing'));
        sys.result('stop', yield* sys.sigaction(SIGSTOP, SIG_IGN));
        sys.result('ask', yield* sys.sigaction(SIGKILL, null, {}, {}));
      },
      ['negative', 'zero', 'large', 'kill', 'stop', 'ask'],
      { *nothing() {} },
    );
    const error = -EINVAL;
    expect(outcome).toBe(`negative=${error} zero=${error} large=${error} kill=${error} stop=${error} ask=0`);
  });

  test('and the other calls refuse sets of another size', () => {
    const outcome = alone(
      function* (sys) {
        const set = { lo: 0, hi: 0 };
        sys.result('action', yield* sys.sigaction(SIGUSR1, SIG_IGN, {}, {}, 4));
        sys.result('mask', yield* sys.sigprocmask(SIG_BLOCK, set, set, 16));
        sys.result('pending', yield* sys.sigpending(set, 16));
        sys.result('smaller', yield* sys.sigpending(set, 4));
        sys.result('suspend', yield* sys.sigsuspend(set, 4));
        sys.result('wait', yield* sys.sigtimedwait(set, null, null, 4));
      },
      ['action', 'mask', 'pending', 'smaller', 'suspend', 'wait'],
    );
    const error = -EINVAL;
    expect(outcome).toBe(`action=${error} mask=${error} pending=${error} smaller=0 suspend=${error} wait=${error}`);
  });

  test('gives the action before, without SIGKILL and SIGSTOP in its mask', () => {
    const outcome = alone(
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
      ['result', 'handler', 'flags', 'mask', 'now'],
      { *nothing() {} },
    );
    expect(outcome).toBe('result=0 handler=1 flags=1 mask=1 now=0');
  });

  test.each([
    ['SIG_IGN', SIGUSR1, SIG_IGN, 0],
    ['the default, which is to ignore it', SIGURG, SIG_DFL, 0],
    ['a handler', SIGUSR1, 'notes', SIGUSR1],
  ] as const)('drops what is pending and blocked with %s', (_, sig, action, seen) => {
    const outcome = alone(
      function* (sys) {
        yield* sys.sigaction(sig, 'other');
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(sig));
        yield* raise(sys, sig);
        yield* sys.tkill(yield* sys.gettid(), sig);
        yield* sys.sigaction(sig, action);
        yield* sys.sigaction(sig, 'notes');
        yield* sys.sigprocmask(SIG_SETMASK, EMPTY_MASK);
        sys.result('seen', (yield* sys.load(0)) % 100);
      },
      ['seen'],
      {
        *notes(sys, sig) {
          yield* note(sys, sig);
        },
        *other() {},
      },
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
            yield* raise(sys, sig);
            if ((yield* sys.load(0)) === sig) handled++;
            yield* sys.sigaction(sig, SIG_IGN);
            yield* raise(sys, sig);
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
          yield* raise(sys, sys.arg);
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
      yield* raise(sys, sig);
      yield* note(sys, 2);
    },
    *other(sys) {
      yield* note(sys, 4);
    },
    /** Raises another signal. */
    *nests(sys) {
      yield* note(sys, 1);
      yield* raise(sys, SIGUSR2);
      yield* note(sys, 2);
    },
  };

  function order(handler: string, options: { flags?: number; mask?: SigMask }, sig = SIGUSR1): string {
    return alone(
      function* (sys) {
        yield* sys.sigaction(sig, handler, options);
        yield* sys.sigaction(SIGUSR2, 'other');
        yield* raise(sys, sig);
        sys.result('order', yield* sys.load(0));
        const mask = { lo: 0, hi: 0 };
        yield* sys.sigprocmask(SIG_BLOCK, null, mask);
        sys.result('blocked', mask.lo | mask.hi);
      },
      ['order', 'blocked'],
      handlers,
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
    const outcome = alone(
      function* (sys) {
        yield* sys.sigaction(SIGUSR1, 'asks', { mask: sigmask(SIGUSR2) });
        yield* sys.sigprocmask(SIG_SETMASK, sigmask(SIGTERM));
        yield* raise(sys, SIGUSR1);
        const mask = { lo: 0, hi: 0 };
        yield* sys.sigprocmask(SIG_BLOCK, null, mask);
        sys.result('after', mask.lo === sigmask(SIGTERM).lo ? 1 : 0);
      },
      ['in', 'after'],
      {
        *asks(sys) {
          const mask = { lo: 0, hi: 0 };
          yield* sys.sigprocmask(SIG_BLOCK, null, mask);
          sys.result('in', mask.lo === sigmask(SIGTERM, SIGUSR1, SIGUSR2).lo ? 1 : 0);
          // What it blocks itself is forgotten when it returns.
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGHUP));
        },
      },
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
          yield* raise(sys, SIGUSR1);
          yield* raise(sys, SIGUSR1);
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
    const outcome = alone(
      function* (sys) {
        yield* sys.sigaction(SIGUSR1, 'onUser');
        yield* raise(sys, SIGUSR1);
      },
      ['info'],
      {
        *onUser(sys, _sig, info) {
          sys.result('info', info === null ? 0 : 1);
        },
      },
    );
    expect(outcome).toBe('info=0');
  });
});

describe('a system call that a signal interrupts', () => {
  type Action = 'handler' | 'SA_RESTART' | 'ignored by default' | 'stop';

  /** What becomes of a call when a signal with such an action comes while it waits. SIGTERM ends one that goes on. */
  function interrupted(call: (sys: Sys) => Coroutine<number>, action: Action): readonly string[] {
    const handled = action === 'handler' || action === 'SA_RESTART';
    const parts: Parts = {
      results: ['result', 'handled'],
      programs: {
        *main(sys) {
          if (handled) yield* sys.sigaction(SIGUSR1, 'onUser', { flags: action === 'SA_RESTART' ? SA_RESTART : 0 });
          yield* sys.sigaction(SIGTERM, 'ends');
          yield* sys.fork('child', yield* sys.getpid(), 1);
          sys.result('result', yield* call(sys));
          yield* sys.exit_group(0);
        },
        *child(sys) {
          yield* sys.load(1);
          if (handled) {
            yield* sys.kill(sys.arg, SIGUSR1);
            // Until it has been handled, or the other is gone.
            while ((yield* sys.load(1)) === 0 && (yield* sys.kill(sys.arg, 0)) === 0) {
              yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
            }
          } else if (action === 'stop') {
            yield* sys.kill(sys.arg, SIGSTOP);
            yield* sys.kill(sys.arg, SIGCONT);
          } else {
            yield* sys.kill(sys.arg, SIGURG);
          }
          yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
          yield* sys.kill(sys.arg, SIGTERM);
          yield* sys.pause();
        },
      },
      handlers: {
        *onUser(sys) {
          sys.result('handled', 1);
          yield* sys.store(1, 1);
        },
        *ends(sys) {
          yield* sys.exit_group(0);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    return outcomesOf(parts, 300);
  }

  const calls: Record<string, (sys: Sys) => Coroutine<number>> = {
    pause: (sys) => sys.pause(),
    sigsuspend: (sys) => sys.sigsuspend(EMPTY_MASK),
    *wait4(sys) {
      return (yield* sys.wait4(-1)).pid;
    },
    nanosleep: (sys) => sys.nanosleep({ tv_sec: 1000, tv_nsec: 0 }),
    sigwaitinfo: (sys) => sys.sigwaitinfo(sigmask(SIGUSR2)),
  };
  const eintr = `result=${-EINTR} handled=1`;

  test.each([
    ['pause', 'SA_RESTART or not', [eintr], [eintr]],
    ['sigsuspend', 'SA_RESTART or not', [eintr], [eintr]],
    ['nanosleep', 'SA_RESTART or not', [eintr], [eintr]],
    ['sigwaitinfo', 'SA_RESTART or not', [eintr], [eintr]],
    ['wait4', 'not with SA_RESTART', [eintr], []],
  ] as const)('%s is ended by a handler, %s', (name, _, handler, restart) => {
    const call = calls[name] as (sys: Sys) => Coroutine<number>;
    expect(interrupted(call, 'handler').filter((outcome) => outcome === eintr)).toEqual(handler);
    expect(interrupted(call, 'SA_RESTART').filter((outcome) => outcome === eintr)).toEqual(restart);
  });

  test.each([
    ['pause', [null]],
    ['sigsuspend', [null]],
    // Its time may be over.
    ['nanosleep', [0, null]],
    ['wait4', [null]],
    // As the manual page says: it may fail so after a stop, and after signals that do nothing.
    ['sigwaitinfo', [-EINTR, null]],
  ] as const)('%s goes on after a stop, and after a signal that does nothing', (name, results) => {
    const call = calls[name] as (sys: Sys) => Coroutine<number>;
    const allowed = results.map((result) => `result=${result} handled=null`);
    for (const action of ['stop', 'ignored by default'] as const) {
      for (const outcome of interrupted(call, action)) expect(allowed).toContain(outcome);
    }
  });
});

describe('a signal to a process of three threads', () => {
  test('goes to the threads in turn where the first does not take it', () => {
    const parts: Parts = {
      results: ['first', 'second', 'third'],
      cpus: 3,
      programs: {
        *leader(sys) {
          yield* sys.stay();
        },
        *pauses(sys) {
          for (;;) yield* sys.pause();
        },
        *sends(sys) {
          for (const name of ['first', 'second', 'third']) {
            yield* sys.kill(100, SIGUSR1);
            let who = 0;
            while (who === 0) who = yield* sys.load(0);
            yield* sys.store(0, 0);
            sys.result(name, who);
          }
        },
      },
      handlers: {
        *onUser(sys) {
          yield* sys.store(0, sys.tid);
        },
      },
      setup(setup) {
        const leader = setup.process('leader', { cpu: 0 });
        setup.sigaction(leader, SIGUSR1, 'onUser');
        for (let made = 0; made < 2; made++) setup.thread(leader, 'pauses', { cpu: 1, blocked: true });
        setup.run(leader, (sys) => sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1)));
        setup.process('sends', { cpu: 2 });
      },
    };
    // From where the last search ended: that one again if it can, and otherwise the next.
    for (const outcome of outcomesOf(parts, 60)) expect(outcome).toMatch(/^first=101 second=10[12] third=10[12]$/);
  });
});

describe('RLIMIT_SIGPENDING', () => {
  const rt = SIGRTMIN + 1;
  /** What sending gives when the limit is reached, and how often each is handled. */
  function full(send: (sys: Sys, pid: number) => Coroutine<number>, sig: number): string {
    return alone(
      function* (sys) {
        yield* sys.sigaction(rt, 'counts');
        yield* sys.sigaction(SIGUSR1, 'counts', { flags: SA_SIGINFO });
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN, rt, SIGUSR1));
        const pid = yield* sys.getpid();
        for (let queued = 0; queued < 2; queued++) {
          sys.check((yield* sys.sigqueue(pid, SIGRTMIN, queued)) === 0, 'there is room');
        }
        sys.result('sent', yield* send(sys, pid));
        yield* sys.sigprocmask(SIG_SETMASK, sigmask(SIGRTMIN));
        sys.result('handled', yield* sys.load(sig));
        sys.result('code', yield* sys.load(1));
      },
      ['sent', 'handled', 'code'],
      {
        *counts(sys, sig, info) {
          yield* sys.store(sig, (yield* sys.load(sig)) + 1);
          yield* sys.store(1, info?.si_code ?? 0);
        },
      },
      { [RLIMIT_SIGPENDING]: 2 },
    );
  }
  test('refuses a real-time signal with a value', () => {
    expect(full((sys, pid) => sys.sigqueue(pid, rt, 1), rt)).toBe(`sent=${-EAGAIN} handled=0 code=0`);
  });

  test('lets one from kill through, once, and nothing is known of it', () => {
    const twice = function* (sys: Sys, pid: number): Coroutine<number> {
      yield* sys.kill(pid, rt);
      return yield* sys.kill(pid, rt);
    };
    expect(full(twice, rt)).toBe('sent=0 handled=1 code=0');
  });

  test('is not for kill of the others', () => {
    expect(full((sys, pid) => sys.kill(pid, SIGUSR1), SIGUSR1)).toBe('sent=0 handled=1 code=0');
  });

  test('lets others with a value through without the value', () => {
    expect(full((sys, pid) => sys.sigqueue(pid, SIGUSR1, 5), SIGUSR1)).toBe(`sent=0 handled=1 code=${SI_USER}`);
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

describe('what the kernel itself may call', () => {
  /** `getpid` calls it, and gives its result. */
  function calling(body: (k: Kernel) => Coroutine<number>): Patch {
    return {
      name: 'calls',
      title: '',
      story: '',
      functions: {
        getpid(this: Kernel) {
          return body(this);
        },
      },
    };
  }

  test('flush_signals drops what is pending for a thread and its process', () => {
    const flush = calling(function* (k) {
      yield* k.flush_signals(k.current);
      return k.signal_pending(k.current) ? 1 : 0;
    });
    const outcome = alone(
      function* (sys) {
        const self = yield* sys.gettid();
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGUSR2));
        yield* sys.kill(self, SIGUSR1);
        yield* sys.tkill(self, SIGUSR2);
        sys.result('flag', yield* sys.getpid());
        const set = { lo: -1, hi: -1 };
        yield* sys.sigpending(set);
        sys.result('left', set.lo | set.hi);
      },
      ['flag', 'left'],
      {},
      {},
      [flush],
    );
    expect(outcome).toBe('flag=0 left=0');
  });

  test('flush_signals and kill_pgrp wait their turn at the locks', () => {
    const both = calling(function* (k) {
      const self = k.task_pid_type(k.current, PIDTYPE_PGID);
      yield* k.kill_pgrp(self, SIGUSR1, true);
      yield* k.flush_signals(k.current);
      return k.signal_pending(k.current) ? 1 : 0;
    });
    const parts: Parts = {
      cpus: 2,
      results: ['first', 'second'],
      programs: {
        *main(sys) {
          yield* sys.thread('other', 0, 1);
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          sys.result('first', yield* sys.getpid());
          while (sys.reported('second') === null) yield* sys.step();
        },
        *other(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          sys.result('second', yield* sys.getpid());
          yield* sys.stay();
        },
      },
      handlers: { *onUser() {} },
      setup: (setup) => setup.sigaction(setup.process('main', { group: true }), SIGUSR1, 'onUser'),
    };
    expect(outcomesOf(parts, 150, [both])).toEqual(['first=0 second=0']);
  });

  test('send_sig refuses a signal that there is none of; with priv it is the kernel’s, otherwise the task’s', () => {
    const code = (priv: boolean, sig: number): string =>
      alone(
        function* (sys) {
          yield* sys.sigaction(SIGUSR1, 'onUser', { flags: SA_SIGINFO });
          sys.result('result', yield* sys.getpid());
        },
        ['result', 'code'],
        {
          *onUser(sys, _sig, info) {
            sys.result('code', info?.si_code ?? -1);
          },
        },
        {},
        [calling((k) => k.send_sig(sig, k.current, priv))],
      );
    expect(code(true, SIGUSR1)).toBe(`result=0 code=${SI_KERNEL}`);
    expect(code(false, SIGUSR1)).toBe(`result=0 code=${SI_USER}`);
    expect(code(true, _NSIG + 1)).toBe(`result=${-EINVAL} code=null`);
  });

  test('kill_pgrp and kill_pid reach a group, and a process', () => {
    const parts = (patch: Patch, uid: number): readonly string[] =>
      outcomesOf(
        {
          cpus: 1,
          results: ['result', 'handled'],
          programs: {
            *main(sys) {
              sys.result('result', yield* sys.getpid());
            },
            *member(sys) {
              for (;;) yield* sys.pause();
            },
          },
          handlers: {
            *onUser(sys) {
              yield* sys.store(0, (yield* sys.load(0)) + 1);
              sys.result('handled', yield* sys.load(0));
            },
          },
          setup(setup) {
            const main = setup.process('main', { group: true, uid });
            setup.sigaction(main, SIGUSR1, 'onUser');
            const member = setup.process('member', { parent: main, uid: 1, blocked: true });
            setup.sigaction(member, SIGUSR1, 'onUser');
          },
        },
        10,
        [patch],
      );
    const group = (priv: boolean) =>
      calling((k) => k.kill_pgrp(k.task_pid_type(k.current, PIDTYPE_PGID), SIGUSR1, priv));
    expect(parts(group(true), 2)).toEqual(['result=0 handled=2']);
    // Only itself may it send to.
    expect(parts(group(false), 2)).toEqual(['result=0 handled=1']);
    const toMember = (priv: boolean) =>
      calling(function* (k) {
        k.rcu_read_lock();
        if (k.find_vpid(101)) yield;
        const member = k.foundPid();
        k.rcu_read_unlock();
        return yield* k.kill_pid(member, SIGUSR1, priv);
      });
    expect(parts(toMember(true), 2)).toEqual(['result=0 handled=1']);
    expect(parts(toMember(false), 2)).toEqual([`result=${-EPERM} handled=null`]);
    const toNobody = calling((k) => k.kill_pgrp(0 as Parameters<Kernel['kill_pgrp']>[0], SIGUSR1, true));
    expect(parts(toNobody, 2)).toEqual([`result=${-ESRCH} handled=null`]);
  });
});
