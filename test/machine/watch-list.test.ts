import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WatchList } from '../../src/machine/watch-list.js';

it('keeps each address once, in the order in which they were first read, as long as none was found to be another', () => {
  const reads = fc.array(
    fc.tuple(
      fc.nat(50),
      fc.nat(200).map((lot) => (lot === 0 ? 1 : 0)),
    ),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(reads, (all) => {
      const list = new WatchList();
      for (const [address, value] of all) list.add(address, value);
      const changed = all.some(([address, value]) => all.some((other) => other[0] === address && other[1] !== value));
      expect([...list.entries()]).toEqual(changed ? [] : [...new Map(all)].flat());
    }),
  );
});

it('says whether a word is not what it was when it was read, each time', () => {
  const memory = Int32Array.of(1, 2, 3);
  const list = new WatchList();
  expect(list.hasChanged(memory)).toBe(false);
  list.add(1, 2);
  list.add(1, 2);
  expect(list.hasChanged(memory)).toBe(false);
  memory[1] = 5;
  expect(list.hasChanged(memory)).toBe(true);
  list.add(1, 5);
  expect(list.hasChanged(memory)).toBe(true);
  list.clear();
  expect(list.hasChanged(memory)).toBe(false);
});
