/** The events of a tracee that forks, clones, execs, exits or is in vfork. */

import { describe, expect, test } from 'vitest';
import {
  __WALL,
  ECHILD,
  PTRACE_CONT,
  PTRACE_DETACH,
  PTRACE_EVENT_CLONE,
  PTRACE_EVENT_EXEC,
  PTRACE_EVENT_EXIT,
  PTRACE_EVENT_FORK,
  PTRACE_EVENT_STOP,
  PTRACE_EVENT_VFORK,
  PTRACE_EVENT_VFORK_DONE,
  PTRACE_GETEVENTMSG,
  PTRACE_O_TRACECLONE,
  PTRACE_O_TRACEEXEC,
  PTRACE_O_TRACEEXIT,
  PTRACE_O_TRACEFORK,
  PTRACE_O_TRACEVFORK,
  PTRACE_O_TRACEVFORKDONE,
  PTRACE_SEIZE,
  PTRACE_SETOPTIONS,
  SIG_BLOCK,
  SIGCHLD,
  SIGSTOP,
  SIGUSR1,
} from '../../src/kernel/constants.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { endOf, event, expectStop, stopped, traces } from '../support/ptrace.js';
import { must, stays } from '../support/tasks.js';

describe('an event', () => {
  test('of fork, of clone and of exit is a stop with a message, and the new task is traced', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1));
        const options = PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT;
        yield* must(sys, sys.ptrace(PTRACE_SETOPTIONS, child, 0, options));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child));
        const message = { value: 0 };
        yield* expectStop(sys, child, event(PTRACE_EVENT_FORK));
        yield* must(sys, sys.ptrace(PTRACE_GETEVENTMSG, child, 0, message));
        const grandchild = message.value;
        yield* expectStop(sys, grandchild, stopped(SIGSTOP));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child));
        yield* expectStop(sys, child, event(PTRACE_EVENT_CLONE));
        yield* must(sys, sys.ptrace(PTRACE_GETEVENTMSG, child, 0, message));
        const thread = message.value;
        yield* expectStop(sys, thread, stopped(SIGSTOP));
        yield* must(sys, sys.ptrace(PTRACE_CONT, thread));
        yield* expectStop(sys, thread, event(PTRACE_EVENT_EXIT));
        yield* must(sys, sys.ptrace(PTRACE_GETEVENTMSG, thread, 0, message));
        sys.result('threadExit', message.value);
        yield* must(sys, sys.ptrace(PTRACE_CONT, thread));
        sys.result('thread', (yield* sys.wait4(thread, __WALL)).status);
        yield* must(sys, sys.ptrace(PTRACE_CONT, grandchild));
        yield* expectStop(sys, grandchild, event(PTRACE_EVENT_EXIT));
        yield* must(sys, sys.ptrace(PTRACE_CONT, grandchild));
        // First the tracer, then the parent.
        sys.result('grandchild', (yield* sys.wait4(grandchild)).status);
        yield* must(sys, sys.ptrace(PTRACE_CONT, child));
        for (;;) {
          const { pid, status } = yield* sys.wait4(-1, __WALL);
          if (status === event(PTRACE_EVENT_EXIT)) {
            yield* must(sys, sys.ptrace(PTRACE_GETEVENTMSG, child, 0, message));
            sys.result('exit', message.value);
          } else if ((status & 0x7f) !== 0x7f) {
            sys.result('end', pid === child ? status : -1);
            break;
          }
          yield* sys.ptrace(PTRACE_CONT, pid);
        }
      },
      function* (sys) {
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        const pid = yield* sys.fork('grandchild');
        yield* sys.thread('thread');
        const { status } = yield* sys.wait4(pid);
        return status >> 8;
      },
      ['threadExit', 'thread', 'grandchild', 'exit', 'end'],
      {
        programs: {
          *grandchild(sys) {
            yield* sys.getpid();
            return 9;
          },
          *thread(sys) {
            yield* sys.exit(2);
          },
        },
      },
    );
    expect(outcomesOf(parts, 300)).toEqual([
      `threadExit=${2 << 8} thread=${2 << 8} grandchild=${9 << 8} exit=${9 << 8} end=${9 << 8}`,
    ]);
  });

  test('of a seized task: its child begins with PTRACE_EVENT_STOP; CLONE_UNTRACED and CLONE_PTRACE say otherwise', () => {
    const parts: Parts = {
      results: ['event', 'untraced', 'traced', 'end'],
      programs: {
        *parent(sys) {
          const child = yield* sys.fork('child', 0, 1);
          yield* must(sys, sys.ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACEFORK));
          yield* sys.store(0, 1);
          yield* expectStop(sys, child, event(PTRACE_EVENT_FORK));
          const message = { value: 0 };
          yield* must(sys, sys.ptrace(PTRACE_GETEVENTMSG, child, 0, message));
          sys.result('event', (yield* sys.wait4(message.value)).status);
          yield* must(sys, sys.ptrace(PTRACE_DETACH, message.value));
          yield* must(sys, sys.ptrace(PTRACE_SETOPTIONS, child, 0, 0));
          yield* must(sys, sys.ptrace(PTRACE_CONT, child));
          const next = yield* sys.wait4(-1, __WALL);
          sys.result('traced', next.status);
          sys.check(next.pid !== child, 'the child has stopped, and not its child');
          yield* must(sys, sys.ptrace(PTRACE_DETACH, next.pid));
          for (;;) {
            const { pid, status } = yield* sys.wait4(child);
            if (pid === child && (status & 0x7f) !== 0x7f) {
              sys.result('end', status);
              break;
            }
            yield* sys.ptrace(PTRACE_CONT, child, 0, 0);
          }
          sys.result('untraced', yield* sys.load(1));
        },
        *child(sys) {
          // Its SIGCHLD would stop it as well.
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGCHLD));
          while ((yield* sys.load(0)) === 0);
          yield* sys.clone(0x800000, 'grandchild');
          yield* sys.clone(0, 'grandchild');
          yield* sys.clone(0x2000, 'grandchild');
          for (let n = 0; n < 3; n++) yield* sys.wait4(-1);
        },
        *grandchild(sys) {
          yield* sys.store(1, (yield* sys.load(1)) + 1);
        },
      },
      setup: (setup) => void setup.process('parent'),
    };
    expect(outcomesOf(parts, 300)).toEqual([
      `event=${event(PTRACE_EVENT_STOP)} untraced=3 traced=${event(PTRACE_EVENT_STOP)} end=0`,
    ]);
  });

  test('of exec has the pid that the thread had before', () => {
    const parts: Parts = {
      results: ['event', 'old', 'leader', 'end'],
      cpus: 3,
      programs: {
        *tracer(sys) {
          yield* must(sys, sys.ptrace(PTRACE_SEIZE, 102, 0, PTRACE_O_TRACEEXEC));
          if (sys.arg === 1) yield* must(sys, sys.ptrace(PTRACE_SEIZE, 101, 0, 0));
          yield* sys.store(0, 1);
          // The thread has the leader's number by now.
          const { pid, status } = yield* sys.wait4(-1, __WALL);
          sys.check(pid === 101, `task ${pid} has stopped`);
          sys.result('event', status);
          const message = { value: 0 };
          yield* must(sys, sys.ptrace(PTRACE_GETEVENTMSG, 101, 0, message));
          sys.result('old', message.value);
          // The leader is gone, without a word.
          sys.result('leader', (yield* sys.wait4(102, __WALL)).pid);
          yield* must(sys, sys.ptrace(PTRACE_CONT, 101));
          sys.result('end', yield* endOf(sys, 101));
        },
        leader: stays,
        *thread(sys) {
          while ((yield* sys.load(0)) === 0);
          yield* sys.execve('next');
        },
        *next(sys) {
          yield* sys.getpid();
          return 4;
        },
      },
      setup(setup) {
        setup.process('tracer');
        setup.thread(setup.process('leader', { cpu: 1 }), 'thread', { cpu: 2 });
      },
    };
    const all = `event=${event(PTRACE_EVENT_EXEC)} old=102 leader=${-ECHILD} end=${4 << 8}`;
    expect(outcomesOf(parts, 400)).toEqual([all]);
    const both = {
      ...parts,
      setup(setup: Parameters<Parts['setup']>[0]) {
        setup.process('tracer', { arg: 1 });
        setup.thread(setup.process('leader', { cpu: 1 }), 'thread', { cpu: 2 });
      },
    };
    expect(outcomesOf(both, 600)).toEqual([all]);
  });
});

describe('vfork', () => {
  test('of a tracee has an event at its beginning and one at its end', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGUSR1));
        yield* must(sys, sys.ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child));
        yield* expectStop(sys, child, event(PTRACE_EVENT_VFORK));
        const message = { value: 0 };
        yield* must(sys, sys.ptrace(PTRACE_GETEVENTMSG, child, 0, message));
        const grandchild = message.value;
        yield* must(sys, sys.ptrace(PTRACE_CONT, child));
        yield* expectStop(sys, grandchild, stopped(SIGSTOP));
        yield* must(sys, sys.ptrace(PTRACE_CONT, grandchild));
        sys.result('grandchild', (yield* sys.wait4(grandchild, __WALL)).status);
        yield* expectStop(sys, child, event(PTRACE_EVENT_VFORK_DONE));
        yield* must(sys, sys.ptrace(PTRACE_GETEVENTMSG, child, 0, message));
        sys.result('done', message.value - grandchild);
        yield* must(sys, sys.ptrace(PTRACE_CONT, child));
        sys.result('end', yield* endOf(sys, child));
      },
      function* (sys) {
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        yield* sys.vfork('grandchild');
        return 2;
      },
      ['grandchild', 'done', 'end'],
      {
        programs: {
          *grandchild(sys) {
            yield* sys.getpid();
            return 9;
          },
        },
      },
    );
    expect(outcomesOf(parts, 200)).toEqual([`grandchild=${9 << 8} done=0 end=${2 << 8}`]);
  });
});
