import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WatchList } from '../../src/machine/watch-list.js';

it('keeps the last value of each address, in the order in which they were first read', () => {
  const reads = fc.array(fc.tuple(fc.nat(50), fc.integer({ min: -9, max: 9 })), { maxLength: 300 });
  fc.assert(
    fc.property(reads, (all) => {
      const list = new WatchList();
      for (const [address, value] of all) list.add(address, value);
      expect([...list.entries()]).toEqual([...new Map(all)].flat());
    }),
  );
});

it('says whether a word is not what it was when it was read last', () => {
  const memory = Int32Array.of(1, 2, 3);
  const list = new WatchList();
  expect(list.hasChanged(memory)).toBe(false);
  list.add(1, 7);
  expect(list.hasChanged(memory)).toBe(true);
  list.add(1, 2);
  expect(list.hasChanged(memory)).toBe(false);
  memory[1] = 5;
  expect(list.hasChanged(memory)).toBe(true);
  list.clear();
  expect(list.hasChanged(memory)).toBe(false);
});
