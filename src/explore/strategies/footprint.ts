/** What a step accesses, and whether that leaves another step's accesses in their order. */

import {
  ACCESS_ADD,
  ACCESS_GET,
  ACCESS_PUT,
  ACCESS_READ,
  ACCESS_WORDS,
  ACCESS_WRITE,
  type AccessLog,
  accessesConflict,
  applyAccess,
} from '../../machine/access-log.js';

/** What a step accesses: the words of an `AccessLog`. */
export type Footprint = Int32Array;

/** The footprint of the step that was made last, as `ExecutionGraph` keeps it. */
export function footprintOf({ words, count, beforeQuiescence }: AccessLog): Footprint {
  const kept: number[] = [];
  /** By word: where its accesses are in `kept`. */
  const places = new Map<number, number[]>();
  for (let access = 0; access < count; access++) {
    if (access === beforeQuiescence) places.clear();
    const from = access * ACCESS_WORDS;
    const address = words[from] as number;
    let known = places.get(address);
    if (known?.some((at) => addsNothing(kept, at, words, from)) === true) continue;
    if (known === undefined) {
      known = [];
      places.set(address, known);
    }
    known.unshift(kept.length);
    for (let word = 0; word < ACCESS_WORDS; word++) kept.push(words[from + word] as number);
  }
  return Int32Array.from(kept);
}

/**
 * Whether an access adds nothing to one before it, of the same step to the same word: that is a store, of which then what is
 * stored may be another, or both are loads.
 */
export function addsNothing(kept: Int32Array | number[], known: number, words: Int32Array, from: number): boolean {
  const kind = words[from + 1] as number;
  if (kept[known + 1] !== ACCESS_WRITE) return kept[known + 1] === ACCESS_READ && kind === ACCESS_READ;
  kept[known + 3] = applyAccess(kind, kept[known + 3] as number, words[from + 3] as number);
  return true;
}

/** Whether two footprints have accesses that do not commute. */
export function footprintsConflict(one: Footprint, other: Footprint): boolean {
  for (let at = 0; at < one.length; at += ACCESS_WORDS) {
    const address = one[at];
    for (let with_ = 0; with_ < other.length; with_ += ACCESS_WORDS) {
      if (
        other[with_] === address &&
        accessesConflict(
          one[at + 1] as number,
          one[at + 3] as number,
          other[with_ + 1] as number,
          other[with_ + 3] as number,
        )
      ) {
        return true;
      }
    }
  }
  return false;
}

/**
 * Whether one step made after the other would drop the last reference, where both drop one that is not the last as they are.
 *
 * @param made has just been made
 * @param other would be made in the state before it
 */
export function dropsLast(made: Footprint, other: Footprint): boolean {
  return wordsOfPuts(other).some((address) => {
    for (let at = made.length - ACCESS_WORDS; at >= 0; at -= ACCESS_WORDS) {
      if (made[at] !== address || made[at + 1] !== ACCESS_PUT) continue;
      return (made[at + 2] as number) + (made[at + 3] as number) + putsTo(other, address) <= 0;
    }
    return false;
  });
}

/** By how much a footprint counts references to an object down that are not the last. @returns 0, or less */
export function putsTo(footprint: Footprint, address: number): number {
  let sum = 0;
  for (let at = 0; at < footprint.length; at += ACCESS_WORDS) {
    if (footprint[at] === address && footprint[at + 1] === ACCESS_PUT) sum += footprint[at + 3] as number;
  }
  return sum;
}

/** A word's value in some state. */
export type Values = (address: number) => number;

const NONE: readonly number[] = [];

/** The words in which a footprint counts references down that are not the last. */
export function wordsOfPuts(footprint: Footprint): readonly number[] {
  let words = NONE;
  for (let at = 0; at < footprint.length; at += ACCESS_WORDS) {
    if (footprint[at + 1] === ACCESS_PUT) words = [...words, footprint[at] as number];
  }
  return words;
}

/** A word's value after a step with a footprint. @param end the place up to which it is looked at */
export function valueAfter(footprint: Footprint, address: number, before: number, end = footprint.length): number {
  let value = before;
  for (let at = 0; at < end; at += ACCESS_WORDS) {
    if (footprint[at] === address) value = applyAccess(footprint[at + 1] as number, value, footprint[at + 3] as number);
  }
  return value;
}

/**
 * The first access of a footprint that finds something else than it found; −1 if there is none, so that the step does the
 * same.
 *
 * @param from the first access that is looked at
 * @param valueAt a word's value before the step
 */
export function firstDifference(footprint: Footprint, from: number, valueAt: Values): number {
  /** Words that the step has changed before the access that is looked at. */
  const changed = new Set<number>();
  for (let at = 0; at < footprint.length; at += ACCESS_WORDS) {
    const address = footprint[at] as number;
    if (at >= from) {
      const found = whatIsSeen(footprint, at, footprint[at + 2] as number);
      const would = changed.has(address)
        ? whatWouldBeSeen(footprint, at, valueAt)
        : whatIsSeen(footprint, at, valueAt(address));
      if (found !== would) return at;
    }
    if (footprint[at + 1] !== ACCESS_READ) changed.add(address);
  }
  return -1;
}

/** What an access would learn with other values than it found. @param valueAt a word's value before the step */
export function whatWouldBeSeen(footprint: Footprint, at: number, valueAt: Values): number {
  const address = footprint[at] as number;
  // What the step does before changes what it finds: it may store, or count down twice.
  return whatIsSeen(footprint, at, valueAfter(footprint, address, valueAt(address), at));
}

/** What an access may learn from a word's value: that there are references left, and if not, what is; which of the bits are set that it changes. */
export function whatIsSeen(footprint: Footprint, at: number, value: number): number {
  const kind = footprint[at + 1] as number;
  const operand = footprint[at + 3] as number;
  if (kind <= ACCESS_WRITE) return value;
  if (kind === ACCESS_PUT) return Math.min(value + operand, 1);
  return kind === ACCESS_ADD || kind === ACCESS_GET ? 0 : value & operand;
}

const LOW = 2 ** 32;

/**
 * A number that stands for all that a thread has seen up to a step: two histories have the same one if they are the same, and
 * others hardly ever. A thread that has seen the same does the same.
 *
 * @param before the number of its history before the step
 * @param words where the step's footprint is, from one place to another
 */
export function historyWith(before: number, words: Int32Array, from: number, end: number): number {
  let low = before | 0;
  let high = Math.floor(before / LOW);
  for (let at = from; at < end; at += ACCESS_WORDS) {
    const access = Math.imul(words[at] as number, 5) + (words[at + 1] as number);
    const seen = whatIsSeen(words, at, words[at + 2] as number);
    low = Math.imul(low ^ (low >>> 15) ^ access, 0x2c1b3c6d);
    low = Math.imul(low ^ (low >>> 13) ^ seen, 0x297a2d39);
    high = Math.imul(high ^ (high >>> 14) ^ seen, 0x85ebca6b);
    high = Math.imul(high ^ (high >>> 16) ^ access, 0x9e3779b1);
  }
  // Two steps without accesses are not one.
  low = Math.imul(low ^ (low >>> 16), 0x7feb352d) + 0x5bd1e995;
  return (high >>> 11) * LOW + (low >>> 0);
}
