/** Process groups, sessions, parents and `prctl`. Under every schedule tried. */

import { describe, expect, test } from 'vitest';
import {
  EACCES,
  ECHILD,
  EFAULT,
  EINVAL,
  EPERM,
  ESRCH,
  PR_GET_CHILD_SUBREAPER,
  PR_GET_DUMPABLE,
  PR_GET_NAME,
  PR_GET_PDEATHSIG,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_DUMPABLE,
  PR_SET_NAME,
  PR_SET_PDEATHSIG,
  SIGKILL,
  SIGTERM,
  SIGUSR1,
} from '../../src/kernel/constants.js';
import type { PrctlOut } from '../../src/kernel/prctl.js';
import { lasting, outcomesOf, type Parts } from '../support/programs.js';
import { stays } from '../support/tasks.js';

describe('setpgid', () => {
  test('of oneself makes a group of one, and getpgid, getpgrp and getsid tell', () => {
    const parts = lasting({}, function* (sys) {
      const me = yield* sys.getpid();
      sys.check((yield* sys.getpgrp()) === 1, 'the group is inherited');
      sys.check((yield* sys.getsid(0)) === 1, 'and the session');
      sys.check((yield* sys.setpgid(0, 0)) === 0, 'setpgid(0, 0)');
      sys.check((yield* sys.getpgrp()) === me, 'getpgrp');
      sys.check((yield* sys.getpgid(0)) === me, 'getpgid(0)');
      sys.check((yield* sys.getpgid(me)) === me, 'getpgid of oneself');
      sys.check((yield* sys.setpgid(me, me)) === 0, 'again');
      sys.check((yield* sys.getpgid(1)) === 1, 'getpgid of init');
      sys.check((yield* sys.getsid(1)) === 1, 'getsid of init');
      sys.check((yield* sys.getppid()) === 1, 'getppid');
    });
    expect(outcomesOf(parts, 20)).toEqual(['done=1']);
  });

  test('refuses with the errnos that POSIX names', () => {
    const parts = lasting(
      {},
      function* (sys) {
        const me = yield* sys.getpid();
        const child = yield* sys.fork('sleep', 0, 1);
        sys.check((yield* sys.setpgid(0, -1)) === -EINVAL, 'a negative group');
        sys.check((yield* sys.setpgid(500, 0)) === -ESRCH, 'nobody');
        sys.check((yield* sys.setpgid(-1, 0)) === -ESRCH || (yield* sys.setpgid(-1, 5)) === -ESRCH, 'below 0');
        sys.check((yield* sys.setpgid(101, 0)) === -ESRCH, 'not a child');
        sys.check((yield* sys.setpgid(me, 500)) === -EPERM, 'a group that there is not');
        sys.check((yield* sys.setpgid(me, child)) === -EPERM, 'a process that leads no group');
        sys.check((yield* sys.setpgid(me, 101)) === -EPERM, 'a group of another session');
        sys.check((yield* sys.getpgid(500)) === -ESRCH, 'getpgid of nobody');
        sys.check((yield* sys.getsid(500)) === -ESRCH, 'getsid of nobody');
        sys.check((yield* sys.setpgid(child, 0)) === 0, "a child's");
        sys.check((yield* sys.getpgid(child)) === child, 'moved');
        sys.check((yield* sys.setpgid(me, child)) === 0, "into the child's group");
        sys.check((yield* sys.getpgrp()) === child, 'moved too');
      },
      {
        setup: (setup) => {
          setup.process('main');
          setup.process('sleep', { session: true, cpu: 1 });
        },
      },
    );
    expect(outcomesOf(parts, 50)).toEqual(['done=1']);
  });

  test('refuses a thread that leads no group of threads, and a leader of a session', () => {
    const parts = lasting(
      {},
      function* (sys) {
        const tid = yield* sys.thread('sleep', 0, 1);
        sys.check((yield* sys.setpgid(tid, 0)) === -EINVAL, 'a thread');
        const session = yield* sys.fork('leader', 0, 1);
        while ((yield* sys.load(0)) === 0) yield* sys.getpid();
        sys.check((yield* sys.setpgid(session, 0)) === -EPERM, 'a child in a session of its own');
        sys.check((yield* sys.getsid(session)) === session, 'getsid');
        sys.check((yield* sys.setsid()) > 0, 'setsid');
        sys.check((yield* sys.setpgid(0, 0)) === -EPERM, 'a leader of a session');
      },
      {
        cpus: 3,
        programs: {
          *leader(sys) {
            yield* sys.setsid();
            yield* sys.store(0, 1);
            yield* sys.stay();
          },
        },
      },
    );
    expect(outcomesOf(parts, 100)).toEqual(['done=1']);
  });

  test("of a child races against the child's exec: 0 before it, EACCES after", () => {
    const parts: Parts = {
      results: ['setpgid', 'group'],
      programs: {
        *parent(sys) {
          const child = yield* sys.fork('child', 0, 1);
          sys.result('setpgid', yield* sys.setpgid(child, child));
          sys.result('group', (yield* sys.getpgid(child)) - child);
          yield* sys.stay();
        },
        *child(sys) {
          yield* sys.execve('stay');
        },
        stay: stays,
      },
      setup: (setup) => void setup.process('parent', { group: true }),
    };
    expect(outcomesOf(parts, 300)).toEqual([`setpgid=${-EACCES} group=-1`, 'setpgid=0 group=0']);
  });

  test('has kill of a group reach a child that was moved to it, and not before', () => {
    const parts: Parts = {
      results: ['status'],
      cpus: 3,
      programs: {
        *parent(sys) {
          yield* sys.setpgid(101, 102);
          sys.result('status', (yield* sys.wait4(101)).status);
          yield* sys.stay();
        },
        *killer(sys) {
          yield* sys.kill(-102, SIGTERM);
          yield* sys.kill(101, SIGKILL);
        },
        stay: stays,
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.process('stay', { parent, cpu: 1 });
        const leader = setup.process('stay', { group: true, parent, cpu: 1 });
        setup.process('stay', { group: leader, parent, cpu: 1 });
        setup.process('killer', { cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 300)).toEqual([`status=${SIGTERM}`, `status=${SIGKILL}`].sort());
  });
});

describe('setsid', () => {
  test('makes a session once, and refuses a leader of a group', () => {
    const parts = lasting(
      {},
      function* (sys) {
        const me = yield* sys.getpid();
        sys.check((yield* sys.setsid()) === me, 'setsid');
        sys.check((yield* sys.getsid(0)) === me && (yield* sys.getpgrp()) === me, 'getsid');
        sys.check((yield* sys.setsid()) === -EPERM, 'twice');
        const child = yield* sys.fork('grouped', 0, 1);
        sys.check((yield* sys.wait4(child)).status === 7 << 8, 'the child');
      },
      {
        programs: {
          *grouped(sys) {
            yield* sys.setpgid(0, 0);
            return (yield* sys.setsid()) === -EPERM ? 7 : 1;
          },
        },
      },
    );
    expect(outcomesOf(parts, 50)).toEqual(['done=1']);
  });

  test('refuses where the number is still that of a group that others are in', () => {
    const parts = lasting({}, function* (sys) {
      const me = yield* sys.getpid();
      const child = yield* sys.fork('stay', 0, 1);
      yield* sys.setpgid(0, 0);
      sys.check((yield* sys.setpgid(child, me)) === 0, 'the child in my group');
      sys.check((yield* sys.setpgid(0, 1)) === 0, 'out of it');
      sys.check((yield* sys.setsid()) === -EPERM, 'the group is not gone');
    });
    expect(outcomesOf(parts, 50)).toEqual(['done=1']);
  });
});

describe('getppid', () => {
  test('gives the parent, and init once that is gone', () => {
    const parts: Parts = {
      results: ['first', 'last'],
      cpus: 3,
      programs: {
        *parent(sys) {
          yield* sys.fork('child', 0, 1);
        },
        *child(sys) {
          sys.result('first', yield* sys.getppid());
          while ((yield* sys.getppid()) !== 1) yield* sys.getpid();
          sys.result('last', yield* sys.getppid());
        },
      },
      setup: (setup) => void setup.process('parent'),
    };
    expect(outcomesOf(parts, 300)).toEqual(['first=1 last=1', 'first=100 last=1']);
  });
});

describe('prctl', () => {
  test('sets and gets, and refuses what the manual says', () => {
    const parts = lasting(
      {},
      function* (sys) {
        const out: PrctlOut = {};
        sys.check((yield* sys.prctl(PR_SET_PDEATHSIG, 65)) === -EINVAL, 'no such signal');
        sys.check((yield* sys.prctl(PR_SET_PDEATHSIG, -1)) === -EINVAL, 'a negative one');
        sys.check((yield* sys.prctl(PR_SET_PDEATHSIG, SIGUSR1)) === 0, 'set');
        sys.check((yield* sys.prctl(PR_GET_PDEATHSIG, out)) === 0 && out.value === SIGUSR1, 'get');
        sys.check((yield* sys.prctl(PR_GET_PDEATHSIG, null)) === -EFAULT, 'nowhere');
        sys.check((yield* sys.prctl(PR_GET_DUMPABLE)) === 1, 'dumpable');
        sys.check((yield* sys.prctl(PR_SET_DUMPABLE, 2)) === -EINVAL, 'only root may be told of');
        sys.check((yield* sys.prctl(PR_SET_DUMPABLE, 0)) === 0, 'set dumpable');
        sys.check((yield* sys.prctl(PR_GET_DUMPABLE)) === 0, 'not dumpable');
        sys.check((yield* sys.prctl(PR_GET_CHILD_SUBREAPER, out)) === 0 && out.value === 0, 'no subreaper');
        sys.check((yield* sys.prctl(PR_SET_CHILD_SUBREAPER, 5)) === 0, 'set subreaper');
        sys.check((yield* sys.prctl(PR_GET_CHILD_SUBREAPER, out)) === 0 && out.value === 1, 'subreaper');
        sys.check((yield* sys.prctl(PR_SET_CHILD_SUBREAPER, 0)) === 0, 'unset');
        sys.check((yield* sys.prctl(PR_GET_CHILD_SUBREAPER, out)) === 0 && out.value === 0, 'no more');
        sys.check((yield* sys.prctl(PR_GET_NAME, out)) === 0 && out.name === 'main', 'the program');
        sys.check((yield* sys.prctl(PR_SET_NAME, 'a name of more than fifteen')) === 0, 'set name');
        sys.check((yield* sys.prctl(PR_GET_NAME, out)) === 0 && out.name === 'a name of more ', 'cut');
        sys.check((yield* sys.prctl(PR_SET_NAME, 'b')) === 0, 'set name');
        sys.check((yield* sys.prctl(PR_GET_NAME, out)) === 0 && out.name === 'b', 'short');
        sys.check((yield* sys.prctl(PR_SET_NAME, null)) === -EFAULT, 'set no name');
        sys.check((yield* sys.prctl(PR_GET_NAME, null)) === -EFAULT, 'get name to nowhere');
        sys.check((yield* sys.prctl(-1)) === -EINVAL, 'no such option');
        const child = yield* sys.fork('child', 0, 1);
        sys.check((yield* sys.wait4(child)).status === 0, 'the child');
      },
      {
        programs: {
          *child(sys) {
            const out: PrctlOut = {};
            yield* sys.prctl(PR_GET_PDEATHSIG, out);
            if (out.value !== 0) return 1;
            if ((yield* sys.prctl(PR_GET_DUMPABLE)) !== 0) return 2;
            yield* sys.prctl(PR_GET_NAME, out);
            if (out.name !== 'b') return 3;
            yield* sys.prctl(PR_SET_PDEATHSIG, SIGUSR1);
            yield* sys.execve('next');
            return 4;
          },
          *next(sys) {
            const out: PrctlOut = {};
            yield* sys.prctl(PR_GET_PDEATHSIG, out);
            if (out.value !== SIGUSR1) return 5;
            if ((yield* sys.prctl(PR_GET_DUMPABLE)) !== 1) return 6;
            yield* sys.prctl(PR_GET_NAME, out);
            return out.name === 'next' ? 0 : 7;
          },
        },
      },
    );
    expect(outcomesOf(parts, 50)).toEqual(['done=1']);
  });

  test('PR_SET_PDEATHSIG races against the death of the parent', () => {
    const parts: Parts = {
      results: ['signal', 'parent'],
      cpus: 3,
      programs: {
        *parent(sys) {
          yield* sys.getpid();
        },
        *child(sys) {
          yield* sys.prctl(PR_SET_PDEATHSIG, SIGUSR1);
          // What a careful program does: the parent may have gone before.
          sys.result('parent', yield* sys.getppid());
          yield* sys.stay();
        },
      },
      handlers: {
        *onDeath(sys, sig) {
          sys.result('signal', sig);
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        const child = setup.process('child', { parent, cpu: 1 });
        setup.sigaction(child, SIGUSR1, 'onDeath');
      },
    };
    expect(outcomesOf(parts, 500)).toEqual(['signal=10 parent=1', 'signal=10 parent=100', 'signal=null parent=1']);
  });
});

describe('a subreaper', () => {
  const orphan = (more: Partial<Parts> = {}): Parts => ({
    results: ['reaped', 'parent'],
    cpus: 3,
    programs: {
      *reaper(sys) {
        yield* sys.wait4(101);
        sys.result('reaped', (yield* sys.wait4(-1)).pid);
        yield* sys.stay();
      },
      *middle(sys) {
        yield* sys.fork('orphan', 0, 2);
      },
      *orphan(sys) {
        while ((yield* sys.getppid()) === 101) yield* sys.getpid();
        sys.result('parent', yield* sys.getppid());
      },
    },
    setup(setup) {
      const parent = setup.process('reaper', { subreaper: true });
      setup.process('middle', { parent, cpu: 1 });
    },
    ...more,
  });

  test('inherits the orphans below it', () => {
    expect(outcomesOf(orphan(), 300)).toEqual(['reaped=102 parent=100']);
  });

  test('inherits those that were there before it became one', () => {
    const parts = orphan();
    const programs: Parts['programs'] = {
      ...parts.programs,
      *reaper(sys) {
        yield* sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
        yield* sys.store(0, 1);
        yield* sys.wait4(101);
        sys.result('reaped', (yield* sys.wait4(-1)).pid);
        yield* sys.stay();
      },
      *middle(sys) {
        const child = yield* sys.fork('orphan', 0, 2);
        while ((yield* sys.load(0)) === 0) yield* sys.getpgid(child);
      },
    };
    const setup: Parts['setup'] = (s) => {
      const parent = s.process('reaper');
      s.thread(parent, 'stay', { cpu: 1 });
      s.process('middle', { parent, cpu: 2 });
    };
    const named = { ...parts, programs: { ...programs, stay: stays }, setup };
    // The thread takes the number 101, the middle 102, the orphan 103.
    const renumbered: Parts = {
      ...named,
      programs: {
        ...named.programs,
        *reaper(sys) {
          yield* sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
          yield* sys.store(0, 1);
          yield* sys.wait4(102);
          sys.result('reaped', (yield* sys.wait4(-1)).pid);
          yield* sys.stay();
        },
        *orphan(sys) {
          while ((yield* sys.getppid()) === 102) yield* sys.getpid();
          sys.result('parent', yield* sys.getppid());
        },
      },
    };
    expect(outcomesOf(renumbered, 300)).toEqual(['reaped=103 parent=100']);
  });

  test('that dies while a child of it exits passes its orphans on to init', () => {
    const parts: Parts = {
      results: ['reaper'],
      cpus: 3,
      programs: {
        *grandparent(sys) {
          const { pid } = yield* sys.wait4(101);
          sys.result('reaper', pid);
          // The orphans went past this process, which is no subreaper.
          sys.check((yield* sys.wait4(-1)).pid === -ECHILD, 'no other child');
          yield* sys.stay();
        },
        *reaper(sys) {
          yield* sys.getpid();
        },
        *middle(sys) {
          yield* sys.getpid();
        },
        *leaf(sys) {
          sys.check([1, 101, 102].includes(yield* sys.getppid()), 'an ancestor');
        },
      },
      setup(setup) {
        const grandparent = setup.process('grandparent');
        const parent = setup.process('reaper', { parent: grandparent, subreaper: true, cpu: 1 });
        const middle = setup.process('middle', { parent, cpu: 2 });
        setup.process('leaf', { parent: middle, cpu: 0 });
      },
      unfinished: ({ reaper }) => (reaper === null ? 'the reaper was not waited for' : null),
    };
    expect(outcomesOf(parts, 500)).toEqual(['reaper=101']);
  });
});
