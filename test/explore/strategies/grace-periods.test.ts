import { describe, expect, it } from 'vitest';
import { modelOf } from '../../../scenarios/catalog.js';
import { explore } from '../../../src/explore/explore.js';
import { dporStrategy } from '../../../src/explore/strategies/dpor.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import { addr, type Ptr } from '../../../src/memory/layout.js';
import { rcuOps } from '../../../src/sync/rcu.js';
import {
  CALLBACK_FREE,
  item,
  makeItem,
  runAll,
  type TinyCpu,
  type TinyProgram,
  tiny,
  tinyModel,
} from '../../support/tiny.js';

const publish = (k: TinyCpu): void => k.set(k.tiny, tiny.slot, makeItem(k, 1));

/** Looks into the item twice, and does something in between. */
const reader = (between: (k: TinyCpu) => void): TinyProgram =>
  function* (k) {
    if (k.READ_ONCE(k.tiny, tiny.slot)) yield;
    const seen = k.value(tiny.slot);
    if (seen === 0) return;
    if (k.READ_ONCE(seen, item.value)) yield;
    between(k);
    if (k.READ_ONCE(seen, item.copy)) yield;
  };

/** Takes the item away and has it freed later. */
const remover: TinyProgram = function* (k) {
  if (k.xchg(k.tiny, tiny.slot, 0 as Ptr<'item'>)) yield;
  const old = k.value(tiny.slot);
  if (old !== 0) k.call_rcu(addr(old, item.rcu), CALLBACK_FREE);
};

const nothing = (): void => {};
const rest = (k: TinyCpu): void => {
  k.rcu_eqs_enter();
  k.rcu_eqs_exit();
};

function byDpor(programs: readonly TinyProgram[]) {
  const machine = new ControlledMachine(tinyModel({ programs, setup: publish }), { footprints: true });
  const result = explore(machine, { strategy: dporStrategy(), keepGoing: true });
  return { ...result, deferred: machine.deferred.on };
}

describe('grace periods, where steps that commute are made in one order only', () => {
  it('are in no footprint where readers are done in time', () => {
    const found = byDpor([reader(nothing), reader(nothing), remover]);
    expect(found).toMatchObject({ found: null, exhausted: true, redundant: 0, deferred: true });
    // The remover's exchange comes before, between or after the two loads of the pointer.
    expect(found.executions).toBe(4);
  });

  it.each([
    ['passes a quiescent state', (k: TinyCpu) => k.rcu_qs()],
    ['switches tasks', (k: TinyCpu) => k.rcu_note_context_switch()],
    ['goes to user mode and comes back', rest],
  ])('are looked at after all where a reader %s and goes on with what it found', (_what, between) => {
    const programs = [reader(between), remover];
    const found = byDpor(programs);
    expect(found).toMatchObject({ exhausted: true, deferred: false });
    expect(found.found?.violation).toMatchObject({ kind: 'use-after-free', cpu: 0 });
    const all = runAll({ programs, setup: publish });
    expect(Object.keys(found.outcomes).sort()).toEqual(Object.keys(all.outcomes).sort());
  });

  it('are looked at after all where a reader may find what waits to be freed already', () => {
    const late: TinyProgram = function* (k) {
      if (k.READ_ONCE(k.tiny, tiny.slot)) yield;
      k.call_rcu(addr(k.value(tiny.slot), item.rcu), CALLBACK_FREE);
      if (k.xchg(k.tiny, tiny.slot, 0 as Ptr<'item'>)) yield;
    };
    // Its CPU may be idle until the item waits to be freed.
    const sleeper: TinyProgram = function* (k) {
      rest(k);
      if (k.READ_ONCE(k.tiny, tiny.counter)) yield;
      rest(k);
      yield* reader(nothing)(k);
    };
    const all = runAll({ programs: [sleeper, late], setup: publish });
    expect(all.found?.violation.kind).toBe('use-after-free');
    const found = byDpor([sleeper, late]);
    expect(found.found?.violation.kind).toBe('use-after-free');
    expect(found).toMatchObject({ exhausted: true, deferred: false });
  });

  it('are looked at where memory runs out while some of it waits to be freed', () => {
    const taker: TinyProgram = function* (k) {
      if (k.READ_ONCE(k.tiny, tiny.counter)) yield;
      while (k.kmem_cache_alloc(k.items) !== 0);
    };
    expect(byDpor([taker, remover])).toMatchObject({ exhausted: true, deferred: false });
  });

  it('are looked at where a model has functions of its own for them', () => {
    const model = tinyModel({ programs: [remover], setup: publish });
    const patched = { ...model, functions: [...model.functions, { call_rcu: () => {} }] };
    expect(new ControlledMachine(patched, { footprints: true }).deferred.on).toBe(false);
    const same = { ...model, functions: [...model.functions, { call_rcu: rcuOps.call_rcu }] };
    expect(new ControlledMachine(same, { footprints: true }).deferred.on).toBe(true);
  });
});

it('kill against exec is verified, each inequivalent execution once', () => {
  const model = modelOf({ scenario: 'kill-vs-exec', patches: [], cpus: 3 });
  const machine = new ControlledMachine(model, { footprints: true });
  const { redundant, found } = explore(machine, { strategy: 'dpor', schedules: 500 });
  expect([redundant, found, machine.deferred.on]).toEqual([0, null, true]);
});

it.each([
  ['pause-wakeup', 2],
  ['two-waiters', 2],
] as const)('%s has the same executions where all is shut down after each', (scenario, cpus) => {
  const made = (shutdown: boolean): readonly [number, number, number] => {
    const machine = new ControlledMachine(modelOf({ scenario, patches: [], cpus }), { footprints: true, shutdown });
    const { executions, redundant, violations } = explore(machine, { strategy: 'dpor', keepGoing: true });
    return [executions, redundant, violations];
  };
  expect(made(true)).toEqual(made(false));
});
