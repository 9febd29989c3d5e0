/** Processes that share their handlers (`CLONE_SIGHAND` without `CLONE_THREAD`), and exec, which parts them. */

import { describe, expect, it } from 'vitest';
import {
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VM,
  EINVAL,
  SIGCHLD,
  SIGUSR1,
  SIGUSR2,
} from '../../src/kernel/constants.js';
import { outcomesOf, type Parts } from '../support/programs.js';

const SHARED = CLONE_VM | CLONE_SIGHAND;

describe('a process that shares its handlers', () => {
  it('sees those that the other installs', () => {
    const parts: Parts = {
      programs: {
        *parent(sys) {
          const child = yield* sys.clone(SHARED, 'child', { cpu: 1 });
          yield* sys.sigaction(SIGUSR1, 'takes');
          yield* sys.kill(child, SIGUSR1);
          const { status } = yield* sys.wait4(child);
          sys.result('status', status);
        },
        *child(sys) {
          yield* sys.pause();
          yield* sys.exit_group(3);
        },
      },
      handlers: {
        *takes(sys) {
          yield* sys.exit_group(4);
        },
      },
      results: ['status'],
      setup: (setup) => void setup.process('parent'),
    };
    expect(outcomesOf(parts, 500)).toEqual(['status=1024']);
  });

  it('has handlers of its own after exec, and the other keeps its own', () => {
    const parts: Parts = {
      programs: {
        *parent(sys) {
          yield* sys.sigaction(SIGUSR1, 'takes');
          yield* sys.sigaction(SIGUSR2, 1);
          const child = yield* sys.clone(SHARED, 'child', { cpu: 1 });
          while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
          const old = {};
          yield* sys.sigaction(SIGUSR1, null, undefined, old);
          sys.result('kept', 'handler' in old && old.handler === 'takes' ? 1 : 0);
          yield* sys.kill(child, SIGUSR2);
          yield* sys.kill(child, SIGUSR1);
          sys.result('status', (yield* sys.wait4(child)).status);
        },
        *child(sys) {
          yield* sys.execve('image');
        },
        *image(sys) {
          yield* sys.store(0, 1);
          yield* sys.stay();
        },
      },
      handlers: { *takes() {} },
      results: ['kept', 'status'],
      setup: (setup) => void setup.process('parent'),
    };
    // SIGUSR2 stays ignored, and SIGUSR1 has its default action again.
    expect(outcomesOf(parts, 300)).toEqual([`kept=1 status=${SIGUSR1}`]);
  });
});

it('clone refuses flags that do not go together', () => {
  const parts: Parts = {
    programs: {
      *main(sys) {
        sys.result('thread', yield* sys.clone(CLONE_THREAD, 'main'));
        sys.result('sighand', yield* sys.clone(CLONE_SIGHAND, 'main'));
        sys.result('cpu', yield* sys.clone(0, 'main', { cpu: 9 }));
      },
    },
    results: ['thread', 'sighand', 'cpu'],
    setup: (setup) => void setup.process('main'),
  };
  expect(outcomesOf(parts, 5)).toEqual([`thread=${-EINVAL} sighand=${-EINVAL} cpu=${-EINVAL}`]);
});

it('a child that promised another signal than SIGCHLD sends SIGCHLD to a parent that has exec’ed since', () => {
  const parts: Parts = {
    programs: {
      *parent(sys) {
        yield* sys.clone(0, 'child', { exit_signal: SIGUSR1, cpu: 1 });
        yield* sys.execve('image');
      },
      *image(sys) {
        const set = { lo: (1 << (SIGCHLD - 1)) | (1 << (SIGUSR1 - 1)), hi: 0 };
        yield* sys.sigprocmask(0, set);
        yield* sys.store(0, 1);
        sys.result('got', yield* sys.sigwaitinfo(set));
      },
      *child(sys) {
        while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
      },
    },
    results: ['got'],
    setup: (setup) => void setup.process('parent'),
  };
  expect(outcomesOf(parts, 300)).toEqual([`got=${SIGCHLD}`]);
});
