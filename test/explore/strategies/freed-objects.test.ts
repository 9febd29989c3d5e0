import { describe, expect, it } from 'vitest';
import { dfsStrategy } from '../../../src/explore/strategies/dfs.js';
import { dporStrategy } from '../../../src/explore/strategies/dpor.js';
import type { Strategy } from '../../../src/explore/strategy.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import type { Model } from '../../../src/machine/model.js';
import { item, makeItem, safe, type TinyCpu, type TinyProgram, tiny, tinyModel } from '../../support/tiny.js';

/** A scheduling point that conflicts with nothing. */
const pause = (k: TinyCpu): boolean => k.READ_ONCE(k.tiny, tiny.turn);

/** How executions of a model end, by all schedules or by those that `dpor` makes. */
function endings(model: Model, strategy: Strategy): readonly string[] {
  const machine = new ControlledMachine(model, { footprints: strategy.needsFootprints === true });
  const kinds = new Set<string>();
  while (strategy.begin()) {
    const execution = machine.execute(strategy);
    strategy.end(execution);
    kinds.add(execution.violation?.kind ?? 'well');
  }
  return [...kinds].sort();
}

function expectSameEndings(programs: readonly TinyProgram[], setup: (k: TinyCpu) => void, kind: string): void {
  const model = tinyModel({ programs, setup });
  const all = endings(model, dfsStrategy());
  expect(all).toContain(kind);
  expect(endings(model, dporStrategy())).toEqual(all);
}

describe('a stale pointer, where steps that commute are made in one order only', () => {
  const setup = (k: TinyCpu): void => k.set(k.tiny, tiny.safe, k.kmem_cache_alloc(k.safes));
  const user: TinyProgram = function* (k) {
    if (k.READ_ONCE(k.tiny, tiny.safe)) yield;
    const seen = k.value(tiny.safe);
    if (pause(k)) yield;
    k.get(seen, safe.value);
  };
  const recycler: TinyProgram = function* (k) {
    if (pause(k)) yield;
    const old = k.get(k.tiny, tiny.safe);
    k.kmem_cache_free(k.safes, old);
    k.kmem_cache_alloc(k.safes);
  };

  it.each([
    ['first', [user, recycler]],
    ['last', [recycler, user]],
  ])('to a typesafe object is loaded before the object is recycled, and used after that, by the %s', (_, programs) => {
    expectSameEndings(programs, setup, 'use-after-recycle');
  });

  const publish = (k: TinyCpu): void => k.set(k.tiny, tiny.slot, makeItem(k, 1));
  const look: TinyProgram = function* (k) {
    if (pause(k)) yield;
    k.get(k.get(k.tiny, tiny.slot), item.copy);
  };
  const freeAndAllocate: TinyProgram = function* (k) {
    if (pause(k)) yield;
    k.kmem_cache_free(k.items, k.get(k.tiny, tiny.slot));
    if (pause(k)) yield;
    k.kmem_cache_alloc(k.items);
  };

  it.each([
    ['first', [look, freeAndAllocate]],
    ['last', [freeAndAllocate, look]],
  ])('is used before its object is allocated again, by the %s', (_, programs) => {
    expectSameEndings(programs, publish, 'use-after-free');
  });
});
