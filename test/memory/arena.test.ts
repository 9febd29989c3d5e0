import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Arena,
  type ArenaSpec,
  CACHE_CPUS,
  FREE_END,
  FREE_NEXT,
  SHADOW_FREED,
  SHADOW_OK,
  SHADOW_UNALLOCATED,
} from '../../src/memory/arena.js';
import { embed, int, ptr, struct } from '../../src/memory/layout.js';

const small = struct('small_of_test', { x: int, y: int });
const large = struct('large_of_test', { ints: embed('int', 1, 20), last: ptr('small_of_test') });
const missing = struct('missing_of_test', { x: int });

const spec: ArenaSpec = {
  statics: [
    { struct: small.$, count: 3 },
    { struct: large.$, count: 2 },
  ],
  caches: [
    { name: 'smalls', struct: small.$, capacity: 5 },
    { name: 'safe', struct: small.$, capacity: 4, typesafe: true },
    { name: 'larges', struct: large.$, capacity: 2 },
  ],
};

function addressesOf(arena: Arena): unknown {
  const statics = [0, 1, 2].map((index) => arena.static(small, index));
  const larges = [0, 1].map((index) => arena.static(large, index));
  return { statics, larges, caches: arena.caches, typesafe: [arena.typesafeStart, arena.typesafeEnd] };
}

/** Stores a word as the accessors do. */
function store(arena: Arena, address: number, value: number): void {
  if (arena.dirty[address >> 4] === 0) arena.touch(address >> 4);
  arena.words[address] = value;
}

function storeShadow(arena: Arena, address: number, value: number): void {
  arena.markShadow(address, address + 1, value);
}

describe('addresses', () => {
  test('are the same in two arenas of one specification', () => {
    expect(addressesOf(new Arena(spec))).toEqual(addressesOf(new Arena(spec)));
  });

  test('are the same where a shared arena is opened a second time, and so is what they hold', () => {
    const arena = new Arena(spec);
    store(arena, arena.static(small, 1), 42);
    const opened = new Arena(spec, arena.buffers);
    expect(addressesOf(opened)).toEqual(addressesOf(arena));
    expect(opened.words[opened.static(small, 1)]).toBe(42);
    store(opened, opened.static(large, 1), 7);
    expect(arena.words[arena.static(large, 1)]).toBe(7);
  });

  test('of statics are no two in one block, and none in the first', () => {
    const arena = new Arena(spec);
    const blocks = [
      ...[0, 1, 2].map((index) => arena.static(small, index)),
      ...[0, 1].map((index) => arena.static(large, index)),
    ];
    expect(blocks.every((at) => at % 16 === 0 && at >= 16)).toBe(true);
    expect(new Set(blocks).size).toBe(5);
    expect((blocks[4] as number) - (blocks[3] as number)).toBe(32);
  });

  test('of caches do not overlap, and each has room for its objects', () => {
    const { caches } = new Arena(spec);
    let end = 0;
    for (const cache of caches) {
      expect(cache.meta).toBeGreaterThanOrEqual(end);
      expect(cache.base).toBeGreaterThanOrEqual(cache.meta + 4);
      expect(cache.end - cache.base).toBe((cache.struct.words + 2) * cache.capacity);
      end = cache.end;
    }
  });

  test('of the typesafe cache are known', () => {
    const arena = new Arena(spec);
    const cache = arena.caches[1];
    expect([arena.typesafeStart, arena.typesafeEnd]).toEqual([cache?.base, cache?.end]);
    const without = new Arena({ statics: spec.statics, caches: [] });
    expect([without.typesafeStart, without.typesafeEnd]).toEqual([0, 0]);
  });

  test('are not given for what the arena does not have', () => {
    const arena = new Arena(spec);
    expect(() => arena.static(missing)).toThrow('the arena has no static missing_of_test');
    expect(() => arena.cacheNumber('missing')).toThrow('the arena has no cache missing');
    expect(arena.cacheNumber('larges')).toBe(2);
  });

  test('of a second typesafe cache are refused', () => {
    const caches = [0, 1].map((number) => ({ name: `safe${number}`, struct: small.$, capacity: 1, typesafe: true }));
    expect(() => new Arena({ statics: [], caches })).toThrow('at most one cache');
  });
});

describe('a new arena', () => {
  test('is zero but for where each cache begins and ends, and nothing in it is touched', () => {
    const arena = new Arena(spec);
    const set = [...arena.words.entries()].filter(([, word]) => word !== 0);
    expect(set).toEqual(
      arena.caches.flatMap(({ meta, base, end }) => [
        [meta + CACHE_CPUS + FREE_NEXT, base],
        [meta + CACHE_CPUS + FREE_END, end],
      ]),
    );
    expect(arena.touchedBlocks).toBe(0);
    expect(arena.dirty.every((mark) => mark === 0)).toBe(true);
  });

  test('lets nobody touch NULL or an object that is not allocated, and lets all touch statics', () => {
    const arena = new Arena(spec);
    expect([...arena.shadow.subarray(0, 16)].every((shadow) => shadow === SHADOW_UNALLOCATED)).toBe(true);
    const slots = arena.shadow.subarray(arena.caches[0]?.base, arena.caches[0]?.end);
    expect(slots.every((shadow) => shadow === SHADOW_UNALLOCATED)).toBe(true);
    expect(arena.shadow[arena.static(small, 2) + 1]).toBe(SHADOW_OK);
  });
});

test('a range of the shadow is marked from its first word to its last, wherever it lies', () => {
  const size = new Arena(spec).words.length;
  fc.assert(
    fc.property(fc.nat(size), fc.nat(size), fc.constantFrom(SHADOW_OK, SHADOW_FREED), (a, b, value) => {
      const arena = new Arena(spec);
      const expected = arena.shadow.slice().fill(value, Math.min(a, b), Math.max(a, b));
      arena.markShadow(Math.min(a, b), Math.max(a, b), value);
      expect(arena.shadow).toEqual(expected);
    }),
  );
});

describe('reset', () => {
  test('undoes any stores to words and shadow, from any image', () => {
    const size = new Arena(spec).words.length;
    const writes = fc.array(fc.record({ at: fc.nat(size - 1), value: fc.integer(), shadow: fc.boolean() }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(writes, writes, (before, after) => {
        const arena = new Arena(spec);
        const write = ({ at, value, shadow }: { at: number; value: number; shadow: boolean }): void => {
          if (shadow) storeShadow(arena, at, SHADOW_FREED);
          store(arena, at, value);
        };
        before.forEach(write);
        arena.takeImage();
        const words = [...arena.words];
        const shadow = [...arena.shadow];
        after.forEach(write);
        arena.reset();
        expect([...arena.words]).toEqual(words);
        expect([...arena.shadow]).toEqual(shadow);
        expect(arena.touchedBlocks).toBe(0);
        expect(arena.dirty.every((mark) => mark === 0)).toBe(true);
      }),
    );
  });

  test('counts each block once, however often it is written', () => {
    const arena = new Arena(spec);
    const at = arena.static(small);
    store(arena, at, 1);
    store(arena, at + 1, 2);
    store(arena, at, 3);
    expect(arena.touchedBlocks).toBe(1);
    store(arena, arena.static(small, 1), 1);
    storeShadow(arena, arena.static(large), SHADOW_FREED);
    expect(arena.touchedBlocks).toBe(2);
    arena.reset();
    expect(arena.touchedBlocks).toBe(0);
  });

  test('leaves a block alone that this handle has not touched', () => {
    const arena = new Arena(spec);
    const opened = new Arena(spec, arena.buffers);
    store(arena, arena.static(small), 1);
    store(opened, opened.static(small, 1), 2);
    arena.reset();
    expect(arena.words[arena.static(small)]).toBe(0);
    expect(arena.words[arena.static(small, 1)]).toBe(2);
    opened.reset();
    expect(arena.words[arena.static(small, 1)]).toBe(0);
  });

  test('does not see a store that was not announced', () => {
    const arena = new Arena(spec);
    const at = arena.static(small);
    arena.words[at] = 9;
    arena.reset();
    expect(arena.words[at]).toBe(9);
  });

  test('does not undo what was there when the image was taken', () => {
    const arena = new Arena(spec);
    store(arena, arena.static(small), 5);
    expect(arena.touchedBlocks).toBe(1);
    arena.takeImage();
    expect(arena.touchedBlocks).toBe(0);
    store(arena, arena.static(small), 6);
    arena.reset();
    expect(arena.words[arena.static(small)]).toBe(5);
  });
});

describe('the object at an address', () => {
  const arena = new Arena(spec);
  const cache = arena.caches[0];
  const base = cache?.base ?? 0;

  test('is a static, by its number', () => {
    const at = arena.static(small, 2);
    expect(arena.objectAt(at + 1)).toEqual({ struct: small.$, base: at, index: 2, field: 'y', kind: 'int' });
    expect(arena.objectAt(arena.static(large, 1) + 20)).toMatchObject({ field: 'last', kind: '*small_of_test' });
  });

  test('is a slot of a cache, behind its header', () => {
    expect(arena.objectAt(base + 4 * 3 + 2)).toMatchObject({ struct: small.$, base: base + 14, index: 3, field: 'x' });
  });

  test('is none in a header, in NULL, and past the end', () => {
    expect(arena.objectAt(base)).toBeNull();
    expect(arena.objectAt(base + 1)).toBeNull();
    expect(arena.objectAt(0)).toBeNull();
    expect(arena.objectAt(arena.words.length)).toBeNull();
    expect(arena.objectAt(-1)).toBeNull();
  });
});

test('objects in use are counted by cache', () => {
  const arena = new Arena(spec);
  expect(arena.inUse()).toEqual({ smalls: 0, safe: 0, larges: 0 });
});
