/**
 * Lock classes, as the kernel's lockdep has them: all locks in the same field of the same struct are one. A lock that
 * is a variable of its own is a class of its own.
 */

import type { Cpu } from '../../sync/cpu.js';

/** Classes that can be told apart. Left out: locks of classes beyond that are not watched. */
export const MAX_CLASSES = 256;

/** Of a lock that is not watched. */
export const NO_CLASS = 0;

/** The word of a lock that stands for the whole. */
const LOCK_WORD = /\.(?:state|owner)$/;

export class LockClasses {
  /** By number: what reports call it, `&sighand->siglock`. */
  readonly names: string[] = [''];
  private readonly byName = new Map<string, number>();
  /** By word: its class plus one; 0 where nobody has asked yet. */
  private readonly known: Uint16Array;

  /**
   * @param words words of the arena
   * @param ownClasses whether each lock is a class of its own
   */
  constructor(
    words: number,
    private readonly ownClasses: boolean,
  ) {
    this.known = new Uint16Array(words);
  }

  /** The class of the lock at an address. */
  of(cpu: Cpu, address: number): number {
    const known = this.known[address] as number;
    return known === 0 ? this.classify(cpu, address) : known - 1;
  }

  private classify(cpu: Cpu, address: number): number {
    const name = this.ownClasses ? cpu.describe(address) : className(cpu, address);
    let number = this.byName.get(name);
    if (number === undefined) {
      number = this.names.length < MAX_CLASSES ? this.names.length : NO_CLASS;
      if (number !== NO_CLASS) {
        this.names.push(name);
        this.byName.set(name, number);
      }
    }
    this.known[address] = number + 1;
    return number;
  }
}

function className(cpu: Cpu, address: number): string {
  const object = cpu.arena.objectAt(address);
  if (object === null) return `address ${address}`;
  const { struct } = object;
  const field = object.field.replace(LOCK_WORD, '');
  const single = cpu.arena.spec.statics.some((spec) => spec.struct === struct && spec.count === 1);
  // What is there for each CPU is single on a machine of one; its name says that it belongs to something.
  if (single && field !== 'lock') return field;
  return `&${struct.name.replace(/_struct$/, '')}->${field.replaceAll(/\[\d+\]/g, '')}`;
}
