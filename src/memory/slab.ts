/**
 * Slab caches, after `mm/slub.c`: a last-in first-out free list, poison in freed objects, a generation for each slot.
 *
 * The lock of a cache is not a scheduling point: no other CPU can tell when in its segment an allocation happened,
 * except by the address that it is given.
 */

import type { Access, MemoryContext } from './access.js';
import {
  ALLOCATED,
  type Arena,
  CACHE_FREELIST,
  CACHE_IN_USE,
  CACHE_LOCK,
  CACHE_NEXT,
  type Cache,
  SHADOW_FREED,
  SHADOW_FREED_TYPESAFE,
  SHADOW_OK,
  SHADOW_TYPESAFE,
  SLOT_HEADER_WORDS,
  TOUCHED_SHADOW,
} from './arena.js';
import { NULL, type Ptr } from './layout.js';

/** What a freed object is filled with (`POISON_FREE`), so that a stale read is seen even without the checker. */
export const POISON_FREE = 0x6b6b6b6b;

interface SlabContext extends MemoryContext, Access, SlabOps {
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

function setShadow(context: SlabContext, object: number, size: number, value: number): void {
  const end = object + size;
  for (let block = object >> 4; block <= (end - 1) >> 4; block++) {
    if (context.dirty[block] !== TOUCHED_SHADOW) context.arena.touchShadow(block);
  }
  context.shadow.fill(value, object, end);
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
    let object = words[meta + CACHE_FREELIST] as number;
    if (object !== 0) {
      words[meta + CACHE_FREELIST] = words[object - SLOT_HEADER_WORDS] as number;
    } else {
      const slot = words[meta + CACHE_NEXT] as number;
      if (slot < cache.end) {
        words[meta + CACHE_NEXT] = slot + cache.slotWords;
        object = slot + SLOT_HEADER_WORDS;
      }
    }
    if (object !== 0) {
      const header = object - SLOT_HEADER_WORDS;
      if (this.dirty[header >> 4] === 0) this.arena.touch(header >> 4);
      if (this.dirty[(header + 1) >> 4] === 0) this.arena.touch((header + 1) >> 4);
      words[header] = ALLOCATED;
      words[header + 1] = (words[header + 1] as number) + 1;
      words[meta + CACHE_IN_USE] = (words[meta + CACHE_IN_USE] as number) + 1;
      if (this.checked) {
        setShadow(this, object, cache.struct.words, cache.typesafe ? SHADOW_TYPESAFE : SHADOW_OK);
        if (cache.typesafe) this.notePointer(object);
      }
    }
    if (locked) unlockCache(words, cache);
    return (object === 0 ? NULL : object) as Ptr<S>;
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
    if (this.checked) setShadow(this, object, size, cache.typesafe ? SHADOW_FREED_TYPESAFE : SHADOW_FREED);
    const locked = this.arena.shared;
    if (locked) lockCache(words, cache);
    if (this.dirty[meta >> 4] === 0) this.arena.touch(meta >> 4);
    if (this.dirty[header >> 4] === 0) this.arena.touch(header >> 4);
    words[header] = words[meta + CACHE_FREELIST] as number;
    words[meta + CACHE_FREELIST] = object;
    words[meta + CACHE_IN_USE] = (words[meta + CACHE_IN_USE] as number) - 1;
    if (locked) unlockCache(words, cache);
  },
};

export type SlabOps = typeof slabOps;

/** The generation of the slot that a typesafe object lives in. */
export function generationOf(arena: Arena, object: number): number {
  return arena.words[object - SLOT_HEADER_WORDS + 1] as number;
}
