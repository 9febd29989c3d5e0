/** Statuses as programs take them apart, of processes that ended in each way; and what a peek at one tells. */

import { expect, it } from 'vitest';
import {
  ECHILD,
  P_PID,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTERM,
  WCONTINUED,
  WEXITED,
  WNOWAIT,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import {
  WCOREDUMP,
  WEXITSTATUS,
  WIFCONTINUED,
  WIFEXITED,
  WIFSIGNALED,
  WIFSTOPPED,
  WSTOPSIG,
  WTERMSIG,
} from '../../src/kernel/waitstatus.js';
import { outcomesOf, type Parts } from '../support/programs.js';

it('the macros tell how a child ended, stopped or went on', () => {
  const parts: Parts = {
    programs: {
      *main(sys) {
        const child = yield* sys.fork('stays');
        yield* sys.kill(child, SIGSTOP);
        const stopped = (yield* sys.waitpid(child, WUNTRACED)).status;
        sys.check(WIFSTOPPED(stopped) && WSTOPSIG(stopped) === SIGSTOP, 'stopped');
        sys.check(!WIFEXITED(stopped) && !WIFSIGNALED(stopped) && !WIFCONTINUED(stopped), 'only stopped');
        yield* sys.kill(child, SIGCONT);
        const goesOn = (yield* sys.waitpid(child, WCONTINUED)).status;
        sys.check(WIFCONTINUED(goesOn) && !WIFSTOPPED(goesOn) && !WIFEXITED(goesOn), 'goes on');
        yield* sys.kill(child, SIGKILL);
        const killed = (yield* sys.wait()).status;
        sys.check(WIFSIGNALED(killed) && WTERMSIG(killed) === SIGKILL && !WCOREDUMP(killed), 'killed');
        sys.check(!WIFEXITED(killed) && !WIFSTOPPED(killed), 'only killed');
        const other = yield* sys.fork('exits');
        const exited = (yield* sys.waitpid(other)).status;
        sys.check(WIFEXITED(exited) && WEXITSTATUS(exited) === 200 && !WIFSIGNALED(exited), 'exited');
        sys.result('none', (yield* sys.wait()).pid);
      },
      *stays(sys) {
        yield* sys.stay();
      },
      *exits(sys) {
        yield* sys.exit_group(456);
      },
    },
    results: ['none'],
    setup: (setup) => void setup.process('main'),
  };
  expect(outcomesOf(parts, 200)).toEqual([`none=${-ECHILD}`]);
});

it('with WNOWAIT a dead leader has its own code, and reaped its process’s', () => {
  const parts: Parts = {
    cpus: 3,
    programs: {
      *main(sys) {
        const info = { si_signo: 0, si_code: 0, si_pid: 0, si_uid: 0, si_status: 0 };
        yield* sys.waitid(P_PID, 101, info, WEXITED | WNOWAIT);
        sys.result('look', info.si_status);
        sys.result('reap', WEXITSTATUS((yield* sys.waitpid(101)).status));
      },
      *leader(sys) {
        yield* sys.thread('second', 0, 2);
        yield* sys.exit(3);
      },
      *second(sys) {
        yield* sys.exit_group(7);
      },
    },
    results: ['look', 'reap'],
    setup(setup) {
      const main = setup.process('main', { cpu: 0 });
      setup.process('leader', { parent: main, cpu: 1 });
    },
  };
  expect(outcomesOf(parts, 1000)).toEqual(['look=3 reap=7', 'look=7 reap=7']);
});

it('several children are each waited for once, in whatever order they end', () => {
  const parts: Parts = {
    programs: {
      *main(sys) {
        for (let number = 0; number < 3; number++) yield* sys.fork('child', number, number % 2);
        let sum = 0;
        for (let number = 0; number < 3; number++) {
          const { pid, status } = yield* sys.wait();
          sys.check(
            pid > 100 && (WIFEXITED(status) ? WEXITSTATUS(status) === pid - 101 : WTERMSIG(status) === SIGTERM),
            'status',
          );
          sum += pid;
        }
        sys.result('sum', sum);
        sys.result('then', (yield* sys.wait()).pid);
      },
      *child(sys) {
        if (sys.arg === 1) yield* sys.kill(yield* sys.getpid(), SIGTERM);
        yield* sys.exit_group(sys.arg);
      },
    },
    results: ['sum', 'then'],
    setup: (setup) => void setup.process('main'),
  };
  expect(outcomesOf(parts, 300)).toEqual([`sum=306 then=${-ECHILD}`]);
});
