/** What an account of an execution says in plain words: of system calls, signals, sleep and death. */

import { describe, expect, it } from 'vitest';
import {
  POLLIN,
  PR_GET_DUMPABLE,
  PR_SET_PDEATHSIG,
  PTRACE_TRACEME,
  SA_NOCLDWAIT,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_UNBLOCK,
  SIGCHLD,
  SIGCONT,
  SIGQUIT,
  SIGRTMIN,
  SIGSTOP,
  SIGTERM,
  SIGUSR1,
  SIGWINCH,
  WNOHANG,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import type { Program } from '../../src/kernel/scenario.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { told } from '../support/events.js';
import { alone, type Parts } from '../support/programs.js';

/** What is said of one program on one CPU. */
function toldOf(main: Program, more: Partial<Parts> = {}): readonly string[] {
  return told(alone([], main, { cpus: 1, ...more }));
}

describe('a system call', () => {
  it('of kill says whom a number means', () => {
    const lines = toldOf(function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      yield* sys.kill(0, SIGUSR1);
      yield* sys.kill(-1, SIGUSR1);
      yield* sys.kill(-100, SIGUSR1);
      yield* sys.kill(100, 0);
      yield* sys.kill(100, 99);
      yield* sys.kill(100, SIGRTMIN + 3);
    });
    for (const line of [
      'calls kill(0, SIGUSR1): it asks the kernel to send SIGUSR1 to every process of its own group',
      'calls kill(-1, SIGUSR1): it asks the kernel to send SIGUSR1 to every process that it may signal',
      'calls kill(-100, SIGUSR1): it asks the kernel to send SIGUSR1 to every process of group 100',
      'calls kill(100, 0): it asks whether process 100 is there',
      'calls kill(100, 99): it asks the kernel to send signal 99, which there is not, to process 100',
      'kill fails with EINVAL (a wrong argument)',
      'kill fails with ESRCH (there is no such process)',
      'calls kill(100, SIGRTMIN+3): it asks the kernel to send SIGRTMIN+3 to process 100',
      'begins to end, killed by SIGRTMIN+3',
    ]) {
      expect(lines).toContain(`process 100: ${line}`);
    }
  });

  it('of wait says for whom it waits', () => {
    const lines = toldOf(function* (sys) {
      yield* sys.wait4(-1);
      yield* sys.wait4(0);
      yield* sys.wait4(7);
      yield* sys.wait4(-1, WNOHANG);
    });
    expect(lines).toContain(
      'process 100: calls wait4(-1, WNOHANG): it looks whether any of its children has ended, and does not wait for it',
    );
    expect(lines).toContain(
      'process 100: calls wait4(-1): it waits for any of its children to end, and takes note of how it did',
    );
    expect(lines).toContain(
      'process 100: calls wait4(0): it waits for one of a group of its children to end, and takes note of how it did',
    );
    expect(lines).toContain(
      'process 100: calls wait4(7): it waits for its child 7 to end, and takes note of how it did',
    );
    expect(lines).toContain('process 100: wait4 fails with ECHILD (there is no such child to wait for)');
  });

  it('of ptrace or prctl names what it asks for, or gives its number', () => {
    const lines = toldOf(function* (sys) {
      yield* sys.ptrace(PTRACE_TRACEME, 0);
      yield* sys.ptrace(999, 7);
      yield* sys.prctl(PR_SET_PDEATHSIG, 0);
      yield* sys.prctl(PR_GET_DUMPABLE, 0);
    });
    expect(lines).toContain('process 100: calls ptrace(PTRACE_TRACEME): it makes its parent its tracer, or debugger');
    expect(lines).toContain('process 100: calls ptrace(999, 7): it acts as the tracer of task 7');
    expect(lines).toContain('process 100: calls prctl(PR_SET_PDEATHSIG): it asks for a signal when its parent dies');
    expect(lines).toContain('process 100: calls prctl(3): it asks for a setting of its process, or changes it');
  });

  it('that is not explained is only named, and so is an error', () => {
    const lines = toldOf(function* (sys) {
      yield* sys.getuid();
      yield* sys.nanosleep(null);
    });
    expect(lines).toContain('process 100: calls getuid()');
    expect(lines).toContain('process 100: getuid returns 1000');
    expect(lines).toContain('process 100: nanosleep fails with EFAULT');
  });
});

describe('a signal that is taken', () => {
  it('is ignored, does nothing, goes on, stops or kills as its action is', () => {
    const lines = toldOf(function* (sys) {
      const pid = yield* sys.getpid();
      const all = sigmask(SIGUSR1, SIGCHLD, SIGCONT);
      yield* sys.sigaction(SIGUSR1, SIG_IGN);
      // Blocked, so that none of them is dropped when it is sent.
      yield* sys.sigprocmask(SIG_BLOCK, all);
      for (const sig of [SIGUSR1, SIGCHLD, SIGCONT]) yield* sys.kill(pid, sig);
      yield* sys.sigprocmask(SIG_UNBLOCK, all);
      yield* sys.kill(pid, SIGQUIT);
    });
    for (const line of [
      'takes SIGUSR1 and ignores it',
      'takes SIGCHLD: nothing happens',
      'takes SIGCONT: it goes on if it was stopped',
      'takes SIGQUIT: the process dies, with a core dump',
      'begins to end, killed by SIGQUIT',
    ]) {
      expect(lines).toContain(`process 100: ${line}`);
    }
  });

  it('by a handler, and by a stop, is told as well', () => {
    const lines = told({
      programs: {
        *main(sys) {
          yield* sys.sigaction(SIGUSR1, 'onUsr1');
          yield* sys.kill(yield* sys.getpid(), SIGUSR1);
          const pid = yield* sys.fork('stops', 0, 1);
          yield* sys.waitpid(pid, WUNTRACED);
          yield* sys.kill(pid, SIGCONT);
          yield* sys.waitpid(pid);
        },
        *stops(sys) {
          yield* sys.kill(yield* sys.getpid(), SIGSTOP);
        },
      },
      handlers: { *onUsr1() {} },
      results: [],
      setup: (setup) => void setup.process('main'),
    });
    expect(lines).toContain('process 100: takes SIGUSR1, for which it has a handler');
    expect(lines).toContain('process 100: runs its handler for SIGUSR1');
    expect(lines).toContain('process 101: takes SIGSTOP: the process stops');
    expect(lines).toContain('process 101: stops');
    expect(lines).toContain(
      'process 100: sends SIGCONT to process 101: it goes on if it was stopped, and a stop that was to come is called off',
    );
  });
});

describe('a signal that is sent', () => {
  it('goes to a process or to a thread, and may come to nothing', () => {
    const lines = told({
      programs: {
        *main(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          const tid = yield* sys.thread('other', 0, 1);
          yield* sys.tgkill(100, tid, SIGUSR1);
          yield* sys.kill(100, SIGWINCH);
          yield* sys.kill(100, SIGCONT);
          yield* sys.kill(100, SIGTERM);
        },
        *other(sys) {
          yield* sys.stay();
        },
      },
      results: [],
      setup: (setup) => void setup.process('main'),
    });
    const main = 'thread 100';
    expect(lines).toContain(`${main}: sends SIGUSR1 to thread 101 of process 100`);
    expect(lines).toContain(`${main}: sends SIGWINCH to process 100, which has no use for it: it is dropped`);
    expect(lines).toContain(
      `${main}: sends SIGCONT to process 100: it goes on if it was stopped, and a stop that was to come is called off`,
    );
  });
});

describe('time', () => {
  const sleeper: Parts = {
    programs: {
      *main(sys) {
        yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
      },
    },
    results: [],
    cpus: 1,
    setup: (setup) => void setup.process('main'),
  };

  it('that has passed is an interruption, which wakes a sleeper', () => {
    const lines = told(sleeper, 20);
    expect(lines).toContain('CPU 0: is interrupted: time has passed, and a timer goes off');
    expect(lines).toContain('CPU 0: wakes process 100');
    expect(lines).toContain('CPU 0: has something to do again: process 100 goes on');
  });

  it('that passes before the sleeper is asleep has it wake itself', () => {
    expect(told(sleeper, 20)).toContain('process 100: wakes itself');
  });
});

describe('memory', () => {
  it('that programs share is their variables', () => {
    const lines = toldOf(function* (sys) {
      yield* sys.store(3, (yield* sys.load(2)) + 7);
    });
    expect(lines).toContain('process 100: looks at its variable 2: it is 0');
    expect(lines).toContain('process 100: sets its variable 3 to 7');
  });
});

describe('who waits for a lock', () => {
  it('is told who holds it: one CPU, or readers', () => {
    const lines = told(
      {
        programs: {
          // A read of the list of tasks, and two changes of it.
          *asks(sys) {
            yield* sys.kill(-1, 0);
          },
          *moves(sys) {
            yield* sys.setpgid(0, 0);
          },
        },
        results: [],
        cpus: 3,
        setup(setup) {
          for (const [cpu, program] of ['asks', 'moves', 'moves'].entries()) setup.process(program, { cpu });
        },
      },
      40,
    );
    const all = lines.join('\n');
    expect(all).toMatch(/has to wait: somebody reads under tasklist_lock/);
    expect(all).toMatch(/has to wait: CPU \d holds tasklist_lock/);
  });
});

describe('a death', () => {
  it('that two threads wait for is claimed by one, and the other finds that', () => {
    const lines = told(
      {
        programs: {
          *main(sys) {
            yield* sys.fork('child', 0, 2);
            yield* sys.thread('waits', 0, 1);
            yield* sys.wait4(-1);
            yield* sys.stay();
          },
          *waits(sys) {
            yield* sys.wait4(-1);
            yield* sys.exit_group(0);
          },
          *child() {
            return 3;
          },
        },
        results: [],
        cpus: 3,
        setup: (setup) => void setup.process('main'),
      },
      60,
    );
    const all = lines.join('\n');
    expect(all).toMatch(/claims the dead process 101 for itself: it has been waited for/);
    expect(all).toMatch(/finds that somebody else has claimed process 101/);
    expect(all).toMatch(/process 101: begins to end, with exit code 3/);
  });

  it('that nobody waits for needs no note', () => {
    const lines = told({
      programs: {
        *main(sys) {
          yield* sys.sigaction(SIGCHLD, SIG_DFL, { flags: SA_NOCLDWAIT });
          yield* sys.fork('child', 0, 1);
          yield* sys.wait4(-1);
        },
        *child() {},
      },
      results: [],
      setup: (setup) => void setup.process('main'),
    });
    expect(lines).toContain('process 101: is a zombie now: dead, until somebody takes note of it');
    expect(lines).toContain('process 100: wait4 fails with ECHILD (there is no such child to wait for)');
  });
});

describe('a CPU', () => {
  it('that two programs share is given up by the one and taken by the other', () => {
    const lines = told(
      {
        programs: {
          *stays(sys) {
            yield* sys.stay();
          },
          *works(sys) {
            yield* sys.getpid();
          },
        },
        results: [],
        cpus: 1,
        setup(setup) {
          setup.process('stays');
          setup.process('works');
        },
      },
      5,
    );
    expect(lines).toContain('process 100: gives up its CPU; process 101 goes on in its place');
    expect(lines).toContain('process 101: is off its CPU for good; process 100 goes on in its place');
  });
});

describe('a descriptor of a process', () => {
  it('that is waited at is no number of a process: what happens to it is left out', () => {
    const lines = told({
      programs: {
        *main(sys) {
          const child = yield* sys.fork('child', 0, 1);
          const fd = yield* sys.pidfd_open(child, 0);
          yield* sys.poll([{ fd, events: POLLIN, revents: 0 }], 1, -1);
          yield* sys.waitpid(child);
        },
        *child(sys) {
          yield* sys.step();
        },
      },
      results: [],
      setup: (setup) => void setup.process('main'),
    });
    expect(lines).toContain('process 100: calls poll(): it waits until a descriptor has something for it');
    expect(lines.filter((line) => /wait_pidfd/.test(line))).toEqual([]);
  });
});
