import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { killVsExec } from '../../scenarios/kill-vs-exec.js';
import { explore } from '../../src/explore/explore.js';
import { dfsStrategy } from '../../src/explore/strategies/dfs.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import { kernelModel } from '../../src/kernel/model.js';
import { type Chooser, ControlledMachine } from '../../src/machine/controlled.js';
import { isAtRest, isEnabled } from '../../src/machine/enabled.js';
import { Movers } from '../../src/machine/movers.js';
import { BY_DEFAULT, followSchedule } from '../../src/machine/schedule.js';
import { EVENT_WORDS, eventAt, TraceBuffer, traceHash } from '../../src/machine/trace-buffer.js';
import * as gate from '../../src/sync/gate.js';
import {
  increment,
  type Run,
  runAll,
  runBy,
  runInOrder,
  runOn,
  type TinyProgram,
  tiny,
  tinyModel,
} from '../support/tiny.js';

const byDefault: Chooser['choose'] = (movers) => movers.byDefault;

const locked: TinyProgram = function* (k) {
  if (k.spin_lock(k.field('lock'))) yield;
  yield* increment(k);
  k.spin_unlock(k.field('lock'));
};

/** What can be compared of a run. */
const comparable = ({ violation, traceHash: hash, state, steps, choices }: Run): unknown => ({
  violation: violation?.message,
  hash,
  state,
  steps,
  choices,
});

describe('a schedule', () => {
  test('gives the same run whenever it is followed, on one machine or another', () => {
    const schedules = fc.array(fc.nat(2), { maxLength: 12 });
    const spec = { programs: [increment, locked, increment] };
    const machine = new ControlledMachine(tinyModel(spec));
    fc.assert(
      fc.property(schedules, (schedule) => {
        const bytes = Uint8Array.from(schedule);
        const follow = (): Run => {
          let position = 0;
          return runOn(machine, { choose: (movers) => followSchedule(bytes, position++, movers) });
        };
        expect(comparable(follow())).toEqual(comparable(follow()));
        expect(comparable(runBy(spec, schedule))).toEqual(comparable(follow()));
      }),
    );
  });

  test('gives another trace than one that moves the CPUs in another order', () => {
    const spec = { programs: [increment, increment] };
    const hashes = [
      [0, 0, 1, 1],
      [0, 1, 0, 1],
      [1, 1, 0, 0],
    ].map((schedule) => runBy(spec, schedule).traceHash);
    expect(new Set(hashes).size).toBe(3);
  });

  test('decides who moves', () => {
    const order = (schedule: number[]): number[] =>
      runBy({ programs: [increment, increment] }, schedule).events.map(({ cpu }) => cpu);
    expect(order([0, 1, 0, 1])).toEqual([0, 1, 0, 1]);
    expect(order([1, 0, 0, 1])).toEqual([1, 0, 0, 1]);
  });

  test('gives the same run of the kernel after any other', () => {
    const machine = new ControlledMachine(kernelModel(killVsExec));
    const hashOf = (seed: number): string => {
      const strategy = randomStrategy(seed);
      strategy.begin();
      const buffer = new TraceBuffer();
      machine.execute(strategy, buffer);
      return buffer.hash;
    };
    const seeds = Array.from({ length: 30 }, (_, seed) => seed);
    const first = seeds.map(hashOf);
    expect(seeds.toReversed().map(hashOf).toReversed()).toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(10);
  });
});

describe('the memory checker', () => {
  test('changes nothing in a run that it does not end', () => {
    const spec = { programs: [locked, increment] };
    const on = runInOrder(spec, { checked: true });
    const off = runInOrder(spec, { checked: false });
    expect(comparable(on)).toEqual(comparable(off));
  });
});

describe('the machine', () => {
  test('asks only where more than one CPU can move', () => {
    const { steps, choices } = runInOrder({ programs: [increment, increment] });
    // CPU 0 has two operations while CPU 1 could move as well; then CPU 1 is alone.
    expect([steps, choices]).toEqual([4, 2]);
    expect(runInOrder({ programs: [increment] })).toMatchObject({ steps: 2, choices: 0 });
  });

  test('never asks for a CPU that cannot move', () => {
    const machine = new ControlledMachine(tinyModel({ programs: [locked, locked, locked] }));
    const strategy = dfsStrategy();
    while (strategy.begin()) {
      const execution = machine.execute({
        choose(movers, current) {
          const able = machine.cpus.filter((cpu) => cpu.enabled()).map(({ id }) => id);
          expect(movers.toArray()).toEqual(able);
          expect(able.length).toBeGreaterThan(1);
          return strategy.choose(movers, current, machine);
        },
      });
      strategy.end(execution);
      expect(execution.violation).toBeNull();
    }
  });

  test('records its decisions', () => {
    const machine = new ControlledMachine(tinyModel({ programs: [increment, increment] }));
    runOn(machine, { choose: (_, current) => 1 - current });
    expect(machine.choices).toBe(3);
    expect([...machine.picked.subarray(0, 3)]).toEqual([1, 0, 1]);
    expect([...machine.currentAt.subarray(0, 3)]).toEqual([0, 1, 0]);
    expect([...machine.defaultAt.subarray(0, 3)]).toEqual([0, 1, 0]);
  });

  test('starts each execution from the image, whatever ended the one before', () => {
    const spec = {
      programs: [
        function* (k) {
          yield* locked(k);
          if (k.READ_ONCE(k.tiny, tiny.turn)) yield;
          k.set(k.tiny, tiny.a, 9);
          if (k.spin_lock_irq(k.field('other'))) yield;
          k.violate('rule', 'ended with a lock held and interrupts off');
        },
        locked,
      ] satisfies TinyProgram[],
    };
    const machine = new ControlledMachine(tinyModel(spec));
    const again = (): unknown => comparable(runOn(machine, { choose: byDefault }));
    expect(again()).toEqual(again());
    expect(comparable(runInOrder(spec))).toEqual(again());
  });

  test('lets an error through that is no violation', () => {
    const broken: TinyProgram = function* () {
      throw new TypeError('not of the model');
    };
    expect(() => runInOrder({ programs: [broken] })).toThrow(TypeError);
  });

  test('reports a task whose coroutine ends', () => {
    const spec = tinyModel({ programs: [increment] });
    const machine = new ControlledMachine({
      ...spec,
      begin(cpu) {
        spec.begin(cpu);
        return (function* () {})();
      },
    });
    expect(runOn(machine, { choose: byDefault }).violation).toMatchObject({
      kind: 'BUG',
      message: 'a task ran past its end',
    });
  });

  test('asks the model whether the end was right, when all are at rest', () => {
    const wrong = ({ counter }: { counter: number }): string | null => (counter === 2 ? null : `it is ${counter}`);
    expect(runBy({ programs: [increment, increment], wrong }, [0, 0]).violation).toBeNull();
    expect(runBy({ programs: [increment, increment], wrong }, [0, 1]).violation).toMatchObject({
      kind: 'invariant',
      message: 'it is 1',
      cpu: -1,
    });
  });
});

describe('a run without end', () => {
  const forever: TinyProgram = function* (k) {
    for (;;) yield* increment(k);
  };

  test('is given up after so many scheduling points, and says where it was', () => {
    const { violation, steps } = runInOrder({ programs: [increment, forever] }, { maxSteps: 50 });
    expect(violation).toMatchObject({ kind: 'step-limit', cpu: 1 });
    expect(violation?.message).toMatch(
      /^no end after 50 scheduling points under fair scheduling, and no state came again and again; CPU 1 is at (read|write)\(tiny\[0\]\.counter\)$/,
    );
    // As many again by turns: it may have been the scheduling.
    expect(steps).toBe(102);
  });

  test('is not given up where it ends at the last of them', () => {
    expect(runInOrder({ programs: [increment, increment] }, { maxSteps: 4 }).violation).toBeNull();
  });

  test('ends well where it does under fair scheduling, unless the whole space is to be covered', () => {
    const machine = new ControlledMachine(tinyModel({ programs: [increment, increment] }), { maxSteps: 3 });
    expect(runOn(machine, { choose: byDefault }).violation).toBeNull();
    expect(runOn(machine, { choose: byDefault, bound: null }).violation).toMatchObject({
      kind: 'step-limit',
      message: expect.stringMatching(/^no end after 3 scheduling points, and one after \d+, under fair scheduling/),
    });
  });

  test('leaves a machine that works', () => {
    const machine = new ControlledMachine(tinyModel({ programs: [forever, increment] }), { maxSteps: 40 });
    const first = runOn(machine, { choose: byDefault });
    expect(comparable(runOn(machine, { choose: byDefault }))).toEqual(comparable(first));
  });
});

describe('a deadlock', () => {
  test('stops the run where it is, with the other CPUs at their ends', () => {
    const stuck: TinyProgram = function* (k) {
      if (k.smp_cond_load_acquire(k.tiny, tiny.ready, 1)) yield;
      k.record(99);
    };
    const { violation, state } = runInOrder({ programs: [stuck, increment, stuck] });
    expect(violation).toMatchObject({
      kind: 'deadlock',
      message: 'deadlock: CPU 0 waits at await(tiny[0].ready); CPU 2 waits at await(tiny[0].ready)',
      cpu: 0,
    });
    expect(state).toMatchObject({ counter: 1, log: [] });
  });

  test('is none where a CPU is stopped for good', () => {
    const halts: TinyProgram = function* (k) {
      if (k.point(gate.OP_HALT, 0, 0, 0)) yield;
    };
    expect(runInOrder({ programs: [halts, increment] }).violation).toBeNull();
  });
});

describe('an operation is enabled', () => {
  const free = new Int32Array([0, 0]);
  const word = (value: number): Int32Array => new Int32Array([0, value]);
  const enabled = (words: Int32Array, op: number, a = 0): boolean => isEnabled(words, op, 1, a);

  test('for a lock while nobody has it', () => {
    expect([gate.OP_LOCK, gate.OP_WRITE_LOCK, gate.OP_READ_LOCK].map((op) => enabled(free, op))).toEqual(
      Array(3).fill(true),
    );
    expect([enabled(word(1), gate.OP_LOCK), enabled(word(1), gate.OP_WRITE_LOCK)]).toEqual([false, false]);
  });

  test('for a reader while no writer has the lock', () => {
    expect(enabled(word(3), gate.OP_READ_LOCK)).toBe(true);
    expect(enabled(word(gate.RW_WAITING | 1), gate.OP_READ_LOCK)).toBe(true);
    expect(enabled(word(gate.RW_WRITER | 1), gate.OP_READ_LOCK)).toBe(false);
  });

  test('for a wait when the word has the value', () => {
    expect([enabled(word(5), gate.OP_AWAIT, 5), enabled(word(5), gate.OP_AWAIT, 4)]).toEqual([true, false]);
  });

  test('for an idle CPU when an interrupt is pending, or when it has something to do all the same', () => {
    expect([enabled(free, gate.OP_IDLE), enabled(word(2), gate.OP_IDLE), enabled(free, gate.OP_IDLE, 1)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('always for what cannot wait, and never when stopped for good', () => {
    const others = [gate.OP_READ, gate.OP_WRITE, gate.OP_XCHG, gate.OP_CMPXCHG, gate.OP_ADD, gate.OP_SCHEDULE];
    expect(others.every((op) => enabled(word(7), op))).toBe(true);
    expect(enabled(free, gate.OP_HALT)).toBe(false);
  });

  test('or at rest: only an idle CPU and one that is stopped are', () => {
    const resting = gate.OP_NAMES.filter((_, op) => isAtRest(op));
    expect(resting).toEqual(['idle', 'halt']);
  });
});

describe('the default rule', () => {
  test('lets the CPU go on that moved last, and then the lowest that can', () => {
    const picked: number[][] = [];
    const machine = new ControlledMachine(tinyModel({ programs: [increment, locked, increment] }));
    runOn(machine, {
      choose(movers, current) {
        picked.push([current, movers.ids[0] as number, movers.byDefault]);
        return movers.ids[movers.count - 1] as number;
      },
    });
    for (const [current, lowest, byDefaultRule] of picked) expect([current, lowest]).toContain(byDefaultRule);
    expect(picked.some(([current, , rule]) => current === rule)).toBe(true);
    expect(picked.some(([current, lowest, rule]) => current !== rule && lowest === rule)).toBe(true);
  });

  test('is used where a schedule names nobody, is at its end, or names one that cannot move', () => {
    const schedule = Uint8Array.from([1, BY_DEFAULT, 3]);
    const movers = new Movers();
    movers.ids.set([0, 1, 2]);
    movers.count = 3;
    movers.byDefault = 2;
    expect([0, 1, 2, 3].map((at) => followSchedule(schedule, at, movers))).toEqual([1, 2, 2, 2]);
  });
});

describe('a trace', () => {
  test('is read back as it was written, also where it has grown', () => {
    const buffer = new TraceBuffer();
    for (let index = 0; index < 3000; index++) buffer.emit(index % 3, 16, 1, index, -index, 7, 8);
    expect(buffer.count).toBe(3000);
    expect(eventAt(buffer.words, 2999)).toEqual({
      cpu: 2,
      task: 16,
      event: 1,
      address: 2999,
      value: -2999,
      a: 7,
      b: 8,
    });
    expect(eventAt(buffer.words, 1).value).toBe(-1);
  });

  test('has a hash of 16 digits that any word of it changes, and what is behind it does not', () => {
    const words = new Int32Array(EVENT_WORDS * 3);
    const hash = traceHash(words, 2);
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    const hashes = Array.from({ length: EVENT_WORDS * 3 }, (_, at) => {
      const other = words.slice();
      other[at] = 1;
      return traceHash(other, 2);
    });
    expect(new Set([hash, ...hashes.slice(0, EVENT_WORDS * 2)]).size).toBe(EVENT_WORDS * 2 + 1);
    expect(hashes.slice(EVENT_WORDS * 2).every((same) => same === hash)).toBe(true);
    expect(traceHash(words, 1)).not.toBe(hash);
  });

  test('that is cleared is as new', () => {
    const buffer = new TraceBuffer();
    const empty = buffer.hash;
    buffer.emit(0, 0, 1, 2, 3, 4, 5);
    expect(buffer.hash).not.toBe(empty);
    buffer.clear();
    expect([buffer.hash, buffer.count]).toEqual([empty, 0]);
  });
});

test('exhaustive search makes every interleaving once', () => {
  // Two CPUs with three operations each: 6! / (3! 3!) ways to put them in order.
  const program: TinyProgram = function* (k) {
    for (let turn = 0; turn < 3; turn++) if (k.READ_ONCE(k.tiny, tiny.counter)) yield;
  };
  expect(runAll({ programs: [program, program] })).toMatchObject({ executions: 20, exhausted: true });
  const bounded = explore(new ControlledMachine(tinyModel({ programs: [program, program] })), {
    strategy: dfsStrategy(0),
  });
  // CPU 0 moved last, as it were, before the first decision: without preemption it runs to its end.
  expect(bounded).toMatchObject({ executions: 1, exhausted: true });
});

describe('an execution that is stopped from outside', () => {
  const forEver: TinyProgram = function* (k) {
    for (;;) if (k.READ_ONCE(k.tiny, tiny.counter)) yield;
  };
  const machine = new ControlledMachine(tinyModel({ programs: [forEver, increment] }));

  test('is given up long before the limit of steps, without a verdict', () => {
    const flag = new Int32Array(1);
    machine.stopFlag = flag;
    const choose: Chooser['choose'] = (movers) => {
      if (machine.steps === 10) flag[0] = 1;
      return movers.byDefault;
    };
    const { violation, abandoned, steps } = machine.execute({ choose });
    expect({ violation, abandoned, stopped: machine.stopped }).toEqual({
      violation: null,
      abandoned: true,
      stopped: true,
    });
    expect(steps).toBeLessThan(10_000);
  });

  test('is not made at all where that was said before', () => {
    machine.stopFlag = Int32Array.of(1);
    expect(machine.execute({ choose: byDefault })).toMatchObject({ abandoned: true, steps: 0 });
  });

  test('is the only one: the next goes on to its end', () => {
    machine.stopFlag = Int32Array.of(0);
    const { violation } = machine.execute({ choose: byDefault });
    expect(machine.stopped).toBe(false);
    expect(violation?.kind).toBe('livelock');
  });
});
