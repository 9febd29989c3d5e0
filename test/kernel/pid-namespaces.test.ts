/** Pid namespaces: the numbers in them, and whom signals reach, under every schedule tried. */

import { describe, expect, test } from 'vitest';
import {
  CAP_SYS_ADMIN,
  CLONE_FS,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_PTHREAD,
  CLONE_SYSVSEM,
  EAGAIN,
  EINVAL,
  ENOMEM,
  ENOSPC,
  EPERM,
  ESRCH,
  SIGHUP,
  SIGKILL,
  SIGTERM,
} from '../../src/kernel/constants.js';
import type { ProcessOptions } from '../../src/kernel/setup.js';
import { lasting, outcomesOf, type Parts } from '../support/programs.js';
import { codeOf } from '../support/tasks.js';

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
