/** Identity and namespaces where memory runs out, where a fork is killed in the middle, and where users come and go. */

import { describe, expect, test } from 'vitest';
import {
  CAP_FULL_SET,
  CAP_KILL,
  CAP_SETUID,
  CLONE_FILES,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_PTHREAD,
  EAGAIN,
  EBADF,
  ENOMEM,
  EPERM,
  ESRCH,
  PR_SET_KEEPCAPS,
  RLIMIT_NOFILE,
  SIGKILL,
  SIGTERM,
} from '../../src/kernel/constants.js';
import { credFunctions } from '../../src/kernel/cred.js';
import { globals, task_struct, user_struct } from '../../src/kernel/structs.js';
import { NULL } from '../../src/memory/layout.js';
import { lasting, outcomesOf, type Parts, patchOf } from '../support/programs.js';
import { pauses, stays } from '../support/tasks.js';

describe('without memory', () => {
  const noCreds = patchOf({
    prepare_creds() {
      return this.get(this.current, task_struct.pid) < 100 ? credFunctions.prepare_creds.call(this) : NULL;
    },
  });
  const header = { version: 0x20080522, pid: 0 };

  test('for credentials nothing is set, and all but setfsuid and setfsgid say so', () => {
    const parts = lasting(
      { uid: 0 },
      function* (sys) {
        const results = [
          yield* sys.setuid(1),
          yield* sys.setreuid(1, 1),
          yield* sys.setresuid(1, 1, 1),
          yield* sys.setgid(1),
          yield* sys.setregid(1, 1),
          yield* sys.setresgid(1, 1, 1),
          yield* sys.capset(header, { effective: 0, permitted: 0, inheritable: 0 }),
          yield* sys.prctl(PR_SET_KEEPCAPS, 1),
          yield* sys.fork('sleep'),
          yield* sys.unshare(CLONE_NEWUSER),
          yield* sys.clone(CLONE_NEWUSER | CLONE_NEWPID, 'sleep'),
          yield* sys.execve('special'),
        ];
        sys.check(
          results.every((result) => result === -ENOMEM),
          `they gave ${results}`,
        );
        sys.check((yield* sys.setfsuid(1)) === 0 && (yield* sys.setfsgid(1)) === 0, 'the ids before');
        return yield* sys.getuid();
      },
      { programs: { special: stays }, files: { special: { setuid: 5 } } },
    );
    expect(outcomesOf(parts, 20, [noCreds])).toEqual(['done=0']);
  });

  test('for a user setting the ids fails', () => {
    const parts = lasting({ uid: 1000, capabilities: CAP_SETUID | CAP_KILL }, function* (sys) {
      sys.check((yield* sys.setuid(1)) === -EAGAIN, 'setuid');
      sys.check((yield* sys.setreuid(1, 1)) === -EAGAIN, 'setreuid');
      sys.check((yield* sys.setresuid(1, 1, 1)) === -EAGAIN, 'setresuid');
      sys.check((yield* sys.setresuid(-1, 1, 1)) === 0, 'setresuid of those that count nothing');
    });
    // The users of the setup must be made: only the race is without memory.
    const late = patchOf({
      *set_user() {
        return -EAGAIN;
      },
    });
    expect(outcomesOf(parts, 20, [late])).toEqual(['done=1']);
  });

  test('for one more user the last of sixteen is refused, and given back when it is not needed', () => {
    const parts = lasting(
      { uid: 0 },
      function* (sys) {
        for (let uid = 1; uid <= 15; uid++) {
          const child = yield* sys.fork('user', uid, 1);
          while ((yield* sys.load(uid)) === 0) sys.check(child > 0, 'fork');
        }
        return yield* sys.load(15);
      },
      {
        programs: {
          *user(sys) {
            const result = yield* sys.setuid(sys.arg);
            yield* sys.store(sys.arg, result === 0 ? 1 : result);
            for (;;) yield* sys.pause();
          },
        },
      },
    );
    // Root is one of them, and the user of init's children is another only while it is needed.
    expect(outcomesOf(parts, 5)).toEqual(['done=1']);
    const more = {
      ...parts,
      setup: (s: Parameters<Parts['setup']>[0]) => {
        s.process('main', { uid: 0 });
        s.process('sleep', { uid: 77, cpu: 1 });
      },
    };
    expect(outcomesOf(more, 5)).toEqual([`done=${-EAGAIN}`]);
  });

  test('for namespaces a clone and an unshare leave nothing behind', () => {
    const parts = lasting({ uid: 0 }, function* (sys) {
      sys.check((yield* sys.clone(CLONE_NEWPID, 'sleep')) === -ENOMEM, 'clone');
      sys.check((yield* sys.unshare(CLONE_NEWPID)) === -ENOMEM, 'unshare');
      sys.check((yield* sys.unshare(CLONE_NEWUSER | CLONE_NEWPID)) === -ENOMEM, 'both');
      return yield* sys.fork('sleep', 0, 1);
    });
    const noNamespace = patchOf({
      create_pid_namespace() {
        return -ENOMEM;
      },
    });
    expect(outcomesOf(parts, 20, [noNamespace])).toEqual(['done=101']);
    const again = lasting(
      { uid: 0 },
      function* (sys) {
        // Each is gone as soon as it is replaced or refused; the memory follows a grace period later.
        let refused = 0;
        for (let round = 0; round < 20; round++) {
          const init = yield* sys.clone(CLONE_NEWPID, 'exit', { cpu: 1 });
          if (init < 0) {
            sys.check(init === -ENOMEM, `clone gave ${init}`);
            refused++;
          } else {
            yield* sys.wait4(init);
          }
        }
        return refused < 20 ? 0 : 1;
      },
      {
        programs: {
          *exit(sys) {
            yield* sys.getpid();
          },
        },
      },
    );
    expect(outcomesOf(again, 20)).toEqual(['done=0']);
  });
});

describe('a clone that is killed', () => {
  test('with a namespace of its own leaves nothing of it', () => {
    const parts: Parts = {
      results: ['status', 'init'],
      cpus: 3,
      programs: {
        *main(sys) {
          yield* sys.kill(101, SIGKILL);
          sys.result('status', (yield* sys.wait4(101)).status);
          sys.result('init', yield* sys.kill(102, SIGKILL));
          yield* sys.stay();
        },
        *cloner(sys) {
          if (sys.arg === 1) yield* sys.unshare(CLONE_NEWPID);
          yield* sys.clone(CLONE_NEWUSER | (sys.arg === 1 ? 0 : CLONE_NEWPID), 'sleep', { cpu: 2 });
          yield* sys.stay();
        },
        sleep: pauses,
      },
      setup(setup) {
        const parent = setup.process('main', { uid: 0 });
        setup.process('cloner', { parent, uid: 0, cpu: 1 });
      },
    };
    const both = [`status=${SIGKILL} init=${-ESRCH}`, `status=${SIGKILL} init=0`];
    expect(outcomesOf(parts, 600)).toEqual(both);
    const unshared: Parts = {
      ...parts,
      setup(setup) {
        const parent = setup.process('main', { uid: 0 });
        setup.process('cloner', { parent, uid: 0, cpu: 1, arg: 1 });
      },
    };
    expect(outcomesOf(unshared, 600)).toEqual(both);
  });
});

describe('users', () => {
  test('are found while they are freed and made again: never one that is gone, never two', () => {
    // geteuid stands for whatever looks a user up by number.
    const lookup = patchOf({
      *geteuid() {
        const user = yield* this.find_user(2000);
        if (!user) return 0;
        const uid = this.get(user, user_struct.uid);
        this.BUG_ON(this.peek(user + user_struct.__count) < 1, 'find_user gave one that nobody has');
        this.free_uid(user);
        return uid;
      },
    });
    const parts: Parts = {
      results: ['found'],
      cpus: 3,
      programs: {
        *changer(sys) {
          yield* sys.setresuid(2000, -1, -1);
          yield* sys.setresuid(3000, -1, -1);
          yield* sys.setresuid(2000, -1, -1);
        },
        *finder(sys) {
          sys.result('found', yield* sys.geteuid());
          yield* sys.geteuid();
        },
      },
      setup(setup) {
        setup.process('changer', { capabilities: CAP_SETUID });
        setup.process('changer', { capabilities: CAP_SETUID, cpu: 1 });
        setup.process('finder', { uid: 1001, cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 600, [lookup])).toEqual(['found=0', 'found=2000']);
  });

  test('are counted where their processes are, whoever they were forked by', () => {
    const counted = patchOf({
      *geteuid() {
        return this.get(this.get(this.globals, globals.root_user), user_struct.processes);
      },
    });
    const parts = lasting(
      { uid: 0 },
      function* (sys) {
        const before = yield* sys.geteuid();
        const child = yield* sys.fork('user', 0, 1);
        yield* sys.wait4(child);
        sys.check((yield* sys.geteuid()) === before, 'back to what it was');
        const other = yield* sys.fork('user', 1, 1);
        while ((yield* sys.load(0)) === 0) yield* sys.getpid();
        sys.check((yield* sys.geteuid()) === before, 'not counted as root');
        yield* sys.kill(other, SIGTERM);
      },
      {
        programs: {
          *user(sys) {
            yield* sys.setuid(1000);
            yield* sys.store(0, sys.arg);
            if (sys.arg === 1) for (;;) yield* sys.pause();
          },
        },
      },
    );
    expect(outcomesOf(parts, 200, [counted])).toEqual(['done=1']);
  });

  test("another task's capabilities are looked at under RCU while it changes them", () => {
    const asked = patchOf({
      *geteuid() {
        this.rcu_read_lock();
        const t = yield* this.find_task_by_vpid(101);
        const has = t ? yield* this.has_ns_capability(t, this.init_user_ns, CAP_KILL) : false;
        this.rcu_read_unlock();
        return has ? 1 : 0;
      },
    });
    const parts: Parts = {
      results: ['has'],
      programs: {
        *main(sys) {
          sys.result('has', yield* sys.geteuid());
          yield* sys.stay();
        },
        *target(sys) {
          yield* sys.setuid(1000);
          yield* sys.stay();
        },
      },
      setup(setup) {
        setup.process('main');
        setup.process('target', { uid: 0, capabilities: CAP_FULL_SET, cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 300, [asked])).toEqual(['has=0', 'has=1']);
  });
});

describe('unshare(CLONE_FILES)', () => {
  test('gives a thread descriptors of its own', () => {
    const parts: Parts = {
      results: ['shared', 'own'],
      programs: {
        *main(sys) {
          const fds: [number, number] = [-1, -1];
          yield* sys.pipe(fds);
          const tid = yield* sys.clone(CLONE_PTHREAD, 'thread', { arg: fds[1], cpu: 1 });
          sys.check(tid > 0, 'thread');
          while ((yield* sys.load(0)) === 0) yield* sys.getpid();
          yield* sys.close(fds[1]);
          yield* sys.store(1, 1);
          yield* sys.stay();
        },
        *thread(sys) {
          sys.result('shared', yield* sys.unshare(CLONE_FILES | CLONE_NEWPID));
          sys.check((yield* sys.unshare(CLONE_FILES)) === 0, 'unshare');
          sys.check((yield* sys.unshare(CLONE_FILES)) === 0, 'not shared any more');
          yield* sys.store(0, 1);
          while ((yield* sys.load(1)) === 0) yield* sys.getpid();
          const result = yield* sys.close(sys.arg);
          sys.check(result !== -EBADF, 'closed by another');
          sys.result('own', result);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 50)).toEqual([`shared=${-EPERM} own=0`]);
  });

  test('RLIMIT_NOFILE is how many descriptors there can be', () => {
    const parts = lasting({ limits: { [RLIMIT_NOFILE]: 3 } }, function* (sys) {
      const fds: [number, number] = [-1, -1];
      sys.check((yield* sys.pipe(fds)) === 0, 'two');
      return yield* sys.pipe(fds);
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=-24']);
  });
});
