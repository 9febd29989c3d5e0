/** Resource limits, and a machine with few pids. */

import { describe, expect, test } from 'vitest';
import {
  CAP_SYS_ADMIN,
  CAP_SYS_RESOURCE,
  EAGAIN,
  EFAULT,
  EINVAL,
  EPERM,
  ESRCH,
  RLIM_INFINITY,
  RLIM_NLIMITS,
  RLIMIT_CORE,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_SIGPENDING,
  SIG_BLOCK,
  SIGRTMIN,
  SIGTERM,
  SIGUSR1,
  SYSCTL_NR_OPEN,
} from '../../src/kernel/constants.js';
import type { Rlimit } from '../../src/kernel/rlimit.js';
import type { ProcessOptions } from '../../src/kernel/setup.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { lasting, outcomesOf, type Parts } from '../support/programs.js';
import { pauses } from '../support/tasks.js';

describe('limits', () => {
  test('getrlimit and setrlimit give and refuse what the manual says', () => {
    const parts = lasting(
      {},
      function* (sys) {
        const rlim: Rlimit = { rlim_cur: 0, rlim_max: 0 };
        sys.check((yield* sys.getrlimit(RLIM_NLIMITS, rlim)) === -EINVAL, 'no such resource');
        sys.check((yield* sys.getrlimit(-1, rlim)) === -EINVAL, 'a negative one');
        sys.check((yield* sys.setrlimit(RLIM_NLIMITS, rlim)) === -EINVAL, 'setrlimit of no such resource');
        sys.check((yield* sys.getrlimit(RLIMIT_NOFILE, null)) === -EFAULT, 'nowhere');
        sys.check((yield* sys.setrlimit(RLIMIT_NOFILE, null)) === -EFAULT, 'nothing');
        sys.check((yield* sys.getrlimit(RLIMIT_NOFILE, rlim)) === 0, 'getrlimit');
        sys.check(rlim.rlim_cur === 1024 && rlim.rlim_max === 4096, 'as on any machine');
        sys.check((yield* sys.getrlimit(RLIMIT_CORE, rlim)) === 0, 'of core');
        sys.check(rlim.rlim_cur === 0 && rlim.rlim_max === RLIM_INFINITY, 'no core by default');
        sys.check((yield* sys.setrlimit(RLIMIT_NOFILE, { rlim_cur: 2, rlim_max: 1 })) === -EINVAL, 'soft above hard');
        const open = SYSCTL_NR_OPEN + 1;
        sys.check((yield* sys.setrlimit(RLIMIT_NOFILE, { rlim_cur: 1, rlim_max: open })) === -EPERM, 'above nr_open');
        sys.check((yield* sys.setrlimit(RLIMIT_NOFILE, { rlim_cur: 9, rlim_max: 99 })) === 0, 'less');
        sys.check((yield* sys.setrlimit(RLIMIT_NOFILE, { rlim_cur: 99, rlim_max: 99 })) === 0, 'up to the hard one');
        sys.check((yield* sys.setrlimit(RLIMIT_NOFILE, { rlim_cur: 9, rlim_max: 100 })) === -EPERM, 'past it');
        sys.check((yield* sys.prlimit(0, RLIMIT_NOFILE, { rlim_cur: 8, rlim_max: 99 }, rlim)) === 0, 'prlimit');
        sys.check(rlim.rlim_cur === 99, 'the old one');
        const child = yield* sys.fork('child', 0, 1);
        sys.check((yield* sys.wait4(child)).status === 8 << 8, 'inherited, and kept by exec');
      },
      {
        programs: {
          *child(sys) {
            yield* sys.execve('next');
          },
          *next(sys) {
            const rlim: Rlimit = { rlim_cur: 0, rlim_max: 0 };
            yield* sys.getrlimit(RLIMIT_NOFILE, rlim);
            return rlim.rlim_cur;
          },
        },
      },
    );
    expect(outcomesOf(parts, 50)).toEqual(['done=1']);
  });

  test('prlimit reaches the processes of the same user, and CAP_SYS_RESOURCE all', () => {
    const wanted: Rlimit = { rlim_cur: 5, rlim_max: 50 };
    const parts = (options: ProcessOptions): Parts => ({
      ...lasting(options, function* (sys) {
        sys.check((yield* sys.prlimit(500, RLIMIT_NOFILE, wanted)) === -ESRCH, 'nobody');
        sys.check((yield* sys.prlimit(101, RLIMIT_NOFILE, wanted)) === 0, 'of my own');
        return yield* sys.prlimit(102, RLIMIT_NOFILE, null, { ...wanted });
      }),
      setup(setup) {
        setup.process('main', options);
        setup.process('sleep', { cpu: 1 });
        setup.process('sleep', { cpu: 1, uid: 2000 });
      },
    });
    expect(outcomesOf(parts({}), 20)).toEqual([`done=${-EPERM}`]);
    expect(outcomesOf(parts({ capabilities: CAP_SYS_RESOURCE }), 20)).toEqual(['done=0']);
  });

  test('prlimit races against the death of its target', () => {
    const parts: Parts = {
      ...lasting({}, function* (sys) {
        return yield* sys.prlimit(101, RLIMIT_NOFILE, { rlim_cur: 5, rlim_max: 50 });
      }),
      setup(setup) {
        const parent = setup.process('main');
        setup.sigaction(parent, 17, 1);
        setup.process('child', { parent, cpu: 1 });
      },
    };
    const programs: Parts['programs'] = {
      ...parts.programs,
      *child(sys) {
        yield* sys.getpid();
      },
    };
    expect(outcomesOf({ ...parts, programs }, 500)).toEqual([`done=${-ESRCH}`, 'done=0']);
  });

  test('RLIMIT_NPROC refuses a fork, but not to root', () => {
    const parts = (options: ProcessOptions): Parts =>
      lasting({ ...options, limits: { [RLIMIT_NPROC]: 2 } }, function* (sys) {
        sys.check((yield* sys.fork('sleep', 0, 1)) > 0, 'the second process');
        const third = yield* sys.fork('sleep', 0, 1);
        return Math.min(third, 0);
      });
    expect(outcomesOf(parts({}), 50)).toEqual([`done=${-EAGAIN}`]);
    expect(outcomesOf(parts({ uid: 0 }), 50)).toEqual(['done=0']);
    expect(outcomesOf(parts({ capabilities: CAP_SYS_RESOURCE }), 50)).toEqual(['done=0']);
    expect(outcomesOf(parts({ capabilities: CAP_SYS_ADMIN }), 50)).toEqual(['done=0']);
  });

  test('RLIMIT_NPROC does not refuse setuid, but the exec after it, unless the user has room again', () => {
    const parts: Parts = {
      results: ['setuid', 'exec'],
      cpus: 3,
      programs: {
        *daemon(sys) {
          sys.result('setuid', yield* sys.setuid(1000));
          sys.result('exec', yield* sys.execve('worker'));
          yield* sys.stay();
        },
        *worker(sys) {
          sys.result('exec', 0);
          yield* sys.stay();
        },
        *other(sys) {
          yield* sys.getpid();
        },
        sleep: pauses,
      },
      setup(setup) {
        setup.process('daemon', { uid: 0, limits: { [RLIMIT_NPROC]: 1 } });
        const parent = setup.process('sleep', { uid: 2000, cpu: 2 });
        setup.sigaction(parent, 17, 1);
        setup.process('other', { uid: 1000, parent, cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 500)).toEqual([`setuid=0 exec=${-EAGAIN}`, 'setuid=0 exec=0']);
  });

  test('a fork that is refused after a setuid past the limit does not let the exec through', () => {
    const parts: Parts = {
      ...lasting({ uid: 0, limits: { [RLIMIT_NPROC]: 1 } }, function* (sys) {
        sys.check((yield* sys.setuid(1000)) === 0, 'setuid');
        sys.check((yield* sys.fork('sleep')) === -EAGAIN, 'fork');
        return yield* sys.execve('sleep');
      }),
      setup(setup) {
        setup.process('main', { uid: 0, limits: { [RLIMIT_NPROC]: 1 } });
        setup.process('sleep', { cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 50)).toEqual([`done=${-EAGAIN}`]);
  });

  test('RLIMIT_SIGPENDING refuses the real-time signal that is too many', () => {
    const parts = lasting({ limits: { [RLIMIT_SIGPENDING]: 2 } }, function* (sys) {
      const me = yield* sys.getpid();
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN, SIGUSR1));
      sys.check((yield* sys.sigqueue(me, SIGRTMIN, 1)) === 0, 'the first');
      sys.check((yield* sys.sigqueue(me, SIGRTMIN, 2)) === 0, 'the second');
      sys.check((yield* sys.sigqueue(me, SIGRTMIN, 3)) === -EAGAIN, 'the third');
      sys.check((yield* sys.kill(me, SIGUSR1)) === 0, 'kill is not limited');
      sys.check((yield* sys.sigwaitinfo(sigmask(SIGRTMIN))) === SIGRTMIN, 'one is taken');
      sys.check((yield* sys.setrlimit(RLIMIT_SIGPENDING, { rlim_cur: 0, rlim_max: 0 })) === 0, 'no more');
      return yield* sys.sigqueue(me, SIGRTMIN, 4);
    });
    expect(outcomesOf(parts, 50)).toEqual([`done=${-EAGAIN}`]);
  });
});

describe('pids', () => {
  test('are used again, cyclically, where a scenario makes them few; EAGAIN where all are taken', () => {
    const parts: Parts = {
      results: ['first', 'second', 'third', 'again'],
      programs: {
        *main(sys) {
          sys.result('first', yield* sys.fork('sleep', 0, 1));
          sys.result('second', yield* sys.fork('sleep', 0, 1));
          sys.result('third', yield* sys.fork('sleep', 0, 1));
          yield* sys.kill(101, SIGTERM);
          yield* sys.wait4(101);
          sys.result('again', yield* sys.fork('sleep', 0, 1));
          yield* sys.stay();
        },
        sleep: pauses,
      },
      setup(setup) {
        setup.pidMax(103);
        setup.process('main');
      },
    };
    expect(outcomesOf(parts, 50)).toEqual([`first=101 second=102 third=${-EAGAIN} again=101`]);
  });
});
