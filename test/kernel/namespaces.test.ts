/** Namespaces of pids and of users. Under every schedule tried. */

import { describe, expect, test } from 'vitest';
import { _LINUX_CAPABILITY_VERSION_3, type CapUserData } from '../../src/kernel/capability.js';
import {
  CAP_FULL_SET,
  CAP_KILL,
  CAP_SETUID,
  CAP_SYS_ADMIN,
  CLD_KILLED,
  CLONE_FS,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_PARENT,
  CLONE_PTHREAD,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_VM,
  EACCES,
  EAGAIN,
  EINVAL,
  ENOENT,
  ENOMEM,
  ENOSPC,
  EPERM,
  ESRCH,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_PDEATHSIG,
  SA_SIGINFO,
  SIG_IGN,
  SIGCHLD,
  SIGHUP,
  SIGKILL,
  SIGRTMIN,
  SIGSTOP,
  SIGTERM,
  SIGUSR1,
  WNOHANG,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import type { ProcessOptions } from '../../src/kernel/setup.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { lasting, outcomesOf, type Parts } from '../support/programs.js';
import { pauses, stays } from '../support/tasks.js';

const OVERFLOW = 65534;

/** A child's exit code. */
function* codeOf(sys: Sys, pid: number): Coroutine<number> {
  sys.check(pid > 0, `clone gave ${pid}`);
  const { pid: reaped, status } = yield* sys.wait4(pid);
  sys.check(reaped === pid, `wait4 gave ${reaped}`);
  return (status & 0x7f) === 0 ? status >> 8 : -(status & 0x7f);
}

const root: ProcessOptions = { uid: 0 };

describe('a pid namespace', () => {
  test('begins with its init as number 1, whose parent is nobody that it knows', () => {
    const parts = lasting(
      root,
      function* (sys) {
        const child = yield* sys.clone(CLONE_NEWPID, 'init', { cpu: 1 });
        sys.check(child === 101, `the number outside is ${child}`);
        return yield* codeOf(sys, child);
      },
      {
        programs: {
          *init(sys) {
            sys.check((yield* sys.getpid()) === 1, 'getpid');
            sys.check((yield* sys.gettid()) === 1, 'gettid');
            sys.check((yield* sys.getppid()) === 0, 'getppid');
            sys.check((yield* sys.getpgrp()) === 0 && (yield* sys.getsid(0)) === 0, 'group and session are outside');
            sys.check((yield* sys.kill(100, 0)) === -ESRCH, 'those outside cannot be named');
            sys.check((yield* sys.kill(-1, SIGKILL)) === -ESRCH, 'nobody else is in it');
            sys.check((yield* sys.setsid()) === 1 && (yield* sys.getsid(0)) === 1, 'setsid');
            const child = yield* sys.fork('member', 0, 1);
            sys.check(child === 2, `the member is ${child}`);
            sys.check((yield* sys.getpgid(2)) === 1, "the member's group");
            const code = yield* codeOf(sys, child);
            sys.check(code === 2, `the member ends with ${code}`);
            return 7;
          },
          *member(sys) {
            sys.check((yield* sys.getppid()) === 1, 'the parent is init');
            return yield* sys.getpid();
          },
        },
      },
    );
    expect(outcomesOf(parts, 100)).toEqual(['done=7']);
  });

  test('needs CAP_SYS_ADMIN, and not threads', () => {
    const parts = (options: ProcessOptions, wanted: number): Parts =>
      lasting(options, function* (sys) {
        sys.check((yield* sys.clone(CLONE_NEWPID | CLONE_PTHREAD, 'sleep')) === -EINVAL, 'a thread');
        sys.check((yield* sys.clone(CLONE_NEWUSER | CLONE_PTHREAD, 'sleep')) === -EINVAL, 'a thread in a user ns');
        sys.check((yield* sys.clone(CLONE_NEWNS | CLONE_FS, 'sleep')) === -EINVAL, 'a shared root');
        sys.check((yield* sys.clone(CLONE_NEWUSER | CLONE_FS, 'sleep')) === -EINVAL, 'a shared root in a user ns');
        sys.check((yield* sys.unshare(0x1)) === -EINVAL, 'a flag that there is not');
        sys.check((yield* sys.unshare(0)) === 0, 'nothing');
        const child = yield* sys.clone(CLONE_NEWPID, 'sleep', { cpu: 1 });
        sys.check(Math.min(child, 0) === wanted, `clone gave ${child}`);
        sys.check((yield* sys.unshare(CLONE_NEWNET)) === wanted, 'another kind');
        sys.check((yield* sys.clone(CLONE_NEWIPC | CLONE_SYSVSEM, 'sleep')) === (wanted || -EINVAL), 'both');
        return yield* sys.unshare(CLONE_NEWPID);
      });
    expect(outcomesOf(parts({}, -EPERM), 20)).toEqual([`done=${-EPERM}`]);
    expect(outcomesOf(parts({ capabilities: CAP_SYS_ADMIN }, 0), 20)).toEqual(['done=0']);
  });

  test('of unshare is for the children: the first is its init, and threads are refused', () => {
    const parts = lasting(
      root,
      function* (sys) {
        sys.check((yield* sys.unshare(CLONE_NEWPID)) === 0, 'unshare');
        sys.check((yield* sys.getpid()) === 100, 'my own number stays');
        sys.check((yield* sys.thread('sleep')) === -EINVAL, 'a thread');
        sys.check((yield* sys.unshare(CLONE_NEWPID)) === -EINVAL, 'another before the first is entered');
        sys.check((yield* sys.clone(CLONE_NEWPID, 'sleep')) === -EINVAL, 'the same with clone');
        const init = yield* sys.fork('number', 0, 1);
        sys.check((yield* codeOf(sys, init)) === 1, 'init');
        // Its init is gone: nobody is born there any more.
        return yield* sys.fork('number', 0, 1);
      },
      {
        programs: {
          *number(sys) {
            return yield* sys.getpid();
          },
        },
      },
    );
    expect(outcomesOf(parts, 100)).toEqual([`done=${-ENOMEM}`]);
  });

  test('has one number in each namespace above it, to the deepest that there can be', () => {
    const parts = lasting(
      root,
      function* (sys) {
        const child = yield* sys.clone(CLONE_NEWPID, 'nested', { arg: 1, cpu: 1 });
        return yield* codeOf(sys, child);
      },
      {
        programs: {
          *nested(sys) {
            sys.check((yield* sys.getpid()) === 1 && (yield* sys.getppid()) === 0, 'an init');
            const child = yield* sys.clone(CLONE_NEWPID, 'nested', { arg: sys.arg + 1 });
            if (child < 0) {
              sys.check(child === -ENOSPC, `clone gave ${child}`);
              return sys.arg;
            }
            sys.check(child === 2, 'the second of its own');
            return yield* codeOf(sys, child);
          },
        },
      },
    );
    expect(outcomesOf(parts, 50)).toEqual(['done=4']);
  });

  test('lets kill(-1), groups and sessions of its members reach them and nobody else', () => {
    const parts = lasting(
      root,
      function* (sys) {
        const init = yield* sys.clone(CLONE_NEWPID, 'init', { cpu: 1 });
        sys.check((yield* codeOf(sys, init)) === 0, 'init');
        return yield* sys.kill(101, 0);
      },
      {
        programs: {
          *init(sys) {
            yield* sys.setsid();
            const a = yield* sys.fork('sleep', 0, 1);
            const b = yield* sys.fork('sleep', 0, 1);
            sys.check((yield* sys.setpgid(b, b)) === 0 && (yield* sys.getpgid(b)) === b, 'setpgid inside');
            sys.check((yield* sys.kill(-b, SIGTERM)) === 0, 'kill of a group');
            sys.check((yield* sys.wait4(-b)).status === SIGTERM, 'wait for a group');
            sys.check((yield* sys.kill(-1, SIGHUP)) === 0, 'kill of all');
            sys.check((yield* sys.wait4(-1)).pid === a, 'wait for any');
          },
        },
        setup(setup) {
          setup.process('main', root);
          setup.process('sleep', { uid: 0, cpu: 0 });
        },
      },
    );
    expect(outcomesOf(parts, 100)).toEqual(['done=0']);
  });

  test('keeps a pidfd that is brought into it from reaching those outside', () => {
    const parts = lasting(
      root,
      function* (sys) {
        const mine = yield* sys.pidfd_open(100, 0);
        const init = yield* sys.clone(CLONE_NEWPID, 'init', { arg: mine, cpu: 1 });
        const its = yield* sys.pidfd_open(init, 0);
        sys.check((yield* sys.pidfd_send_signal(its, 0, null, 0)) === 0, 'into it');
        return yield* codeOf(sys, init);
      },
      {
        programs: {
          *init(sys) {
            sys.check((yield* sys.pidfd_send_signal(sys.arg, 0, null, 0)) === -EINVAL, 'out of it');
            sys.check((yield* sys.pidfd_open(100, 0)) === -ESRCH, 'by number');
          },
        },
      },
    );
    expect(outcomesOf(parts, 100)).toEqual(['done=0']);
  });

  test('gives numbers again, and none where all are taken', () => {
    const parts = lasting(
      root,
      function* (sys) {
        return yield* codeOf(sys, yield* sys.clone(CLONE_NEWPID, 'init', { cpu: 1 }));
      },
      {
        programs: {
          *init(sys) {
            for (let round = 0; round < 70; round++) {
              const child = yield* sys.fork('exit');
              sys.check(child > 1 && child < 64, `the number is ${child}`);
              yield* sys.wait4(child);
            }
          },
          *exit(sys) {
            yield* sys.getpid();
          },
        },
        setup: (setup) => {
          setup.pidMax(105);
          setup.process('main', root);
        },
      },
    );
    expect(outcomesOf(parts, 5)).toEqual(['done=0']);
    const full = lasting(
      root,
      function* (sys) {
        // 100 is this process and 101 the init of the namespace: its child has a number inside and none outside.
        return yield* codeOf(sys, yield* sys.clone(CLONE_NEWPID, 'init', { cpu: 1 }));
      },
      {
        programs: {
          *init(sys) {
            sys.check((yield* sys.fork('sleep')) === -EAGAIN, 'no number outside');
            return 3;
          },
        },
        setup: (setup) => {
          setup.pidMax(102);
          setup.process('main', root);
        },
      },
    );
    expect(outcomesOf(full, 20)).toEqual(['done=3']);
    const none = lasting(
      root,
      function* (sys) {
        sys.check((yield* sys.unshare(CLONE_NEWPID)) === 0, 'unshare');
        sys.check((yield* sys.fork('number')) === -EAGAIN, 'no number for an init');
        yield* sys.store(0, 1);
        yield* sys.kill(101, SIGKILL);
        yield* sys.wait4(101);
        return yield* codeOf(sys, yield* sys.fork('number', 0, 1));
      },
      {
        programs: {
          *number(sys) {
            return yield* sys.getpid();
          },
        },
        setup: (setup) => {
          setup.pidMax(102);
          const parent = setup.process('main', root);
          setup.process('sleep', { parent, cpu: 1 });
        },
      },
    );
    expect(outcomesOf(none, 50)).toEqual(['done=1']);
  });

  test('has no room for more than the machine has, and leaks nothing then', () => {
    const parts = lasting(root, function* (sys) {
      let made = 0;
      for (;;) {
        const child = yield* sys.clone(CLONE_NEWPID, 'sleep', { cpu: 1 });
        if (child < 0) return child;
        sys.check(++made < 20, 'too many');
      }
    });
    expect(outcomesOf(parts, 5)).toEqual([`done=${-ENOMEM}`]);
  });
});

describe('the init of a namespace', () => {
  test('ignores from inside what it has no handler for, and SIGKILL and SIGSTOP always', () => {
    const parts = lasting(
      root,
      function* (sys) {
        return yield* codeOf(sys, yield* sys.clone(CLONE_NEWPID, 'init', { cpu: 1 }));
      },
      {
        programs: {
          *init(sys) {
            const member = yield* sys.fork('member');
            yield* sys.wait4(member);
            sys.check((yield* sys.kill(1, SIGKILL)) === 0, 'by itself');
            return 9;
          },
          *member(sys) {
            for (const sig of [SIGTERM, SIGKILL, SIGSTOP, SIGHUP]) {
              sys.check((yield* sys.kill(1, sig)) === 0, `signal ${sig}`);
            }
            sys.check((yield* sys.sigqueue(1, SIGKILL, 0)) === 0, 'sigqueue');
          },
        },
      },
    );
    expect(outcomesOf(parts, 100)).toEqual(['done=9']);
  });

  test('takes SIGKILL and SIGSTOP from outside, and ignores other fatal signals', () => {
    const parts: Parts = {
      results: ['stopped', 'status'],
      programs: {
        *main(sys) {
          yield* sys.kill(101, SIGTERM);
          yield* sys.kill(101, SIGSTOP);
          sys.result('stopped', (yield* sys.wait4(101, WUNTRACED)).status >> 8);
          yield* sys.kill(101, SIGKILL);
          sys.result('status', (yield* sys.wait4(101)).status);
          yield* sys.stay();
        },
        stay: stays,
      },
      setup(setup) {
        const parent = setup.process('main', root);
        setup.process('stay', { parent, uid: 0, namespaces: CLONE_NEWPID, cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 200)).toEqual([`stopped=${SIGSTOP} status=${SIGKILL}`]);
  });

  test('takes a signal that it has a handler for, from nobody if it comes from outside', () => {
    const parts: Parts = {
      results: ['inside', 'outside', 'queued'],
      cpus: 3,
      programs: {
        *main(sys) {
          yield* sys.kill(101, SIGUSR1);
          yield* sys.sigqueue(101, SIGRTMIN, 5);
          yield* sys.stay();
        },
        *init(sys) {
          for (;;) yield* sys.pause();
        },
        *member(sys) {
          yield* sys.kill(1, SIGTERM);
          yield* sys.stay();
        },
      },
      handlers: {
        *onSignal(sys, sig, info) {
          if (sig === SIGTERM) sys.result('inside', info?.si_pid ?? -1);
          else sys.result(sig === SIGUSR1 ? 'outside' : 'queued', info?.si_pid ?? -1);
        },
      },
      setup(setup) {
        const parent = setup.process('main', root);
        const init = setup.process('init', { parent, uid: 0, namespaces: CLONE_NEWPID, cpu: 1, blocked: true });
        for (const sig of [SIGTERM, SIGUSR1, SIGRTMIN]) setup.sigaction(init, sig, 'onSignal', { flags: SA_SIGINFO });
        setup.process('member', { parent: init, uid: 0, cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 300)).toEqual(['inside=2 outside=0 queued=0']);
  });

  test('may not have siblings', () => {
    const parts = lasting(
      root,
      function* (sys) {
        return yield* codeOf(sys, yield* sys.clone(CLONE_NEWPID, 'init', { cpu: 1 }));
      },
      {
        programs: {
          *init(sys) {
            sys.check((yield* sys.clone(CLONE_PARENT, 'sleep')) === -EINVAL, 'CLONE_PARENT');
          },
        },
      },
    );
    expect(outcomesOf(parts, 20)).toEqual(['done=0']);
  });

  test('takes everybody with it, also those who fork meanwhile and those whom it does not know', () => {
    const parts: Parts = {
      results: ['init', 'left'],
      cpus: 3,
      programs: {
        *main(sys) {
          yield* sys.kill(101, SIGKILL);
          sys.result('init', (yield* sys.wait4(101)).status);
          // All of them are gone when their init can be waited for.
          sys.result('left', yield* sys.load(0));
          for (const pid of [102, 103, 104, 105]) sys.check((yield* sys.kill(pid, 0)) === -ESRCH, `${pid} is left`);
          yield* sys.stay();
        },
        *init(sys) {
          for (;;) yield* sys.pause();
        },
        *member(sys) {
          if (sys.arg < 2) yield* sys.fork('member', sys.arg + 1, 1);
          yield* sys.stay();
        },
      },
      setup(setup) {
        const parent = setup.process('main', root);
        const init = setup.process('init', { parent, uid: 0, namespaces: CLONE_NEWPID, cpu: 1, blocked: true });
        setup.process('member', { parent: init, cpu: 2 });
      },
      unfinished: ({ init }) => (init === null ? 'init did not die' : null),
    };
    expect(outcomesOf(parts, 1000)).toEqual([`init=${SIGKILL} left=0`]);
  });

  test('with children in a nested namespace takes that with it too', () => {
    const parts: Parts = {
      results: ['init'],
      cpus: 3,
      programs: {
        *main(sys) {
          yield* sys.kill(101, SIGKILL);
          sys.result('init', (yield* sys.wait4(101)).status);
          for (const pid of [102, 103]) sys.check((yield* sys.kill(pid, 0)) === -ESRCH, `${pid} is left`);
          yield* sys.stay();
        },
        *sleeper(sys) {
          for (;;) yield* sys.pause();
        },
        *member(sys) {
          yield* sys.fork('sleeper', 0, 0);
          yield* sys.stay();
        },
      },
      setup(setup) {
        const parent = setup.process('main', root);
        const options = { uid: 0, namespaces: CLONE_NEWPID, blocked: true };
        const init = setup.process('sleeper', { parent, cpu: 1, ...options });
        const nested = setup.process('sleeper', { parent: init, cpu: 1, ...options });
        setup.process('member', { parent: nested, cpu: 2 });
      },
      unfinished: ({ init }) => (init === null ? 'init did not die' : null),
    };
    expect(outcomesOf(parts, 500)).toEqual([`init=${SIGKILL}`]);
  });

  test('of several threads ends its namespace when the last of them does', () => {
    const parts: Parts = {
      results: ['leader', 'init'],
      cpus: 3,
      programs: {
        *main(sys) {
          sys.result('init', (yield* sys.wait4(101)).status);
          sys.check((yield* sys.kill(103, 0)) === -ESRCH, 'a member is left');
          yield* sys.stay();
        },
        *leader(sys) {
          yield* sys.exit(3);
        },
        *thread(sys) {
          yield* sys.getpid();
          yield* sys.exit(4);
        },
        stay: stays,
      },
      setup(setup) {
        const parent = setup.process('main', root);
        const init = setup.process('leader', { parent, uid: 0, namespaces: CLONE_NEWPID, cpu: 1 });
        setup.thread(init, 'thread', { cpu: 2 });
        setup.process('stay', { parent: init, cpu: 0 });
      },
      unfinished: ({ init }) => (init === null ? 'init did not die' : null),
    };
    expect(outcomesOf(parts, 500)).toEqual([`leader=null init=${3 << 8}`]);
  });

  test('goes on with another thread where that runs a new program', () => {
    const parts: Parts = {
      results: ['pid', 'orphan'],
      cpus: 3,
      programs: {
        *main(sys) {
          yield* sys.wait4(101);
          yield* sys.stay();
        },
        *thread(sys) {
          yield* sys.execve('next');
        },
        *next(sys) {
          sys.result('pid', yield* sys.getpid());
          // The member may have died before, when the program was the old one.
          sys.result('orphan', (yield* sys.wait4(-1)).pid);
          sys.check((yield* sys.kill(1, SIGKILL)) === 0, 'still an init');
          yield* sys.stay();
        },
        *member(sys) {
          yield* sys.fork('leaf', 0, 0);
        },
        *leaf(sys) {
          yield* sys.getppid();
        },
        sleep: pauses,
      },
      setup(setup) {
        const parent = setup.process('main', root);
        const init = setup.process('sleep', { parent, uid: 0, namespaces: CLONE_NEWPID, cpu: 1 });
        setup.thread(init, 'thread', { cpu: 2 });
        setup.process('member', { parent: init, cpu: 1 });
      },
      unfinished: ({ orphan }) => (orphan === null ? 'no orphan came' : null),
    };
    for (const outcome of outcomesOf(parts, 500)) expect(outcome).toMatch(/^pid=1 orphan=[34]$/);
  });

  test('inherits the orphans of its namespace, past a subreaper outside, but not past one inside', () => {
    const parts = (subreaper: boolean): Parts => ({
      results: ['parent'],
      cpus: 3,
      programs: {
        *main(sys) {
          yield* sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
          yield* sys.store(0, 1);
          sys.check((yield* sys.wait4(-1)).pid === 101, 'only the init is mine');
          yield* sys.stay();
        },
        sleep: pauses,
        *grandparent(sys) {
          if (subreaper) yield* sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
          const child = yield* sys.fork('parent', 0, 1);
          yield* sys.wait4(child);
          for (;;) yield* sys.pause();
        },
        *parent(sys) {
          while ((yield* sys.load(0)) === 0) yield* sys.getpid();
          yield* sys.fork('orphan', yield* sys.getpid(), 2);
        },
        *orphan(sys) {
          while ((yield* sys.getppid()) === sys.arg) yield* sys.getpid();
          sys.result('parent', yield* sys.getppid());
        },
      },
      setup(setup) {
        const parent = setup.process('main', root);
        const init = setup.process('sleep', { parent, uid: 0, namespaces: CLONE_NEWPID, cpu: 1, blocked: true });
        setup.sigaction(init, SIGCHLD, SIG_IGN);
        setup.process('grandparent', { parent: init, cpu: 2 });
      },
      unfinished: ({ parent }) => (parent === null ? 'no orphan' : null),
    });
    expect(outcomesOf(parts(false), 200)).toEqual(['parent=1']);
    expect(outcomesOf(parts(true), 200)).toEqual(['parent=2']);
  });

  test('has the parent told of its death as any child', () => {
    const parts: Parts = {
      results: ['code', 'pid', 'status'],
      programs: {
        *main(sys) {
          yield* sys.kill(101, SIGKILL);
          yield* sys.stay();
        },
        sleep: pauses,
      },
      handlers: {
        *onChild(sys, _sig, info) {
          sys.result('code', info?.si_code ?? -1);
          sys.result('pid', info?.si_pid ?? -1);
          sys.result('status', (yield* sys.wait4(-1, WNOHANG)).status);
        },
      },
      setup(setup) {
        const parent = setup.process('main', root);
        setup.sigaction(parent, SIGCHLD, 'onChild', { flags: SA_SIGINFO });
        setup.process('sleep', { parent, uid: 0, namespaces: CLONE_NEWPID, cpu: 1, blocked: true });
      },
    };
    expect(outcomesOf(parts, 200)).toEqual([`code=${CLD_KILLED} pid=101 status=${SIGKILL}`]);
  });

  test('dies with its parent where it asked for that, by SIGKILL from an ancestor namespace', () => {
    const parts: Parts = {
      results: ['gone'],
      cpus: 3,
      programs: {
        *watcher(sys) {
          yield* sys.wait4(101);
          while ((yield* sys.kill(102, 0)) === 0) yield* sys.getpid();
          sys.result('gone', yield* sys.kill(102, 0));
          yield* sys.stay();
        },
        *parent(sys) {
          yield* sys.getpid();
        },
        *init(sys) {
          yield* sys.prctl(PR_SET_PDEATHSIG, SIGKILL);
          yield* sys.stay();
        },
        stay: stays,
      },
      setup(setup) {
        const parent = setup.process('watcher', root);
        const middle = setup.process('parent', { parent, uid: 0, cpu: 1 });
        setup.process('stay', { parent: middle, uid: 0, namespaces: CLONE_NEWPID, pdeathSignal: SIGKILL, cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 200)).toEqual([`gone=${-ESRCH}`]);
  });
});

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
