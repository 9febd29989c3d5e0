/** The variant of the kernel that the third seed document quotes. */

import { describe, expect, it } from 'vitest';
import { ECHILD, ESRCH, INT_MIN, SIGUSR1, WNOHANG } from '../../src/kernel/constants.js';
import type { Patch } from '../../src/kernel/scenario.js';
import { forcedSignals } from '../../src/patches/forced-signals.js';
import { linux316 } from '../../src/patches/linux-3-16.js';
import { outcomesOf, type Parts } from '../support/programs.js';

/** A parent forks while another sends SIGUSR1, which it handles, to its group. Who got it; 2: who has a child by then. */
const FORK_AND_GROUP_SIGNAL: Parts = {
  programs: {
    *parent(sys) {
      yield* sys.setpgid(0, 0);
      yield* sys.store(0, 1);
      yield* sys.fork('child', 0, 0);
      yield* sys.store(1, 1);
      yield* sys.stay();
    },
    *child(sys) {
      yield* sys.stay();
    },
    *sender(sys) {
      // Only a signal that comes when there is a group and not yet certainly a child says something.
      if ((yield* sys.load(0)) === 0 || (yield* sys.load(1)) === 1) return;
      yield* sys.kill(-100, SIGUSR1);
      sys.result('sent', 1);
    },
  },
  handlers: {
    *onUsr1(sys) {
      const who = yield* sys.getpid();
      // Whether there is a child by now.
      const child = (yield* sys.wait4(-1, WNOHANG)).pid !== -ECHILD;
      sys.result(who === 100 ? 'parent' : 'child', child ? 2 : 1);
    },
  },
  results: ['sent', 'parent', 'child'],
  setup(setup) {
    const parent = setup.process('parent', { cpu: 0 });
    setup.sigaction(parent, SIGUSR1, 'onUsr1');
    setup.process('sender', { cpu: 1 });
  },
};

function outcomes(...patches: readonly Patch[]): readonly string[] {
  return outcomesOf(FORK_AND_GROUP_SIGNAL, 4000, patches);
}

describe('a signal to the group of a process that forks', () => {
  /** The parent took it when it had a child, and the child did not. */
  const lostToChild = 'sent=1 parent=2 child=null';

  it.each([
    ['5.3.1', []],
    ['3.16', [linux316]],
  ])('is taken by the parent before the fork, or by both: Linux %s', (_, patches: readonly Patch[]) => {
    const seen = outcomes(...patches);
    expect(seen).toContain('sent=1 parent=1 child=null');
    expect(seen).toContain('sent=1 parent=2 child=1');
    expect(seen).not.toContain(lostToChild);
  });

  it('would be lost to the child in 3.16 if the fork did not start over', () => {
    expect(outcomes(forcedSignals)).toContain(lostToChild);
  });
});

it('kill(INT_MIN) is ESRCH, by one way or the other', () => {
  const parts: Parts = {
    programs: {
      *sender(sys) {
        sys.result('error', yield* sys.kill(INT_MIN, SIGUSR1));
      },
    },
    results: ['error'],
    setup: (setup) => void setup.process('sender'),
  };
  expect(outcomesOf(parts, 10)).toEqual([`error=${-ESRCH}`]);
  expect(outcomesOf(parts, 10, [linux316])).toEqual([`error=${-ESRCH}`]);
});
