/** The init of a pid namespace: which signals it takes, and what becomes of its namespace without it. */

import { describe, expect, test } from 'vitest';
import {
  CLD_KILLED,
  CLONE_NEWPID,
  CLONE_PARENT,
  EINVAL,
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
import { lasting, outcomesOf, type Parts } from '../support/programs.js';
import { codeOf, pauses, stays } from '../support/tasks.js';

const root: ProcessOptions = { uid: 0 };

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
