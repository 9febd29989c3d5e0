/**
 * The arena: one `SharedArrayBuffer` that holds every byte of simulated kernel state, and beside it what the arena
 * needs for itself: the initial image, the memory checker's shadow, and the map of blocks that a run has touched.
 */

import { fieldAt, offsetsOf, type Ptr, type Struct, type StructInfo } from './layout.js';

/** Words in a block: the grain at which a run's writes are remembered and undone. */
const BLOCK_SHIFT = 4;
const BLOCK_WORDS = 1 << BLOCK_SHIFT;

/** The same for the shadow, whose words are bytes. */
const SHADOW_BLOCK_SHIFT = 6;

/** The shadow of a word: 0 is addressable, anything else says why it is not. */
export const SHADOW_OK = 0;
/** Addressable, in a cache that is `SLAB_TYPESAFE_BY_RCU`: only through a pointer to the object that is there now. */
export const SHADOW_TYPESAFE = 1;
/** Addressable, and a pointer to an object of that cache: who loads it is remembered to have it. */
export const SHADOW_POINTER = 2;
export const SHADOW_UNALLOCATED = 0xfc;
export const SHADOW_FREED = 0xfb;
/** Freed, in a cache that is `SLAB_TYPESAFE_BY_RCU`: a reader may still lock and look, but not use it. */
export const SHADOW_FREED_TYPESAFE = 0xfd;

/** Words before each slab object: the free-list link (or `ALLOCATED`) and the generation. */
export const SLOT_HEADER_WORDS = 2;
export const ALLOCATED = -1;

/** A cache's own words: objects in use, lock, and then for each CPU its free objects. */
export const CACHE_IN_USE = 0;
export const CACHE_LOCK = 1;
export const CACHE_CPUS = 2;
/** A CPU's free objects: head of the list of those that were freed, and the bounds of those that were never used. */
export const FREE_LIST = 0;
export const FREE_NEXT = 1;
export const FREE_END = 2;
export const FREE_WORDS = 3;

/** Objects that exist from the start, at a fixed address: per-CPU data, global locks. */
export interface StaticSpec {
  readonly struct: StructInfo;
  readonly count: number;
}

export interface CacheSpec {
  /** The kernel's name of the cache. */
  readonly name: string;
  readonly struct: StructInfo;
  /** How many objects fit. */
  readonly capacity: number;
  /** `SLAB_TYPESAFE_BY_RCU`: a freed object keeps its type and may be looked at under RCU. */
  readonly typesafe?: boolean;
}

/** What an arena holds. The same specification gives the same addresses in every thread. */
export interface ArenaSpec {
  readonly statics: readonly StaticSpec[];
  readonly caches: readonly CacheSpec[];
  /** CPUs that each have free objects of their own in every cache; 1 if not given: all share them. */
  readonly cpus?: number;
}

export interface Cache {
  readonly name: string;
  readonly struct: StructInfo;
  readonly typesafe: boolean;
  readonly capacity: number;
  /** Address of the cache's own words. */
  readonly meta: number;
  /** Address of the first slot's header. */
  readonly base: number;
  readonly end: number;
  readonly slotWords: number;
  /** How many CPUs have free objects of their own. */
  readonly cpus: number;
  /** Offsets in an object of the pointers to objects of the cache that is `SLAB_TYPESAFE_BY_RCU`. */
  readonly pointers: readonly number[];
}

/** The shared memory of an arena: what another thread needs, with the specification, to open the same one. */
export interface ArenaBuffers {
  readonly words: SharedArrayBuffer;
  readonly image: SharedArrayBuffer;
  readonly shadow: SharedArrayBuffer;
  readonly shadowImage: SharedArrayBuffer;
  readonly dirty: SharedArrayBuffer;
}

interface Region {
  readonly base: number;
  readonly end: number;
  readonly struct: StructInfo;
  readonly stride: number;
  readonly header: number;
}

/** An object of the arena, found from an address in it. */
export interface ArenaObject {
  readonly struct: StructInfo;
  readonly base: number;
  readonly index: number;
  readonly field: string;
  /** What the word is: `int`, or `*name` for a pointer. */
  readonly kind: string;
}

function alignToBlock(word: number): number {
  return (word + BLOCK_WORDS - 1) & ~(BLOCK_WORDS - 1);
}

/**
 * An arena, or one thread's handle on a shared one.
 *
 * @example
 * const arena = new Arena({ statics: [], caches: [{ name: 'pid', struct: pid.$, capacity: 8 }] });
 * new Arena(arena.spec, arena.buffers); // the same memory, opened by another thread
 */
export class Arena {
  readonly words: Int32Array;
  readonly shadow: Uint8Array;
  readonly dirty: Uint8Array;
  readonly buffers: ArenaBuffers;
  readonly caches: readonly Cache[];
  /** The cache that is `SLAB_TYPESAFE_BY_RCU`, if there is one, and its bounds. */
  readonly typesafe: Cache | null;
  readonly typesafeStart: number;
  readonly typesafeEnd: number;
  /** True where several threads have this arena open at once, so that the caches must be locked. */
  shared = false;
  private readonly image: Int32Array;
  private readonly shadowImage: Uint8Array;
  /** The shadow and its image again, four bytes at a time. */
  private readonly shadowWords: Int32Array;
  private readonly shadowImageWords: Int32Array;
  private readonly regions: readonly Region[];
  private readonly statics: ReadonlyMap<string, Region>;
  private readonly touched: Int32Array;
  private touchedCount = 0;
  /** Blocks of the shadow that this handle has marked since the image, each once. */
  private readonly marked: Int32Array;
  private readonly isMarked: Uint8Array;
  private markedCount = 0;

  constructor(
    readonly spec: ArenaSpec,
    buffers?: ArenaBuffers,
  ) {
    // The first block is never handed out: address 0 is NULL, and a small offset from it is caught.
    let next = BLOCK_WORDS;
    const regions: Region[] = [];
    const statics = new Map<string, Region>();
    for (const { struct, count } of spec.statics) {
      const stride = alignToBlock(struct.words);
      const region = { base: next, end: next + stride * count, struct, stride, header: 0 };
      regions.push(region);
      statics.set(struct.name, region);
      next = region.end;
    }
    const caches: Cache[] = [];
    const { cpus = 1 } = spec;
    const typesafe = spec.caches.find((cache) => cache.typesafe === true)?.struct.name ?? null;
    let typesafeStart = 0;
    let typesafeEnd = 0;
    for (const { name, struct, capacity, typesafe: isTypesafe = false } of spec.caches) {
      const meta = next;
      const base = alignToBlock(meta + CACHE_CPUS + FREE_WORDS * cpus);
      const slotWords = struct.words + SLOT_HEADER_WORDS;
      const end = base + slotWords * capacity;
      const pointers = typesafe === null ? [] : offsetsOf(struct, `*${typesafe}`);
      caches.push({ name, struct, typesafe: isTypesafe, capacity, meta, base, end, slotWords, cpus, pointers });
      regions.push({ base, end, struct, stride: slotWords, header: SLOT_HEADER_WORDS });
      if (isTypesafe) {
        if (typesafeEnd !== 0) throw new Error('an arena has at most one cache that is SLAB_TYPESAFE_BY_RCU');
        typesafeStart = base;
        typesafeEnd = end;
      }
      next = alignToBlock(end);
    }
    const size = next;
    this.buffers = buffers ?? {
      words: new SharedArrayBuffer(size * 4),
      image: new SharedArrayBuffer(size * 4),
      shadow: new SharedArrayBuffer(size),
      shadowImage: new SharedArrayBuffer(size),
      dirty: new SharedArrayBuffer(size >> BLOCK_SHIFT),
    };
    this.words = new Int32Array(this.buffers.words);
    this.image = new Int32Array(this.buffers.image);
    this.shadow = new Uint8Array(this.buffers.shadow);
    this.shadowImage = new Uint8Array(this.buffers.shadowImage);
    this.shadowWords = new Int32Array(this.buffers.shadow);
    this.shadowImageWords = new Int32Array(this.buffers.shadowImage);
    this.dirty = new Uint8Array(this.buffers.dirty);
    this.touched = new Int32Array(size >> BLOCK_SHIFT);
    this.isMarked = new Uint8Array((size >> SHADOW_BLOCK_SHIFT) + 1);
    this.marked = new Int32Array(this.isMarked.length);
    this.regions = regions;
    this.statics = statics;
    this.caches = caches;
    this.typesafe = caches.find((cache) => cache.typesafe) ?? null;
    this.typesafeStart = typesafeStart;
    this.typesafeEnd = typesafeEnd;
    if (buffers === undefined) this.format();
  }

  /** The address of a static object. */
  static<S extends string>(struct: Struct<S, unknown>, index = 0): Ptr<S> {
    const region = this.statics.get(struct.$.name);
    if (region === undefined) throw new Error(`the arena has no static ${struct.$.name}`);
    return (region.base + region.stride * index) as Ptr<S>;
  }

  /** The number of a cache, as `kmem_cache_alloc` takes it. */
  cacheNumber(name: string): number {
    const number = this.caches.findIndex((cache) => cache.name === name);
    if (number < 0) throw new Error(`the arena has no cache ${name}`);
    return number;
  }

  /** Remembers that a block is about to be written. Called when its mark in `dirty` is not set. */
  touch(block: number): void {
    this.dirty[block] = 1;
    this.touched[this.touchedCount++] = block;
  }

  /** Marks words in the shadow. */
  markShadow(from: number, to: number, value: number): void {
    for (let block = from >> SHADOW_BLOCK_SHIFT; block << SHADOW_BLOCK_SHIFT < to; block++) {
      if (this.isMarked[block] !== 0) continue;
      this.isMarked[block] = 1;
      this.marked[this.markedCount++] = block;
    }
    const { shadow, shadowWords } = this;
    const four = Math.imul(value, 0x01010101);
    let at = from;
    while (at < to && (at & 3) !== 0) shadow[at++] = value;
    for (; at + 4 <= to; at += 4) shadowWords[at >> 2] = four;
    while (at < to) shadow[at++] = value;
  }

  /**
   * Divides the objects that were never used among the CPUs. Before that the first CPU has them all, so that what is
   * made for the image does not use up one CPU's share.
   */
  divideFreeObjects(): void {
    for (const { meta, slotWords, cpus } of this.caches) {
      const first = meta + CACHE_CPUS;
      const end = this.words[first + FREE_END] as number;
      let next = this.words[first + FREE_NEXT] as number;
      for (let cpu = 0; cpu < cpus; cpu++) {
        const share = Math.ceil((end - next) / slotWords / (cpus - cpu));
        const own = first + FREE_WORDS * cpu;
        this.words[own + FREE_NEXT] = next;
        next += share * slotWords;
        this.words[own + FREE_END] = next;
      }
    }
  }

  /** Makes the present contents the image that `reset` returns to. */
  takeImage(): void {
    this.image.set(this.words);
    this.shadowImage.set(this.shadow);
    this.forget();
  }

  /**
   * Returns to the image. Costs in proportion to the blocks that this handle's writes have touched, not to the
   * arena's size. In a machine of several threads each undoes what it touched, while none of them runs.
   */
  reset(): void {
    const { words, image, dirty, touched, touchedCount } = this;
    for (let i = 0; i < touchedCount; i++) {
      const block = touched[i] as number;
      const start = block << BLOCK_SHIFT;
      for (let at = start; at < start + BLOCK_WORDS; at++) words[at] = image[at] as number;
      dirty[block] = 0;
    }
    this.touchedCount = 0;
    this.resetShadow();
  }

  private resetShadow(): void {
    const { shadowWords, shadowImageWords, isMarked, marked, markedCount } = this;
    for (let i = 0; i < markedCount; i++) {
      const block = marked[i] as number;
      const start = block << (SHADOW_BLOCK_SHIFT - 2);
      const end = Math.min(start + (1 << (SHADOW_BLOCK_SHIFT - 2)), shadowWords.length);
      for (let at = start; at < end; at++) shadowWords[at] = shadowImageWords[at] as number;
      isMarked[block] = 0;
    }
    this.markedCount = 0;
  }

  /**
   * Hashes what differs from the image now: the same for the same contents, however they came about.
   *
   * @param hash two words, to which the hash is added
   */
  hashDifferences(hash: Int32Array): void {
    const { words, image, touched } = this;
    let low = hash[0] as number;
    let high = hash[1] as number;
    for (let i = 0; i < this.touchedCount; i++) {
      const start = (touched[i] as number) << BLOCK_SHIFT;
      for (let at = start; at < start + BLOCK_WORDS; at++) {
        const word = words[at] as number;
        if (word === image[at]) continue;
        const mixed = Math.imul(at ^ Math.imul(word, 0x9e3779b1), 0x85ebca6b);
        low = (low + (mixed ^ (mixed >>> 15))) | 0;
        high = (high + Math.imul(mixed ^ word ^ (mixed >>> 13), 0xc2b2ae35)) | 0;
      }
    }
    hash[0] = low;
    hash[1] = high;
  }

  /** How many blocks the run so far has touched. */
  get touchedBlocks(): number {
    return this.touchedCount;
  }

  /** Objects in use in each cache. */
  inUse(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const cache of this.caches) counts[cache.name] = this.words[cache.meta + CACHE_IN_USE] as number;
    return counts;
  }

  /** The object that an address lies in, or null for an address outside every object. */
  objectAt(address: number): ArenaObject | null {
    for (const { base, end, struct, stride, header } of this.regions) {
      if (address < base || address >= end) continue;
      const index = Math.floor((address - base) / stride);
      const object = base + index * stride + header;
      if (address < object) return null;
      const { name, kind } = fieldAt(struct, address - object);
      return { struct, base: object, index, field: name, kind };
    }
    return null;
  }

  /** Where all objects of a struct are or can be, by the struct's name. */
  addressesOf(struct: string): number[] {
    const addresses: number[] = [];
    for (const region of this.regions) {
      if (region.struct.name !== struct) continue;
      for (let at = region.base; at < region.end; at += region.stride) addresses.push(at + region.header);
    }
    return addresses;
  }

  private forget(): void {
    for (let i = 0; i < this.touchedCount; i++) this.dirty[this.touched[i] as number] = 0;
    this.touchedCount = 0;
    this.isMarked.fill(0);
    this.markedCount = 0;
  }

  private format(): void {
    this.shadow.fill(SHADOW_UNALLOCATED);
    for (const { struct, base, end, stride } of this.statics.values()) {
      this.shadow.fill(SHADOW_OK, base, end);
      if (this.typesafe === null) continue;
      for (const offset of offsetsOf(struct, `*${this.typesafe.struct.name}`))
        for (let at = base + offset; at < end; at += stride) this.shadow[at] = SHADOW_POINTER;
    }
    for (const cache of this.caches) {
      this.shadow.fill(SHADOW_OK, cache.meta, cache.meta + CACHE_CPUS + FREE_WORDS * cache.cpus);
      this.words[cache.meta + CACHE_CPUS + FREE_NEXT] = cache.base;
      this.words[cache.meta + CACHE_CPUS + FREE_END] = cache.end;
    }
    this.takeImage();
  }
}
