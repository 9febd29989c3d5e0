/** The accesses of an execution in their order, each linked with those to the same word before it. */

import {
  ACCESS_AND,
  ACCESS_OR,
  ACCESS_WORDS,
  ACCESS_WRITE,
  accessesConflict,
  applyAccess,
} from '../../machine/access-log.js';
import { addsNothing, type Footprint } from './footprint.js';

/** Where in an entry what is. */
export const ADDRESS = 0;
export const KIND = 1;
export const BEFORE = 2;
export const OPERAND = 3;
export const ENTRY_WORDS = ACCESS_WORDS;
/** What an entry's place is shifted by for its number. */
export const ENTRY_SHIFT = 2;

export class AccessList {
  length = 0;
  entries = new Int32Array(ENTRY_WORDS * 4096);
  /** By access: the step that made it. */
  stepOf = new Int32Array(4096);
  /** By access: the one to the same word before it, plus one. */
  previousOf = new Int32Array(4096);
  /** The same, of those of another kind. */
  private previousOther = new Int32Array(4096);
  /** By word: its last access, plus one. */
  readonly lastOf: Int32Array;

  /** @param words of the arena */
  constructor(words: number) {
    this.lastOf = new Int32Array(words);
  }

  /**
   * Adds an access, unless it adds nothing to one before it.
   *
   * @param words where it is
   * @param from its place there
   * @param since the first access that it may be the same as
   */
  add(words: Int32Array, from: number, step: number, since: number): void {
    const address = words[from] as number;
    const kind = words[from + 1] as number;
    const last = this.lastOf[address] as number;
    for (let known = last; known > since; ) {
      const at = (known - 1) * ENTRY_WORDS;
      if (addsNothing(this.entries, at, words, from)) return;
      known = this.previousOf[at >> ENTRY_SHIFT] as number;
    }
    if ((this.length + 1) * ENTRY_WORDS > this.entries.length) this.grow();
    const { entries, stepOf, previousOf, previousOther } = this;
    const at = this.length++ * ENTRY_WORDS;
    entries[at + ADDRESS] = address;
    entries[at + KIND] = kind;
    entries[at + BEFORE] = words[from + 2] as number;
    entries[at + OPERAND] = words[from + 3] as number;
    stepOf[at >> ENTRY_SHIFT] = step;
    previousOf[at >> ENTRY_SHIFT] = last;
    const isSame = last !== 0 && entries[(last - 1) * ENTRY_WORDS + KIND] === kind;
    previousOther[at >> ENTRY_SHIFT] = isSame ? (previousOther[last - 1] as number) : last;
    this.lastOf[address] = this.length;
  }

  private grow(): void {
    this.entries = larger(this.entries, new Int32Array(this.entries.length * 2));
    this.stepOf = larger(this.stepOf, new Int32Array(this.stepOf.length * 2));
    this.previousOf = larger(this.previousOf, new Int32Array(this.previousOf.length * 2));
    this.previousOther = larger(this.previousOther, new Int32Array(this.previousOther.length * 2));
  }

  /** Forgets the accesses from a number on. */
  truncate(length: number): void {
    for (let access = this.length - 1; access >= length; access--) {
      this.lastOf[this.entries[access * ENTRY_WORDS + ADDRESS] as number] = this.previousOf[access] as number;
    }
    this.length = length;
  }

  /** Accesses from one on to before another, as a footprint of its own. */
  slice(first: number, end: number): Footprint {
    return this.entries.slice(first * ENTRY_WORDS, end * ENTRY_WORDS);
  }

  /** Whether one of the accesses from one on to before another conflicts with a footprint. */
  conflictWith(first: number, end: number, footprint: Footprint): boolean {
    const { entries } = this;
    for (let at = first * ENTRY_WORDS; at < end * ENTRY_WORDS; at += ENTRY_WORDS) {
      const [kind, operand] = [entries[at + KIND] as number, entries[at + OPERAND] as number];
      for (let other = 0; other < footprint.length; other += ACCESS_WORDS) {
        if (footprint[other] !== entries[at + ADDRESS]) continue;
        if (accessesConflict(kind, operand, footprint[other + 1] as number, footprint[other + 3] as number))
          return true;
      }
    }
    return false;
  }

  /** Whether the accesses from one on to before another are, but for values, those of a footprint. */
  are(first: number, end: number, footprint: Footprint): boolean {
    const { entries } = this;
    const from = first * ENTRY_WORDS;
    if (from + footprint.length !== end * ENTRY_WORDS) return false;
    for (let at = 0; at < footprint.length; at += ACCESS_WORDS) {
      if (footprint[at] !== entries[from + at + ADDRESS]) return false;
      if (footprint[at + 1] !== entries[from + at + KIND]) return false;
    }
    return true;
  }

  /** What the word holds after an access. @param from where that is */
  valueAfter(from: number): number {
    const { entries } = this;
    return applyAccess(
      entries[from + KIND] as number,
      entries[from + BEFORE] as number,
      entries[from + OPERAND] as number,
    );
  }

  /**
   * Whether all accesses to a word before one of two happen before the other one: each of them conflicts with one of the
   * two, as these conflict, and not as bits that are set or cleared, which do so only with some of such.
   *
   * @param later where the later of the two is
   * @param from where the earlier one is
   */
  isOrderedUpTo(later: number, from: number): boolean {
    const kind = this.entries[later + KIND] as number;
    const other = this.entries[from + KIND] as number;
    return kind !== other && !(isOfBits(kind) && isOfBits(other));
  }

  /** The access to a word to look at after one, plus one: those of a kind that commutes with itself do so with each other. */
  nextToLook(kind: number, from: number): number {
    const passes = this.entries[from + KIND] === kind && kind !== ACCESS_WRITE;
    return (passes ? this.previousOther : this.previousOf)[from >> ENTRY_SHIFT] as number;
  }
}

function isOfBits(kind: number): boolean {
  return kind === ACCESS_OR || kind === ACCESS_AND;
}

export function larger<A extends Int32Array | Uint8Array>(old: A, made: A): A {
  made.set(old);
  return made;
}
