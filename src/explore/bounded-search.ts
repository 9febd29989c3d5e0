/**
 * The minimiser's search: all schedules with at most so many preemptions, in order, but no state twice. From a state
 * that was reached before, with no more preemptions and deviations and after as many steps, nothing better can follow.
 */

import type { Chooser, ControlledMachine } from '../machine/controlled.js';
import type { Movers } from '../machine/movers.js';
import { StateHash } from './state-hash.js';

/** A decision on the path of the present execution. */
interface Node {
  readonly byDefault: number;
  /** Whether another choice than the CPU that moved last is a preemption. */
  readonly preemptive: boolean;
  picked: number;
  /** Not yet taken, the next one last. */
  readonly left: number[];
}

/** Deviations that the record of a state can count. */
const MAX_DEVIATIONS = 1 << 16;

export class BoundedSearch implements Chooser {
  readonly everyStep = true;
  /** Executions with more steps than this are given up. */
  stepLimit = Number.POSITIVE_INFINITY;
  private readonly path: Node[] = [];
  private depth = 0;
  private preemptions = 0;
  private deviations = 0;
  private started = false;
  private last = 0;
  private readonly hash: StateHash;
  /** By state: with how many preemptions and deviations it was reached. */
  private readonly reached = new Map<number, number>();

  /**
   * @param machine made with `footprints`
   * @param most preemptions at most
   * @param merges whether no state is gone into twice: not where it matters how a state was reached
   */
  constructor(
    private readonly machine: ControlledMachine,
    private readonly most: number,
    private readonly merges: boolean,
  ) {
    this.hash = new StateHash(machine);
  }

  /** Goes on to the next schedule; false if there is none. */
  begin(): boolean {
    if (this.started && !this.advance()) return false;
    this.started = true;
    this.depth = 0;
    this.preemptions = 0;
    this.deviations = 0;
    this.last = 0;
    this.hash.begin();
    return true;
  }

  private advance(): boolean {
    const { path } = this;
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      const next = node.left.pop();
      if (next !== undefined) {
        node.picked = next;
        return true;
      }
      path.pop();
    }
    return false;
  }

  choose(movers: Movers, current: number): number {
    this.hash.endStep(this.last);
    const picked = this.pick(movers, current);
    this.last = picked;
    return picked;
  }

  private pick(movers: Movers, current: number): number {
    if (this.machine.steps > this.stepLimit) return -1;
    if (movers.count === 1) return movers.ids[0] as number;
    const node = this.path[this.depth] ?? this.open(movers, current);
    if (node === null) return -1;
    this.depth++;
    if (node.picked !== node.byDefault) {
      this.deviations++;
      if (node.preemptive) this.preemptions++;
    }
    return node.picked;
  }

  /** A decision that no execution has come to before; null if the state is known and nothing new can follow. */
  private open(movers: Movers, current: number): Node | null {
    if (this.merges && !this.isNew(current)) return null;
    const { byDefault } = movers;
    const preemptive = byDefault === current;
    const others = !preemptive || this.preemptions < this.most ? movers.toArray().filter((id) => id !== byDefault) : [];
    // Departures from the default rule first, so that of equals the earliest comes first.
    const left = [byDefault, ...others.reverse()];
    const picked = left.pop() as number;
    const node = { byDefault, preemptive, picked, left };
    this.path.push(node);
    return node;
  }

  private isNew(current: number): boolean {
    const { preemptions, deviations, reached } = this;
    const key = this.hash.value(current);
    const known = reached.get(key);
    if (
      known !== undefined &&
      Math.floor(known / MAX_DEVIATIONS) <= preemptions &&
      known % MAX_DEVIATIONS <= deviations
    ) {
      return false;
    }
    reached.set(key, preemptions * MAX_DEVIATIONS + deviations);
    return true;
  }
}
