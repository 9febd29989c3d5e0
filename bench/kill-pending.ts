/** kill(2) of a signal that is blocked and pending already, as often as wanted: nothing is queued, nobody is woken. */

import { SIG_BLOCK, SIGTERM } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';
import { USER_CELLS } from '../src/kernel/structs.js';

export interface KillPending {
  /** Each on a CPU of its own and with a target of its own, on another. */
  readonly senders: number;
  /** How often each sends. */
  readonly kills: number;
}

/** The cell by which a target says that it is ready. */
function readyCell(pid: number): number {
  return pid % USER_CELLS;
}

export function killPending({ senders, kills }: KillPending): Scenario {
  return {
    name: 'kill-pending',
    subject: 'limits and queues',
    title: 'kill(2) with the signal blocked and pending',
    story: 'A process sends another one the same signal again and again. The other one blocks it.',
    cast: ['the first CPUs: a sender each', 'the others: a target each'],
    claim: 'Every kill says that it worked.',
    watch: [],
    patches: [],
    learn: 'What a system call costs that has nothing left to do.',
    cpus: 2 * senders,
    results: ['sent'],

    programs: {
      *sender(sys) {
        const target = sys.arg;
        while ((yield* sys.load(readyCell(target))) === 0);
        let wrong = yield* sys.kill(target, SIGTERM);
        for (let sent = 0; sent < kills; sent++) wrong |= yield* sys.kill(target, SIGTERM);
        sys.check(wrong === 0, 'a kill failed');
        sys.result('sent', kills);
        yield* sys.stay();
      },
      *target(sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGTERM));
        yield* sys.store(readyCell(yield* sys.getpid()), 1);
        yield* sys.stay();
      },
    },

    setup(setup) {
      for (let number = 0; number < senders; number++) {
        const target = setup.process('target', { cpu: senders + number });
        setup.process('sender', { cpu: number, arg: target.pid });
      }
    },

    outcome: ({ sent }) => (sent === kills ? 'all sent' : 'not all sent'),
  };
}
