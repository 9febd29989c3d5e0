/**
 * Livelock: an execution under fair scheduling that comes again and again to the same state. Those that can move do so by
 * turns, so what comes next is decided by the state; and if everybody who could move between two equal states has
 * moved, going on like that for ever is fair.
 *
 * A state is the contents of the arena, what each CPU is about to do, and who moves. What a coroutine keeps in variables of
 * its own cannot be seen, so a state must come back many times over, with the same steps between: a loop that only
 * tries so often ends before that.
 */

import type { Arena } from '../memory/arena.js';
import { OP_RELAX } from '../sync/gate.js';
import type { Movers } from './movers.js';

/** How often a state must come back. */
export const REPEATS = 128;
/** Steps by turns after which states are looked at: most executions have ended by then. */
const WARM_UP = 64;
/** The longest cycle that is looked for, in steps. */
const LONGEST = 4096;

/** A CPU, as far as it belongs to a state. */
interface Positioned {
  readonly id: number;
  readonly op: number;
  readonly opAddress: number;
  readonly opA: number;
  readonly opB: number;
  readonly current: number;
  readonly announcedAt: string;
  /** Of one that spins: what it has read. */
  readonly watched?: Int32Array;
}

/** What one does in the cycle. */
export interface CycleStep {
  readonly cpu: number;
  readonly op: number;
  readonly address: number;
  readonly stack: string;
}

export class FairCycle {
  /** The last steps, as many as `period` once there is a candidate. */
  private readonly states: string[] = [];
  private readonly steps: CycleStep[] = [];
  /** For each of them, who could move. */
  private readonly able: number[][] = [];
  /** The states since the anchor, that one included. */
  private recent: string[] = [];
  private count = 0;
  private period = 0;
  private same = 0;
  /** The state that the others are compared with, and when it is replaced by a later one (after Brent). */
  private anchor = '';
  private anchored = 0;
  private limit = 1;

  constructor(
    private readonly arena: Arena,
    private readonly cpus: readonly Positioned[],
  ) {}

  /**
   * Takes up a step. @param picked who makes it
   *
   * @param phase how far the present turn has come
   *
   * @returns the steps of a cycle in which everybody moves who can, where one has come back often enough; otherwise null
   */
  step(movers: Movers, picked: number, phase: number): readonly CycleStep[] | null {
    if (++this.count <= WARM_UP) return null;
    const state = this.hash(picked, phase);
    const { states, period } = this;
    if (period > 0) {
      if (states[(this.count - 1) % period] !== state) {
        this.period = 0;
        this.rest(state);
        return null;
      }
      this.note(movers, picked, (this.count - 1) % period);
      if (++this.same < period * REPEATS) return null;
      return this.isFair() ? this.steps.slice() : null;
    }
    if (state === this.anchor) this.begin(this.count - this.anchored);
    else if (this.count - this.anchored >= this.limit) this.rest(state);
    if (this.period === 0) this.keep(state);
    return null;
  }

  /** A candidate: the states since the anchor are the period's. */
  private begin(period: number): void {
    const recent = this.recent.slice(-period);
    if (recent.length < period) return;
    this.period = period;
    this.same = 0;
    this.states.length = 0;
    this.steps.length = 0;
    this.able.length = 0;
    // The state of this step is that of the anchor: `recent` begins with it.
    recent.forEach((one, at) => {
      this.states[(this.count - 1 + at) % period] = one;
    });
  }

  private keep(state: string): void {
    this.recent.push(state);
  }

  private rest(state: string): void {
    this.anchor = state;
    this.anchored = this.count;
    this.limit = Math.min(this.limit * 2, LONGEST);
    this.recent = [];
  }

  private note(movers: Movers, picked: number, at: number): void {
    const cpu = this.cpus[picked];
    this.steps[at] = {
      cpu: picked,
      op: cpu?.op ?? 0,
      address: cpu?.opAddress ?? 0,
      stack: cpu?.announcedAt ?? '',
    };
    this.able[at] = movers.toArray();
  }

  private isFair(): boolean {
    const moved = new Set(this.steps.map(({ cpu }) => cpu));
    return this.able.every((ids) => ids.every((id) => moved.has(id)));
  }

  private hash(picked: number, phase: number): string {
    const sum = new Int32Array(2);
    this.arena.hashDifferences(sum);
    let low = (sum[0] as number) ^ Math.imul(picked + 1, 0x2c1b3c6d);
    let high = sum[1] as number;
    const mix = (value: number): void => {
      low = Math.imul(low ^ value, 0x01000193);
      low ^= low >>> 15;
      high = Math.imul(high ^ value, 0x85ebca6b);
      high ^= high >>> 13;
    };
    mix(phase);
    for (const { op, opAddress, opA, opB, current, watched } of this.cpus) {
      mix(op);
      mix(opAddress);
      mix(opA);
      mix(opB);
      mix(current);
      if (op === OP_RELAX && watched !== undefined) for (const word of watched) mix(word);
    }
    return `${low},${high}`;
  }
}
