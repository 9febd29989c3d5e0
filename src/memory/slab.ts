/**
 * Slab caches, after `mm/slub.c`: a last-in first-out free list for each CPU, poison in freed objects, a generation for
 * each slot. What a CPU frees it gets again; only where it has nothing left it takes from another CPU.
 *
 * The lock of a cache is not a scheduling point: no other CPU can tell when in its segment an allocation happened,
 * except by the address that it is given.
 */

import type { Access, MemoryContext } from './access.js';
import {
  ALLOCATED,
  type Arena,
  CACHE_CPUS,
  CACHE_IN_USE,
  CACHE_LOCK,
  type Cache,
  FREE_END,
  FREE_LIST,
  FREE_NEXT,
  FREE_WORDS,
  SHADOW_FREED,
  SHADOW_FREED_TYPESAFE,
  SHADOW_OK,
  SHADOW_POINTER,
  SHADOW_TYPESAFE,
  SLOT_HEADER_WORDS,
} from './arena.js';
import { NULL, type Ptr } from './layout.js';

/** What a freed object is filled with (`POISON_FREE`), so that a stale read is seen even without the checker. */
export const POISON_FREE = 0x6b6b6b6b;

interface SlabContext extends MemoryContext, Access, SlabOps {
  /** The CPU's number. */
  readonly id: number;
  /** Notes that a CPU's free objects are used: two CPUs can tell the order in which they do so. */
  useFreeObjects(address: number): void;
  /** Notes that the shadow of an object is another now. */
  shadowChanged(address: number, words: number): void;
  /** Reports a broken rule and ends the run. */
  violate(kind: string, message: string): never;
  /** What reports call an address. */
  describe(address: number): string;
}

function lockCache(words: Int32Array, cache: Cache): void {
  while (Atomics.compareExchange(words, cache.meta + CACHE_LOCK, 0, 1) !== 0) {
    // Held for a few loads and stores only, so spinning is shorter than sleeping.
  }
}

function unlockCache(words: Int32Array, cache: Cache): void {
  Atomics.store(words, cache.meta + CACHE_LOCK, 0);
}

function setShadow(context: SlabContext, object: number, cache: Cache, value: number): void {
  const size = cache.struct.words;
  context.arena.markShadow(object, object + size, value);
  if (value === SHADOW_OK) for (const offset of cache.pointers) context.shadow[object + offset] = SHADOW_POINTER;
  if (!cache.typesafe) context.shadowChanged(object, size);
}

export const slabOps = {
  /**
   * Takes an object from a cache. Its contents are what the last user left (poison, or its old fields where the cache
   * is typesafe), except for a slot that was never used, which is zero.
   *
   * @param cacheNumber from `Arena.cacheNumber`
   * @returns the object, or NULL when the cache is exhausted
   */
  kmem_cache_alloc<S extends string>(this: SlabContext, cacheNumber: number): Ptr<S> {
    const cache = this.arena.caches[cacheNumber] as Cache;
    const { words } = this;
    const { meta } = cache;
    const locked = this.arena.shared;
    if (locked) lockCache(words, cache);
    if (this.dirty[meta >> 4] === 0) this.arena.touch(meta >> 4);
    let from = cache.cpus === 1 ? 0 : this.id;
    let object = this.takeFreeObject(cache, from);
    for (let tried = 1; object === 0 && tried < cache.cpus; tried++) {
      from = from + 1 === cache.cpus ? 0 : from + 1;
      object = this.takeFreeObject(cache, from);
    }
    if (object !== 0) {
      const header = object - SLOT_HEADER_WORDS;
      if (this.dirty[header >> 4] === 0) this.arena.touch(header >> 4);
      if (this.dirty[(header + 1) >> 4] === 0) this.arena.touch((header + 1) >> 4);
      words[header] = ALLOCATED;
      words[header + 1] = (words[header + 1] as number) + 1;
      words[meta + CACHE_IN_USE] = (words[meta + CACHE_IN_USE] as number) + 1;
      if (this.checked) {
        setShadow(this, object, cache, cache.typesafe ? SHADOW_TYPESAFE : SHADOW_OK);
        if (cache.typesafe) this.notePointer(object);
      }
    }
    if (locked) unlockCache(words, cache);
    return (object === 0 ? NULL : object) as Ptr<S>;
  },

  /** Takes one of a CPU's free objects; 0 if it has none. The cache's own words must be marked as touched. */
  takeFreeObject(this: SlabContext, cache: Cache, cpu: number): number {
    const { words } = this;
    const free = cache.meta + CACHE_CPUS + FREE_WORDS * cpu;
    if (this.dirty[free >> 4] === 0) this.arena.touch(free >> 4);
    if (this.dirty[(free + FREE_END) >> 4] === 0) this.arena.touch((free + FREE_END) >> 4);
    this.useFreeObjects(free);
    const object = words[free + FREE_LIST] as number;
    if (object !== 0) {
      words[free + FREE_LIST] = words[object - SLOT_HEADER_WORDS] as number;
      return object;
    }
    const slot = words[free + FREE_NEXT] as number;
    if (slot === words[free + FREE_END]) return 0;
    words[free + FREE_NEXT] = slot + cache.slotWords;
    return slot + SLOT_HEADER_WORDS;
  },

  /** Takes an object from a cache, all zero. */
  kmem_cache_zalloc<S extends string>(this: SlabContext, cacheNumber: number): Ptr<S> {
    const object = this.kmem_cache_alloc<S>(cacheNumber);
    if (object) {
      const size = (this.arena.caches[cacheNumber] as Cache).struct.words;
      for (let at: number = object; at < object + size; at++) this.store(at, 0);
    }
    return object;
  },

  /**
   * Gives an object back. The next allocation from this cache gets it.
   *
   * @throws the run's violation for an object that is free already
   */
  kmem_cache_free(this: SlabContext, cacheNumber: number, object: Ptr<string>): void {
    const cache = this.arena.caches[cacheNumber] as Cache;
    const { words } = this;
    const { meta } = cache;
    const header = object - SLOT_HEADER_WORDS;
    if (words[header] !== ALLOCATED) {
      this.violate('double-free', `double-free of ${this.describe(object)} in cache ${cache.name}`);
    }
    const size = cache.struct.words;
    // Where threads share the arena; on one thread the shadow tells at once.
    if (!cache.typesafe && this.arena.shared) {
      for (let at: number = object; at < object + size; at++) {
        if (this.dirty[at >> 4] === 0) this.arena.touch(at >> 4);
        words[at] = POISON_FREE;
      }
    }
    if (this.checked) setShadow(this, object, cache, cache.typesafe ? SHADOW_FREED_TYPESAFE : SHADOW_FREED);
    const locked = this.arena.shared;
    if (locked) lockCache(words, cache);
    if (this.dirty[meta >> 4] === 0) this.arena.touch(meta >> 4);
    if (this.dirty[header >> 4] === 0) this.arena.touch(header >> 4);
    const free = meta + CACHE_CPUS + (cache.cpus === 1 ? 0 : FREE_WORDS * this.id);
    if (this.dirty[free >> 4] === 0) this.arena.touch(free >> 4);
    this.useFreeObjects(free);
    words[header] = words[free + FREE_LIST] as number;
    words[free + FREE_LIST] = object;
    words[meta + CACHE_IN_USE] = (words[meta + CACHE_IN_USE] as number) - 1;
    if (locked) unlockCache(words, cache);
  },
};

export type SlabOps = typeof slabOps;

/** The generation of the slot that a typesafe object lives in. */
export function generationOf(arena: Arena, object: number): number {
  return arena.words[object - SLOT_HEADER_WORDS + 1] as number;
}
