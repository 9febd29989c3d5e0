/** Changing one’s ids: setuid and its like, set-user-id programs, and others that look meanwhile. */

import { describe, expect, test } from 'vitest';
import {
  CAP_FS_MASK,
  CAP_FULL_SET,
  CAP_SETUID,
  EFAULT,
  EINVAL,
  EPERM,
  PR_GET_DUMPABLE,
  PR_GET_PDEATHSIG,
  PR_SET_PDEATHSIG,
  SIGTERM,
  SIGUSR1,
} from '../../src/kernel/constants.js';
import type { PrctlOut } from '../../src/kernel/prctl.js';
import type { ProcessOptions } from '../../src/kernel/setup.js';
import { caps, expectUids, gids, uids } from '../support/credentials.js';
import { lasting, outcomesOf, type Parts } from '../support/programs.js';

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
