/** vfork: the parent waits for its child's exec or exit, and for nothing else but death. Under every schedule tried. */

import { describe, expect, test } from 'vitest';
import {
  CLONE_PTHREAD,
  CLONE_VFORK,
  EAGAIN,
  EINVAL,
  ENOMEM,
  SIG_BLOCK,
  SIGCHLD,
  SIGKILL,
  SIGTERM,
  SIGUSR1,
  WNOHANG,
} from '../../src/kernel/constants.js';
import { EMPTY_MASK, sigmask } from '../../src/kernel/sigset.js';
import { task_struct } from '../../src/kernel/structs.js';
import { completion } from '../../src/sync/completion.js';
import { outcomesOf, type Parts, patchOf } from '../support/programs.js';

/** A process that makes a child with vfork on another CPU, and what the child runs. */
function vforking(
  child: Parts['programs'][string],
  after: Parts['programs'][string],
  results: readonly string[],
  more: Parts['programs'] = {},
): Parts {
  return {
    results,
    programs: {
      *main(sys) {
        const pid = yield* sys.vfork('child', yield* sys.getpid(), 1);
        yield* sys.store(1, pid);
        yield* after(sys);
      },
      child,
      ...more,
    },
    setup: (setup) => void setup.process('main'),
  };
}

describe('vfork', () => {
  test('returns when the child is gone: what the child did has been done', () => {
    const parts = vforking(
      function* (sys) {
        sys.result('parent', (yield* sys.getppid()) === sys.arg ? 1 : 0);
        yield* sys.store(0, 1);
        return 3;
      },
      function* (sys) {
        sys.result('seen', yield* sys.load(0));
        const { pid, status } = yield* sys.wait4(-1);
        sys.result('same', pid === (yield* sys.load(1)) ? 1 : 0);
        sys.result('status', status);
      },
      ['parent', 'seen', 'same', 'status'],
    );
    expect(outcomesOf(parts, 500)).toEqual([`parent=1 seen=1 same=1 status=${3 << 8}`]);
  });

  test('returns at the exec of the child, and does not wait for what it runs then', () => {
    const parts = vforking(
      function* (sys) {
        yield* sys.store(0, 1);
        yield* sys.execve('program');
      },
      function* (sys) {
        sys.result('before', yield* sys.load(0));
        sys.result('after', yield* sys.load(2));
        sys.result('gone', (yield* sys.wait4(-1, WNOHANG)).pid === 0 ? 0 : 1);
        yield* sys.kill(yield* sys.load(1), SIGKILL);
      },
      ['before', 'after', 'gone'],
      {
        *program(sys) {
          yield* sys.store(2, 1);
          yield* sys.stay();
        },
      },
    );
    expect(outcomesOf(parts, 500)).toEqual(['before=1 after=0 gone=0', 'before=1 after=1 gone=0']);
  });

  test('waits on one CPU, too', () => {
    const parts: Parts = {
      cpus: 1,
      results: ['seen'],
      programs: {
        *main(sys) {
          yield* sys.vfork('child');
          sys.result('seen', yield* sys.load(0));
        },
        *child(sys) {
          yield* sys.store(0, 1);
          yield* sys.exit_group(0);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 50)).toEqual(['seen=1']);
  });

  test('is not ended by a signal that is not fatal: its handler runs when the child is gone', () => {
    const parts: Parts = {
      results: ['handled', 'result'],
      programs: {
        *main(sys) {
          sys.result('result', (yield* sys.vfork('child', yield* sys.getpid(), 1)) > 0 ? 1 : 0);
        },
        *child(sys) {
          yield* sys.kill(sys.arg, SIGUSR1);
          yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
          yield* sys.store(0, 1);
        },
      },
      handlers: {
        *onUser(sys) {
          sys.result('handled', yield* sys.load(0));
        },
      },
      setup(setup) {
        setup.sigaction(setup.process('main'), SIGUSR1, 'onUser');
      },
    };
    expect(outcomesOf(parts, 500)).toEqual(['handled=1 result=1']);
  });

  test('does not give the child what is pending for the parent', () => {
    const parts: Parts = {
      results: ['child', 'parent'],
      programs: {
        *main(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          yield* sys.kill(yield* sys.getpid(), SIGUSR1);
          yield* sys.vfork('child', 0, 1);
          const set = { lo: 0, hi: 0 };
          yield* sys.sigpending(set);
          sys.result('parent', set.lo & sigmask(SIGUSR1).lo ? 1 : 0);
        },
        *child(sys) {
          const set = { ...EMPTY_MASK };
          yield* sys.sigpending(set);
          sys.result('child', set.lo | set.hi);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 100)).toEqual(['child=0 parent=1']);
  });

  test('lets other threads of the parent go on', () => {
    const parts: Parts = {
      cpus: 3,
      results: ['thread'],
      programs: {
        *main(sys) {
          yield* sys.thread('thread', 0, 2);
          yield* sys.vfork('child', 0, 1);
        },
        *thread(sys) {
          sys.result('thread', 1);
          yield* sys.store(0, 1);
          yield* sys.exit(0);
        },
        *child(sys) {
          // Ends only because the thread runs while its process's leader waits.
          while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 300)).toEqual(['thread=1']);
  });

  test('is a flag of clone: also a thread can be waited for', () => {
    const parts: Parts = {
      results: ['seen', 'cpu'],
      programs: {
        *main(sys) {
          yield* sys.clone(CLONE_PTHREAD | CLONE_VFORK, 'thread', { exit_signal: 0, cpu: 1 });
          sys.result('seen', yield* sys.load(0));
          sys.result('cpu', yield* sys.vfork('thread', 0, 7));
        },
        *thread(sys) {
          yield* sys.store(0, 1);
          yield* sys.exit(0);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 300)).toEqual([`seen=1 cpu=${-EINVAL}`]);
  });

  test('gives the error of a fork that fails, and waits for nobody', () => {
    const parts: Parts = {
      results: ['error'],
      programs: {
        *main(sys) {
          let pid = 0;
          for (let tries = 0; tries < 40 && pid >= 0; tries++) pid = yield* sys.fork('child');
          sys.result('error', yield* sys.vfork('child'));
        },
        *child(sys) {
          yield* sys.pause();
        },
      },
      setup: (setup) => void setup.process('main'),
      cpus: 1,
    };
    const [outcome] = outcomesOf(parts, 2);
    expect([`error=${-ENOMEM}`, `error=${-EAGAIN}`]).toContain(outcome);
  });
});

describe('a parent killed while it waits for its child', () => {
  const parts: Parts = {
    cpus: 3,
    results: ['status', 'child'],
    programs: {
      *grandparent(sys) {
        const parent = yield* sys.fork('parent', 0, 1);
        for (let look = 0; look < 20; look++) yield* sys.load(1);
        yield* sys.kill(parent, SIGTERM);
        sys.result('status', (yield* sys.wait4(parent)).status);
      },
      *parent(sys) {
        yield* sys.vfork('child', 0, 2);
        yield* sys.store(0, 1);
        return 1;
      },
      *child(sys) {
        yield* sys.store(1, 1);
        // Completes what its parent may just be giving up.
        yield* sys.execve('program');
      },
      *program(sys) {
        sys.result('child', 1);
        yield* sys.store(2, 1);
      },
    },
    setup: (setup) => void setup.process('grandparent'),
  };

  test('dies at once, and the child lives on', () => {
    const outcomes = outcomesOf(parts, 1000);
    // Killed before it forked, while it waited, or after.
    expect(outcomes).toContain(`status=${SIGTERM} child=1`);
    expect(outcomes).toContain(`status=${SIGTERM} child=null`);
    expect(outcomes).toContain(`status=${1 << 8} child=1`);
    expect(outcomes).toHaveLength(3);
  });

  test('must tell the child so: otherwise that completes what is no more', () => {
    const forgets = patchOf({
      *wait_for_vfork_done(this, child, vfork) {
        const killed = yield* this.wait_for_completion_killable(vfork);
        this.kmem_cache_free(this.caches.completion, vfork);
        this.put_task_struct(child);
        return killed;
      },
    });
    expect(() => outcomesOf(parts, 1000, [forgets])).toThrow(/use-after-free|freed/);
  });

  test('must not be completed without the lock: it may be gone between the look and the use', () => {
    const unlocked = patchOf({
      *complete_vfork_done(this, tsk) {
        const vfork = this.get(tsk, task_struct.vfork_done);
        if (!vfork) return;
        if (this.WRITE_ONCE(tsk, task_struct.vfork_done, 0 as typeof vfork)) yield;
        this.get(vfork, completion.done);
        yield* this.complete(vfork);
      },
    });
    expect(() => outcomesOf(parts, 1000, [unlocked])).toThrow(/use-after-free|freed|data-race/);
  });
});

test('a child that ends with its parent waiting sends SIGCHLD as any other', () => {
  const parts: Parts = {
    results: ['chld', 'forked'],
    programs: {
      *main(sys) {
        sys.result('forked', (yield* sys.vfork('child', 0, 1)) > 0 ? 1 : 0);
        yield* sys.sigsuspend(EMPTY_MASK);
      },
      *child(sys) {
        yield* sys.exit_group(0);
      },
    },
    handlers: {
      *onChild(sys) {
        sys.result('chld', 1);
        yield* sys.exit_group(0);
      },
    },
    setup(setup) {
      setup.sigaction(setup.process('main'), SIGCHLD, 'onChild');
    },
  };
  const outcomes = outcomesOf(parts, 300);
  expect(outcomes).toContain('chld=1 forked=null');
  expect(outcomes).toContain('chld=1 forked=1');
  expect(outcomes).toHaveLength(2);
});

describe('a signal for the process that a thread in vfork is chosen for', () => {
  const chosen = (child: Parts['programs'][string]): Parts => ({
    cpus: 3,
    results: ['handled'],
    programs: {
      *main(sys) {
        yield* sys.thread('thread', 0, 1);
        for (;;) yield* sys.pause();
      },
      *thread(sys) {
        yield* sys.store(0, yield* sys.gettid());
        yield* sys.vfork('child', yield* sys.gettid(), 2);
        yield* sys.pause();
      },
      child,
    },
    handlers: {
      *onUser(sys) {
        sys.result('handled', (yield* sys.gettid()) === (yield* sys.load(0)) ? 1 : 0);
        yield* sys.exit_group(0);
      },
    },
    setup(setup) {
      setup.sigaction(setup.process('main'), SIGUSR1, 'onUser');
    },
  });

  test('waits for that thread, though another could take it', () => {
    const parts = chosen(function* (sys) {
      // A number of a thread stands for its process, and the thread comes first.
      yield* sys.kill(sys.arg, SIGUSR1);
    });
    expect(outcomesOf(parts, 300)).toEqual(['handled=1']);
  });

  test('for as long as the child lives', () => {
    const parts = chosen(function* (sys) {
      yield* sys.kill(sys.arg, SIGUSR1);
      yield* sys.pause();
    });
    expect(outcomesOf(parts, 300)).toEqual(['handled=null']);
  });
});
