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
 * A random priority of each announced operation. Two operations race if they are of one word and one of them changes it:
 * those that raced with the step that is made draw anew.
 */
export class Priorities {
  /** By CPU, and by the clock behind the last of them. */
  private readonly drawn = new Float64Array(MAX_CPUS + 1);
  /** Who was picked last, and what it had announced; −1 before the first step. */
  private moved = -1;
  private address = 0;
  private modified = false;

  constructor(private readonly lots: Lots) {}

  /** An execution begins. */
  begin(): void {
    this.moved = -1;
  }

  of(id: number): number {
    return this.drawn[id] as number;
  }

  /** After a step: those that raced with it draw anew, and so does the CPU that has made it: its operation is new. */
  redraw({ cpus }: ControlledMachine): void {
    const { drawn, lots, moved, address, modified } = this;
    if (moved < 0) {
      for (let id = 0; id <= cpus.length; id++) drawn[id] = lots.draw();
      return;
    }
    drawn[moved] = lots.draw();
    if (address === 0) return;
    for (let id = 0; id < cpus.length; id++) {
      const cpu = cpus[id];
      if (id !== moved && cpu?.opAddress === address && (modified || mayModify(cpu.op))) drawn[id] = lots.draw();
    }
  }

  /** Notes who is to make the next step. */
  picked(id: number, { cpus }: ControlledMachine): void {
    const cpu = cpus[id];
    this.moved = id;
    this.address = cpu?.opAddress ?? 0;
    this.modified = cpu !== undefined && mayModify(cpu.op);
  }
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
  const priorities = new Priorities(lots);
  let execution = first;
  return {
    name: 'pos',
    everyStep: true,
    begin() {
      lots.begin(execution++);
      priorities.begin();
      return true;
    },
    choose({ ids, count }, _current, machine) {
      priorities.redraw(machine);
      let highest = ids[0] as number;
      for (let at = 1; at < count; at++) {
        const id = ids[at] as number;
        if (priorities.of(id) > priorities.of(highest)) highest = id;
      }
      priorities.picked(highest, machine);
      return highest;
    },
    end() {},
  };
}
