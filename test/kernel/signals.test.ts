/** Which thread takes a signal, how many may be queued, and what only the kernel calls. */

import { describe, expect, test } from 'vitest';
import {
  _NSIG,
  EAGAIN,
  EINVAL,
  EPERM,
  ESRCH,
  PIDTYPE_PGID,
  RLIMIT_SIGPENDING,
  SA_SIGINFO,
  SI_KERNEL,
  SI_USER,
  SIG_BLOCK,
  SIG_SETMASK,
  SIGRTMIN,
  SIGUSR1,
  SIGUSR2,
} from '../../src/kernel/constants.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Patch } from '../../src/kernel/scenario.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { alone, onlyOutcomeOf, outcomesOf, type Parts, patchOf } from '../support/programs.js';

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
    return onlyOutcomeOf(
      alone(
        ['sent', 'handled', 'code'],
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
        {
          cpus: 1,
          handlers: {
            *counts(sys, sig, info) {
              yield* sys.store(sig, (yield* sys.load(sig)) + 1);
              yield* sys.store(1, info?.si_code ?? 0);
            },
          },
          setup: (setup) => void setup.process('main', { limits: { [RLIMIT_SIGPENDING]: 2 } }),
        },
      ),
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

describe('what the kernel itself may call', () => {
  /** `getpid` calls it, and gives its result. */
  function calling(body: (k: Kernel) => Coroutine<number>): Patch {
    return patchOf({
      getpid() {
        return body(this);
      },
    });
  }

  test('flush_signals drops what is pending for a thread and its process', () => {
    const flush = calling(function* (k) {
      yield* k.flush_signals(k.current);
      return k.signal_pending(k.current) ? 1 : 0;
    });
    const outcome = onlyOutcomeOf(
      alone(
        ['flag', 'left'],
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
        { cpus: 1 },
      ),
      5,
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
      onlyOutcomeOf(
        alone(
          ['result', 'code'],
          function* (sys) {
            yield* sys.sigaction(SIGUSR1, 'onUser', { flags: SA_SIGINFO });
            sys.result('result', yield* sys.getpid());
          },
          {
            cpus: 1,
            handlers: {
              *onUser(sys, _sig, info) {
                sys.result('code', info?.si_code ?? -1);
              },
            },
          },
        ),
        5,
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
