import { describe, expect, test } from 'vitest';
import { NULL, type Ptr } from '../../src/memory/layout.js';
import { item, openCpu, openCpus, safe, type TinyCpu, tiny, violationOf } from '../support/tiny.js';

const alloc = (k: TinyCpu): Ptr<'item'> => k.kmem_cache_alloc<'item'>(k.items);
const allocSafe = (k: TinyCpu): Ptr<'safe'> => k.kmem_cache_alloc<'safe'>(k.safes);

describe('an object that is allocated', () => {
  test('may be read and written, marked or not', () => {
    const k = openCpu();
    const object = alloc(k);
    expect(() => {
      k.set(object, item.value, 1);
      k.get(object, item.copy);
      k.READ_ONCE(object, item.value);
      k.WRITE_ONCE(object, item.copy, 2);
      k.atomic_inc(object, item.value);
      k.peek(object);
    }).not.toThrow();
    expect([k.get(object, item.value), k.get(object, item.copy)]).toEqual([2, 2]);
  });

  test('may be used again after it was freed and allocated again, as these objects are not typesafe', () => {
    const k = openCpu();
    const object = alloc(k);
    k.kmem_cache_free(k.items, object);
    alloc(k);
    expect(() => k.get(object, item.value)).not.toThrow();
  });
});

describe('use after free', () => {
  function freed(): { k: TinyCpu; object: Ptr<'item'> } {
    const k = openCpu();
    const object = alloc(k);
    k.kmem_cache_free(k.items, object);
    return { k, object };
  }

  test('is reported for a read, with the field', () => {
    const { k, object } = freed();
    expect(violationOf(() => k.get(object, item.copy))).toMatchObject({
      kind: 'use-after-free',
      message: 'KASAN: use-after-free: Read of item[0].copy',
      cpu: 0,
    });
  });

  test('is reported for a write, which is not made', () => {
    const { k, object } = freed();
    const before = k.words[object];
    expect(violationOf(() => k.set(object, item.value, 77)).message).toBe(
      'KASAN: use-after-free: Write of item[0].value',
    );
    expect(k.words[object]).toBe(before);
  });

  test.each<[string, 'Read' | 'Write', (k: TinyCpu, object: Ptr<'item'>) => unknown]>([
    ['READ_ONCE', 'Read', (k, object) => k.READ_ONCE(object, item.value)],
    ['WRITE_ONCE', 'Write', (k, object) => k.WRITE_ONCE(object, item.value, 1)],
    ['xchg', 'Write', (k, object) => k.xchg(object, item.value, 1)],
    ['cmpxchg', 'Write', (k, object) => k.cmpxchg(object, item.value, 0, 1)],
    ['atomic_add_return', 'Write', (k, object) => k.atomic_add_return(object, item.value, 1)],
    ['atomic_inc', 'Write', (k, object) => k.atomic_inc(object, item.value)],
    ['atomicOr', 'Write', (k, object) => k.atomicOr(object, 1)],
    ['atomicAnd', 'Write', (k, object) => k.atomicAnd(object, 1)],
    ['atomicXchg', 'Write', (k, object) => k.atomicXchg(object, 1)],
    ['atomicCmpxchg', 'Write', (k, object) => k.atomicCmpxchg(object, 0, 1)],
    ['peek', 'Read', (k, object) => k.peek(object)],
  ])('is reported for %s as a %s', (_, verb, access) => {
    const { k, object } = freed();
    const { kind, message } = violationOf(() => access(k, object));
    expect(kind).toBe('use-after-free');
    expect(message).toContain(`${verb} of item[0].value`);
    const live = alloc(k);
    expect(() => access(k, live)).not.toThrow();
  });

  test('is reported on every CPU, whoever freed the object', () => {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    const object = alloc(k);
    k.kmem_cache_free(k.items, object);
    expect(violationOf(() => other.get(object, item.value))).toMatchObject({ kind: 'use-after-free', cpu: 1 });
  });

  test('is not reported for a neighbour', () => {
    const k = openCpu();
    const [first, second, third] = [alloc(k), alloc(k), alloc(k)];
    k.kmem_cache_free(k.items, second);
    expect(() => {
      for (let at = 0; at < item.$.words; at++) k.store(third + at, k.load(first + at));
    }).not.toThrow();
  });

  test('is not reported where the checker is off', () => {
    const k = openCpu({ checked: false });
    const object = alloc(k);
    k.kmem_cache_free(k.items, object);
    expect(() => {
      k.get(object, item.value);
      k.set(object, item.value, 1);
      k.READ_ONCE(object, item.value);
    }).not.toThrow();
  });

  test('is no longer reported after a reset to an image with the object', () => {
    const k = openCpu();
    const object = alloc(k);
    k.arena.takeImage();
    k.kmem_cache_free(k.items, object);
    k.arena.reset();
    expect(() => k.get(object, item.value)).not.toThrow();
    k.kmem_cache_free(k.items, object);
    expect(violationOf(() => k.get(object, item.value)).kind).toBe('use-after-free');
  });
});

describe('an address that is nothing', () => {
  test('is reported as null where it is near NULL', () => {
    const k = openCpu();
    const nothing = NULL as Ptr<'item'>;
    expect(violationOf(() => k.get(nothing, item.value))).toMatchObject({
      kind: 'null-ptr-deref',
      message: 'KASAN: null-ptr-deref: Read of address 0',
    });
    expect(violationOf(() => k.set(nothing, item.node, NULL as never)).kind).toBe('null-ptr-deref');
    expect(violationOf(() => k.READ_ONCE(nothing, item.value)).kind).toBe('null-ptr-deref');
  });

  test('is reported as out of bounds where no object is allocated', () => {
    const k = openCpu();
    const last = alloc(k);
    expect(violationOf(() => k.load(last + item.$.words))).toMatchObject({ kind: 'out-of-bounds' });
    expect(violationOf(() => k.store(last - 1, 0)).kind).toBe('out-of-bounds');
    expect(violationOf(() => k.load(last + item.$.words + 2)).kind).toBe('out-of-bounds');
    expect(() => k.load(last + item.$.words - 1)).not.toThrow();
  });

  test('is reported where it lies past the end of the arena', () => {
    const k = openCpu();
    expect(violationOf(() => k.load(k.arena.words.length + 100)).kind).toBe('out-of-bounds');
  });

  test('is not reported in a static', () => {
    const k = openCpu();
    expect(() => k.set(k.tiny, tiny.counter, 1)).not.toThrow();
  });
});

describe('an object of a typesafe cache', () => {
  /** A CPU whose global holds a pointer to an object. */
  function published(): { k: TinyCpu; other: TinyCpu; object: Ptr<'safe'> } {
    const [k, other] = openCpus(2) as [TinyCpu, TinyCpu];
    const object = allocSafe(k);
    k.set(k.tiny, tiny.safe, object);
    return { k, other, object };
  }

  test('may be used through a pointer that was loaded, by whatever load', () => {
    const { other } = published();
    expect(() => other.set(other.get(other.tiny, tiny.safe), safe.value, 1)).not.toThrow();
    other.READ_ONCE(other.tiny, tiny.safe);
    expect(() => other.get(other.value(tiny.safe), safe.value)).not.toThrow();
  });

  test('may be locked and looked at with marked accesses after it was freed, and not used', () => {
    const { k, other, object } = published();
    const seen = other.get(other.tiny, tiny.safe);
    k.kmem_cache_free(k.safes, object);
    expect(() => {
      other.spin_lock((seen + safe.lock) as Ptr<'spinlock_t'>);
      other.READ_ONCE(seen, safe.value);
      other.spin_unlock((seen + safe.lock) as Ptr<'spinlock_t'>);
    }).not.toThrow();
    expect(violationOf(() => other.get(seen, safe.value))).toMatchObject({
      kind: 'use-after-free',
      message: 'KASAN: use-after-free: Read of safe[0].value',
    });
    expect(violationOf(() => other.set(seen, safe.value, 1)).kind).toBe('use-after-free');
  });

  test('is reported when it was recycled since this CPU loaded the pointer, and not for the CPU that did it', () => {
    const { k, other, object } = published();
    const seen = other.get(other.tiny, tiny.safe);
    k.kmem_cache_free(k.safes, object);
    expect(allocSafe(k)).toBe(object);
    expect(() => k.get(object, safe.value)).not.toThrow();
    expect(violationOf(() => other.get(seen, safe.value))).toMatchObject({
      kind: 'use-after-recycle',
      message:
        'KASAN: use of a recycled object: Read of safe[0].value, which was freed and allocated again since this CPU ' +
        'loaded the pointer to it',
      cpu: 1,
    });
    expect(violationOf(() => other.set(seen, safe.value, 1)).message).toContain('Write of safe[0].value');
  });

  test('may be used after it was recycled by a CPU that has loaded the pointer again', () => {
    const { k, other, object } = published();
    other.get(other.tiny, tiny.safe);
    k.kmem_cache_free(k.safes, object);
    allocSafe(k);
    const again = other.get(other.tiny, tiny.safe);
    expect(() => other.get(again, safe.value)).not.toThrow();
  });

  test('is told from its neighbours', () => {
    const { k, other, object } = published();
    other.get(other.tiny, tiny.safe);
    k.set(k.tiny, tiny.safe, allocSafe(k));
    const seen = other.get(other.tiny, tiny.safe);
    k.kmem_cache_free(k.safes, object);
    allocSafe(k);
    expect(() => other.get(seen, safe.value)).not.toThrow();
  });

  test('is not watched where the checker is off', () => {
    const k = openCpu({ checked: false });
    const object = allocSafe(k);
    k.kmem_cache_free(k.safes, object);
    expect(() => k.get(object, safe.value)).not.toThrow();
    allocSafe(k);
    expect(() => k.get(object, safe.value)).not.toThrow();
  });

  test('of no generation that this CPU knows is reported: the pointer came from nowhere', () => {
    const { other, object } = published();
    expect(violationOf(() => other.get(object, safe.value)).kind).toBe('use-after-recycle');
  });
});
