/** Waiting for a process by a pidfd. */

import { describe, expect, test } from 'vitest';
import {
  CLD_EXITED,
  CLONE_PIDFD,
  EBADF,
  ECHILD,
  EINVAL,
  ESRCH,
  P_PIDFD,
  POLLHUP,
  POLLIN,
  SIGCHLD,
  WEXITED,
  WNOHANG,
} from '../../src/kernel/constants.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';
import { noInfo, stays, until } from '../support/tasks.js';

/** Whether a pidfd's process is dead, after at most some milliseconds (below 0: after as long as it takes). */
function* pollPidfd(sys: Sys, fd: number, timeout: number): Coroutine<number> {
  const fds = [{ fd, events: POLLIN, revents: 0 }];
  const count = yield* sys.poll(fds, 1, timeout);
  return count <= 0 ? count : (fds[0]?.revents ?? 0);
}

describe('poll on a pidfd', () => {
  test('waits for the death of the process', () => {
    const parts = alone(
      ['before', 'after', 'again'],
      function* (sys) {
        const out = { pidfd: -1 };
        yield* sys.clone(CLONE_PIDFD, 'child', { cpu: 1, pidfd: out });
        sys.result('before', yield* pollPidfd(sys, out.pidfd, 0));
        yield* sys.store(0, 1);
        sys.result('after', yield* pollPidfd(sys, out.pidfd, -1));
        yield* sys.wait4(-1);
        sys.result('again', yield* pollPidfd(sys, out.pidfd, -1));
      },
      {
        programs: {
          *child(sys) {
            yield* until(sys, 0);
          },
        },
      },
    );
    expect(outcomesOf(parts, 600)).toEqual([`before=0 after=${POLLIN} again=${POLLIN}`]);
  });

  test('waits until the last thread of the process is dead', () => {
    const parts: Parts = {
      results: ['dead', 'code'],
      cpus: 3,
      programs: {
        *main(sys) {
          const fd = yield* sys.pidfd_open(101, 0);
          sys.result('dead', (yield* pollPidfd(sys, fd, -1)) & ~POLLHUP);
          sys.check((yield* sys.load(0)) === 1, 'the thread had not ended');
          const info = noInfo();
          yield* sys.waitid(P_PIDFD, fd, info, WEXITED);
          sys.result('code', info.si_code * 100 + info.si_status);
        },
        *leader(sys) {
          yield* sys.exit(3);
        },
        *thread(sys) {
          for (let n = 0; n < 5; n++) yield* sys.getpid();
          yield* sys.store(0, 1);
          yield* sys.exit(4);
        },
      },
      setup(setup) {
        const main = setup.process('main');
        setup.thread(setup.process('leader', { parent: main, cpu: 1 }), 'thread', { cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 600)).toEqual([`dead=${POLLIN} code=${CLD_EXITED * 100 + 3}`]);
  });

  test('is woken by the death of a process that nobody waits for', () => {
    const parts: Parts = {
      results: ['dead'],
      programs: {
        *main(sys) {
          for (let n = 0; n < 10; n++) yield* sys.getpid();
          const fd = yield* sys.pidfd_open(101, 0);
          sys.result('dead', fd < 0 ? fd : yield* pollPidfd(sys, fd, -1));
        },
        *other(sys) {
          yield* sys.getpid();
        },
      },
      setup(setup) {
        setup.process('main');
        setup.process('other', { cpu: 1 });
      },
    };
    // EINVAL where it is released between the look-up of its number and the look at what it leads.
    expect(outcomesOf(parts, 1000)).toEqual([`dead=${-EINVAL}`, `dead=${-ESRCH}`, `dead=${POLLIN}`]);
  });

  test('goes on through an exec by another thread', () => {
    const parts: Parts = {
      results: ['dead', 'new'],
      cpus: 3,
      programs: {
        *main(sys) {
          const fd = yield* sys.pidfd_open(101, 0);
          sys.result('dead', yield* pollPidfd(sys, fd, -1));
          sys.result('new', yield* sys.load(0));
        },
        leader: stays,
        *execs(sys) {
          yield* sys.execve('next');
        },
        *next(sys) {
          yield* sys.store(0, 1);
        },
      },
      setup(setup) {
        const main = setup.process('main');
        setup.thread(setup.process('leader', { parent: main, cpu: 1 }), 'execs', { cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 500)).toEqual([`dead=${POLLIN} new=1`]);
  });
});

describe('waitid with P_PIDFD', () => {
  test('refuses what is no pidfd, and who is no child', () => {
    const parts = alone(
      ['negative', 'closed', 'pipe', 'self', 'nothing'],
      function* (sys) {
        sys.result('negative', yield* sys.waitid(P_PIDFD, -1, null, WEXITED));
        sys.result('closed', yield* sys.waitid(P_PIDFD, 5, null, WEXITED));
        yield* sys.pipe([]);
        sys.result('pipe', yield* sys.waitid(P_PIDFD, 0, null, WEXITED));
        const self = yield* sys.pidfd_open(yield* sys.getpid(), 0);
        sys.result('self', yield* sys.waitid(P_PIDFD, self, null, WEXITED));
        const child = yield* sys.pidfd_open(yield* sys.fork('child', 0, 1), 0);
        sys.result('nothing', yield* sys.waitid(P_PIDFD, child, null, WEXITED | WNOHANG));
      },
      { programs: { child: stays } },
    );
    expect(outcomesOf(parts, 20)).toEqual([
      `negative=${-EINVAL} closed=${-EBADF} pipe=${-EBADF} self=${-ECHILD} nothing=0`,
    ]);
  });

  test('waits for one child of several', () => {
    const parts: Parts = {
      ...alone(
        ['first', 'signal'],
        function* (sys) {
          const a = { pidfd: -1 };
          const b = { pidfd: -1 };
          yield* sys.clone(CLONE_PIDFD, 'child', { cpu: 1, arg: 1, pidfd: a });
          yield* sys.clone(CLONE_PIDFD, 'child', { cpu: 1, arg: 2, pidfd: b });
          const info = noInfo();
          yield* sys.waitid(P_PIDFD, b.pidfd, info, WEXITED);
          sys.result('first', info.si_status);
          sys.result('signal', info.si_signo);
        },
        {
          programs: {
            *child(sys) {
              yield* sys.getpid();
              return sys.arg;
            },
          },
        },
      ),
    };
    expect(outcomesOf(parts, 200)).toEqual([`first=2 signal=${SIGCHLD}`]);
  });
});
