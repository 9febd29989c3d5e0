/** In which contexts the locks of a class are taken: in interrupts, and with interrupts enabled. */

import { nextGeneration } from './generation.js';
import { MAX_CLASSES } from './lock-classes.js';
import type { LockGraph } from './lock-graph.js';

export const USED_IN_IRQ = 1;
export const USED_IN_IRQ_READ = 2;
/** Held while an interrupt could come. */
export const IRQS_ON = 4;
export const IRQS_ON_READ = 8;

const IN_IRQ = USED_IN_IRQ | USED_IN_IRQ_READ;
const ON = IRQS_ON | IRQS_ON_READ;
/** More than all usages together. */
const USAGES = 1 << 4;

/** What reports call them, as the kernel does. */
export const USAGE_NAMES: Readonly<Record<number, string>> = {
  [USED_IN_IRQ]: 'IN-HARDIRQ-W',
  [USED_IN_IRQ_READ]: 'IN-HARDIRQ-R',
  [IRQS_ON]: 'HARDIRQ-ON-W',
  [IRQS_ON_READ]: 'HARDIRQ-ON-R',
};

/** A class taken in interrupts, one held with interrupts enabled, and the classes between them. */
export interface UnsafeLocks {
  /** From the one taken in interrupts to the other; they may be the same. */
  readonly way: readonly number[];
  readonly usedIn: number;
  readonly enabled: number;
}

export class LockUsage {
  /** By class: its usages, in the low bits, and above them the generation that they belong to. */
  private readonly usages = new Int32Array(MAX_CLASSES);
  private generation = USAGES;
  private readonly inIrq: number[] = [];

  clear(): void {
    this.generation = nextGeneration(this.usages, this.generation, USAGES);
    if (this.inIrq.length !== 0) this.inIrq.length = 0;
  }

  /** @returns false if that was known */
  add(lockClass: number, bit: number): boolean {
    const before = this.bitsOf(lockClass);
    if ((before & bit) !== 0) return false;
    if ((before & IN_IRQ) === 0 && (bit & IN_IRQ) !== 0) this.inIrq.push(lockClass);
    this.usages[lockClass] = this.generation | before | bit;
    return true;
  }

  private bitsOf(lockClass: number): number {
    const found = this.usages[lockClass] as number;
    return found >= this.generation ? found & (USAGES - 1) : 0;
  }

  /**
   * A class whose locks are taken in interrupts though one that may be held when the interrupt comes is, or comes to be
   * waited for, at the same time; null if there is none. Two readers do not hold each other up.
   */
  findUnsafe(graph: LockGraph): UnsafeLocks | null {
    for (const safe of this.inIrq) {
      const usedIn = (this.bitsOf(safe) & USED_IN_IRQ) !== 0 ? USED_IN_IRQ : USED_IN_IRQ_READ;
      const isUnsafe = (other: number): boolean => this.conflicting(other, usedIn) !== 0;
      const way = isUnsafe(safe) ? [safe] : graph.wayTo(safe, isUnsafe);
      if (way !== null) return { way, usedIn, enabled: this.conflicting(way.at(-1) as number, usedIn) };
    }
    return null;
  }

  private conflicting(lockClass: number, usedIn: number): number {
    const bits = this.bitsOf(lockClass) & ON;
    if ((bits & IRQS_ON) !== 0) return IRQS_ON;
    return usedIn === USED_IN_IRQ ? bits : 0;
  }
}
