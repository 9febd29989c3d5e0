import { describe, expect, it } from 'vitest';
import { BUGGY_MODELS } from '../../../bench/models/index.js';
import { explore } from '../../../src/explore/explore.js';
import { dfsStrategy } from '../../../src/explore/strategies/dfs.js';
import { strategyNamed } from '../../../src/explore/strategies/index.js';
import { roundRobinStrategy } from '../../../src/explore/strategies/round-robin.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import { Movers } from '../../../src/machine/movers.js';
import { defineModel } from '../../../src/model/define.js';
import { OP_ADD, OP_LOCK } from '../../../src/sync/gate.js';
import { addingModel, stepsModel } from '../../support/steps-model.js';
import { walk } from '../../support/walk.js';

/** All orders of the steps of CPUs that never wait, within so many delays of turns of one length, by counting. */
function within(cpus: number, steps: number, turn: number, delays: number): Set<string> {
  const words = new Set<string>();
  const visit = (left: readonly number[], word: readonly number[], last: number, made: number, spare: number): void => {
    const able = left.flatMap((count, cpu) => (count > 0 ? [cpu] : []));
    if (able.length <= 1) {
      words.add(word.join(' '));
      return;
    }
    const turns = Array.from({ length: cpus }, (_, place) => (last - 1 - place + 2 * cpus) % cpus);
    const order = (made < turn && last < cpus ? [last, ...turns.slice(0, -1)] : turns).filter((cpu) =>
      able.includes(cpu),
    );
    order.forEach((cpu, cost) => {
      if (cost > spare) return;
      const next = left.map((count, at) => (at === cpu ? count - 1 : count));
      visit(next, [...word, cpu], cpu, cpu === last ? made + 1 : 1, spare - cost);
    });
  };
  visit(Array(cpus).fill(steps), [], cpus, 0, delays);
  return words;
}

/** The lengths of turns that make a difference where each CPU has so many steps: up to the first that cuts none. */
function turnsOf(steps: number): number[] {
  return [1, 2, 4, 8].filter((turn) => turn < 2 * steps);
}

describe('round-robin scheduling', () => {
  it('begins with turns of one step, from the last CPU to the first; then turns are twice as long, until none is cut', () => {
    expect(walk(new ControlledMachine(addingModel(3, 3)), roundRobinStrategy({ delays: 0 }))).toEqual([
      '2 1 0 2 1 0 2 1',
      '2 2 1 1 0 0 2 1',
      '2 2 2 1 1 1',
    ]);
  });

  it('makes one execution where nobody could go on after a turn', () => {
    expect(walk(new ControlledMachine(addingModel(4, 1)), roundRobinStrategy({ delays: 0 }))).toEqual(['3 2 1']);
  });

  it('passes over those that wait', () => {
    const model = stepsModel({
      cpus: 3,
      *program(cpu, cell) {
        if (cpu.point(OP_LOCK, cell(1), 0, 0)) yield;
        if (cpu.point(OP_ADD, cell(0), 1, 0)) yield;
        cpu.releaseSpin(cell(1));
      },
    });
    expect(walk(new ControlledMachine(model), roundRobinStrategy({ delays: 0 }))).toEqual(['2 1']);
  });

  it('lets one who starts others go on until it waits', () => {
    const order: string[] = [];
    const model = defineModel('starting', (m) => {
      const count = m.cell('count');
      const started = ['a', 'b', 'c'].map((name) =>
        m.spawned(name, function* (t) {
          yield t.fetchAdd(count, 1);
          order.push(name);
        }),
      );
      m.thread('main', function* (t) {
        for (const one of started) yield t.start(one);
        order.push('main');
        for (const one of started) yield t.join(one);
      });
    });
    walk(new ControlledMachine(model), roundRobinStrategy(), 1);
    expect(order).toEqual(['main', 'c', 'b', 'a']);
  });

  it('gives the clock its turn after the last CPU', () => {
    const machine = new ControlledMachine(addingModel(2, 1));
    const strategy = roundRobinStrategy();
    const movers = new Movers();
    movers.ids.set([0, 1, machine.cpus.length]);
    movers.count = 3;
    strategy.begin();
    expect([1, 2, 3, 4].map(() => strategy.choose(movers, 0, machine))).toEqual([1, 0, machine.cpus.length, 1]);
  });
});

describe('the search around it', () => {
  it.each([
    [2, 3, 1],
    [2, 4, 2],
    [3, 2, 2],
    [3, 3, 3],
    [4, 2, 1],
  ])('executes, of %i CPUs with %i steps, what is within %i delays of turns of each length', (cpus, steps, delays) => {
    const strategy = roundRobinStrategy({ delays });
    const words = walk(new ControlledMachine(addingModel(cpus, steps)), strategy);
    const around = turnsOf(steps).map((turn) => within(cpus, steps, turn, delays));
    expect(new Set(words)).toEqual(new Set(around.flatMap((one) => [...one])));
    // Once for each length of a turn that it is near to.
    expect(words).toHaveLength(around.reduce((sum, { size }) => sum + size, 0));
    expect(strategy.redundant).toBe(words.length - new Set(words).size);
    expect(strategy.bound).toBe(`at most ${delays} delay${delays === 1 ? '' : 's'} from turns`);
  });

  it.each([
    [2, 4],
    [3, 3],
    [4, 2],
  ])('without a bound ends with all orders of %i CPUs with %i steps', (cpus, steps) => {
    const machine = new ControlledMachine(addingModel(cpus, steps));
    const strategy = roundRobinStrategy();
    const words = walk(machine, strategy);
    expect(new Set(words)).toEqual(new Set(walk(machine, dfsStrategy())));
    expect(strategy.redundant).toBe(words.length - new Set(words).size);
    expect(strategy.bound).toBeNull();
  });

  it('says so when it has covered all, and how large that is before', () => {
    const whole = explore(addingModel(3, 2), { strategy: 'round-robin' });
    expect({ exhausted: whole.exhausted, different: whole.executions - whole.redundant }).toEqual({
      exhausted: true,
      different: 90,
    });
    const part = explore(addingModel(4, 3), { strategy: 'round-robin', schedules: 50 });
    expect(part.exhausted).toBe(false);
    // 12! / 3!⁴ = 369,600.
    expect(part.phases[0]?.estimate).toBeGreaterThan(200_000);
    expect(part.phases[0]?.estimate).toBeLessThan(700_000);
  });

  it.each([
    ['account', 1],
    ['wronglock', 1],
    ['wronglock_3', 1],
    ['token_ring', 2],
  ])('finds the bug of %s in execution %i', (name, execution) => {
    const model = BUGGY_MODELS.find((one) => one.name === name);
    if (model === undefined) throw new Error(`there is no ${name}`);
    const machine = new ControlledMachine(model.make(), { checked: false });
    const { found } = explore(machine, { strategy: strategyNamed('round-robin'), schedules: 10 });
    expect({ execution: found?.execution, says: found?.violation.message }).toEqual({
      execution,
      says: expect.stringMatching(model.says),
    });
  });
});
