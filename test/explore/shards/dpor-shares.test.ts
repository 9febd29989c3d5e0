import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelOf } from '../../../scenarios/catalog.js';
import { explore, machineFor } from '../../../src/explore/explore.js';
import { ShardMachine, type ShardResult } from '../../../src/explore/shards/shard.js';
import type { SharesOptions } from '../../../src/explore/shards/shares.js';
import { dporStrategy } from '../../../src/explore/strategies/dpor.js';
import { Predictions } from '../../../src/explore/strategies/predictions.js';
import { type Subtree, wholeTree } from '../../../src/explore/strategies/subtree.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import type { Model } from '../../../src/machine/model.js';
import { defineModel } from '../../../src/model/define.js';
import { type MadeShare, makeInShares } from '../../support/in-shares.js';
import type { RacyPrograms } from '../../support/racy-model.js';
import { programsModel, randomPrograms } from '../../support/random-model.js';

interface Covered {
  executions: number;
  redundant: number;
  outcomes: Record<string, number>;
}

/** All of a model in shares. */
function inShares(model: Model, options: SharesOptions): Covered {
  const machine = new ShardMachine(model);
  return covered(options, (subtree, executions) => {
    const exploring = machine.explore({ kind: 'subtree', subtree, executions, keepGoing: true });
    for (;;) {
      const slice = exploring.next(false);
      if (slice.done) return slice.value;
    }
  });
}

function covered(
  options: SharesOptions,
  make: (subtree: Subtree, executions: number) => Omit<Covered, 'outcomes'> & Pick<ShardResult, 'outcomes' | 'rest'>,
  order?: () => number,
): Covered {
  const all: Covered = { executions: 0, redundant: 0, outcomes: {} };
  const makeAndCount = (subtree: Subtree, most: number): MadeShare => {
    const { executions, redundant, outcomes, rest } = make(subtree, most);
    all.executions += executions;
    all.redundant += redundant;
    for (const [name, times] of Object.entries(outcomes)) all.outcomes[name] = (all.outcomes[name] ?? 0) + times;
    return { executions, rest };
  };
  makeInShares(makeAndCount, options, order);
  return all;
}

/** A machine on which a data race does not end an execution. */
function unraced(model: Model): ControlledMachine {
  return new ControlledMachine(model, { checked: ['memory'], footprints: true });
}

/** The same in one. */
function atAStretch(model: Model): Covered {
  const machine = unraced(model);
  const strategy = dporStrategy();
  const covered: Covered = { executions: 0, redundant: 0, outcomes: {} };
  while (strategy.begin()) {
    const execution = machine.execute(strategy);
    strategy.end(execution);
    covered.executions++;
    if (execution.abandoned) continue;
    const outcome = model.outcome(machine.arena);
    covered.outcomes[outcome] = (covered.outcomes[outcome] ?? 0) + 1;
  }
  covered.redundant = strategy.redundant;
  return covered;
}

const adding = (threads: number): Model =>
  defineModel('adding', (m) => {
    const cell = m.cell('cell');
    for (let id = 0; id < threads; id++) {
      m.thread(`thread ${id}`, function* (t) {
        yield t.fetchAdd(cell, 1);
      });
    }
  });

const storing = (): Model =>
  defineModel('storing', (m) => {
    const cell = m.cell('cell');
    for (let id = 0; id < 3; id++) {
      m.thread(`thread ${id}`, function* (t) {
        for (let round = 0; round < 3; round++) yield t.store(cell, t.id);
      });
    }
  });

/** What some threads do depends on what others have done, so that one's branches find what belongs below another's. */
const looking = (): Model =>
  defineModel('looking', (m) => {
    const [x, y, z, other] = ['x', 'y', 'z', 'other'].map((name) => m.cell(name));
    if (x === undefined || y === undefined || z === undefined || other === undefined) return;
    m.thread('stores', function* (t) {
      yield t.store(x, 1);
    });
    m.thread('apart', function* (t) {
      yield t.store(other, 1);
      if ((yield t.load(z)) === 0) yield t.store(x, 2);
    });
    m.thread('writes', function* (t) {
      yield t.store(y, 1);
    });
    m.thread('looks', function* (t) {
      const seen = yield t.load(y);
      yield t.store(z, 1);
      if (seen === 0) yield t.store(x, 3);
    });
    m.thread('looks elsewhere', function* (t) {
      yield t.load(other);
      yield t.load(x);
    });
    m.outcome((end) => [x, y, z].map((cell) => end.value(cell)).join(' '));
  });

const SMALL: readonly SharesOptions[] = [
  { budget: 1, shares: 1 },
  { budget: 1, shares: 5 },
  { budget: 3, shares: 4 },
  { budget: 7, shares: 2 },
];

describe('a partial-order reduction in shares', () => {
  it.each([
    [2, 2],
    [3, 6],
    [4, 24],
    [5, 120],
    [6, 720],
  ])('makes each inequivalent execution of %i threads that add once: %i', (threads, count) => {
    for (const options of SMALL) {
      expect(inShares(adding(threads), options)).toMatchObject({ executions: count, redundant: 0 });
    }
  });

  it('comes to an end where nobody can make a step', () => {
    const model = defineModel('stuck', (m) => {
      const cell = m.cell('cell');
      m.thread('waits', function* (t) {
        yield t.until(cell, 1);
      });
    });
    expect(inShares(model, { budget: 1, shares: 1 })).toEqual({
      executions: 1,
      redundant: 0,
      outcomes: { deadlock: 1 },
    });
  });

  it('makes 5,040 of 7 threads that add, and 1,680 of 3 threads with 3 stores each', () => {
    expect(inShares(adding(7), { budget: 50, shares: 16 })).toMatchObject({ executions: 5040, redundant: 0 });
    for (const options of SMALL) {
      expect(inShares(storing(), options)).toMatchObject({ executions: 1680, redundant: 0 });
    }
  });

  it.each([
    ['threads look at what others have done', looking],
    ['the kernel sends a signal', () => modelOf({ scenario: 'pause-wakeup', patches: [], cpus: 2 })],
  ])('makes what it makes at a stretch where %s', (_, model) => {
    const whole = atAStretch(model());
    expect(whole.redundant).toBe(0);
    for (const options of SMALL) expect(inShares(model(), options)).toEqual(whole);
  });

  it('plans the same whatever is known of the threads already, where a data race ends a step in its middle', () => {
    const programs: RacyPrograms = [
      [['read, then store', 1, 0]],
      [['write lock, then write', 0, 0]],
      [['add, then write or read', 1, 0]],
    ];
    const explored = (schedules: number, predictions: Predictions) => {
      const strategy = dporStrategy(wholeTree(false), predictions);
      const machine = machineFor(programsModel(programs), strategy);
      const { executions, violations } = explore(machine, { strategy, schedules, keepGoing: true });
      return { executions, violations, rest: strategy.rest() };
    };
    const all = new Predictions();
    const { executions, violations } = explored(100, all);
    expect(executions).toBeGreaterThan(violations);
    expect(violations).toBeGreaterThan(0);
    for (let made = 1; made < executions; made++) {
      expect(explored(made, all)).toEqual(explored(made, new Predictions()));
    }
  });

  it('makes what it makes at a stretch, whatever the threads do, in whichever order shares are made', () => {
    const programs = fc
      .tuple(randomPrograms, randomPrograms)
      .map(([one, other]) => [...one, ...other].slice(0, 4).map((statements) => statements.slice(0, 3)));
    const options = fc.record({ budget: fc.integer({ min: 1, max: 7 }), shares: fc.integer({ min: 2, max: 5 }) });
    fc.assert(
      fc.property(programs, options, fc.infiniteStream(fc.nat({ max: 9 })), (threads, small, numbers) => {
        const machine = unraced(programsModel(threads));
        const { exhausted } = explore(machine, { strategy: 'dpor', schedules: 300, keepGoing: true });
        if (!exhausted) return;
        const whole = atAStretch(programsModel(threads));
        const make = (subtree: Subtree, schedules: number) => {
          const strategy = dporStrategy(subtree);
          const made = explore(machine, { strategy, schedules, keepGoing: true });
          return { ...made, rest: strategy.rest() };
        };
        const parts = covered(small, make, () => numbers.next().value as number);
        expect(parts.outcomes).toEqual(whole.outcomes);
        expect([parts.executions, parts.redundant, whole.redundant]).toEqual([whole.executions, 0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
