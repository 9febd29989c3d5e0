import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ptr } from '../../src/memory/layout.js';
import { generationOf, POISON_FREE } from '../../src/memory/slab.js';
import { item, openCpu, openCpus, safe, type TinyCpu, violationOf } from '../support/tiny.js';

const alloc = (k: TinyCpu): Ptr<'item'> => k.kmem_cache_alloc<'item'>(k.items);
const free = (k: TinyCpu, object: Ptr<'item'>): void => k.kmem_cache_free(k.items, object);

/** The words of an object as they are, past the checker. */
const wordsOf = (k: TinyCpu, object: number, words: number): number[] => [...k.words.subarray(object, object + words)];

describe('allocation', () => {
  test('gives different objects of the cache, zero at first', () => {
    const k = openCpu();
    const objects = [alloc(k), alloc(k), alloc(k)];
    expect(new Set(objects).size).toBe(3);
    for (const object of objects) {
      expect(k.arena.objectAt(object)).toMatchObject({ struct: item.$, base: object, field: 'value' });
      expect(wordsOf(k, object, item.$.words)).toEqual(Array(item.$.words).fill(0));
    }
  });

  test('gives the object freed last first', () => {
    const k = openCpu();
    const [first, second, third] = [alloc(k), alloc(k), alloc(k)];
    free(k, second);
    free(k, first);
    free(k, third);
    expect([alloc(k), alloc(k), alloc(k)]).toEqual([third, first, second]);
  });

  test('gives NULL when the cache is exhausted, and an object again when one was freed', () => {
    const k = openCpu({ items: 2 });
    const first = alloc(k);
    alloc(k);
    expect(alloc(k)).toBe(0);
    expect(k.kmem_cache_zalloc(k.items)).toBe(0);
    expect(k.arena.inUse().item).toBe(2);
    free(k, first);
    expect(alloc(k)).toBe(first);
    expect(alloc(k)).toBe(0);
  });

  test('gives each CPU objects of its own, and what it freed again, whatever another CPU takes and frees', () => {
    const order = (interleave: boolean): readonly number[] => {
      const [a, b] = openCpus(2, { items: 8, ownObjects: true });
      if (a === undefined || b === undefined) throw new Error('there are two CPUs');
      const first = alloc(a);
      if (interleave) {
        free(b, alloc(b));
        alloc(b);
      }
      const second = alloc(a);
      free(a, first);
      if (interleave) alloc(b);
      return [first, second, alloc(a), alloc(a)];
    };
    expect(order(true)).toEqual(order(false));
  });

  test('takes from another CPU where it has nothing left, until the cache is exhausted', () => {
    const [a, b] = openCpus(2, { items: 4, ownObjects: true });
    if (a === undefined || b === undefined) throw new Error('there are two CPUs');
    const objects = [alloc(a), alloc(a), alloc(a)];
    const last = alloc(b);
    expect(new Set([...objects, last]).size).toBe(4);
    expect([alloc(a), alloc(b)]).toEqual([0, 0]);
    free(b, last);
    expect(alloc(a)).toBe(last);
  });

  test('counts the objects in use', () => {
    const k = openCpu();
    const first = alloc(k);
    alloc(k);
    k.kmem_cache_alloc(k.safes);
    expect(k.arena.inUse()).toEqual({ item: 2, safe: 1 });
    free(k, first);
    expect(k.arena.inUse()).toEqual({ item: 1, safe: 1 });
  });

  test('of a zeroed object leaves nothing of the last user', () => {
    const k = openCpu();
    const object = alloc(k);
    for (let at: number = object; at < object + item.$.words; at++) k.store(at, -1);
    free(k, object);
    expect(k.kmem_cache_zalloc(k.items)).toBe(object);
    expect(wordsOf(k, object, item.$.words)).toEqual(Array(item.$.words).fill(0));
  });

  test('of a plain object keeps what the last user left', () => {
    const k = openCpu();
    const object = alloc(k);
    k.set(object, item.value, 42);
    free(k, object);
    expect(alloc(k)).toBe(object);
    expect(k.get(object, item.value)).toBe(42);
  });

  test('is undone by a reset', () => {
    const k = openCpu();
    alloc(k);
    alloc(k);
    k.arena.reset();
    expect(k.arena.inUse()).toEqual({ item: 0, safe: 0 });
    const first = alloc(k);
    k.arena.reset();
    expect(alloc(k)).toBe(first);
  });

  test('agrees with a stack of free objects, whatever is allocated and freed', () => {
    const steps = fc.array(fc.option(fc.nat(7), { nil: null }), { maxLength: 80 });
    fc.assert(
      fc.property(steps, fc.boolean(), (allocations, checked) => {
        const k = openCpu({ items: 6, checked });
        const used: Ptr<'item'>[] = [];
        const freed: Ptr<'item'>[] = [];
        for (const step of allocations) {
          const object = step === null ? undefined : used.splice(step, 1)[0];
          if (object !== undefined) {
            free(k, object);
            freed.push(object);
            continue;
          }
          const expected = freed.pop();
          const got = alloc(k);
          if (expected !== undefined) expect(got).toBe(expected);
          else if (used.length === 6) expect(got).toBe(0);
          else expect(used).not.toContain(got);
          if (got !== 0) used.push(got);
          expect(k.arena.inUse().item).toBe(used.length);
        }
      }),
    );
  });
});

describe('a freed object', () => {
  test('is filled with poison where threads share the arena', () => {
    const k = openCpu({ checked: false });
    k.arena.shared = true;
    const object = alloc(k);
    k.set(object, item.value, 42);
    free(k, object);
    expect(wordsOf(k, object, item.$.words)).toEqual(Array(item.$.words).fill(POISON_FREE));
  });

  test('keeps its fields on one thread, where the checker tells at once', () => {
    const k = openCpu();
    const object = alloc(k);
    k.set(object, item.value, 42);
    free(k, object);
    expect(wordsOf(k, object, 1)).toEqual([42]);
  });

  test('keeps its fields in a typesafe cache, shared or not', () => {
    for (const shared of [false, true]) {
      const k = openCpu();
      k.arena.shared = shared;
      const object = k.kmem_cache_alloc<'safe'>(k.safes);
      k.set(object, safe.value, 42);
      k.kmem_cache_free(k.safes, object);
      expect(wordsOf(k, object + safe.value, 1)).toEqual([42]);
    }
  });

  test.each([
    ['with', true],
    ['without', false],
  ])('cannot be freed again, %s the checker', (_, checked) => {
    const k = openCpu({ checked });
    const [first, second] = [alloc(k), alloc(k)];
    free(k, first);
    expect(violationOf(() => free(k, first))).toMatchObject({
      kind: 'double-free',
      message: 'double-free of item[0].value in cache item',
      cpu: 0,
    });
    free(k, second);
    expect(k.arena.inUse().item).toBe(0);
  });

  test('cannot be freed again where another was freed after it', () => {
    const k = openCpu();
    const [first, second] = [alloc(k), alloc(k)];
    free(k, first);
    free(k, second);
    expect(violationOf(() => free(k, first)).kind).toBe('double-free');
  });

  test('can be freed again once it was allocated again', () => {
    const k = openCpu();
    const object = alloc(k);
    free(k, object);
    expect(alloc(k)).toBe(object);
    expect(() => free(k, object)).not.toThrow();
  });
});

describe('the generation of a slot', () => {
  test('goes up with each allocation, and only then', () => {
    const k = openCpu();
    const object = k.kmem_cache_alloc<'safe'>(k.safes);
    expect(generationOf(k.arena, object)).toBe(1);
    k.kmem_cache_free(k.safes, object);
    expect(generationOf(k.arena, object)).toBe(1);
    k.kmem_cache_alloc(k.safes);
    expect(generationOf(k.arena, object)).toBe(2);
  });

  test('is its own for each slot', () => {
    const k = openCpu();
    const [first, second] = [k.kmem_cache_alloc<'safe'>(k.safes), k.kmem_cache_alloc<'safe'>(k.safes)];
    k.kmem_cache_free(k.safes, second);
    k.kmem_cache_alloc(k.safes);
    expect([generationOf(k.arena, first), generationOf(k.arena, second)]).toEqual([1, 2]);
  });
});

test('the lock of a cache is free after each call where threads share the arena', () => {
  const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
  k.arena.shared = true;
  const object = alloc(k);
  free(other, object);
  // Either call would spin for ever on a lock left behind.
  expect(alloc(other)).toBe(object);
  violationOf(() => {
    free(k, object);
    free(k, object);
  });
  expect(alloc(k)).toBe(object);
});
