/**
 * Partial order sampling: every announced operation has a random priority and the highest one is performed; then those
 * that raced with it draw anew. After "Partial Order Aware Concurrency Sampling" (Yuan, Yang, Gu, CAV 2018).
 */

import type { ControlledMachine } from '../../machine/controlled.js';
import { MAX_CPUS } from '../../machine/movers.js';
import { modifiesWord } from '../../machine/perform.js';
import { OP_CMPXCHG } from '../../sync/gate.js';
import type { Strategy } from '../strategy.js';
import { Lots } from './lots.js';

/** Whether an operation may change its word. */
export function mayModify(op: number): boolean {
  return op === OP_CMPXCHG || modifiesWord(op);
}

/**
 * Two operations race if they are of one word and one of them changes it. Operations that do not race are reordered for
 * nothing, and this walk spends fewer of its choices on them than the plain one.
 *
 * @param seed the same seed gives the same walks
 * @param first the number of the first execution, for a share of a longer exploration
 * @example
 * const { found } = explore(model, { strategy: posStrategy(1), schedules: 2000 });
 * found?.violation.kind; // 'invariant'
 * @see "Partial Order Aware Concurrency Sampling" (Yuan, Yang, Gu; CAV 2018)
 */
export function posStrategy(seed = 1, first = 0): Strategy {
  const lots = new Lots(seed);
  /** By CPU, and by the clock behind the last of them: what its announced operation has drawn. */
  const priorities = new Float64Array(MAX_CPUS + 1);
  let execution = first;
  /** Who was picked last, and what it had announced; −1 before the first step. */
  let moved = -1;
  let address = 0;
  let modified = false;

  /** Those that raced with the step just made draw anew, and so does the CPU that has made it: its operation is new. */
  function redraw({ cpus }: ControlledMachine): void {
    if (moved < 0) {
      for (let id = 0; id <= cpus.length; id++) priorities[id] = lots.draw();
      return;
    }
    priorities[moved] = lots.draw();
    if (address === 0) return;
    for (let id = 0; id < cpus.length; id++) {
      const cpu = cpus[id];
      if (id !== moved && cpu?.opAddress === address && (modified || mayModify(cpu.op))) priorities[id] = lots.draw();
    }
  }

  return {
    name: 'pos',
    everyStep: true,
    begin() {
      lots.begin(execution++);
      moved = -1;
      return true;
    },
    choose({ ids, count }, _current, machine) {
      redraw(machine);
      let highest = ids[0] as number;
      for (let at = 1; at < count; at++) {
        const id = ids[at] as number;
        if ((priorities[id] as number) > (priorities[highest] as number)) highest = id;
      }
      const cpu = machine.cpus[highest];
      moved = highest;
      address = cpu?.opAddress ?? 0;
      modified = cpu !== undefined && mayModify(cpu.op);
      return highest;
    },
    end() {},
  };
}
