/**
 * Tells whether two executions have come to the same state. A state is the contents of the arena and where each
 * coroutine stands; and where a CPU's coroutines stand is a function of what its steps have found in memory.
 */

import { ACCESS_READ, ACCESS_WORDS, ACCESS_WRITE, type AccessLog } from '../machine/access-log.js';
import type { ControlledMachine } from '../machine/controlled.js';
import { generationOf } from '../memory/slab.js';

/** The hash of the state that an execution is in, kept up to date step by step. Needs a machine with `footprints`. */
export class StateHash {
  /** By CPU, and for the clock: a hash of two words of what its steps have found. */
  private readonly histories: Int32Array;
  private readonly sum = new Int32Array(2);

  constructor(private readonly machine: ControlledMachine) {
    if (!machine.keepsFootprints)
      throw new Error('states are told apart by footprints, which this machine does not keep');
    this.histories = new Int32Array(2 * (machine.cpus.length + 1));
  }

  /** Begins an execution. */
  begin(): void {
    this.histories.fill(0);
    this.machine.accesses.clear();
  }

  /** Takes up the step that has just ended. @param who the CPU that made it, or the clock */
  endStep(who: number): void {
    const { machine, histories } = this;
    this.add(who, machine.accesses, histories);
    machine.accesses.clear();
  }

  private add(who: number, { words, count }: AccessLog, histories: Int32Array): void {
    let low = histories[2 * who] as number;
    let high = histories[2 * who + 1] as number;
    for (let at = 0; at < count * ACCESS_WORDS; at += ACCESS_WORDS) {
      const kind = words[at + 1] as number;
      const address = words[at] as number;
      // Of additions and of bits set or cleared a step does not see what was there before.
      const found = kind === ACCESS_READ || kind === ACCESS_WRITE ? (words[at + 2] as number) : 0;
      low = Math.imul(low ^ address ^ this.generation(found), 0x01000193);
      low = Math.imul(low ^ found ^ (low >>> 15), 0x85ebca6b);
      high = Math.imul(high ^ found, 0x01000197);
      high = Math.imul(high ^ address ^ (high >>> 13), 0xc2b2ae35);
    }
    histories[2 * who] = (low ^ (low >>> 16)) + 1;
    histories[2 * who + 1] = (high ^ (high >>> 15)) + 1;
  }

  /** Of a pointer to an object of a typesafe cache: which of those that lived there it is, as the memory checker knows. */
  private generation(found: number): number {
    const { arena } = this.machine;
    return found >= arena.typesafeStart && found < arena.typesafeEnd
      ? Math.imul(generationOf(arena, found), 0x2c1b3c6d)
      : 0;
  }

  /**
   * The hash, as a whole number of 53 bits: two states out of a million are taken for one with odds of about 1 in 20,000.
   *
   * @param current the CPU that moved last
   */
  value(current: number): number {
    const { machine, histories, sum } = this;
    sum[0] = Math.imul(current + 1, 0x2c1b3c6d);
    sum[1] = Math.imul(machine.steps, 0x297a2d39);
    machine.arena.hashDifferences(sum);
    for (let at = 0; at < histories.length; at++) {
      const mixed = Math.imul((histories[at] as number) ^ at, 0x9e3779b1);
      sum[at & 1] = ((sum[at & 1] as number) + (mixed ^ (mixed >>> 14))) | 0;
    }
    return ((sum[1] as number) & 0x1fffff) * 0x100000000 + ((sum[0] as number) >>> 0);
  }
}
