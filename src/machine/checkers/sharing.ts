/**
 * Which accesses the race detector must look at, by what all executions so far have shown: a word that only one CPU has
 * accessed, or that nobody has written, has no race, as in the states of Savage et al., "Eraser: a dynamic data race
 * detector for multithreaded programs" (TOCS 1997). Unlike there no race is lost thereby: where an execution shows a word
 * to be otherwise, it is made again, and the word is looked at from its beginning.
 */

import { SHADOW_OK, SHADOW_POINTER } from '../../memory/arena.js';

/** Kinds of accesses. */
export const KIND_READ = 1;
export const KIND_WRITE = 2;
export const KIND_MARKED_READ = 4;
export const KIND_MARKED_WRITE = 8;
/** Beside them: the word has never been released, so that no read of it acquires. */
export const NOT_RELEASED = 16;

const ALL_READS = KIND_READ | KIND_MARKED_READ;
const ALL_WRITES = KIND_WRITE | KIND_MARKED_WRITE;

/** Executions in which everything is looked at, so that a machine of few executions makes none of them again. */
const FIRST_EXECUTIONS = 32;

/** Races on a word that are meant to be: none, those of reads, or any. */
export type Exempt = 'none' | 'reads' | 'any';

/**
 * Whether accesses of a CPU, the plain ones among them, and those of another can be a race.
 *
 * @param kinds those of the one, a bit for each kind
 * @param others those of the other
 */
function conflict(kinds: number, others: number, exempt: Exempt): boolean {
  if (exempt === 'any') return false;
  if (exempt === 'reads') return (kinds & KIND_WRITE) !== 0 && (others & ALL_WRITES) !== 0;
  return ((kinds & KIND_WRITE) !== 0 && others !== 0) || ((kinds & KIND_READ) !== 0 && (others & ALL_WRITES) !== 0);
}

export class Sharing {
  /** By CPU and word: the kinds of accesses that need not be looked at, by the memory checker either. */
  readonly passes: readonly Uint8Array[];
  /** Something in this execution was not looked at that should have been. */
  incomplete = false;
  /** Whether everything is looked at, whatever is known. */
  private all = true;
  private executions = 0;
  /** By CPU and word: the kinds of accesses that executions so far have made. */
  private readonly met: readonly Uint8Array[];
  /** What `passes` is where the memory checker allows the word. */
  private readonly allowed: readonly Uint8Array[];
  /** Those of all CPUs, one after the other, and four bytes at a time. */
  private readonly passesBytes: Uint8Array;
  private readonly allowedBytes: Uint8Array;
  private readonly passesWords: Int32Array;
  private readonly allowedWords: Int32Array;
  /** Objects allocated or freed in this execution: address and words by turns. */
  private changed = new Int32Array(64);
  private changedCount = 0;

  /**
   * @param shadow that of the memory checker; all zero where it is off
   * @param cpus how many there are
   * @param enabled whether anything may be left out
   */
  constructor(
    private readonly shadow: Uint8Array,
    private readonly cpus: number,
    private readonly enabled: boolean,
  ) {
    const { length } = shadow;
    const bytes = (): Uint8Array => new Uint8Array(length * cpus);
    const byCpu = (all: Uint8Array): Uint8Array[] =>
      Array.from({ length: cpus }, (_, cpu) => all.subarray(length * cpu, length * (cpu + 1)));
    const passes = bytes();
    const allowed = bytes().fill(NOT_RELEASED);
    this.met = byCpu(bytes());
    this.passes = byCpu(passes);
    this.allowed = byCpu(allowed);
    this.passesBytes = passes;
    this.allowedBytes = allowed;
    this.passesWords = new Int32Array(passes.buffer);
    this.allowedWords = new Int32Array(allowed.buffer);
  }

  /**
   * Begins an execution, when memory is as it is at its beginning.
   *
   * @param all whether everything is to be looked at
   */
  begin(all: boolean): void {
    const { changed, changedCount, shadow } = this;
    this.incomplete = false;
    const looksAtAll = all || !this.enabled || ++this.executions <= FIRST_EXECUTIONS;
    if (looksAtAll !== this.all) {
      this.all = looksAtAll;
      if (looksAtAll) for (const passes of this.passes) passes.fill(0);
      else for (let at = 0; at < shadow.length; at++) this.refreshWord(at);
    } else {
      for (let at = 0; at < changedCount; at += 2) this.refresh(changed[at] as number, changed[at + 1] as number);
    }
    this.changedCount = 0;
  }

  /** An object was allocated or freed. */
  shadowChanged(address: number, words: number): void {
    if (this.all) return;
    if (this.changedCount === this.changed.length) {
      const grown = new Int32Array(this.changed.length * 2);
      grown.set(this.changed);
      this.changed = grown;
    }
    this.changed[this.changedCount++] = address;
    this.changed[this.changedCount++] = words;
    this.refresh(address, words);
  }

  /** What passes of an object, of which the shadow allows every word or none. */
  private refresh(address: number, words: number): void {
    const { passesBytes, passesWords, allowedBytes, allowedWords } = this;
    const allows = (this.shadow[address] as number) <= SHADOW_POINTER;
    const { length } = this.shadow;
    for (let first = 0; first < passesBytes.length; first += length) {
      let at = first + address;
      const end = at + words;
      for (; at < end && (at & 3) !== 0; at++) passesBytes[at] = allows ? (allowedBytes[at] as number) : 0;
      if (allows) for (; at + 4 <= end; at += 4) passesWords[at >> 2] = allowedWords[at >> 2] as number;
      else for (; at + 4 <= end; at += 4) passesWords[at >> 2] = 0;
      for (; at < end; at++) passesBytes[at] = allows ? (allowedBytes[at] as number) : 0;
    }
  }

  private refreshWord(address: number): void {
    const allows = this.shadow[address] === SHADOW_OK;
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      const allowed = (this.allowed[cpu] as Uint8Array)[address] as number;
      (this.passes[cpu] as Uint8Array)[address] = allows ? allowed : 0;
    }
  }

  /**
   * Takes notice of an access to a word on which there could be no race so far.
   *
   * @param kind `KIND_…`
   * @returns whether there can be one from now on; the word must always be looked at then
   */
  meet(cpu: number, address: number, kind: number, exempt: Exempt): boolean {
    const met = this.met[cpu] as Uint8Array;
    if (((met[address] as number) & kind) !== 0) return false;
    met[address] = (met[address] as number) | kind;
    const races = this.canRace(address, exempt);
    if (races && !this.all) this.incomplete = true;
    // Of a pointer that the memory checker wants to know of nothing passes.
    const pointer = this.shadow[address] === SHADOW_POINTER;
    for (let one = 0; one < this.cpus; one++) {
      const allowed = this.allowed[one] as Uint8Array;
      const kinds = !races ? ((this.met[one] as Uint8Array)[address] as number) : exempt === 'reads' ? ALL_READS : 0;
      allowed[address] = ((allowed[address] as number) & NOT_RELEASED) | (pointer ? 0 : kinds);
    }
    if (!this.all) this.refreshWord(address);
    return races;
  }

  private canRace(address: number, exempt: Exempt): boolean {
    for (let one = 0; one < this.cpus; one++) {
      for (let other = 0; other < this.cpus; other++) {
        const kinds = (this.met[one] as Uint8Array)[address] as number;
        const others = (this.met[other] as Uint8Array)[address] as number;
        if (one !== other && conflict(kinds, others, exempt)) return true;
      }
    }
    return false;
  }

  /** A word is released: marked reads of it acquire from now on. */
  released(address: number): void {
    for (const arrays of [this.passes, this.allowed])
      for (const bytes of arrays) bytes[address] = (bytes[address] as number) & ~NOT_RELEASED;
  }
}
