/** Capabilities: what they allow, and when they are lost and come back. */

import { describe, expect, test } from 'vitest';
import { _LINUX_CAPABILITY_VERSION_3, type CapUserData } from '../../src/kernel/capability.js';
import {
  CAP_FULL_SET,
  CAP_KILL,
  CAP_SETGID,
  CAP_SETPCAP,
  CAP_SETUID,
  CAP_SYS_ADMIN,
  EFAULT,
  EINVAL,
  EPERM,
  ESRCH,
  PR_GET_KEEPCAPS,
  PR_SET_KEEPCAPS,
} from '../../src/kernel/constants.js';
import { caps } from '../support/credentials.js';
import { lasting, outcomesOf, type Parts } from '../support/programs.js';

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
