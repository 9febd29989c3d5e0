/** What the race detector leaves out, and that it leaves out nothing that there is to find. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findScenario, modelOf } from '../../scenarios/catalog.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import {
  type Exempt,
  KIND_MARKED_READ,
  KIND_MARKED_WRITE,
  KIND_READ,
  KIND_WRITE,
  NOT_RELEASED,
  Sharing,
} from '../../src/machine/checkers/sharing.js';
import { type Chooser, ControlledMachine } from '../../src/machine/controlled.js';
import { SHADOW_FREED, SHADOW_POINTER } from '../../src/memory/arena.js';
import { item, type TinyProgram, tiny, tinyModel } from '../support/tiny.js';

/** Executions after which something is left out. */
const ENOUGH = 40;
const WORD = 20;

/** One that leaves something out from now on. */
function learnt(shadow = new Uint8Array(64), cpus = 3): Sharing {
  const sharing = new Sharing(shadow, cpus, true);
  for (let made = 0; made < ENOUGH; made++) sharing.begin(false);
  return sharing;
}

function passes(sharing: Sharing, cpu: number, address = WORD): number {
  return sharing.passes[cpu]?.[address] ?? -1;
}

describe('an access', () => {
  const kinds = [KIND_READ, KIND_WRITE, KIND_MARKED_READ, KIND_MARKED_WRITE];
  const accesses = fc.array(fc.record({ cpu: fc.nat(2), kind: fc.constantFrom(...kinds) }), { maxLength: 8 });

  it('passes where it has been seen, and no two that there were can be a race', () => {
    const isWrite = (kind: number): boolean => kind === KIND_WRITE || kind === KIND_MARKED_WRITE;
    const isPlain = (kind: number): boolean => kind === KIND_READ || kind === KIND_WRITE;
    const matters = (one: number, other: number, exempt: Exempt): boolean =>
      exempt === 'none' || (exempt === 'reads' && isWrite(one) && isWrite(other));
    fc.assert(
      fc.property(accesses, fc.constantFrom<Exempt>('none', 'reads', 'any'), (made, exempt) => {
        const sharing = learnt();
        let shared = false;
        for (const { cpu, kind } of made) shared ||= sharing.meet(cpu, WORD, kind, exempt);
        const expected = made.some((one) =>
          made.some(
            (other) =>
              one.cpu !== other.cpu &&
              (isWrite(one.kind) || isWrite(other.kind)) &&
              (isPlain(one.kind) || isPlain(other.kind)) &&
              matters(one.kind, other.kind, exempt),
          ),
        );
        expect([shared, sharing.incomplete]).toEqual([expected, expected]);
        if (expected) {
          const reads = exempt === 'reads' ? KIND_READ | KIND_MARKED_READ : 0;
          expect([0, 1, 2].map((cpu) => passes(sharing, cpu))).toEqual(Array(3).fill(reads | NOT_RELEASED));
        } else {
          for (const { cpu, kind } of made) expect(passes(sharing, cpu) & kind).toBe(kind);
        }
      }),
    );
  });

  it('passes in none of the first executions, nor where everything is looked at', () => {
    const sharing = new Sharing(new Uint8Array(64), 2, true);
    sharing.begin(false);
    sharing.meet(0, WORD, KIND_READ, 'none');
    expect(passes(sharing, 0)).toBe(0);
    for (let made = 0; made < ENOUGH; made++) sharing.begin(false);
    expect(passes(sharing, 0)).toBe(KIND_READ | NOT_RELEASED);
    sharing.begin(true);
    expect(passes(sharing, 0)).toBe(0);
    sharing.meet(1, WORD, KIND_WRITE, 'none');
    expect(sharing.incomplete).toBe(false);
    sharing.begin(false);
    expect(passes(sharing, 0)).toBe(NOT_RELEASED);
  });

  it('passes of no object that is freed, and again when the object is there', () => {
    const shadow = new Uint8Array(64);
    const sharing = learnt(shadow);
    const [first, words] = [WORD - 1, 11];
    for (let at = first; at < first + words; at++) sharing.meet(1, at, KIND_WRITE, 'none');
    sharing.meet(1, first - 1, KIND_WRITE, 'none');
    sharing.meet(1, first + words, KIND_WRITE, 'none');
    const all = (): number[] => Array.from({ length: words + 2 }, (_, at) => passes(sharing, 1, first - 1 + at));
    const open = KIND_WRITE | NOT_RELEASED;
    expect(all()).toEqual(Array(words + 2).fill(open));
    shadow.fill(SHADOW_FREED, first, first + words);
    sharing.shadowChanged(first, words);
    expect(all()).toEqual([open, ...Array(words).fill(0), open]);
    shadow.fill(0);
    sharing.begin(false);
    expect(all()).toEqual(Array(words + 2).fill(open));
  });

  it('never passes where it loads a pointer that the memory checker wants to know of', () => {
    const shadow = new Uint8Array(64).fill(SHADOW_POINTER, WORD, WORD + 1);
    const sharing = learnt(shadow);
    sharing.meet(0, WORD, KIND_READ, 'none');
    expect(passes(sharing, 0)).toBe(0);
    sharing.shadowChanged(WORD - 4, 8);
    expect(passes(sharing, 0) & KIND_READ).toBe(0);
  });

  it('is told whether the word has been released', () => {
    const sharing = learnt();
    sharing.meet(0, WORD, KIND_MARKED_READ, 'none');
    expect(passes(sharing, 0)).toBe(KIND_MARKED_READ | NOT_RELEASED);
    sharing.released(WORD);
    sharing.begin(false);
    expect([passes(sharing, 0), passes(sharing, 1)]).toEqual([KIND_MARKED_READ, 0]);
  });
});

describe('an execution that shows a word to be shared', () => {
  /** Who moves first, and then by turns: the order decides whether the second CPU touches `a`. */
  const order = (first: number): Chooser => ({
    choose: (movers, current) => (current === first ? movers.byDefault : (movers.toArray()[first] ?? movers.byDefault)),
  });

  it('is made a second time, once, by the same decisions, and judged as by a machine that looks at everything', () => {
    let started = 0;
    let asked = 0;
    const counted = (first: number): Chooser => ({
      choose(...args) {
        asked++;
        return order(first).choose(...args);
      },
    });
    const programs: TinyProgram[] = [
      function* (k) {
        started++;
        k.set(k.tiny, tiny.a, 1);
        if (k.WRITE_ONCE(k.tiny, tiny.ready, 1)) yield;
      },
      function* (k) {
        if (k.READ_ONCE(k.tiny, tiny.ready)) yield;
        if (k.value(tiny.ready) !== 0) k.get(k.tiny, tiny.a);
      },
    ];
    const machine = new ControlledMachine(tinyModel({ programs }), { checked: ['memory', 'race'] });
    for (let made = 0; made < ENOUGH; made++) expect(machine.execute(order(1)).violation).toBeNull();
    started = 0;
    const found = machine.execute(counted(0));
    expect([started, asked]).toEqual([2, found.choices]);
    expect(machine.execute(counted(0))).toEqual(found);
    expect([started, asked]).toEqual([3, 2 * found.choices]);
    const fresh = new ControlledMachine(tinyModel({ programs }), { checked: ['memory', 'race'] });
    expect(fresh.execute(order(0))).toEqual(found);
    expect(found.violation?.message).toContain('data-race on tiny[0].a');
  });
});

it('an object that every execution frees is still not to be used after it', () => {
  let late = false;
  const programs: TinyProgram[] = [
    function* (k) {
      const object = k.kmem_cache_alloc<'item'>(k.items);
      k.set(object, item.value, 1);
      if (k.READ_ONCE(k.tiny, tiny.ready)) yield;
      if (!late) k.set(object, item.value, 2);
      k.kmem_cache_free(k.items, object);
      if (late) k.set(object, item.value, 2);
    },
  ];
  const machine = new ControlledMachine(tinyModel({ programs }), { checked: ['memory', 'race'] });
  const chooser: Chooser = { choose: (movers) => movers.byDefault };
  for (let made = 0; made < ENOUGH; made++) expect(machine.execute(chooser).violation).toBeNull();
  late = true;
  expect(machine.execute(chooser).violation?.kind).toBe('use-after-free');
});

it.each(['kill-vs-exec', 'kill-vs-waiting-exec'])('%s has the same races where everything is looked at', (scenario) => {
  const { cpus = 3 } = findScenario(scenario);
  // No field is said to be racy: then there are some.
  const model = { ...modelOf({ scenario, patches: [], cpus }), racy: {}, racyReads: {} };
  const messages = (trace: { emit(): void } | null): (string | undefined)[] => {
    const machine = new ControlledMachine(model, { checked: ['memory', 'race'] });
    const strategy = randomStrategy(7);
    return Array.from({ length: 300 }, () => {
      strategy.begin();
      const execution = machine.execute(strategy, trace);
      strategy.end(execution);
      return execution.violation?.message;
    });
  };
  const found = messages(null);
  expect(found).toEqual(messages({ emit() {} }));
  expect(found.filter((message) => message?.includes('data-race')).length).toBeGreaterThan(10);
});
