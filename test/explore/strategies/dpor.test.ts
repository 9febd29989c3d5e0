import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelOf } from '../../../scenarios/catalog.js';
import { explore } from '../../../src/explore/explore.js';
import { countingClasses } from '../../../src/explore/strategies/classes.js';
import { dfsStrategy, NondeterminismError } from '../../../src/explore/strategies/dfs.js';
import { dporStrategy } from '../../../src/explore/strategies/dpor.js';
import { footprintsConflict } from '../../../src/explore/strategies/footprint.js';
import { randomStrategy } from '../../../src/explore/strategies/random.js';
import type { Strategy } from '../../../src/explore/strategy.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import type { Model } from '../../../src/machine/model.js';
import { defineModel } from '../../../src/model/define.js';
import type { Plain, ThreadBody } from '../../../src/model/thread.js';
import { programsModel, randomPrograms, type Statement } from '../../support/random-model.js';
import { randomHolders, referencesModel } from '../../support/references-model.js';
import { randomSegments, type Segment, segmentsModel } from '../../support/segments-model.js';

interface Covered {
  readonly executions: number;
  readonly redundant: number;
  /** Inequivalent executions. */
  readonly classes: ReadonlySet<string>;
  readonly outcomes: ReadonlySet<string>;
}

/** Explores until the strategy ends; null after too many executions. */
function cover(model: Model, inner: Strategy & { readonly redundant?: number }, limit = 1_000_000): Covered | null {
  const machine = new ControlledMachine(model, { checked: ['memory'], footprints: true, maxSteps: 2000 });
  const strategy = countingClasses(inner);
  const outcomes = new Set<string>();
  let executions = 0;
  while (strategy.begin()) {
    if (++executions > limit) return null;
    const { violation, abandoned } = machine.execute(strategy);
    strategy.end({ violation, abandoned, steps: 0, choices: 0 });
    if (!abandoned) outcomes.add(violation?.kind ?? model.outcome(machine.arena));
  }
  return { executions, redundant: inner.redundant ?? 0, classes: new Set(strategy.classes.keys()), outcomes };
}

function counts(model: Model): readonly [executions: number, redundant: number, classes: number] {
  const covered = cover(model, dporStrategy());
  if (covered === null) throw new Error('no end');
  return [covered.executions, covered.redundant, covered.classes.size];
}

function threads(
  name: string,
  count: number,
  body: (m: Parameters<Parameters<typeof defineModel>[1]>[0]) => ThreadBody,
): Model {
  return defineModel(name, (m) => {
    const run = body(m);
    for (let index = 0; index < count; index++) m.thread(`thread ${index}`, run);
  });
}

describe('optimal partial-order reduction makes each inequivalent execution once', () => {
  it.each([
    [2, 2],
    [3, 6],
    [4, 24],
    [5, 120],
    [6, 720],
    [7, 5040],
  ])('of %i threads that each add to one cell: %i', (count, expected) => {
    const model = threads('adding', count, (m) => {
      const cell = m.cell('cell');
      return function* (t) {
        yield t.fetchAdd(cell, 1);
      };
    });
    expect(counts(model)).toEqual([expected, 0, expected]);
  });

  it('of 3 threads with 3 stores each to one cell: 1,680', () => {
    const model = threads('storing', 3, (m) => {
      const cell = m.cell('cell');
      return function* (t) {
        for (let round = 0; round < 3; round++) yield t.store(cell, t.id);
      };
    });
    expect(counts(model)).toEqual([1680, 0, 1680]);
  });

  it('of threads that touch nothing in common: 1', () => {
    const model = defineModel('apart', (m) => {
      for (let index = 0; index < 5; index++) {
        const own = m.cell(`cell ${index}`);
        m.thread(`thread ${index}`, function* (t) {
          for (let round = 0; round < 4; round++) yield t.fetchAdd(own, 1);
        });
      }
    });
    expect(counts(model)).toEqual([1, 0, 1]);
  });

  it('of 3 threads that take a lock twice each: as many as orders of taking it', () => {
    const model = threads('locking', 3, (m) => {
      const mutex = m.mutex('mutex');
      const held = m.plain('held');
      return function* (t) {
        for (let round = 0; round < 2; round++) {
          yield t.lock(mutex);
          t.write(held, t.read(held) + 1);
          t.unlock(mutex);
        }
      };
    });
    expect(counts(model)).toEqual([90, 0, 90]);
  });

  it('of the Fibonacci benchmark, two threads that add to each other’s sum five times, and one that looks: 218,243', () => {
    const model = defineModel('fibonacci', (m) => {
      const x = m.cell('x', 1);
      const y = m.cell('y', 1);
      const adding = (mine: typeof x, other: typeof x): ThreadBody =>
        function* (t) {
          for (let round = 0; round < 5; round++) {
            const own = yield t.load(mine);
            const others = yield t.load(other);
            yield t.store(mine, own + others);
          }
        };
      m.thread('first', adding(x, y));
      m.thread('second', adding(y, x));
      m.thread('looking', function* (t) {
        yield t.load(x);
        yield t.load(y);
      });
    });
    const machine = new ControlledMachine(model, { checked: false, footprints: true });
    const strategy = dporStrategy();
    let executions = 0;
    while (strategy.begin()) {
      strategy.end(machine.execute(strategy));
      executions++;
    }
    expect([executions, strategy.redundant]).toEqual([218_243, 0]);
  });

  it('finds every deadlock of two locks taken in both orders, once', () => {
    const model = defineModel('inversion', (m) => {
      const a = m.mutex('a');
      const b = m.mutex('b');
      const taking = (first: typeof a, second: typeof a): ThreadBody =>
        function* (t) {
          yield t.lock(first);
          yield t.lock(second);
          t.unlock(second);
          t.unlock(first);
        };
      m.thread('there', taking(a, b));
      m.thread('back', taking(b, a));
    });
    const covered = cover(model, dporStrategy());
    expect([covered?.executions, [...(covered?.outcomes ?? [])].sort()]).toEqual([3, ['deadlock', 'ended']]);
  });
});

describe('partial-order reduction', () => {
  const put = ['put', 0, 0] as const;

  it('has the executions and outcomes of depth-first search, whatever the threads do', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(randomPrograms, (programs) => {
        const all = cover(programsModel(programs), dfsStrategy(), 20_000);
        if (all === null) return;
        const reduced = cover(programsModel(programs), dporStrategy());
        expect(reduced?.classes).toEqual(all.classes);
        expect(reduced?.outcomes).toEqual(all.outcomes);
        expect(reduced?.redundant).toBe(0);
        expect(reduced?.executions).toBe(Math.max(1, reduced?.classes.size ?? 0));
      }),
      { numRuns: 300 },
    );
  });

  it('has the outcomes of depth-first search, however references are counted', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(randomHolders, (holders) => {
        const all = cover(referencesModel(holders), dfsStrategy(), 20_000);
        if (all === null) return;
        const reduced = cover(referencesModel(holders), dporStrategy());
        expect(reduced?.outcomes).toEqual(all.outcomes);
        expect(reduced?.redundant).toBe(0);
        expect(reduced?.executions).toBe(reduced?.classes.size);
      }),
      { numRuns: 1000 },
    );
  });

  it('has the executions and outcomes of depth-first search, whatever steps do at once', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(randomSegments, (programs) => {
        const all = cover(segmentsModel(programs), dfsStrategy(), 20_000);
        if (all === null) return;
        const reduced = cover(segmentsModel(programs), dporStrategy());
        expect(reduced?.classes).toEqual(all.classes);
        expect(reduced?.outcomes).toEqual(all.outcomes);
        expect(reduced?.redundant).toBe(0);
        expect(reduced?.executions).toBe(Math.max(1, all.classes.size));
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[string, readonly (readonly Segment[])[]]>([
    ['drops two references at once', [[['read', 0, 0, [put]]], [['read', 0, 0, [put, put]]]]],
    ['stores to what it has waited for', [[['read', 0, 0, []]], [['await', 0, 0, [['store', 0, 0]]]]]],
    [
      'takes an object that another would have taken',
      [[['read', 0, 0, [['allocate', 0, 1]]]], [['read', 0, 0, [['allocate', 0, 2]]]]],
    ],
  ])('has the executions of depth-first search where a step %s', (_, programs) => {
    const all = cover(segmentsModel(programs), dfsStrategy());
    const reduced = cover(segmentsModel(programs), dporStrategy());
    expect(reduced?.classes).toEqual(all?.classes);
    expect([reduced?.redundant, reduced?.executions]).toEqual([0, 2]);
  });

  it('refuses a model that does something else under the same schedule', () => {
    let executions = 0;
    const model = defineModel('fickle', (m) => {
      const [cell, plain] = [m.cell('cell'), m.plains('plain', 2)];
      m.thread('stores', function* (t) {
        executions++;
        yield t.store(cell, 1);
      });
      m.thread('loads', function* (t) {
        yield t.load(cell);
        t.write(plain[executions % 2] as Plain, 1);
      });
    });
    expect(() => explore(model, { strategy: 'dpor' })).toThrow(NondeterminismError);
  });

  it('tells executions apart by who drops the last reference, and not by in which order the others are dropped', () => {
    const drops = (times: number): readonly ['put'][] => Array.from({ length: times }, () => ['put']);
    const classes = (...holders: number[]): number | undefined =>
      cover(referencesModel(holders.map(drops)), dporStrategy())?.executions;
    expect([classes(1, 1), classes(1, 1, 1), classes(1, 1, 1, 1), classes(2, 2)]).toEqual([2, 3, 4, 2]);
  });

  const cas = (value: 0 | 1 | 2): Statement => ['cas', 0, value];
  const load: Statement = ['load', 0, 0];
  it.each<[string, readonly (readonly Statement[])[]]>([
    ['after an addition', [[['add', 0, 0]], [load], [load], [cas(1)]]],
    ['after a store', [[['store', 0, 2]], [load], [cas(2)], [load]]],
    ['after another', [[cas(0)], [load], [cas(1)], [load]]],
    ['before an addition', [[load], [cas(0)], [load], [['add', 0, 0], cas(1)]]],
    // Two steps that race in several executions can be reversed after more in the later ones.
    ['among five', [[['cas', 1, 2]], [cas(0)], [load], [['add', 1, 2], cas(0)], [['cas', 1, 2]]]],
    [
      'in a longer program',
      [
        [['add', 0, 0]],
        [
          ['load', 0, 1],
          ['load', 0, 1],
        ],
        [load],
        [['load', 0, 1]],
        [cas(1), ['add', 0, 0]],
      ],
    ],
  ])('has the executions in which a compare-and-exchange succeeds, and in which it fails, %s', (_, programs) => {
    const all = cover(programsModel(programs), dfsStrategy());
    const reduced = cover(programsModel(programs), dporStrategy());
    expect(reduced?.classes).toEqual(all?.classes);
    expect(reduced?.executions).toBe(all?.classes.size);
  });

  it.each([
    ['pause-wakeup', 2],
    ['irq-self-deadlock', 2],
  ])('has the executions of the kernel in %s that other strategies make', (scenario, cpus) => {
    const model = (): Model => modelOf({ scenario, patches: [], cpus });
    const reduced = cover(model(), dporStrategy());
    for (const bound of [1, 2]) {
      const bounded = cover(model(), dfsStrategy(bound));
      for (const one of bounded?.classes ?? []) expect(reduced?.classes).toContain(one);
    }
    expect(reduced?.outcomes.size).toBe(1);
    expect([reduced?.redundant, reduced?.classes.size]).toEqual([0, reduced?.executions]);
  });
});

function bytesOf(words: Int32Array): Buffer {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength);
}

describe('a footprint', () => {
  it.each([
    ['kill-vs-exec', 3],
    ['pause-wakeup', 2],
  ])('says of any two steps of the kernel in %s whether they commute', (scenario, cpus) => {
    const machine = new ControlledMachine(modelOf({ scenario, patches: [], cpus }), { footprints: true });
    /** An execution by an order of CPUs, or by a strategy: its steps, and the memory at its end. */
    function execute(choose: (movers: readonly number[], step: number) => number) {
      const steps: { who: number; what: string; footprint: Int32Array; movers: readonly number[] }[] = [];
      const close = (): void => {
        const last = steps.at(-1);
        if (last !== undefined) last.footprint = machine.accesses.words.slice(0, machine.accesses.count * 4);
      };
      const { abandoned } = machine.execute({
        everyStep: true,
        choose(movers) {
          close();
          machine.accesses.clear();
          const who = choose(movers.toArray(), steps.length);
          const cpu = machine.cpus[who];
          const what = cpu === undefined ? 'clock' : `${cpu.takesInterrupt() ? 'irq' : cpu.op} ${cpu.opAddress}`;
          steps.push({ who, what, footprint: new Int32Array(), movers: movers.toArray() });
          return who;
        },
      });
      close();
      return { steps, abandoned, words: machine.arena.words.slice() };
    }
    let swapped = 0;
    for (let seed = 0; seed < 400; seed++) {
      const walk = randomStrategy(seed);
      walk.begin();
      const choosing = { ids: new Uint8Array(8), count: 0 };
      const first = execute((movers) => {
        choosing.ids.set(movers);
        choosing.count = movers.length;
        return movers.length === 1 ? (movers[0] as number) : walk.choose(choosing as never, 0, machine);
      });
      const pairs = first.steps.flatMap((step, at) => {
        const next = first.steps[at + 1];
        const commute =
          next !== undefined &&
          next.who !== step.who &&
          step.movers.includes(next.who) &&
          !footprintsConflict(step.footprint, next.footprint);
        return commute ? [at] : [];
      });
      const at = pairs[seed % pairs.length];
      if (at === undefined) continue;
      const order = first.steps.map(({ who }) => who);
      [order[at], order[at + 1]] = [order[at + 1] as number, order[at] as number];
      const second = execute((movers, step) => {
        const who = order[step] as number;
        return movers.includes(who) ? who : -1;
      });
      expect(second.abandoned).toBe(false);
      const expected = first.steps.map(({ what }) => what);
      [expected[at], expected[at + 1]] = [expected[at + 1] as string, expected[at] as string];
      expect(second.steps.map(({ what }) => what)).toEqual(expected);
      // Compared as bytes: a list of as many numbers is slow to compare.
      expect(Buffer.compare(bytesOf(second.words), bytesOf(first.words))).toBe(0);
      swapped++;
    }
    expect(swapped).toBeGreaterThan(300);
  });
});
