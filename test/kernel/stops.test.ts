/** Stopping and going on, and what the parent hears of it. Under every schedule tried. */

import { describe, expect, test } from 'vitest';
import {
  CLD_CONTINUED,
  CLD_EXITED,
  CLD_KILLED,
  CLD_STOPPED,
  ECHILD,
  EINVAL,
  P_ALL,
  P_PGID,
  P_PID,
  SA_NOCLDSTOP,
  SA_SIGINFO,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTSTP,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { noInfo, stays } from '../support/tasks.js';

/** A parent with one child that stays in user mode. */
function parentOf(parent: Parts['programs'][string], results: readonly string[], more: Partial<Parts> = {}): Parts {
  return { results, programs: { parent, child: stays }, setup: (setup) => void setup.process('parent'), ...more };
}

describe('a stop signal', () => {
  test('stops a process until SIGCONT, and wait tells of both', () => {
    const parts = parentOf(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* sys.kill(child, SIGSTOP);
        sys.result('stopped', (yield* sys.wait4(child, WUNTRACED)).status);
        sys.result('again', (yield* sys.wait4(child, WUNTRACED | WNOHANG)).pid);
        yield* sys.kill(child, SIGCONT);
        sys.result('continued', (yield* sys.wait4(child, WCONTINUED)).status);
        yield* sys.kill(child, SIGKILL);
        sys.result('end', (yield* sys.wait4(child)).status);
      },
      ['stopped', 'again', 'continued', 'end'],
    );
    expect(outcomesOf(parts, 300)).toEqual([
      `stopped=${(SIGSTOP << 8) | 0x7f} again=0 continued=${0xffff} end=${SIGKILL}`,
    ]);
  });

  test('stops every thread of a process, and the parent hears of it once', () => {
    const parts: Parts = {
      results: ['stopped', 'again', 'end'],
      cpus: 3,
      programs: {
        *parent(sys) {
          sys.result('stopped', (yield* sys.wait4(101, WUNTRACED)).status);
          sys.result('again', (yield* sys.wait4(101, WUNTRACED | WNOHANG)).pid);
          yield* sys.kill(101, SIGKILL);
          sys.result('end', (yield* sys.wait4(101)).status);
        },
        *leader(sys) {
          yield* sys.kill(yield* sys.getpid(), SIGSTOP);
          yield* sys.stay();
        },
        *thread(sys) {
          for (;;) yield* sys.pause();
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        const leader = setup.process('leader', { parent, cpu: 1 });
        setup.thread(leader, 'thread', { cpu: 2 });
        setup.thread(leader, 'thread', { cpu: 2, blocked: true });
      },
    };
    expect(outcomesOf(parts, 400)).toEqual([`stopped=${(SIGSTOP << 8) | 0x7f} again=0 end=${SIGKILL}`]);
  });

  test('is over when the last thread that has not stopped exits', () => {
    const parts: Parts = {
      results: ['stopped', 'end'],
      cpus: 3,
      programs: {
        *parent(sys) {
          yield* sys.kill(101, SIGSTOP);
          sys.result('stopped', (yield* sys.wait4(101, WUNTRACED)).status);
          yield* sys.kill(101, SIGKILL);
          sys.result('end', (yield* sys.wait4(101)).status);
        },
        leader: stays,
        *thread(sys) {
          yield* sys.exit(0);
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.thread(setup.process('leader', { parent, cpu: 1 }), 'thread', { cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 400)).toEqual([`stopped=${(SIGSTOP << 8) | 0x7f} end=${SIGKILL}`]);
  });

  test('and SIGCONT sent after it leaves the process running, with its threads', () => {
    const parts: Parts = {
      results: ['end'],
      cpus: 3,
      programs: {
        *parent(sys) {
          yield* sys.kill(101, SIGSTOP);
          yield* sys.kill(101, SIGCONT);
          sys.result('end', (yield* sys.wait4(101)).status);
        },
        *leader(sys) {
          yield* sys.thread('thread', 0, 2);
          yield* sys.stay();
        },
        *thread(sys) {
          yield* sys.exit_group(5);
        },
      },
      setup(setup) {
        setup.process('leader', { parent: setup.process('parent'), cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 600)).toEqual([`end=${5 << 8}`]);
  });

  test('SIGKILL ends a stopped process', () => {
    const parts = parentOf(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* sys.kill(child, SIGSTOP);
        yield* sys.kill(child, SIGKILL);
        sys.result('end', (yield* sys.wait4(child)).status);
      },
      ['end'],
    );
    expect(outcomesOf(parts, 500)).toEqual([`end=${SIGKILL}`]);
  });

  test('from the terminal does nothing in an orphaned process group, and SIGSTOP does', () => {
    // The group of these processes is init's: nobody outside could continue them.
    const parts = parentOf(
      function* (sys) {
        const child = yield* sys.fork('worker', 0, 1);
        yield* sys.kill(child, SIGTSTP);
        sys.result('worker', (yield* sys.wait4(child, WUNTRACED)).status);
        const other = yield* sys.fork('child', 0, 1);
        yield* sys.kill(other, SIGSTOP);
        sys.result('other', (yield* sys.wait4(other, WUNTRACED)).status);
        yield* sys.kill(other, SIGKILL);
      },
      ['worker', 'other'],
    );
    const programs = {
      ...parts.programs,
      *worker(sys: Sys): Coroutine<number> {
        yield* sys.getpid();
        return 3;
      },
    };
    expect(outcomesOf({ ...parts, programs }, 300)).toEqual([`worker=${3 << 8} other=${(SIGSTOP << 8) | 0x7f}`]);
  });
});

describe('SIGCHLD', () => {
  const codes = (flags: number): Parts => ({
    results: ['codes'],
    programs: {
      *parent(sys) {
        yield* sys.sigaction(SIGCHLD, 'onChild', { flags: SA_SIGINFO | flags });
        const child = yield* sys.fork('child', 0, 1);
        yield* sys.kill(child, SIGSTOP);
        while ((yield* sys.wait4(child, WUNTRACED)).pid !== child);
        yield* sys.kill(child, SIGCONT);
        while ((yield* sys.wait4(child, WCONTINUED)).pid !== child);
        sys.result('codes', yield* sys.load(0));
        yield* sys.kill(child, SIGKILL);
      },
      child: stays,
    },
    handlers: {
      *onChild(sys, _sig, info) {
        const code = info?.si_code ?? 0;
        if (code === CLD_STOPPED || code === CLD_CONTINUED) yield* sys.store(0, (yield* sys.load(0)) * 10 + code);
      },
    },
    setup: (setup) => void setup.process('parent'),
  });

  test('says that a child has stopped and that it goes on', () => {
    expect(outcomesOf(codes(0), 300)).toContain(`codes=${CLD_STOPPED}${CLD_CONTINUED}`);
  });

  test('does not, where SA_NOCLDSTOP asks for that; wait still does', () => {
    expect(outcomesOf(codes(SA_NOCLDSTOP), 300)).toEqual(['codes=0']);
  });
});

describe('waitid', () => {
  test('tells of a stop, of going on and of the end, and with WNOWAIT leaves them', () => {
    const parts = parentOf(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        const info = noInfo();
        const code = function* (options: number): Coroutine<number> {
          const result = yield* sys.waitid(P_PID, child, info, options);
          sys.check(result === 0 && info.si_pid === child && info.si_signo === SIGCHLD, `waitid gave ${result}`);
          return info.si_code * 100 + info.si_status;
        };
        yield* sys.kill(child, SIGSTOP);
        sys.result('look', yield* code(WSTOPPED | WNOWAIT));
        sys.result('stopped', yield* code(WSTOPPED));
        yield* sys.kill(child, SIGCONT);
        sys.result('continued', yield* code(WCONTINUED));
        yield* sys.kill(child, SIGKILL);
        sys.result('zombie', yield* code(WEXITED | WNOWAIT));
        sys.result('killed', yield* code(WEXITED));
        sys.result('none', yield* sys.waitid(P_ALL, 0, info, WEXITED));
      },
      ['look', 'stopped', 'continued', 'zombie', 'killed', 'none'],
    );
    const stopped = CLD_STOPPED * 100 + SIGSTOP;
    const killed = CLD_KILLED * 100 + SIGKILL;
    expect(outcomesOf(parts, 300)).toEqual([
      `look=${stopped} stopped=${stopped} continued=${CLD_CONTINUED * 100 + SIGCONT} zombie=${killed} killed=${killed} none=${-ECHILD}`,
    ]);
  });

  test('gives the exit code, and zeros where nothing has happened', () => {
    const parts = parentOf(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        const info = noInfo();
        sys.result('nothing', yield* sys.waitid(P_ALL, 0, info, WEXITED | WNOHANG));
        if (info.si_pid === 0) yield* sys.waitid(P_ALL, 0, info, WEXITED);
        sys.result('code', info.si_code);
        sys.result('status', info.si_status);
        sys.result('pid', info.si_pid === child ? 1 : 0);
      },
      ['nothing', 'code', 'status', 'pid'],
      {},
    );
    const programs = {
      ...parts.programs,
      *child(sys: Sys): Coroutine<number> {
        yield* sys.getpid();
        return 9;
      },
    };
    expect(outcomesOf({ ...parts, programs }, 100)).toEqual([`nothing=0 code=${CLD_EXITED} status=9 pid=1`]);
  });

  test('refuses what it does not know', () => {
    const parts = parentOf(
      function* (sys) {
        sys.result('options', yield* sys.waitid(P_ALL, 0, null, 0));
        sys.result('unknown', yield* sys.waitid(P_ALL, 0, null, WEXITED | 0x100));
        sys.result('type', yield* sys.waitid(7, 1, null, WEXITED));
        sys.result('pid', yield* sys.waitid(P_PID, 0, null, WEXITED));
        sys.result('group', yield* sys.waitid(P_PGID, 0, null, WEXITED));
      },
      ['options', 'unknown', 'type', 'pid', 'group'],
    );
    const e = -EINVAL;
    expect(outcomesOf(parts, 2)).toEqual([`options=${e} unknown=${e} type=${e} pid=${e} group=${e}`]);
  });
});

test('a parent that ignores SIGCHLD is not told of stops, and its wait is', () => {
  const parts = parentOf(
    function* (sys) {
      yield* sys.sigaction(SIGCHLD, SIG_IGN);
      const child = yield* sys.fork('child', 0, 1);
      yield* sys.kill(child, SIGSTOP);
      sys.result('stopped', (yield* sys.wait4(child, WUNTRACED)).status);
      yield* sys.kill(child, SIGKILL);
      sys.result('end', (yield* sys.wait4(child)).pid);
    },
    ['stopped', 'end'],
  );
  expect(outcomesOf(parts, 300)).toEqual([`stopped=${(SIGSTOP << 8) | 0x7f} end=${-ECHILD}`]);
});
