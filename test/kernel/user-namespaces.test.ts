/** User namespaces: ids, capabilities and maps in them, and who may signal whom, under every schedule tried. */

import { describe, expect, test } from 'vitest';
import { _LINUX_CAPABILITY_VERSION_3, type CapUserData } from '../../src/kernel/capability.js';
import {
  CAP_FULL_SET,
  CAP_KILL,
  CAP_SETUID,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_SIGHAND,
  CLONE_VM,
  EACCES,
  EINVAL,
  ENOENT,
  ENOMEM,
  EPERM,
  SA_SIGINFO,
  SIGCHLD,
  SIGHUP,
  SIGRTMIN,
  SIGTERM,
  SIGUSR1,
} from '../../src/kernel/constants.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { lasting, outcomesOf, type Parts } from '../support/programs.js';
import { codeOf, pauses } from '../support/tasks.js';

const OVERFLOW = 65534;

describe('a user namespace', () => {
  const header = { version: _LINUX_CAPABILITY_VERSION_3, pid: 0 };
  function* effective(sys: Sys): Coroutine<number> {
    const data: CapUserData = { effective: 0, permitted: 0, inheritable: 0 };
    yield* sys.capget(header, data);
    return data.effective;
  }

  test('anybody may make: nobody has a number there until one is written, and its maker is root there', () => {
    const parts = lasting(
      {},
      function* (sys) {
        const child = yield* sys.clone(CLONE_NEWUSER, 'child', { cpu: 1 });
        const one = [{ first: 0, lower_first: 1000, count: 1 }];
        sys.check((yield* sys.write_uid_map(500, one)) === -ENOENT, 'of nobody');
        sys.check((yield* sys.write_uid_map(1, one)) === -EPERM, 'of the initial namespace');
        for (const extent of [
          { first: 0, lower_first: 1001, count: 1 },
          { first: 0, lower_first: 1000, count: 2 },
        ]) {
          sys.check((yield* sys.write_uid_map(child, [extent])) === -EPERM, "others' ids");
        }
        const bad: readonly (readonly [number, number, number])[] = [
          [-1, 0, 1],
          [0, -1, 1],
          [0, 1000, 0],
          [2 ** 32 - 2, 0, 5],
          [0, 2 ** 32 - 2, 5],
        ];
        for (const [first, lower_first, count] of bad) {
          sys.check((yield* sys.write_uid_map(child, [{ first, lower_first, count }])) === -EINVAL, 'no extent');
        }
        sys.check((yield* sys.write_uid_map(child, [])) === -EINVAL, 'no line');
        sys.check((yield* sys.write_uid_map(child, [...one, ...one])) === -EINVAL, 'overlapping lines');
        sys.check((yield* sys.write_gid_map(child, one)) === -EPERM, 'groups while setgroups is allowed');
        sys.check((yield* sys.write_setgroups(500, false)) === -ENOENT, 'setgroups of nobody');
        sys.check((yield* sys.write_setgroups(1, false)) === -EACCES, 'setgroups of the initial namespace');
        sys.check((yield* sys.write_setgroups(child, true)) === 0, 'allowed as it is');
        sys.check((yield* sys.write_setgroups(child, false)) === 0, 'denied');
        sys.check((yield* sys.write_setgroups(child, true)) === -EPERM, 'for good');
        sys.check((yield* sys.write_gid_map(child, one)) === 0, 'groups');
        sys.check((yield* sys.write_setgroups(child, false)) === -EPERM, 'too late');
        sys.check((yield* sys.write_uid_map(child, one)) === 0, 'users');
        sys.check((yield* sys.write_uid_map(child, one)) === -EPERM, 'twice');
        yield* sys.store(0, 1);
        return yield* codeOf(sys, child);
      },
      {
        programs: {
          *child(sys) {
            const before = yield* sys.getuid();
            sys.check(before === OVERFLOW || before === 0, 'no number');
            sys.check((yield* effective(sys)) === CAP_FULL_SET, 'all capabilities');
            sys.check((yield* sys.kill(1, 0)) === -EPERM, 'but not outside');
            while ((yield* sys.load(0)) === 0) yield* sys.getpid();
            sys.check((yield* sys.getuid()) === 0 && (yield* sys.geteuid()) === 0, 'root');
            sys.check((yield* sys.getgid()) === 0 && (yield* sys.getegid()) === 0, 'root group');
            sys.check((yield* sys.setuid(1)) === -EINVAL, 'a user that there is not');
            sys.check((yield* sys.setreuid(1, -1)) === -EINVAL && (yield* sys.setreuid(-1, 1)) === -EINVAL, 'same');
            sys.check((yield* sys.setresuid(1, -1, -1)) === -EINVAL, 'same');
            sys.check((yield* sys.setresuid(-1, 1, -1)) === -EINVAL, 'same');
            sys.check((yield* sys.setresuid(-1, -1, 1)) === -EINVAL, 'same');
            sys.check((yield* sys.setfsuid(1)) === 0 && (yield* sys.setfsgid(1)) === 0, 'no file user');
            sys.check((yield* sys.setgid(1)) === -EINVAL, 'no group');
            sys.check((yield* sys.setregid(1, -1)) === -EINVAL && (yield* sys.setregid(-1, 1)) === -EINVAL, 'same');
            sys.check((yield* sys.setresgid(1, -1, -1)) === -EINVAL, 'same');
            sys.check((yield* sys.setresgid(-1, 1, -1)) === -EINVAL, 'same');
            sys.check((yield* sys.setresgid(-1, -1, 1)) === -EINVAL, 'same');
            yield* sys.execve('next');
          },
          *next(sys) {
            sys.check((yield* effective(sys)) === CAP_FULL_SET, 'root keeps its capabilities over exec');
            return 5;
          },
        },
      },
    );
    expect(outcomesOf(parts, 100)).toEqual(['done=5']);
  });

  test('lets its maker, and root of it, signal everybody in it', () => {
    const parts: Parts = {
      results: ['maker', 'member', 'stranger', 'inner'],
      cpus: 2,
      programs: {
        *maker(sys) {
          // The member has other ids: the maker owns the namespace.
          sys.result('maker', yield* sys.kill(102, 0));
          yield* sys.stay();
        },
        *stranger(sys) {
          sys.result('stranger', yield* sys.kill(102, 0));
          yield* sys.kill(101, SIGUSR1);
          yield* sys.stay();
        },
        *inner(sys) {
          sys.result('inner', yield* sys.kill(102, 0));
          sys.result('member', yield* sys.kill(100, 0));
          yield* sys.stay();
        },
        sleep: pauses,
      },
      setup(setup) {
        const maker = setup.process('maker', { uid: 1000 });
        const init = setup.process('inner', {
          parent: maker,
          uid: 3000,
          namespaces: CLONE_NEWUSER,
          uidMap: [{ first: 0, lower_first: 3000, count: 10 }],
          cpu: 1,
        });
        setup.process('sleep', { parent: init, uid: 3001, capabilities: 0, blocked: true, cpu: 1 });
        setup.process('stranger', { uid: 2000, cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 100)).toEqual([`maker=0 member=${-EPERM} stranger=${-EPERM} inner=0`]);
  });

  test('of unshare is entered at once, and not by a process of several threads', () => {
    const parts = lasting(
      {},
      function* (sys) {
        const tid = yield* sys.thread('thread', 0, 1);
        for (let calls = 0; calls < 15; calls++) yield* sys.getpid();
        const first = yield* sys.unshare(CLONE_NEWUSER);
        sys.check(first === -EINVAL || first === 0, `unshare gave ${first}`);
        while ((yield* sys.tkill(tid, 0)) === 0) yield* sys.getpid();
        // The thread has no number any more, and may still be in the list of threads.
        let again = first;
        while (again === -EINVAL) again = yield* sys.unshare(CLONE_NEWUSER | CLONE_NEWPID);
        sys.check(again === 0, `unshare gave ${again}`);
        sys.check((yield* sys.getuid()) === OVERFLOW, 'no number');
        sys.check((yield* effective(sys)) === CAP_FULL_SET, 'all capabilities');
        sys.check((yield* sys.unshare(CLONE_NEWUSER)) === -EPERM, 'nobody without a number makes another');
        sys.check((yield* sys.clone(CLONE_NEWUSER, 'sleep')) === -EPERM, 'nor with clone');
        const me = yield* sys.getpid();
        const one = [{ first: 5, lower_first: 1000, count: 1 }];
        sys.check((yield* sys.write_uid_map(me, one)) === 0, 'one writes the own one');
        sys.check((yield* sys.getuid()) === 5, 'and has a number');
        return first === 0 ? 0 : 2;
      },
      {
        programs: {
          *thread(sys) {
            yield* sys.exit(0);
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual(['done=0', 'done=2']);
  });

  test('of unshare is refused where handlers are shared with another process', () => {
    const parts = lasting({}, function* (sys) {
      sys.check((yield* sys.clone(CLONE_VM | CLONE_SIGHAND, 'sleep', { cpu: 1 })) > 0, 'clone');
      sys.check((yield* sys.unshare(CLONE_SIGHAND)) === -EINVAL, 'handlers');
      sys.check((yield* sys.unshare(CLONE_VM)) === -EINVAL, 'memory');
      return yield* sys.unshare(CLONE_NEWNS);
    });
    expect(outcomesOf(parts, 20)).toEqual([`done=${-EPERM}`]);
  });

  test('of unshare comes first: with it anybody may make a pid namespace', () => {
    const parts = lasting(
      {},
      function* (sys) {
        sys.check((yield* sys.unshare(CLONE_NEWUSER | CLONE_NEWPID)) === 0, 'both');
        const code = yield* codeOf(sys, yield* sys.fork('number', 0, 1));
        // The namespace of pids is not the one that the caller is in.
        sys.check((yield* sys.unshare(CLONE_NEWPID)) === -EINVAL, 'unshare once more');
        sys.check((yield* sys.write_uid_map(100, [{ first: 0, lower_first: 1000, count: 1 }])) === 0, 'map');
        sys.check((yield* sys.unshare(CLONE_NEWUSER)) === -EPERM, 'its group has no number');
        sys.check((yield* sys.write_setgroups(100, false)) === 0, 'setgroups');
        sys.check((yield* sys.write_gid_map(100, [{ first: 0, lower_first: 1000, count: 1 }])) === 0, 'group map');
        sys.check((yield* sys.unshare(CLONE_NEWUSER | CLONE_NEWPID)) === -EINVAL, 'the same with a user namespace');
        sys.check((yield* sys.getuid()) === 0, 'which was not entered');
        return code;
      },
      {
        programs: {
          *number(sys) {
            return yield* sys.getpid();
          },
        },
      },
    );
    expect(outcomesOf(parts, 50)).toEqual(['done=1']);
  });

  test('may be nested: from inside one maps oneself and nobody else', () => {
    const parts = lasting({ uid: 0 }, function* (sys) {
      const me = yield* sys.getpid();
      for (let level = 1; ; level++) {
        const result = yield* sys.unshare(CLONE_NEWUSER);
        if (result !== 0) {
          sys.check(result === -ENOMEM, `unshare gave ${result}`);
          return level;
        }
        // Inside one may map all that the parent has, and nothing that it has not: being outside helps.
        const lines = [
          { first: 0, lower_first: 0, count: 1 },
          { first: 1, lower_first: 1, count: 9 },
        ];
        sys.check((yield* sys.write_uid_map(me, lines)) === -EPERM, 'more than one from inside');
        sys.check((yield* sys.write_uid_map(me, [{ first: 0, lower_first: 0, count: 1 }])) === 0, 'one');
        sys.check((yield* sys.write_setgroups(me, false)) === 0, 'setgroups');
        sys.check((yield* sys.write_gid_map(me, [{ first: 0, lower_first: 0, count: 1 }])) === 0, 'one group');
      }
    });
    // The machine has room for eight.
    expect(outcomesOf(parts, 5)).toEqual(['done=9']);
  });

  test('translates the sender of a signal', () => {
    const parts: Parts = {
      results: ['queued', 'killed', 'unknown', 'up'],
      cpus: 3,
      programs: {
        *outer(sys) {
          yield* sys.sigqueue(101, SIGRTMIN, 1);
          yield* sys.kill(101, SIGUSR1);
          for (;;) yield* sys.pause();
        },
        *inner(sys) {
          yield* sys.kill(100, SIGHUP);
          for (;;) yield* sys.pause();
        },
        *root(sys) {
          yield* sys.kill(101, SIGTERM);
          yield* sys.stay();
        },
      },
      handlers: {
        *onSignal(sys, sig, info) {
          const names: Record<number, string> = { [SIGRTMIN]: 'queued', [SIGUSR1]: 'killed', [SIGTERM]: 'unknown' };
          sys.result(names[sig] ?? 'up', info?.si_uid ?? -1);
        },
      },
      setup(setup) {
        const outer = setup.process('outer', { uid: 1000 });
        setup.sigaction(outer, SIGHUP, 'onSignal', { flags: SA_SIGINFO });
        const inner = setup.process('inner', {
          parent: outer,
          uid: 1000,
          namespaces: CLONE_NEWUSER,
          uidMap: [{ first: 7, lower_first: 1000, count: 1 }],
          cpu: 1,
        });
        for (const sig of [SIGRTMIN, SIGUSR1, SIGTERM]) setup.sigaction(inner, sig, 'onSignal', { flags: SA_SIGINFO });
        setup.process('root', { uid: 0, cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 200)).toEqual([`queued=7 killed=7 unknown=${OVERFLOW} up=1000`]);
  });

  test('translates the user of a child, as v5.3.1 does: once more than it should where it is told by SIGCHLD', () => {
    const parts: Parts = {
      results: ['waited', 'told'],
      programs: {
        *parent(sys) {
          const info = { si_signo: 0, si_code: 0, si_pid: 0, si_uid: -1, si_status: 0 };
          yield* sys.waitid(1, 101, info, 4);
          sys.result('waited', info.si_uid);
          yield* sys.stay();
        },
        *child(sys) {
          yield* sys.getpid();
        },
      },
      handlers: {
        *onChild(sys, _sig, info) {
          sys.result('told', info?.si_uid ?? -1);
        },
      },
      setup(setup) {
        const parent = setup.process('parent', { blocked: true });
        setup.sigaction(parent, SIGCHLD, 'onChild', { flags: SA_SIGINFO | 0x10000000 });
        setup.process('child', {
          parent,
          uid: 1000,
          namespaces: CLONE_NEWUSER,
          uidMap: [{ first: 0, lower_first: 1000, count: 1 }],
          cpu: 1,
        });
      },
    };
    expect(outcomesOf(parts, 100)).toEqual([`waited=1000 told=${OVERFLOW}`]);
  });

  test('counts for the right to pids: a pid namespace of it may be made by its root', () => {
    const parts = lasting(
      {},
      function* (sys) {
        return yield* codeOf(sys, yield* sys.clone(CLONE_NEWUSER | CLONE_NEWPID, 'init', { cpu: 1 }));
      },
      {
        programs: {
          *init(sys) {
            sys.check((yield* sys.getpid()) === 1, 'init');
            sys.check((yield* sys.getuid()) === OVERFLOW, 'nobody');
            const nested = yield* sys.clone(CLONE_NEWPID, 'nested');
            sys.check(nested === 2, 'nested');
            return yield* codeOf(sys, nested);
          },
          *nested(sys) {
            return 10 + (yield* sys.getpid());
          },
        },
      },
    );
    expect(outcomesOf(parts, 50)).toEqual(['done=11']);
  });

  test('has its map written while others translate: before or after, never between', () => {
    const parts: Parts = {
      results: ['uid'],
      programs: {
        *writer(sys) {
          yield* sys.write_uid_map(101, [{ first: 3, lower_first: 1000, count: 1 }]);
          yield* sys.stay();
        },
        *reader(sys) {
          sys.result('uid', yield* sys.getuid());
          yield* sys.stay();
        },
      },
      setup(setup) {
        const parent = setup.process('writer');
        setup.process('reader', { parent, namespaces: CLONE_NEWUSER, cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 300)).toEqual(['uid=3', `uid=${OVERFLOW}`]);
  });

  test('has two write its map: one of them wins', () => {
    const parts: Parts = {
      results: ['first', 'second'],
      cpus: 3,
      programs: {
        *parent(sys) {
          sys.result('first', yield* sys.write_uid_map(101, [{ first: 3, lower_first: 1000, count: 1 }]));
          yield* sys.stay();
        },
        *child(sys) {
          sys.result('second', yield* sys.write_uid_map(101, [{ first: 4, lower_first: 1000, count: 1 }]));
          yield* sys.stay();
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.process('child', { parent, namespaces: CLONE_NEWUSER, cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 300)).toEqual([`first=${-EPERM} second=0`, `first=0 second=${-EPERM}`].sort());
  });

  test('CAP_SETUID over the parent lets a process map any ids, and only those that the parent has', () => {
    const parts: Parts = {
      results: ['many', 'unmapped'],
      programs: {
        *main(sys) {
          sys.result(
            'many',
            yield* sys.write_uid_map(101, [
              { first: 0, lower_first: 2000, count: 10 },
              { first: 100, lower_first: 3000, count: 10 },
            ]),
          );
          yield* sys.write_setgroups(101, false);
          yield* sys.write_gid_map(101, [{ first: 0, lower_first: 1000, count: 1 }]);
          yield* sys.store(0, 1);
          yield* sys.stay();
        },
        *child(sys) {
          while ((yield* sys.load(0)) === 0) yield* sys.getpid();
          sys.check((yield* sys.setuid(0)) === 0 && (yield* sys.setgid(0)) === 0, 'root');
          const below = yield* sys.clone(CLONE_NEWUSER, 'sleep', { cpu: 1 });
          const ids = (lower_first: number, count: number) => [{ first: 0, lower_first, count }];
          sys.check((yield* sys.write_uid_map(below, ids(50, 1))) === -EPERM, 'ids that the parent has not');
          sys.check((yield* sys.write_uid_map(below, ids(5, 10))) === -EPERM, 'more than the parent has');
          sys.check((yield* sys.write_uid_map(below, ids(100, 5))) === 0, 'ids that it has');
          sys.check((yield* sys.setuid(105)) === 0 && (yield* sys.getuid()) === 105, 'setuid in the second line');
          const nested = yield* sys.clone(CLONE_NEWUSER, 'sleep', { cpu: 1 });
          // It lost its capabilities with the change of user: nobody may map more than oneself then.
          sys.result('unmapped', yield* sys.write_uid_map(nested, [{ first: 0, lower_first: 50, count: 1 }]));
          yield* sys.stay();
        },
        sleep: pauses,
      },
      setup(setup) {
        const parent = setup.process('main', { capabilities: CAP_SETUID | CAP_KILL });
        setup.process('child', { parent, namespaces: CLONE_NEWUSER, cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 50)).toEqual([`many=0 unmapped=${-EPERM}`]);
  });
});
