/** What programs see of the kernel, under every schedule tried: the values that system calls return. */

import { describe, expect, test } from 'vitest';
import {
  ECHILD,
  EINTR,
  EINVAL,
  EPERM,
  ESRCH,
  SA_RESTART,
  SIG_BLOCK,
  SIG_IGN,
  SIG_UNBLOCK,
  SIGCHLD,
  SIGKILL,
  SIGQUIT,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
  WNOHANG,
} from '../../src/kernel/constants.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { stays } from '../support/tasks.js';

/** A parent that forks a child, does something to it and reports how it ended. */
function endOfChild(child: Parts['programs'][string], sig: number): Parts {
  return {
    results: ['kill', 'status'],
    programs: {
      *parent(sys) {
        const pid = yield* sys.fork('child', 0, 1);
        if (sig !== 0) sys.result('kill', yield* sys.kill(pid, sig));
        const { pid: reaped, status } = yield* sys.wait4(pid);
        sys.check(reaped === pid, `wait4 gave ${reaped}`);
        sys.result('status', status);
        yield* sys.stay();
      },
      child,
    },
    setup: (setup) => void setup.process('parent'),
  };
}

describe('a process that ends', () => {
  test('by returning gives its exit code', () => {
    const seven: Parts['programs'][string] = function* (sys) {
      yield* sys.getpid();
      return 7;
    };
    expect(outcomesOf(endOfChild(seven, 0))).toEqual(['kill=null status=1792']);
  });

  test('by a signal gives the signal', () => {
    expect(outcomesOf(endOfChild(stays, SIGTERM))).toEqual([`kill=0 status=${SIGTERM}`]);
    expect(outcomesOf(endOfChild(stays, SIGKILL))).toEqual([`kill=0 status=${SIGKILL}`]);
  });

  test('by a signal that dumps core writes none where the limit for it is 0, and says so', () => {
    expect(outcomesOf(endOfChild(stays, SIGQUIT))).toEqual([`kill=0 status=${SIGQUIT}`]);
  });
});

describe('wait4', () => {
  test('of two threads for one child gives it to one, and tells the other that there is none', () => {
    const parts: Parts = {
      results: ['first', 'second'],
      cpus: 3,
      programs: {
        *leader(sys) {
          sys.result('first', (yield* sys.wait4(-1)).pid);
          yield* sys.stay();
        },
        *thread(sys) {
          sys.result('second', (yield* sys.wait4(-1)).pid);
          yield* sys.stay();
        },
        *child(sys) {
          yield* sys.getpid();
        },
      },
      setup(setup) {
        const leader = setup.process('leader');
        setup.thread(leader, 'thread', { cpu: 1 });
        setup.process('child', { parent: leader, cpu: 2 });
      },
      unfinished: ({ first, second }) => (first === null || second === null ? 'a thread waits for ever' : null),
    };
    expect(outcomesOf(parts)).toEqual([`first=${-ECHILD} second=102`, `first=102 second=${-ECHILD}`]);
  });

  test('keeps its status though a handler that runs before it returns waits for another child', () => {
    const parts: Parts = {
      results: ['status', 'handled'],
      cpus: 3,
      programs: {
        *parent(sys) {
          sys.result('status', (yield* sys.wait4(101)).status);
          yield* sys.stay();
        },
        *child(sys) {
          yield* sys.getpid();
          return sys.arg;
        },
      },
      handlers: {
        *onChild(sys) {
          const { pid, status } = yield* sys.wait4(102, WNOHANG);
          if (pid === 102) sys.result('handled', status);
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.sigaction(parent, SIGCHLD, 'onChild', { flags: SA_RESTART });
        setup.process('child', { parent, cpu: 1, arg: 1 });
        setup.process('child', { parent, cpu: 2, arg: 2 });
      },
    };
    for (const outcome of outcomesOf(parts)) expect(outcome).toMatch(/^status=256 handled=(512|null)$/);
  });

  test('is interrupted by a handler, or restarted after it where the handler asks for that', () => {
    const parts = (flags: number): Parts => ({
      results: ['wait', 'handler'],
      cpus: 3,
      programs: {
        *parent(sys) {
          sys.result('wait', (yield* sys.wait4(101)).pid);
          yield* sys.stay();
        },
        *child(sys) {
          yield* sys.kill(100, SIGUSR1);
          yield* sys.getpid();
        },
      },
      handlers: {
        *onUser(sys, sig) {
          sys.result('handler', sig);
        },
      },
      setup(setup) {
        const parent = setup.process('parent', { blocked: true });
        setup.sigaction(parent, SIGUSR1, 'onUser', { flags });
        setup.process('child', { parent, cpu: 1 });
      },
    });
    expect(outcomesOf(parts(SA_RESTART))).toEqual([`wait=101 handler=${SIGUSR1}`]);
    expect(outcomesOf(parts(0))).toContain(`wait=${-EINTR} handler=${SIGUSR1}`);
  });

  test('finds no child where SIGCHLD is ignored, once all are gone', () => {
    const parts: Parts = {
      results: ['wait'],
      programs: {
        *parent(sys) {
          sys.result('wait', (yield* sys.wait4(-1)).pid);
          yield* sys.stay();
        },
        *child(sys) {
          yield* sys.getpid();
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.sigaction(parent, SIGCHLD, SIG_IGN);
        setup.process('child', { parent, cpu: 1 });
      },
    };
    expect(outcomesOf(parts)).toEqual([`wait=${-ECHILD}`]);
  });
});

describe('kill', () => {
  const asking = (target: number, sig: number, uid = 1000): Parts => ({
    results: ['kill'],
    programs: {
      *sender(sys) {
        sys.result('kill', yield* sys.kill(target, sig));
        yield* sys.stay();
      },
      stay: stays,
    },
    setup(setup) {
      setup.process('sender', { uid });
      setup.process('stay', { cpu: 1, uid: 1001 });
    },
  });

  test('of a pid that nobody has gives ESRCH', () => {
    expect(outcomesOf(asking(500, SIGTERM), 50)).toEqual([`kill=${-ESRCH}`]);
    expect(outcomesOf(asking(-500, SIGTERM), 50)).toEqual([`kill=${-ESRCH}`]);
  });

  test('of a signal that there is not gives EINVAL', () => {
    expect(outcomesOf(asking(101, 65), 50)).toEqual([`kill=${-EINVAL}`]);
    expect(outcomesOf(asking(101, -1), 50)).toEqual([`kill=${-EINVAL}`]);
  });

  test("of another user's process gives EPERM, also for signal 0, and root may", () => {
    expect(outcomesOf(asking(101, SIGTERM), 50)).toEqual([`kill=${-EPERM}`]);
    expect(outcomesOf(asking(101, 0), 50)).toEqual([`kill=${-EPERM}`]);
    expect(outcomesOf(asking(101, 0, 0), 50)).toEqual(['kill=0']);
  });

  test('reaches a task that waits in user mode for its turn on its CPU', () => {
    const parts: Parts = {
      results: ['first', 'second'],
      programs: {
        *parent(sys) {
          yield* sys.kill(101, SIGTERM);
          yield* sys.kill(102, SIGTERM);
          sys.result('first', (yield* sys.wait4(101)).status);
          sys.result('second', (yield* sys.wait4(102)).status);
          yield* sys.stay();
        },
        stay: stays,
      },
      setup(setup) {
        const parent = setup.process('parent');
        // Two tasks on one CPU: one of them is always off it.
        setup.process('stay', { parent, cpu: 1 });
        setup.process('stay', { parent, cpu: 1 });
      },
      unfinished: ({ second }) => (second === null ? 'a child did not die' : null),
    };
    // Two tasks that only take turns have executions without end; these schedules give the parent its turn.
    expect(outcomesOf(parts, 300)).toEqual([`first=${SIGTERM} second=${SIGTERM}`]);
  });

  test('of everybody during a fork leaves neither parent nor child', () => {
    const parts: Parts = {
      results: ['parent'],
      cpus: 3,
      programs: {
        *killer(sys) {
          yield* sys.kill(-1, SIGTERM);
          sys.result('parent', (yield* sys.wait4(101)).status);
          yield* sys.stay();
        },
        *forker(sys) {
          yield* sys.fork('child', 0, 2);
          yield* sys.stay();
        },
        child: stays,
      },
      setup(setup) {
        const killer = setup.process('killer');
        setup.process('forker', { parent: killer, cpu: 1 });
      },
    };
    expect(outcomesOf(parts)).toEqual([`parent=${SIGTERM}`]);
  });
});

describe('a handler', () => {
  test('interrupts a program before, between and after its stores', () => {
    const parts: Parts = {
      results: ['seen'],
      programs: {
        *worker(sys) {
          yield* sys.store(0, 1);
          yield* sys.store(0, 2);
          yield* sys.stay();
        },
        *sender(sys) {
          yield* sys.kill(100, SIGUSR1);
          yield* sys.stay();
        },
      },
      handlers: {
        *onUser(sys) {
          sys.result('seen', yield* sys.load(0));
        },
      },
      setup(setup) {
        const worker = setup.process('worker');
        setup.sigaction(worker, SIGUSR1, 'onUser');
        setup.process('sender', { cpu: 1 });
      },
    };
    expect(outcomesOf(parts)).toEqual(['seen=0', 'seen=1', 'seen=2']);
  });

  test('waits while its signal is blocked, and runs for it once', () => {
    const parts: Parts = {
      results: ['before', 'after'],
      programs: {
        *worker(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          yield* sys.kill(100, SIGUSR1);
          yield* sys.kill(100, SIGUSR1);
          sys.result('before', yield* sys.load(0));
          yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGUSR1));
          sys.result('after', yield* sys.load(0));
          yield* sys.stay();
        },
      },
      handlers: {
        *onUser(sys) {
          yield* sys.store(0, (yield* sys.load(0)) + 1);
        },
      },
      setup(setup) {
        setup.sigaction(setup.process('worker'), SIGUSR1, 'onUser');
      },
    };
    expect(outcomesOf(parts, 50)).toEqual(['before=0 after=1']);
  });

  test('is not interrupted by its own signal, and is by another', () => {
    const parts = (second: number): Parts => ({
      results: ['depth'],
      programs: {
        *worker(sys) {
          yield* sys.kill(100, SIGUSR1);
          yield* sys.stay();
        },
      },
      handlers: {
        *onUser(sys) {
          const depth = (yield* sys.load(0)) + 1;
          yield* sys.store(0, depth);
          if (depth === 1) yield* sys.kill(100, second);
          if ((yield* sys.load(1)) < depth) yield* sys.store(1, depth);
          yield* sys.store(0, depth - 1);
          sys.result('depth', yield* sys.load(1));
        },
      },
      setup(setup) {
        const worker = setup.process('worker');
        setup.sigaction(worker, SIGUSR1, 'onUser');
        setup.sigaction(worker, SIGUSR2, 'onUser');
      },
    });
    expect(outcomesOf(parts(SIGUSR2), 50)).toEqual(['depth=2']);
  });
});
