/** User and group ids, capabilities and limits. Under every schedule tried. */

import { describe, expect, test } from 'vitest';
import { _LINUX_CAPABILITY_VERSION_3, type CapUserData } from '../../src/kernel/capability.js';
import {
  CAP_FS_MASK,
  CAP_FULL_SET,
  CAP_KILL,
  CAP_SETGID,
  CAP_SETPCAP,
  CAP_SETUID,
  CAP_SYS_ADMIN,
  CAP_SYS_RESOURCE,
  EAGAIN,
  EFAULT,
  EINVAL,
  EPERM,
  ESRCH,
  PR_GET_DUMPABLE,
  PR_GET_KEEPCAPS,
  PR_GET_PDEATHSIG,
  PR_SET_KEEPCAPS,
  PR_SET_PDEATHSIG,
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
import type { PrctlOut } from '../../src/kernel/prctl.js';
import type { Rlimit } from '../../src/kernel/rlimit.js';
import type { IdOut } from '../../src/kernel/setid.js';
import type { ProcessOptions } from '../../src/kernel/setup.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { lasting, outcomesOf, type Parts } from '../support/programs.js';
import { pauses } from '../support/tasks.js';

/** `ruid euid suid`. */
function* uids(sys: Sys): Coroutine<string> {
  const ids: IdOut[] = [{}, {}, {}];
  yield* sys.getresuid(ids[0] as IdOut, ids[1] as IdOut, ids[2] as IdOut);
  return ids.map(({ value }) => value).join(' ');
}

function* gids(sys: Sys): Coroutine<string> {
  const ids: IdOut[] = [{}, {}, {}];
  yield* sys.getresgid(ids[0] as IdOut, ids[1] as IdOut, ids[2] as IdOut);
  return ids.map(({ value }) => value).join(' ');
}

function* caps(sys: Sys, pid = 0): Coroutine<CapUserData> {
  const data: CapUserData = { effective: 0, permitted: 0, inheritable: 0 };
  yield* sys.capget({ version: _LINUX_CAPABILITY_VERSION_3, pid }, data);
  return data;
}

function* expectUids(sys: Sys, result: number, wanted: number, ids: string): Coroutine<void> {
  const now = yield* uids(sys);
  sys.check(result === wanted, `gave ${result}, not ${wanted}; ids ${now}`);
  sys.check(now === ids, `ids are ${now}, not ${ids}`);
}

describe('user ids', () => {
  test('setuid of root sets all three, and root does not come back', () => {
    const parts = lasting({ uid: 0 }, function* (sys) {
      sys.check((yield* sys.getuid()) === 0 && (yield* sys.geteuid()) === 0, 'root');
      yield* expectUids(sys, yield* sys.setuid(-1), -EINVAL, '0 0 0');
      yield* expectUids(sys, yield* sys.setuid(1000), 0, '1000 1000 1000');
      yield* expectUids(sys, yield* sys.setuid(0), -EPERM, '1000 1000 1000');
      const { effective, permitted } = yield* caps(sys);
      sys.check(effective === 0 && permitted === 0, 'no capability is left');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });

  test('setuid of another sets the effective one to the real or the saved one', () => {
    const parts = lasting({ uid: 1000, euid: 2000 }, function* (sys) {
      yield* expectUids(sys, yield* sys.setuid(3000), -EPERM, '1000 2000 2000');
      yield* expectUids(sys, yield* sys.setuid(1000), 0, '1000 1000 2000');
      yield* expectUids(sys, yield* sys.setuid(2000), 0, '1000 2000 2000');
      sys.check((yield* sys.getuid()) === 1000 && (yield* sys.geteuid()) === 2000, 'getuid, geteuid');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });

  test('setreuid swaps, and sets the saved one where the real one or another effective one is set', () => {
    const parts = lasting({ uid: 1000, euid: 2000 }, function* (sys) {
      yield* expectUids(sys, yield* sys.setreuid(-1, -1), 0, '1000 2000 2000');
      yield* expectUids(sys, yield* sys.setreuid(2000, 1000), 0, '2000 1000 1000');
      yield* expectUids(sys, yield* sys.setreuid(-1, 2000), 0, '2000 2000 1000');
      yield* expectUids(sys, yield* sys.setreuid(3000, -1), -EPERM, '2000 2000 1000');
      yield* expectUids(sys, yield* sys.setreuid(-1, 3000), -EPERM, '2000 2000 1000');
      yield* expectUids(sys, yield* sys.setreuid(-1, 1000), 0, '2000 1000 1000');
      yield* expectUids(sys, yield* sys.setreuid(2000, -1), 0, '2000 1000 1000');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });

  test('setresuid sets any of the three to any of the three', () => {
    const parts = lasting({ uid: 1000, euid: 2000 }, function* (sys) {
      yield* expectUids(sys, yield* sys.setresuid(-1, 1000, -1), 0, '1000 1000 2000');
      yield* expectUids(sys, yield* sys.setresuid(3000, -1, -1), -EPERM, '1000 1000 2000');
      yield* expectUids(sys, yield* sys.setresuid(-1, 3000, -1), -EPERM, '1000 1000 2000');
      yield* expectUids(sys, yield* sys.setresuid(-1, -1, 3000), -EPERM, '1000 1000 2000');
      yield* expectUids(sys, yield* sys.setresuid(2000, 1000, 1000), 0, '2000 1000 1000');
      yield* expectUids(sys, yield* sys.seteuid(2000), 0, '2000 2000 1000');
      sys.check((yield* sys.getresuid(null, {}, {})) === -EFAULT, 'no ruid');
      sys.check((yield* sys.getresuid({}, null, {})) === -EFAULT, 'no euid');
      sys.check((yield* sys.getresuid({}, {}, null)) === -EFAULT, 'no suid');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });

  test('setfsuid gives the one before, whether it may or not', () => {
    const parts = lasting({ uid: 0 }, function* (sys) {
      sys.check((yield* sys.setfsuid(1000)) === 0, 'of root');
      sys.check((yield* caps(sys)).effective === (CAP_FULL_SET & ~CAP_FS_MASK), 'no rights about files');
      sys.check((yield* sys.setfsuid(0)) === 1000, 'back');
      sys.check((yield* caps(sys)).effective === CAP_FULL_SET, 'rights about files');
      sys.check((yield* sys.setfsuid(-1)) === 0, 'no id');
      yield* sys.setuid(1000);
      sys.check((yield* sys.setfsuid(2000)) === 1000, 'another');
      sys.check((yield* sys.setfsuid(1000)) === 1000, 'it was not set');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });

  test('a change of the effective one takes the effective capabilities, and gives them back', () => {
    const parts = lasting({ uid: 0 }, function* (sys) {
      yield* sys.seteuid(1000);
      let now = yield* caps(sys);
      sys.check(now.effective === 0 && now.permitted === CAP_FULL_SET, 'none effective');
      yield* sys.seteuid(0);
      now = yield* caps(sys);
      sys.check(now.effective === CAP_FULL_SET, 'all effective again');
      yield* sys.setresuid(1000, 1000, -1);
      now = yield* caps(sys);
      sys.check(now.effective === 0 && now.permitted === CAP_FULL_SET, 'the saved one is still root');
      yield* sys.setresuid(-1, -1, 1000);
      now = yield* caps(sys);
      sys.check(now.permitted === 0, 'nothing is root any more');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });
});

describe('group ids', () => {
  test('follow the same rules', () => {
    const parts = lasting({ uid: 0, gid: 0 }, function* (sys) {
      sys.check((yield* sys.setgid(-1)) === -EINVAL, 'no gid');
      sys.check((yield* sys.setgid(10)) === 0 && (yield* gids(sys)) === '10 10 10', 'setgid');
      sys.check((yield* sys.setresgid(10, 20, 30)) === 0 && (yield* gids(sys)) === '10 20 30', 'setresgid');
      sys.check((yield* sys.getgid()) === 10 && (yield* sys.getegid()) === 20, 'getgid, getegid');
      sys.check((yield* sys.setfsgid(40)) === 20 && (yield* sys.setfsgid(-1)) === 40, 'setfsgid');
      sys.check((yield* sys.setfsgid(20)) === 40, 'setfsgid back');
      yield* sys.setuid(1000);
      sys.check((yield* sys.setfsgid(40)) === 20 && (yield* sys.setfsgid(20)) === 20, 'setfsgid of another');
      sys.check((yield* sys.setgid(40)) === -EPERM, 'setgid of another');
      sys.check((yield* sys.setgid(30)) === 0 && (yield* gids(sys)) === '10 30 30', 'setgid to the saved one');
      sys.check((yield* sys.setregid(30, 10)) === 0 && (yield* gids(sys)) === '30 10 10', 'setregid');
      sys.check((yield* sys.setregid(40, -1)) === -EPERM, 'setregid of the real one');
      sys.check((yield* sys.setregid(-1, 40)) === -EPERM, 'setregid of the effective one');
      sys.check((yield* sys.setregid(-1, 30)) === 0 && (yield* gids(sys)) === '30 30 10', 'setregid to the real one');
      sys.check((yield* sys.setresgid(40, -1, -1)) === -EPERM, 'setresgid of the real one');
      sys.check((yield* sys.setresgid(-1, 40, -1)) === -EPERM, 'setresgid of the effective one');
      sys.check((yield* sys.setresgid(-1, -1, 40)) === -EPERM, 'setresgid of the saved one');
      sys.check((yield* sys.getresgid(null, {}, {})) === -EFAULT, 'no rgid');
      sys.check((yield* sys.getresgid({}, null, {})) === -EFAULT, 'no egid');
      sys.check((yield* sys.getresgid({}, {}, null)) === -EFAULT, 'no sgid');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });
});

describe('capabilities', () => {
  const header = (pid = 0) => ({ version: _LINUX_CAPABILITY_VERSION_3, pid });

  test('capget and capset refuse what the manual says', () => {
    const parts = lasting({ uid: 1000, capabilities: CAP_KILL | CAP_SETUID }, function* (sys) {
      const data: CapUserData = { effective: 0, permitted: 0, inheritable: 0 };
      const odd = { version: 7, pid: 0 };
      sys.check((yield* sys.capget(odd, data)) === -EINVAL, 'a version that there is not');
      sys.check(odd.version === _LINUX_CAPABILITY_VERSION_3, 'the one that there is');
      sys.check((yield* sys.capget({ version: 7, pid: 0 }, null)) === 0, 'the same, to ask for the version');
      sys.check((yield* sys.capget(null, data)) === -EFAULT, 'no header');
      sys.check((yield* sys.capget(header(), null)) === 0, 'no data');
      sys.check((yield* sys.capget(header(-1), data)) === -EINVAL, 'a negative pid');
      sys.check((yield* sys.capget(header(500), data)) === -ESRCH, 'nobody');
      sys.check((yield* caps(sys, 1)).effective === CAP_FULL_SET, "init's");
      sys.check((yield* caps(sys, yield* sys.getpid())).permitted === (CAP_KILL | CAP_SETUID), 'my own by number');
      sys.check(
        (yield* sys.capset({ version: 7, pid: 0 }, data)) === -EINVAL,
        'capset with a version that there is not',
      );
      sys.check((yield* sys.capset(header(1), data)) === -EPERM, "another's");
      sys.check((yield* sys.capset(header(), null)) === -EFAULT, 'capset without data');
      const set = (effective: number, permitted: number, inheritable = 0) =>
        sys.capset(header(), { effective, permitted, inheritable });
      sys.check((yield* set(0, CAP_SYS_ADMIN)) === -EPERM, 'more than permitted');
      sys.check((yield* set(CAP_SETUID, CAP_KILL)) === -EPERM, 'more effective than permitted');
      sys.check((yield* set(0, 0, CAP_SYS_ADMIN)) === -EPERM, 'more inheritable than permitted');
      sys.check((yield* set(0, CAP_KILL, CAP_KILL)) === 0, 'less');
      const now = yield* caps(sys);
      sys.check(now.effective === 0 && now.permitted === CAP_KILL && now.inheritable === CAP_KILL, 'as set');
      sys.check((yield* set(CAP_KILL, CAP_KILL)) === 0, 'raised again');
      sys.check((yield* set(CAP_KILL | CAP_SETUID, CAP_KILL | CAP_SETUID)) === -EPERM, 'gone for good');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });

  test('CAP_SETPCAP lets a process make others inheritable', () => {
    const parts = lasting({ uid: 1000, capabilities: CAP_SETPCAP }, function* (sys) {
      const data = { effective: 0, permitted: CAP_SETPCAP, inheritable: CAP_SYS_ADMIN };
      sys.check((yield* sys.capset(header(), data)) === 0, 'capset');
      sys.check((yield* sys.capset(header(), { ...data, inheritable: CAP_KILL })) === -EPERM, 'not effective any more');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });

  test('CAP_KILL is what lets a process signal any other, CAP_SETUID and CAP_SETGID take any id', () => {
    const parts = lasting({ uid: 1000, capabilities: CAP_KILL | CAP_SETUID | CAP_SETGID }, function* (sys) {
      sys.check((yield* sys.kill(1, 0)) === 0, 'kill');
      sys.check((yield* sys.setgid(5)) === 0, 'setgid');
      sys.check((yield* sys.setresuid(1000, 1000, 2000)) === 0, 'setresuid');
      yield* sys.capset(header(), { effective: 0, permitted: CAP_KILL | CAP_SETUID, inheritable: 0 });
      sys.check((yield* sys.kill(1, 0)) === -EPERM, 'kill without it');
      sys.check((yield* sys.setresuid(3000, -1, -1)) === -EPERM, 'setresuid without it');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });

  test('are lost by exec of a user, and regained by exec of root', () => {
    const parts: Parts = {
      results: ['root', 'user'],
      programs: {
        *root(sys) {
          yield* sys.capset(header(), { effective: 0, permitted: CAP_KILL, inheritable: 0 });
          yield* sys.execve('report', 0);
        },
        *user(sys) {
          yield* sys.execve('report', 1);
        },
        *report(sys) {
          const { effective, permitted } = yield* caps(sys);
          sys.check(effective === permitted, 'all that are permitted');
          sys.result(sys.arg === 0 ? 'root' : 'user', permitted);
          yield* sys.stay();
        },
      },
      setup(setup) {
        setup.process('root', { uid: 0 });
        setup.process('user', { capabilities: CAP_KILL, cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 50)).toEqual([`root=${CAP_FULL_SET} user=0`]);
  });
});

describe('PR_SET_KEEPCAPS', () => {
  test('leaves the permitted capabilities when root becomes another, until the next exec', () => {
    const parts = lasting(
      { uid: 0 },
      function* (sys) {
        sys.check((yield* sys.prctl(PR_SET_KEEPCAPS, 2)) === -EINVAL, 'neither on nor off');
        sys.check((yield* sys.prctl(PR_GET_KEEPCAPS)) === 0, 'off');
        sys.check((yield* sys.prctl(PR_SET_KEEPCAPS, 1)) === 0 && (yield* sys.prctl(PR_GET_KEEPCAPS)) === 1, 'on');
        yield* sys.setuid(1000);
        const { effective, permitted } = yield* caps(sys);
        sys.check(effective === 0 && permitted === CAP_FULL_SET, 'kept');
        yield* sys.execve('next');
      },
      {
        programs: {
          *next(sys) {
            sys.check((yield* sys.prctl(PR_GET_KEEPCAPS)) === 0, 'off again');
            sys.result('done', (yield* caps(sys)).permitted);
          },
        },
      },
    );
    expect(outcomesOf(parts, 20)).toEqual(['done=0']);
  });
});

describe('a set-user-id program', () => {
  const setuidParts = (files: Parts['files'], options: ProcessOptions, wanted: string, dumpable: number): Parts =>
    lasting(
      options,
      function* (sys) {
        yield* sys.prctl(PR_SET_PDEATHSIG, SIGUSR1);
        yield* sys.execve('privileged');
      },
      {
        files: files ?? {},
        programs: {
          *privileged(sys) {
            const out: PrctlOut = {};
            yield* sys.prctl(PR_GET_PDEATHSIG, out);
            const ids = `${yield* uids(sys)}/${yield* gids(sys)}`;
            sys.check(ids === wanted, `ids are ${ids}`);
            sys.check((yield* sys.prctl(PR_GET_DUMPABLE)) === dumpable, 'dumpable');
            sys.result('done', out.value ?? -1);
            yield* sys.stay();
          },
        },
      },
    );

  test('gets the ids of its file, is not dumpable, and forgets the signal for the death of its parent', () => {
    expect(outcomesOf(setuidParts({ privileged: { setuid: 0 } }, {}, '1000 0 0/1000 1000 1000', 0), 20)).toEqual([
      'done=0',
    ]);
    expect(outcomesOf(setuidParts({ privileged: { setgid: 7 } }, {}, '1000 1000 1000/1000 7 7', 0), 20)).toEqual([
      'done=0',
    ]);
  });

  test('of root runs with all capabilities, and keeps nothing where nothing changes', () => {
    expect(outcomesOf(setuidParts({}, {}, '1000 1000 1000/1000 1000 1000', 1), 20)).toEqual([`done=${SIGUSR1}`]);
    // The saved one becomes the effective one.
    const swapped = setuidParts({}, { uid: 1000, euid: 2000 }, '1000 2000 2000/1000 1000 1000', 0);
    expect(outcomesOf(swapped, 20)).toEqual(['done=0']);
  });
});

describe('credentials and other tasks', () => {
  test('kill races against setuid: the sender may, or may not any more', () => {
    const parts: Parts = {
      results: ['kill', 'second'],
      programs: {
        *sender(sys) {
          sys.result('kill', yield* sys.kill(101, 0));
          sys.result('second', yield* sys.kill(101, 0));
          yield* sys.stay();
        },
        *target(sys) {
          yield* sys.setresuid(2000, 2000, 2000);
          yield* sys.stay();
        },
      },
      setup(setup) {
        setup.process('sender', { uid: 1000 });
        setup.process('target', { uid: 1000, capabilities: CAP_SETUID, cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 500)).toEqual(
      [`kill=${-EPERM} second=${-EPERM}`, `kill=0 second=${-EPERM}`, 'kill=0 second=0'].sort(),
    );
  });

  test('setuid frees the old user while others find it: nobody reads what is freed', () => {
    const parts: Parts = {
      results: ['a', 'b'],
      cpus: 3,
      programs: {
        *changer(sys) {
          const ids = sys.arg === 0 ? [2000, 3000, 2000] : [3000, 2000, 3000];
          for (const id of ids) sys.check((yield* sys.setresuid(id, id, id)) === 0, 'setresuid');
          sys.result(sys.arg === 0 ? 'a' : 'b', yield* sys.getuid());
        },
        *sender(sys) {
          yield* sys.kill(100, SIGTERM);
          yield* sys.kill(101, 0);
        },
      },
      setup(setup) {
        // Each drops its capabilities with root: they keep CAP_SETUID as other users.
        setup.process('changer', { uid: 1001, capabilities: CAP_SETUID, arg: 0 });
        setup.process('changer', { uid: 1002, capabilities: CAP_SETUID, arg: 1, cpu: 1 });
        setup.process('sender', { uid: 1001, cpu: 2 });
      },
    };
    const outcomes = outcomesOf(parts, 500);
    expect(outcomes).toContain('a=2000 b=3000');
    expect(outcomes).toContain('a=null b=3000');
  });

  test('a change of ids forgets the signal for the death of the parent', () => {
    const parts = lasting({ uid: 1000, euid: 2000 }, function* (sys) {
      const out: PrctlOut = {};
      yield* sys.prctl(PR_SET_PDEATHSIG, SIGUSR1);
      yield* sys.setresuid(-1, -1, 1000);
      yield* sys.prctl(PR_GET_PDEATHSIG, out);
      sys.check(out.value === SIGUSR1, 'the saved one does not matter');
      yield* sys.seteuid(1000);
      yield* sys.prctl(PR_GET_PDEATHSIG, out);
      sys.check(out.value === 0, 'the effective one does');
      sys.check((yield* sys.prctl(PR_GET_DUMPABLE)) === 0, 'and the process is not dumpable');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });
});

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
