/** A signal sent to a process, whose chosen thread cannot take it after all: another one does. */

import { describe, expect, it } from 'vitest';
import { SIG_BLOCK, SIGKILL, SIGRTMIN, SIGUSR1, SIGUSR2 } from '../../src/kernel/constants.js';
import type { KernelPatch } from '../../src/kernel/kernel.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { outcomesOf, type Parts, patchOf } from '../support/programs.js';

/** Without the search for another thread. */
const NO_RETARGET: KernelPatch = { *retarget_shared_pending() {} };

/** A process of two threads that both can take a signal; the first then does something; a third party sends it. */
function process(signals: readonly number[], first: (sys: Sys) => Coroutine<void>): Parts {
  return {
    cpus: 3,
    programs: {
      first,
      *second(sys) {
        yield* sys.stay();
      },
      *sender(sys) {
        for (const sig of signals) yield* sys.kill(100, sig);
      },
    },
    handlers: {
      *takes(sys, sig) {
        sys.result(`by ${sig}`, yield* sys.gettid());
      },
    },
    results: signals.map((sig) => `by ${sig}`),
    setup(setup) {
      const target = setup.process('first', { cpu: 0 });
      for (const sig of signals) setup.sigaction(target, sig, 'takes');
      setup.thread(target, 'second', { cpu: 1 });
      setup.process('sender', { cpu: 2 });
    },
  };
}

describe('a signal to a process whose chosen thread', () => {
  const blocks = (...signals: readonly number[]) =>
    process(signals, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(...signals));
      yield* sys.stay();
    });

  it('blocks it before taking it is taken by the other', () => {
    expect(outcomesOf(blocks(SIGUSR1))).toEqual(['by 10=100', 'by 10=101']);
  });

  it('blocks two before taking them: both are taken, the real-time one too', () => {
    const outcomes = outcomesOf(blocks(SIGUSR2, SIGRTMIN + 8));
    expect(outcomes).toContain('by 12=101 by 40=101');
    for (const outcome of outcomes) expect(outcome).not.toContain('null');
  });

  it('exits before taking it is taken by the other', () => {
    const exits = process([SIGUSR1], function* (sys) {
      yield* sys.exit(0);
    });
    expect(outcomesOf(exits)).toEqual(['by 10=100', 'by 10=101']);
  });

  it('leaves it to nobody in a kernel that does not look for another', () => {
    expect(() => outcomesOf(blocks(SIGUSR1), 2000, [patchOf(NO_RETARGET)])).toThrow(
      'task 101 stays in user mode, though SIGUSR1 is pending and not blocked: nobody told it',
    );
  });
});

it('threads that block a signal are passed over, and it stays pending when all do', () => {
  const parts: Parts = {
    cpus: 2,
    programs: {
      *first(sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
        yield* sys.thread('second', 0, 1);
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        const pending = { lo: 0, hi: 0 };
        yield* sys.sigpending(pending);
        sys.result('pending', pending.lo === sigmask(SIGUSR1).lo ? 1 : 0);
        yield* sys.kill(yield* sys.getpid(), SIGKILL);
      },
      *second(sys) {
        yield* sys.stay();
      },
    },
    results: ['pending'],
    setup: (setup) => void setup.process('first'),
  };
  expect(outcomesOf(parts, 300)).toEqual(['pending=1']);
});
