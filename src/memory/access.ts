/**
 * Plain accesses to the arena, in two forms with the same results: `plainAccess` for speed, `checkedAccess` with the
 * memory checker (as KASAN). A machine puts one of them on its CPUs.
 */

import type { Arena } from './arena.js';
import type { Field, Ptr } from './layout.js';

/** What an accessor needs of the CPU that it runs on. */
export interface MemoryContext {
  readonly words: Int32Array;
  readonly shadow: Uint8Array;
  readonly dirty: Uint8Array;
  readonly arena: Arena;
  /** By typesafe slot: the generation that the object had when this CPU last loaded a pointer to it. */
  readonly seenGeneration: Int32Array;
  /** Bounds of the objects in the cache that is `SLAB_TYPESAFE_BY_RCU`. */
  readonly typesafeStart: number;
  readonly typesafeEnd: number;
  /** True when the memory checker is on. */
  readonly checked: boolean;
  /** Looks closer at an access that the shadow does not allow; reports it, or returns if it is allowed after all. */
  checkAccess(address: number, write: boolean): void;
  /** Loads a word that the shadow does not let pass at once. */
  loadWatched(address: number): number;
  /** Notes the generation of the object that a loaded pointer points to. */
  notePointer(value: number): void;
}

/** How kernel code reads and writes fields that a lock protects, or that only this CPU uses. */
export interface Access {
  /** Loads a field. */
  get<S extends string, V>(p: Ptr<S>, field: Field<S, V>): V;
  /** Stores a field. */
  set<S extends string, V>(p: Ptr<S>, field: Field<S, V>, value: V): void;
  /** Loads the word at an address. */
  load(address: number): number;
  /** Stores the word at an address. */
  store(address: number, value: number): void;
  /**
   * The same as a marked store (`WRITE_ONCE`) that is no scheduling point: others may look at the word without a lock, and
   * there is one before their look can matter.
   */
  storeOnce(address: number, value: number): void;
}

export const plainAccess: Access & ThisType<Access & MemoryContext> = {
  get(p, field) {
    return this.words[p + field] as never;
  },
  set(p, field, value) {
    const at = p + field;
    if (this.dirty[at >> 4] === 0) this.arena.touch(at >> 4);
    this.words[at] = value as number;
  },
  load(address) {
    return this.words[address] as number;
  },
  store(address, value) {
    if (this.dirty[address >> 4] === 0) this.arena.touch(address >> 4);
    this.words[address] = value;
  },
  storeOnce(address, value) {
    if (this.dirty[address >> 4] === 0) this.arena.touch(address >> 4);
    this.words[address] = value;
  },
};

export const checkedAccess: Access & ThisType<Access & MemoryContext> = {
  get(p, field) {
    const address = p + field;
    return (this.shadow[address] === 0 ? this.words[address] : this.loadWatched(address)) as never;
  },
  set(p, field, value) {
    const address = p + field;
    if (this.shadow[address] !== 0) this.checkAccess(address, true);
    if (this.dirty[address >> 4] === 0) this.arena.touch(address >> 4);
    this.words[address] = value as number;
  },
  load(address) {
    return this.shadow[address] === 0 ? (this.words[address] as number) : this.loadWatched(address);
  },
  store(address, value) {
    if (this.shadow[address] !== 0) this.checkAccess(address, true);
    if (this.dirty[address >> 4] === 0) this.arena.touch(address >> 4);
    this.words[address] = value;
  },
  storeOnce(address, value) {
    if (this.shadow[address] !== 0) this.checkAccess(address, true);
    if (this.dirty[address >> 4] === 0) this.arena.touch(address >> 4);
    this.words[address] = value;
  },
};
