/** The group-stop of a tracee, and PTRACE_SEIZE, PTRACE_INTERRUPT and PTRACE_LISTEN. */

import { describe, expect, test } from 'vitest';
import {
  __WALL,
  EINVAL,
  EIO,
  ESRCH,
  PTRACE_ATTACH,
  PTRACE_CONT,
  PTRACE_DETACH,
  PTRACE_EVENT_STOP,
  PTRACE_GETSIGINFO,
  PTRACE_INTERRUPT,
  PTRACE_LISTEN,
  PTRACE_SEIZE,
  PTRACE_SETSIGINFO,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  WCONTINUED,
  WNOHANG,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { endOf, event, expectStop, stopped, traces } from '../support/ptrace.js';
import { must, stays } from '../support/tasks.js';

describe('a group-stop', () => {
  test('of a tracee is one with the signal and no siginfo', () => {
    const parts = traces(
      function* (sys) {
        const child = yield* sys.fork('child', 0, 1);
        yield* expectStop(sys, child, stopped(SIGSTOP));
        yield* must(sys, sys.ptrace(PTRACE_GETSIGINFO, child, 0, {}));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGSTOP));
        yield* expectStop(sys, child, stopped(SIGSTOP));
        sys.result('info', yield* sys.ptrace(PTRACE_GETSIGINFO, child, 0, {}));
        sys.result('set', yield* sys.ptrace(PTRACE_SETSIGINFO, child, 0, { si_signo: 1 }));
        sys.result('listen', yield* sys.ptrace(PTRACE_LISTEN, child));
        sys.result('interrupt', yield* sys.ptrace(PTRACE_INTERRUPT, child));
        yield* must(sys, sys.ptrace(PTRACE_CONT, child));
        sys.result('end', (yield* sys.wait4(child)).status);
      },
      function* (sys) {
        yield* sys.kill(yield* sys.getpid(), SIGSTOP);
        return 3;
      },
      ['info', 'set', 'listen', 'interrupt', 'end'],
    );
    expect(outcomesOf(parts, 200)).toEqual([
      `info=${-EINVAL} set=${-EINVAL} listen=${-EIO} interrupt=${-EIO} end=${3 << 8}`,
    ]);
  });

  test('that is under way when the tracer attaches becomes a trap, and goes on after detaching', () => {
    const parts: Parts = {
      results: ['first', 'parent', 'end'],
      cpus: 3,
      programs: {
        *parent(sys) {
          yield* sys.kill(101, SIGSTOP);
          sys.result('parent', (yield* sys.wait4(101, WUNTRACED)).status);
          yield* sys.store(0, 1);
          while ((yield* sys.load(1)) === 0);
          // Stopped as before.
          yield* sys.kill(101, SIGCONT);
          sys.result('end', (yield* sys.wait4(101, WCONTINUED)).status);
          yield* sys.kill(101, SIGKILL);
        },
        child: stays,
        *tracer(sys) {
          while ((yield* sys.load(0)) === 0);
          yield* must(sys, sys.ptrace(PTRACE_ATTACH, 101));
          // The way from the stop to the trap is hidden: it is there at once.
          const got = yield* sys.wait4(101, __WALL | WNOHANG);
          sys.check(got.pid === 101, `wait4 gave ${got.pid}: the tracee is not in its trap`);
          sys.result('first', got.status);
          yield* must(sys, sys.ptrace(PTRACE_DETACH, 101));
          yield* sys.store(1, 1);
          yield* sys.stay();
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.process('child', { parent, cpu: 1 });
        setup.process('tracer', { cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 500)).toEqual([`first=${stopped(SIGSTOP)} parent=${stopped(SIGSTOP)} end=${0xffff}`]);
  });

  test('that races with attaching is not lost, nor is SIGCONT', () => {
    const parts: Parts = {
      results: ['first', 'end'],
      cpus: 3,
      programs: {
        *parent(sys) {
          yield* sys.kill(101, SIGSTOP);
          yield* sys.kill(101, SIGCONT);
          yield* sys.stay();
        },
        child: stays,
        *tracer(sys) {
          yield* must(sys, sys.ptrace(PTRACE_ATTACH, 101));
          const got = yield* sys.wait4(101, __WALL);
          sys.result('first', got.status);
          yield* must(sys, sys.ptrace(PTRACE_CONT, 101));
          yield* must(sys, sys.kill(101, SIGKILL));
          sys.result('end', yield* endOf(sys, 101));
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.process('child', { parent, cpu: 1 });
        setup.process('tracer', { cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 800)).toEqual(
      [`first=${stopped(SIGCONT)} end=${SIGKILL}`, `first=${stopped(SIGSTOP)} end=${SIGKILL}`].sort(),
    );
  });

  test('of a process traced by another than its parent is told to both', () => {
    const parts: Parts = {
      results: ['parent', 'tracer', 'continued'],
      cpus: 3,
      programs: {
        *parent(sys) {
          while ((yield* sys.load(0)) === 0);
          yield* sys.kill(101, SIGSTOP);
          sys.result('parent', (yield* sys.wait4(101, WUNTRACED)).status);
          yield* sys.kill(101, SIGCONT);
          sys.result('continued', (yield* sys.wait4(101, WCONTINUED)).status);
          yield* sys.kill(101, SIGKILL);
        },
        child: stays,
        *tracer(sys) {
          yield* must(sys, sys.ptrace(PTRACE_SEIZE, 101));
          yield* sys.store(0, 1);
          yield* expectStop(sys, 101, stopped(SIGSTOP));
          yield* must(sys, sys.ptrace(PTRACE_CONT, 101, 0, SIGSTOP));
          let last = 0;
          for (;;) {
            const { pid, status } = yield* sys.wait4(101, __WALL);
            if (pid !== 101 || (status & 0x7f) !== 0x7f) break;
            if (status === event(PTRACE_EVENT_STOP, SIGSTOP)) {
              last = status;
              const info: { si_signo?: number } = {};
              // Killed meanwhile, or not.
              const read = yield* sys.ptrace(PTRACE_GETSIGINFO, 101, 0, info);
              sys.check(read === -ESRCH || info.si_signo === SIGSTOP, 'the siginfo does not have the signal');
              yield* sys.ptrace(PTRACE_LISTEN, 101);
            } else {
              yield* sys.ptrace(PTRACE_CONT, 101, 0, status >> 8 === SIGCONT ? SIGCONT : 0);
            }
          }
          sys.result('tracer', last);
        },
      },
      setup(setup) {
        const parent = setup.process('parent');
        setup.process('child', { parent, cpu: 1 });
        setup.process('tracer', { cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 500)).toContain(
      `parent=${stopped(SIGSTOP)} tracer=${event(PTRACE_EVENT_STOP, SIGSTOP)} continued=${0xffff}`,
    );
  });
});

describe('PTRACE_SEIZE', () => {
  test('does not stop; INTERRUPT does, without a signal, and LISTEN waits for SIGCONT', () => {
    const parts: Parts = {
      results: ['first', 'interrupted', 'stop', 'listening', 'waiting', 'continued', 'end'],
      programs: {
        *parent(sys) {
          const child = yield* sys.fork('child', 0, 1);
          yield* must(sys, sys.ptrace(PTRACE_SEIZE, child));
          sys.result('first', (yield* sys.wait4(child, WNOHANG)).pid);
          yield* must(sys, sys.ptrace(PTRACE_INTERRUPT, child));
          sys.result('interrupted', (yield* sys.wait4(child)).status);
          yield* must(sys, sys.ptrace(PTRACE_CONT, child));
          yield* must(sys, sys.kill(child, SIGSTOP));
          yield* expectStop(sys, child, stopped(SIGSTOP));
          sys.check((yield* sys.ptrace(PTRACE_LISTEN, child)) === -EIO, 'LISTEN in another stop');
          yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGSTOP));
          sys.result('stop', (yield* sys.wait4(child)).status);
          yield* must(sys, sys.ptrace(PTRACE_LISTEN, child));
          // It is not in a stop that wait or ptrace could see.
          sys.result('listening', yield* sys.ptrace(PTRACE_CONT, child));
          sys.result('waiting', (yield* sys.wait4(child, WNOHANG)).pid);
          yield* must(sys, sys.ptrace(PTRACE_INTERRUPT, child));
          yield* expectStop(sys, child, event(PTRACE_EVENT_STOP, SIGSTOP));
          yield* must(sys, sys.ptrace(PTRACE_LISTEN, child));
          yield* must(sys, sys.kill(child, SIGCONT));
          sys.result('continued', (yield* sys.wait4(child)).status);
          yield* must(sys, sys.ptrace(PTRACE_CONT, child));
          yield* expectStop(sys, child, stopped(SIGCONT));
          yield* must(sys, sys.kill(child, SIGKILL));
          sys.result('end', (yield* sys.wait4(child)).status);
        },
        child: stays,
      },
      setup: (setup) => void setup.process('parent'),
    };
    expect(outcomesOf(parts, 400)).toEqual([
      `first=0 interrupted=${event(PTRACE_EVENT_STOP)} stop=${event(PTRACE_EVENT_STOP, SIGSTOP)} listening=${-ESRCH} ` +
        `waiting=0 continued=${event(PTRACE_EVENT_STOP)} end=${SIGKILL}`,
    ]);
  });

  test('and SIGCONT between the trap and LISTEN traps again at once', () => {
    const parts: Parts = {
      results: ['after'],
      cpus: 3,
      programs: {
        *parent(sys) {
          const child = yield* sys.fork('child', 0, 1);
          yield* must(sys, sys.ptrace(PTRACE_SEIZE, child));
          yield* must(sys, sys.kill(child, SIGSTOP));
          yield* expectStop(sys, child, stopped(SIGSTOP));
          yield* must(sys, sys.ptrace(PTRACE_CONT, child, 0, SIGSTOP));
          yield* expectStop(sys, child, event(PTRACE_EVENT_STOP, SIGSTOP));
          yield* sys.store(0, child);
          yield* must(sys, sys.ptrace(PTRACE_LISTEN, child));
          sys.result('after', (yield* sys.wait4(child)).status);
          yield* sys.kill(child, SIGKILL);
        },
        *other(sys) {
          let child = 0;
          while (child === 0) child = yield* sys.load(0);
          yield* sys.kill(child, SIGCONT);
        },
        child: stays,
      },
      setup(setup) {
        setup.process('parent');
        setup.process('other', { cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 500)).toEqual([`after=${event(PTRACE_EVENT_STOP)}`]);
  });
});
