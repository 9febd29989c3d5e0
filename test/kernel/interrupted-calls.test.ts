/** System calls that a signal interrupts. */

import { describe, expect, test } from 'vitest';
import { EINTR, SA_RESTART, SIGCONT, SIGSTOP, SIGTERM, SIGURG, SIGUSR1, SIGUSR2 } from '../../src/kernel/constants.js';
import { EMPTY_MASK, sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { outcomesOf, type Parts } from '../support/programs.js';

describe('a system call that a signal interrupts', () => {
  type Action = 'handler' | 'SA_RESTART' | 'ignored by default' | 'stop';

  /** What becomes of a call when a signal with such an action comes while it waits. SIGTERM ends one that goes on. */
  function interrupted(call: (sys: Sys) => Coroutine<number>, action: Action): readonly string[] {
    const handled = action === 'handler' || action === 'SA_RESTART';
    const parts: Parts = {
      results: ['result', 'handled'],
      programs: {
        *main(sys) {
          if (handled) yield* sys.sigaction(SIGUSR1, 'onUser', { flags: action === 'SA_RESTART' ? SA_RESTART : 0 });
          yield* sys.sigaction(SIGTERM, 'ends');
          yield* sys.fork('child', yield* sys.getpid(), 1);
          sys.result('result', yield* call(sys));
          yield* sys.exit_group(0);
        },
        *child(sys) {
          yield* sys.load(1);
          if (handled) {
            yield* sys.kill(sys.arg, SIGUSR1);
            // Until it has been handled, or the other is gone.
            while ((yield* sys.load(1)) === 0 && (yield* sys.kill(sys.arg, 0)) === 0) {
              yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
            }
          } else if (action === 'stop') {
            yield* sys.kill(sys.arg, SIGSTOP);
            yield* sys.kill(sys.arg, SIGCONT);
          } else {
            yield* sys.kill(sys.arg, SIGURG);
          }
          yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
          yield* sys.kill(sys.arg, SIGTERM);
          yield* sys.pause();
        },
      },
      handlers: {
        *onUser(sys) {
          sys.result('handled', 1);
          yield* sys.store(1, 1);
        },
        *ends(sys) {
          yield* sys.exit_group(0);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    return outcomesOf(parts, 300);
  }

  const calls: Record<string, (sys: Sys) => Coroutine<number>> = {
    pause: (sys) => sys.pause(),
    sigsuspend: (sys) => sys.sigsuspend(EMPTY_MASK),
    *wait4(sys) {
      return (yield* sys.wait4(-1)).pid;
    },
    nanosleep: (sys) => sys.nanosleep({ tv_sec: 1000, tv_nsec: 0 }),
    sigwaitinfo: (sys) => sys.sigwaitinfo(sigmask(SIGUSR2)),
  };
  const eintr = `result=${-EINTR} handled=1`;

  test.each([
    ['pause', 'SA_RESTART or not', [eintr], [eintr]],
    ['sigsuspend', 'SA_RESTART or not', [eintr], [eintr]],
    ['nanosleep', 'SA_RESTART or not', [eintr], [eintr]],
    ['sigwaitinfo', 'SA_RESTART or not', [eintr], [eintr]],
    ['wait4', 'not with SA_RESTART', [eintr], []],
  ] as const)('%s is ended by a handler, %s', (name, _, handler, restart) => {
    const call = calls[name] as (sys: Sys) => Coroutine<number>;
    expect(interrupted(call, 'handler').filter((outcome) => outcome === eintr)).toEqual(handler);
    expect(interrupted(call, 'SA_RESTART').filter((outcome) => outcome === eintr)).toEqual(restart);
  });

  test.each([
    ['pause', [null]],
    ['sigsuspend', [null]],
    // Its time may be over.
    ['nanosleep', [0, null]],
    ['wait4', [null]],
    // As the manual page says: it may fail so after a stop, and after signals that do nothing.
    ['sigwaitinfo', [-EINTR, null]],
  ] as const)('%s goes on after a stop, and after a signal that does nothing', (name, results) => {
    const call = calls[name] as (sys: Sys) => Coroutine<number>;
    const allowed = results.map((result) => `result=${result} handled=null`);
    for (const action of ['stop', 'ignored by default'] as const) {
      for (const outcome of interrupted(call, action)) expect(allowed).toContain(outcome);
    }
  });
});
