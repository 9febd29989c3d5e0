/**
 * Delay-bounded search around round-robin scheduling: the CPUs take turns, and schedules that depart from that in one
 * place come next, then those in two, and so on. After "Delay-Bounded Scheduling" (Emmi, Qadeer, Rakamarić, POPL 2011).
 */

import type { ControlledMachine } from '../../machine/controlled.js';
import type { ControlledCpu } from '../../machine/controlled-cpu.js';
import { MAX_CPUS, type Movers } from '../../machine/movers.js';
import { OP_WRITE_LOCK } from '../../sync/gate.js';
import { SeenSchedules } from '../seen.js';
import type { Strategy } from '../strategy.js';
import { Beginnings } from './beginnings.js';
import { boundInWords } from './bounds.js';
import { sizeByProbes } from './tree-size.js';

/** Of the search around turns. */
export interface RoundRobinOptions {
  /** Delays at most: how many CPUs that can move are passed over, altogether; no bound if not given. */
  readonly delays?: number;
}

/** Whether the place of a CPU's step matters: what waits for another's has its place right after it. */
function counts(cpu: ControlledCpu | undefined): boolean {
  return cpu === undefined || cpu.op <= OP_WRITE_LOCK;
}

/** The search around turns of one length. */
interface Search {
  /** Steps that a turn lasts. */
  readonly turn: number;
  readonly beginnings: Beginnings;
}

/**
 * Delay-bounded search around round-robin scheduling.
 *
 * A turn goes to the one before in the order of the numbers, from the last to the first, and then, in a model with a clock,
 * to the clock: a test that somebody has run has mostly seen the threads in the order in which they are started. It lasts
 * 1 step, in other searches 2, 4, 8, …, as long as some turn ends before its CPU has to wait; these searches make an
 * execution each in turn. Who makes another CPU able to move for the first time begins its turn anew, so that those that it
 * starts begin together.
 *
 * Ends with all schedules within so many delays of each of these, or, without a bound, with all schedules. Where turns of
 * two lengths come to the same schedule, it is executed twice, and counted as redundant.
 *
 * @example
 * const { found, phases } = explore(model, { strategy: roundRobinStrategy({ delays: 3 }) });
 * found?.violation.kind; // 'invariant'
 * phases[0]?.bound; // 'at most 3 delays from turns'
 * @see "Delay-Bounded Scheduling" (Emmi, Qadeer, Rakamarić; POPL 2011)
 */
export function roundRobinStrategy({ delays = Number.POSITIVE_INFINITY }: RoundRobinOptions = {}): Strategy {
  const searches: Search[] = [];
  const seen = new SeenSchedules();
  let redundant = 0;
  /** Which of the searches has made the present execution. */
  let at = 0;
  let machine: ControlledMachine | null = null;
  /** Whether a turn of the present execution ended after a step whose place matters, and before its CPU had to wait. */
  let cut = false;
  /** Who moved last, the clock included, and how many steps of its turn it has made; −1 before the first step. */
  let last = -1;
  let made = 0;
  /** Whether the place of its last step matters. */
  let counted = false;
  /** Whether it could move already, by CPU. */
  const started = new Uint8Array(MAX_CPUS + 1);
  /** Those that can move, from the one whose turn it is. */
  const order = new Uint8Array(MAX_CPUS + 1);

  function open(turn: number): void {
    searches.push({ turn, beginnings: new Beginnings(delays) });
  }

  /** The next search in turn that has something of the lowest cost that any has. */
  function next(): boolean {
    const costs = searches.map(({ beginnings }) => beginnings.lowest);
    // Turns of one step come to every schedule: then the others have nothing to add.
    if (costs[0] === -1 && delays === Number.POSITIVE_INFINITY) return false;
    const least = Math.min(...costs.filter((cost) => cost >= 0));
    if (least === Number.POSITIVE_INFINITY) return false;
    do at = (at + 1) % searches.length;
    while (costs[at] !== least);
    return (searches[at] as Search).beginnings.begin(least);
  }

  /** Whether the CPU that moved last has made it possible that somebody moves for the first time. */
  function hasStarted({ ids, count }: Movers): boolean {
    let some = false;
    for (let index = 0; index < count; index++) {
      const id = ids[index] as number;
      if (started[id] === 0) some = last >= 0;
      started[id] = 1;
    }
    return some;
  }

  /** How many of those that can move have announced a step whose place matters. */
  function contenders({ ids, count }: Movers, { cpus }: ControlledMachine): number {
    let some = 0;
    for (let index = 0; index < count; index++) if (counts(cpus[ids[index] as number])) some++;
    return some;
  }

  /** Puts those that can move in the order of their turns. @param goesOn whether the turn of the one that moved last goes on */
  function arrange({ ids, count }: Movers, clock: number, goesOn: boolean): void {
    const place = (id: number): number => (id === clock ? clock : clock - 1 - id);
    const from = last < 0 ? 0 : place(last) + (goesOn ? 0 : 1);
    let first = 0;
    for (let index = 0; index < count; index++) if (place(ids[index] as number) < from) first++;
    // In the order of their places: the numbers from the last on, and the clock at the end.
    const hasClock = ids[count - 1] === clock;
    for (let index = 0; index < count; index++) {
      const cpus = hasClock ? count - 1 : count;
      const id = index < cpus ? (ids[cpus - 1 - index] as number) : clock;
      order[(index - first + count) % count] = id;
    }
  }

  return {
    name: 'round-robin',
    bound: Number.isFinite(delays) ? `${boundInWords({ delays })} from turns` : null,
    everyStep: true,
    ...(Number.isFinite(delays) ? {} : { estimate: (of: ControlledMachine) => sizeByProbes(of, {}) }),
    get redundant() {
      return redundant;
    },
    begin() {
      last = -1;
      made = 0;
      cut = false;
      started.fill(0);
      if (searches.length === 0) {
        open(1);
        return (searches[0] as Search).beginnings.begin(0);
      }
      return next();
    },
    choose(movers, _current, of) {
      machine = of;
      const { turn, beginnings } = searches[at] as Search;
      const starts = hasStarted(movers);
      if (starts) made = 0;
      let picked = movers.ids[0] as number;
      if (movers.count > 1) {
        const canGoOn = movers.has(last);
        const goesOn = canGoOn && (starts || made < turn);
        if (canGoOn && !goesOn && counted) cut = true;
        const given = beginnings.given(movers);
        if (given < 0) {
          arrange(movers, of.cpus.length, goesOn);
          picked = order[0] as number;
          const rank = contenders(movers, of);
          for (let delay = 1; delay < movers.count; delay++) beginnings.pass(order[delay] as number, delay, rank);
        } else picked = given;
        beginnings.take(picked);
      }
      made = picked === last ? made + 1 : 1;
      counted = counts(of.cpus[picked]);
      last = picked;
      return picked;
    },
    end() {
      const { turn, beginnings } = searches[at] as Search;
      beginnings.end();
      if (beginnings.cost === 0 && cut) open(turn * 2);
      if (machine !== null && searches.length > 1 && !seen.add(machine)) redundant++;
    },
  };
}
