/** What executions of a model have been like: how many steps each CPU makes, of which words, and who starts whom. */

import type { ControlledMachine } from '../../machine/controlled.js';
import { OP_WRITE_LOCK } from '../../sync/gate.js';
import { mayModify } from './pos.js';

/** Steps that take a word, over all executions looked at. */
interface WordUse {
  readonly address: number;
  /** By CPU. */
  readonly steps: Float64Array;
  modified: boolean;
}

/** The steps of executions that ended well, on average. The clock counts as one more CPU. */
export class Profile {
  /** Words that at least two CPUs take, one of them to change it. */
  shared: readonly WordUse[] = [];
  executions = 0;
  /** By CPU, in all executions together. */
  readonly steps: Float64Array;
  /** By CPU: who made the step after which it could move for the first time; −1 for those that can from the beginning. */
  readonly starter: Int32Array;
  private readonly words = new Map<number, WordUse>();
  private readonly present: Float64Array;
  private readonly presentWords = new Map<number, WordUse>();

  /** @param size how many CPUs there are, and one for the clock */
  constructor(private readonly size: number) {
    this.steps = new Float64Array(size);
    this.starter = new Int32Array(size).fill(-1);
    this.present = new Float64Array(size);
  }

  /** An execution begins. */
  begin(): void {
    this.present.fill(0);
    this.presentWords.clear();
  }

  /** A CPU, or the clock, is to make a step. */
  step(id: number, { cpus }: ControlledMachine): void {
    this.present[id] = (this.present[id] as number) + 1;
    const cpu = cpus[id];
    // What waits for another's step has its place after it: there is no order to choose.
    if (cpu === undefined || cpu.opAddress === 0 || cpu.op > OP_WRITE_LOCK) return;
    let use = this.presentWords.get(cpu.opAddress);
    if (use === undefined) {
      use = { address: cpu.opAddress, steps: new Float64Array(this.size), modified: false };
      this.presentWords.set(cpu.opAddress, use);
    }
    use.steps[id] = (use.steps[id] as number) + 1;
    if (mayModify(cpu.op)) use.modified = true;
  }

  /** The execution has ended, and counts. */
  end(): void {
    this.executions++;
    add(this.steps, this.present);
    for (const [address, use] of this.presentWords) {
      const known = this.words.get(address);
      if (known === undefined) {
        this.words.set(address, { ...use, steps: use.steps.slice() });
      } else {
        add(known.steps, use.steps);
        known.modified ||= use.modified;
      }
    }
    this.shared = [...this.words.values()].filter(
      ({ modified, steps }) => modified && steps.filter(Boolean).length > 1,
    );
  }
}

function add(to: Float64Array, from: Float64Array): void {
  for (let at = 0; at < to.length; at++) to[at] = (to[at] as number) + (from[at] as number);
}
