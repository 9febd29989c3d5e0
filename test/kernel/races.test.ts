/**
 * Branches that only a race takes, in small scenarios under many schedules: what comes of each is what would have come
 * of it if nobody had been in the way, or one of two things that exclude each other.
 */

import { describe, expect, test } from 'vitest';
import {
  CLONE_FILES,
  CLONE_NEWPID,
  CLONE_PTHREAD,
  CLONE_SIGHAND,
  CLONE_VM,
  ENOMEM,
  ESRCH,
  F_GETFL,
  F_SETFL,
  O_NONBLOCK,
  O_RDONLY,
  P_PID,
  PTRACE_O_EXITKILL,
  PTRACE_SEIZE,
  SA_SIGINFO,
  SEGV_MAPERR,
  SIG_BLOCK,
  SIG_SETMASK,
  SIGCONT,
  SIGKILL,
  SIGSEGV,
  SIGSTOP,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
  WCONTINUED,
  WNOHANG,
  WNOWAIT,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { allOutcomesOf, outcomesOf, type Parts } from '../support/programs.js';
import { noInfo, pauses, stays } from '../support/tasks.js';

describe('a signal to a thread', () => {
  test('that dies after it was found is sent, and before that there is nobody', () => {
    const parts: Parts = {
      results: ['sent'],
      programs: {
        *main(sys) {
          const tid = yield* sys.thread('ends', 0, 1);
          sys.result('sent', yield* sys.tkill(tid, SIGUSR1));
        },
        *ends(sys) {
          yield* sys.exit(0);
        },
      },
      handlers: { *onUsr1() {} },
      setup: (setup) => setup.sigaction(setup.process('main'), SIGUSR1, 'onUsr1'),
    };
    expect(outcomesOf(parts, 400)).toEqual([`sent=${-ESRCH}`, 'sent=0']);
  });

  test('of two that one thread was to take, each goes to another when it blocks both', () => {
    // 100 can take both until it blocks them, 101 the first, 102 the second.
    const parts: Parts = {
      results: ['first', 'second'],
      cpus: 4,
      programs: {
        *leader(sys) {
          yield* sys.sigprocmask(SIG_SETMASK, sigmask(SIGUSR1, SIGUSR2));
          yield* sys.stay();
        },
        pauses,
        *sends(sys) {
          yield* sys.kill(100, SIGUSR1);
          yield* sys.kill(100, SIGUSR2);
        },
      },
      handlers: {
        *onUsr1(sys) {
          sys.result('first', sys.tid);
        },
        *onUsr2(sys) {
          sys.result('second', sys.tid);
        },
      },
      setup(setup) {
        const leader = setup.process('leader');
        setup.sigaction(leader, SIGUSR1, 'onUsr1');
        setup.sigaction(leader, SIGUSR2, 'onUsr2');
        for (const [cpu, sig] of [SIGUSR2, SIGUSR1].entries()) {
          const thread = setup.thread(leader, 'pauses', { cpu: cpu + 1, blocked: true });
          setup.run(thread, (sys) => sys.sigprocmask(SIG_BLOCK, sigmask(sig)));
        }
        setup.process('sends', { cpu: 3 });
      },
    };
    expect(allOutcomesOf(parts, 1)).toEqual(['first=100 second=100', 'first=101 second=102']);
  });
});

describe('the news that a child goes on', () => {
  /** A child that has been stopped and goes on. */
  function* continued(sys: Sys): Coroutine<number> {
    const child = yield* sys.fork('stays', 0, 0);
    yield* sys.kill(child, SIGSTOP);
    yield* sys.waitpid(child, WUNTRACED);
    yield* sys.kill(child, SIGCONT);
    return child;
  }

  test('are there until somebody takes them', () => {
    const parts: Parts = {
      results: ['looked', 'again', 'took', 'after'],
      cpus: 1,
      programs: {
        *main(sys) {
          const child = yield* continued(sys);
          for (const [name, flags] of Object.entries({ looked: WNOWAIT, again: WNOWAIT, took: 0, after: 0 })) {
            const info = noInfo();
            yield* sys.waitid(P_PID, child, info, WCONTINUED | WNOHANG | flags);
            sys.result(name, info.si_pid === child ? 1 : 0);
          }
          yield* sys.kill(child, SIGKILL);
        },
        stays,
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 20)).toEqual(['looked=1 again=1 took=1 after=0']);
  });

  test('for which two threads ask are taken by one of them', () => {
    const parts: Parts = {
      results: ['taken'],
      programs: {
        *main(sys) {
          const child = yield* continued(sys);
          yield* sys.thread('asks', child, 1);
          const info = noInfo();
          yield* sys.waitid(P_PID, child, info, WCONTINUED | WNOHANG);
          while ((yield* sys.load(0)) === 0) yield* sys.step();
          sys.result('taken', (yield* sys.load(0)) - 1 + (info.si_pid === child ? 1 : 0));
          yield* sys.kill(child, SIGKILL);
        },
        *asks(sys) {
          const info = noInfo();
          yield* sys.waitid(P_PID, sys.arg, info, WCONTINUED | WNOHANG);
          yield* sys.store(0, info.si_pid === sys.arg ? 2 : 1);
          yield* sys.stay();
        },
        stays,
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 300)).toEqual(['taken=1']);
  });
});

describe('the flags of a file', () => {
  test('are read as they were or as they are', () => {
    const parts: Parts = {
      results: ['flags'],
      programs: {
        *main(sys) {
          const fds: [number, number] = [0, 0];
          yield* sys.pipe(fds);
          yield* sys.thread('sets', fds[0], 1);
          sys.result('flags', yield* sys.fcntl(fds[0], F_GETFL));
        },
        *sets(sys) {
          yield* sys.fcntl(sys.arg, F_GETFL);
          yield* sys.fcntl(sys.arg, F_SETFL, O_NONBLOCK);
          yield* sys.exit(0);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 200)).toEqual([`flags=${O_RDONLY}`, `flags=${O_NONBLOCK}`].sort());
  });
});

describe('exec', () => {
  test('of one of five threads waits for the last of the others', () => {
    const parts: Parts = {
      results: ['image'],
      cpus: 3,
      programs: {
        *main(sys) {
          for (let made = 0; made < 3; made++) yield* sys.thread('stays', 0, made);
          yield* sys.thread('execs', 0, 1);
          yield* sys.stay();
        },
        *execs(sys) {
          yield* sys.execve('image');
        },
        *image(sys) {
          sys.result('image', yield* sys.getpid());
        },
        stays,
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 100)).toEqual(['image=100']);
  });

  test.each([
    ['that share the table of descriptors', CLONE_PTHREAD],
    ['that have tables of their own', CLONE_PTHREAD & ~CLONE_FILES],
  ])('of two threads %s leaves one image, and gives back what the other had prepared', (_, flags) => {
    const parts: Parts = {
      results: ['image'],
      programs: {
        *main(sys) {
          const fds: [number, number] = [0, 0];
          yield* sys.pipe(fds);
          yield* sys.clone(flags, 'execs', { cpu: 1 });
          yield* sys.execve('image', 1);
        },
        *execs(sys) {
          yield* sys.execve('image', 2);
        },
        *image(sys) {
          sys.result('image', sys.arg);
        },
      },
      files: { image: { setuid: 7 } },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 300)).toEqual(['image=1', 'image=2']);
  });

  test.each([
    ['that shares its table of descriptors', CLONE_PTHREAD],
    ['that does not', CLONE_PTHREAD & ~CLONE_FILES],
  ])('of a thread %s, in a process that is killed meanwhile, leaves nothing behind', (_, flags) => {
    const parts: Parts = {
      results: ['image'],
      cpus: 3,
      programs: {
        *main(sys) {
          const fds: [number, number] = [0, 0];
          yield* sys.pipe(fds);
          yield* sys.clone(flags, 'execs', { cpu: 1 });
          yield* sys.fork('kills', 0, 2);
          yield* sys.stay();
        },
        *execs(sys) {
          yield* sys.execve('image');
        },
        *kills(sys) {
          yield* sys.kill(100, SIGTERM);
        },
        *image(sys) {
          sys.result('image', yield* sys.geteuid());
          yield* sys.stay();
        },
      },
      files: { image: { setuid: 1000, setgid: 7 } },
      setup: (setup) => void setup.process('main', { uid: 1000 }),
    };
    expect(outcomesOf(parts, 150)).toEqual(['image=1000', 'image=null']);
  });

  test('without memory for handlers of its own, or for credentials, says so, and the program goes on', () => {
    const parts = (objects: Parts['objects']): Parts => ({
      results: ['exec'],
      cpus: 1,
      programs: {
        *main(sys) {
          // Shares its handlers with a process of its own.
          yield* sys.clone(CLONE_VM | CLONE_SIGHAND, 'pauses');
          const fds: [number, number] = [0, 0];
          yield* sys.pipe(fds);
          yield* sys.clone(CLONE_FILES, 'pauses');
          sys.result('exec', yield* sys.execve('image'));
        },
        pauses,
        *image() {},
      },
      files: { image: { setuid: 7 } },
      objects: objects ?? {},
      setup: (setup) => void setup.process('main'),
    });
    // One short of what it needs.
    expect(outcomesOf(parts({ sighand_cache: 4 }), 3)).toEqual([`exec=${-ENOMEM}`]);
    expect(outcomesOf(parts({ cred_jar: 4 }), 3)).toEqual([`exec=${-ENOMEM}`]);
    expect(outcomesOf(parts({ sighand_cache: 5, cred_jar: 5 }), 3)).toEqual(['exec=null']);
  });
});

describe('a fault', () => {
  test('with an interrupt on its way lets that come first, and both are served', () => {
    const parts: Parts = {
      results: ['handled', 'woken'],
      programs: {
        *faults(sys) {
          yield* sys.getpid();
          yield* sys.fault(SIGSEGV, SEGV_MAPERR, 0);
          yield* sys.getpid();
        },
        *sleeps(sys) {
          yield* sys.pause();
          sys.result('woken', 1);
        },
        *wakes(sys) {
          yield* sys.kill(101, SIGUSR1);
        },
      },
      handlers: {
        *onSegv(sys) {
          sys.result('handled', 1);
        },
        *onUsr1() {},
      },
      setup(setup) {
        setup.sigaction(setup.process('faults', { cpu: 0 }), SIGSEGV, 'onSegv');
        setup.sigaction(setup.process('sleeps', { cpu: 0, blocked: true }), SIGUSR1, 'onUsr1');
        setup.process('wakes', { cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 200)).toEqual(['handled=1 woken=1']);
  });

  test('whose handler finds no stack ends the process, whoever sends meanwhile', () => {
    const parts: Parts = {
      results: ['status'],
      programs: {
        *main(sys) {
          const child = yield* sys.fork('faults', 0, 1);
          yield* sys.kill(child, SIGUSR1);
          sys.result('status', (yield* sys.waitpid(child)).status & 0x7f);
        },
        *faults(sys) {
          yield* sys.fault(SIGSEGV, SEGV_MAPERR, 0);
        },
      },
      handlers: { *onSegv() {} },
      // No frame for a handler.
      objects: { sigframe: 0 },
      setup(setup) {
        const main = setup.process('main');
        setup.sigaction(main, SIGSEGV, 'onSegv', { flags: SA_SIGINFO });
        setup.sigaction(main, SIGUSR1, 1);
      },
    };
    expect(outcomesOf(parts, 200)).toEqual([`status=${SIGSEGV}`]);
  });
});

describe('the init of a namespace', () => {
  test('waits in its exit for a zombie that somebody outside traces, and nobody takes that for a lost signal', () => {
    const parts: Parts = {
      results: ['left'],
      cpus: 3,
      programs: {
        *main(sys) {
          yield* sys.clone(CLONE_NEWPID, 'init', { cpu: 1 });
          while ((yield* sys.load(0)) === 0) yield* sys.step();
          // 102 inside.
          sys.check((yield* sys.ptrace(PTRACE_SEIZE, 102, 0, PTRACE_O_EXITKILL)) === 0, 'seize');
          yield* sys.store(0, 2);
          for (;;) yield* sys.pause();
        },
        *init(sys) {
          yield* sys.fork('pauses', 0, 2);
          yield* sys.store(0, 1);
          while ((yield* sys.load(0)) !== 2) yield* sys.step();
          return 0;
        },
        pauses,
      },
      setup: (setup) => void setup.process('main', { uid: 0 }),
    };
    expect(outcomesOf(parts, 30)).toEqual(['left=null']);
  });
});
