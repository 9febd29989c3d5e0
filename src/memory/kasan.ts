/**
 * The memory checker, after the kernel's KASAN: each word of the arena has a shadow byte that says whether it may be
 * touched. For the cache that is `SLAB_TYPESAFE_BY_RCU` it does more than KASAN can: it remembers which generation of
 * an object a CPU's pointer was loaded from, and reports the use of an object that was recycled since.
 */

import type { Access, MemoryContext } from './access.js';
import {
  type Cache,
  SHADOW_FREED,
  SHADOW_FREED_TYPESAFE,
  SHADOW_POINTER,
  SHADOW_TYPESAFE,
  SLOT_HEADER_WORDS,
} from './arena.js';

interface CheckerContext extends MemoryContext, Access {
  violate(kind: string, message: string): never;
  describe(address: number): string;
}

export const kasanOps = {
  loadWatched(this: CheckerContext, address: number): number {
    this.checkAccess(address, false);
    const value = this.words[address] as number;
    if (value >= this.typesafeStart && value < this.typesafeEnd) this.notePointer(value);
    return value;
  },

  checkAccess(this: CheckerContext, address: number, write: boolean): void {
    const shadow = this.shadow[address];
    if (shadow === SHADOW_POINTER) return;
    const verb = write ? 'Write' : 'Read';
    if (shadow === SHADOW_TYPESAFE) {
      const cache = this.arena.typesafe as Cache;
      const slot = Math.floor((address - cache.base) / cache.slotWords);
      const generation = this.words[cache.base + slot * cache.slotWords + 1];
      if (this.seenGeneration[slot] !== generation) {
        this.violate(
          'use-after-recycle',
          `KASAN: use of a recycled object: ${verb} of ${this.describe(address)}, which was freed and allocated ` +
            'again since this CPU loaded the pointer to it',
        );
      }
      return;
    }
    if (shadow === SHADOW_FREED || shadow === SHADOW_FREED_TYPESAFE) {
      this.violate('use-after-free', `KASAN: use-after-free: ${verb} of ${this.describe(address)}`);
    }
    const what = address < 16 ? 'null-ptr-deref' : 'out-of-bounds';
    this.violate(what, `KASAN: ${what}: ${verb} of ${this.describe(address)}`);
  },

  notePointer(this: CheckerContext, value: number): void {
    const cache = this.arena.typesafe as Cache;
    const slot = Math.floor((value - cache.base) / cache.slotWords);
    const header = cache.base + slot * cache.slotWords;
    if (value === header + SLOT_HEADER_WORDS) this.seenGeneration[slot] = this.words[header + 1] as number;
  },
};

export type KasanOps = typeof kasanOps;
