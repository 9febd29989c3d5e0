import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelOf } from '../../../scenarios/catalog.js';
import { explore } from '../../../src/explore/explore.js';
import { advance, Rounds, type RoundsOptions, type RoundsState } from '../../../src/explore/shards/rounds.js';
import { type Shard, ShardMachine, type ShardResult } from '../../../src/explore/shards/shard.js';
import { dporStrategy } from '../../../src/explore/strategies/dpor.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import type { Model } from '../../../src/machine/model.js';
import { defineModel } from '../../../src/model/define.js';
import { programsModel, randomPrograms } from '../../support/random-model.js';

interface Covered {
  executions: number;
  redundant: number;
  outcomes: Record<string, number>;
}

/** All of a model in rounds, with everything that is handed over as JSON. @param order in which results are taken in */
function inRounds(model: Model, options: RoundsOptions, order?: (round: number) => number): Covered {
  const machine = new ShardMachine(model);
  const make = (shard: Shard): ShardResult => {
    const exploring = machine.explore(shard);
    for (;;) {
      const slice = exploring.next(false);
      if (slice.done) return slice.value;
    }
  };
  return inRoundsBy(make, options, order);
}

function inRoundsBy(
  make: (
    shard: Shard & { readonly kind: 'subtree' },
  ) => Pick<ShardResult, 'executions' | 'redundant' | 'outcomes' | 'rest'>,
  options: RoundsOptions,
  order: (round: number) => number = () => 0,
): Covered {
  const covered: Covered = { executions: 0, redundant: 0, outcomes: {} };
  let rounds = new Rounds(null, options);
  for (let round = 0; rounds.begin(); round++) {
    const first = order(round) % rounds.slots.length;
    rounds.slots = [...rounds.slots.slice(first), ...rounds.slots.slice(0, first)].reverse();
    for (const slot of rounds.slots) {
      const { subtree, left: executions } = slot;
      const shard = { kind: 'subtree', subtree, executions, keepGoing: true } as const;
      const result = JSON.parse(JSON.stringify(make(JSON.parse(JSON.stringify(shard))))) as ShardResult;
      advance(slot, result);
      covered.executions += result.executions;
      covered.redundant += result.redundant;
      for (const [name, times] of Object.entries(result.outcomes)) {
        covered.outcomes[name] = (covered.outcomes[name] ?? 0) + times;
      }
    }
    rounds = new Rounds(JSON.parse(JSON.stringify(rounds.state())) as RoundsState, options);
    rounds.end();
  }
  return covered;
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

const SMALL: readonly RoundsOptions[] = [
  { budget: 1, shares: 1 },
  { budget: 1, shares: 5 },
  { budget: 3, shares: 4 },
  { budget: 7, shares: 2 },
];

describe('a partial-order reduction in rounds', () => {
  it.each([
    [2, 2],
    [3, 6],
    [4, 24],
    [5, 120],
    [6, 720],
  ])('makes each inequivalent execution of %i threads that add once: %i', (threads, count) => {
    for (const options of SMALL) {
      expect(inRounds(adding(threads), options)).toMatchObject({ executions: count, redundant: 0 });
    }
  });

  it('comes to an end where nobody can make a step', () => {
    const model = defineModel('stuck', (m) => {
      const cell = m.cell('cell');
      m.thread('waits', function* (t) {
        yield t.until(cell, 1);
      });
    });
    // Rounds that go on for ever would be a test that does.
    const rounds = new Rounds();
    const machine = new ShardMachine(model);
    rounds.begin();
    for (const slot of rounds.slots) {
      const exploring = machine.explore({ kind: 'subtree', subtree: slot.subtree, executions: 1, keepGoing: true });
      for (let slice = exploring.next(false); ; slice = exploring.next(false)) {
        if (!slice.done) continue;
        expect(slice.value.outcomes).toEqual({ deadlock: 1 });
        advance(slot, slice.value);
        break;
      }
    }
    rounds.end();
    expect(rounds.begin()).toBe(false);
  });

  it('makes 5,040 of 7 threads that add, and 1,680 of 3 threads with 3 stores each', () => {
    expect(inRounds(adding(7), { budget: 50, shares: 16 })).toMatchObject({ executions: 5040, redundant: 0 });
    for (const options of SMALL) {
      expect(inRounds(storing(), options)).toMatchObject({ executions: 1680, redundant: 0 });
    }
  });

  it.each([
    ['threads look at what others have done', looking],
    ['the kernel sends a signal', () => modelOf({ scenario: 'pause-wakeup', patches: [], cpus: 2 })],
  ])('makes what it makes at a stretch where %s', (_, model) => {
    const whole = atAStretch(model());
    expect(whole.redundant).toBe(0);
    for (const options of SMALL) expect(inRounds(model(), options)).toEqual(whole);
  });

  it('makes what it makes at a stretch, whatever the threads do, in whichever order it is taken in', () => {
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
        const make = ({ subtree, executions: schedules }: Shard & { readonly kind: 'subtree' }) => {
          const strategy = dporStrategy(subtree);
          const made = explore(machine, { strategy, schedules, keepGoing: true });
          return { ...made, rest: strategy.rest() };
        };
        const parts = inRoundsBy(make, small, () => numbers.next().value as number);
        expect(parts.outcomes).toEqual(whole.outcomes);
        expect([parts.executions, parts.redundant, whole.redundant]).toEqual([whole.executions, 0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
