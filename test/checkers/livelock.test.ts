/** Livelocks: proven by a state that comes back under fair scheduling; and what is none, or cannot be shown to be one. */

import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { minimize } from '../../src/explore/minimize.js';
import { replay, replayWithStacks } from '../../src/explore/replay.js';
import { recordedSchedule } from '../../src/explore/schedule.js';
import { dfsStrategy } from '../../src/explore/strategies/dfs.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import { Timeline } from '../../src/explore/timeline.js';
import { decodeToken, encodeToken } from '../../src/explore/token.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import type { Model } from '../../src/machine/model.js';
import { inTurn, turnOf } from '../../src/machine/schedule.js';
import { defineModel } from '../../src/model/define.js';
import type { Cell, Thread } from '../../src/model/thread.js';

/** Two that take two locks in the two orders, and give the first back when the second is taken. */
function backingOff(attempts = Number.POSITIVE_INFINITY): Model {
  return defineModel('backing-off', (m) => {
    const [left, right] = [m.mutex('left'), m.mutex('right')];
    for (const [name, first, second] of [
      ['one', left, right],
      ['other', right, left],
    ] as const) {
      m.thread(name, function* (t) {
        for (let attempt = 0; attempt < attempts; attempt++) {
          yield t.lock(first);
          const got = yield* t.tryLock(second);
          if (got) t.unlock(second);
          t.unlock(first);
          if (got) return;
        }
      });
    }
  });
}

/** One that waits for a cell without `relax`, and one that stores to it or does not. */
function spinning(stores: boolean): Model {
  return defineModel('spinning', (m) => {
    const cell = m.cell('cell');
    m.thread('spinner', function* (t) {
      while ((yield t.load(cell)) === 0);
    });
    m.thread('other', function* (t) {
      if (stores) yield t.store(cell, 1);
      else yield t.load(cell);
    });
  });
}

const MESSAGE =
  'livelock: thread one and thread other go on for ever without getting anywhere: ' +
  'every 4 steps all is as it was, and each that could move has moved';

describe('two that back off from each other for ever', () => {
  const machine = new ControlledMachine(backingOff());

  it('are found, with both loops, and the schedule is short and replays', () => {
    const { found } = explore(machine, { strategy: 'fair', schedules: 100 });
    expect(found?.violation).toMatchObject({ kind: 'livelock', message: MESSAGE });
    const { schedule, violation, fewest, preemptions } = minimize(machine, found?.schedule ?? Uint8Array.of());
    expect({ fewest, message: violation.message }).toEqual({ fewest: preemptions === 0, message: MESSAGE });
    expect(schedule.length).toBeLessThanOrEqual(8);
    expect(turnOf(schedule.at(-1))).toBeGreaterThan(0);
    const token = encodeToken({ scenario: 'backing-off', patches: [], cpus: 2, schedule });
    expect(decodeToken(token).schedule).toEqual(schedule);
    expect(replay(machine, decodeToken(token).schedule).violation?.message).toBe(MESSAGE);
    expect(
      replayWithStacks(machine, schedule)
        .violation?.witnesses.map(({ what }) => what)
        .sort(),
    ).toEqual([
      'thread one, over and over: lock(left)',
      'thread one, over and over: tryLock(right)',
      'thread other, over and over: lock(right)',
      'thread other, over and over: tryLock(left)',
    ]);
    expect(recordedSchedule(machine)).toEqual(schedule);
  });

  it('are found by default', () => {
    const { found } = explore(backingOff(), { seed: 1 });
    expect(found?.violation.kind).toBe('livelock');
  });

  it('are none where they give up after a while, though it takes long', () => {
    const { found, outcomes } = explore(backingOff(100), { strategy: 'fair', schedules: 100 });
    expect({ found, outcomes }).toEqual({ found: null, outcomes: { ended: 100 } });
  });
});

describe('one that spins', () => {
  it('on what nobody will change hangs', () => {
    const { found } = explore(spinning(false), { strategy: 'fair', schedules: 10 });
    expect(found?.violation).toMatchObject({
      kind: 'livelock',
      message: 'livelock: thread spinner spins, and nobody is left to end it',
    });
  });

  it('on what another one changes comes to its end under fair scheduling', () => {
    expect(explore(spinning(true), { strategy: 'fair', schedules: 100 }).found).toBeNull();
  });
});

describe('a livelock that shows only at the limit of steps', () => {
  /** Two that wait, each for a cell that nobody sets, after a step of the other. */
  const waiting = defineModel('waiting', (m) => {
    const ready = m.cells('ready', 2);
    const set = m.cells('set', 2);
    for (const [name, own, other] of [
      ['one', 0, 1],
      ['other', 1, 0],
    ] as const) {
      m.thread(name, function* (t) {
        yield t.store(ready[own] as (typeof ready)[number], 1);
        yield t.load(ready[other] as (typeof ready)[number]);
        while ((yield t.load(set[own] as (typeof set)[number])) === 0);
      });
    }
  });

  it.each([
    ['one alone for all that time', spinning(false), dfsStrategy()],
    ['both by lots', waiting, randomStrategy(3)],
  ])('is made again by its schedule, and shrunk to the way that leads to it: %s', (_, model, strategy) => {
    const machine = new ControlledMachine(model);
    const { found } = explore(machine, { strategy, schedules: 1 });
    if (found === null) throw new Error('nothing was found');
    expect(found.violation.kind).toBe('livelock');
    expect(found.schedule.length).toBeGreaterThan(90_000);
    expect(replay(machine, found.schedule).violation?.message).toBe(found.violation.message);
    const { schedule, steps, preemptions, executions, violation } = minimize(machine, found.schedule);
    expect({ preemptions, message: violation.message }).toEqual({ preemptions: 0, message: found.violation.message });
    expect(schedule.length).toBeLessThanOrEqual(4);
    expect(steps).toBeLessThan(1000);
    expect(executions).toBeLessThan(500);
    expect(replay(machine, schedule).violation?.message).toBe(found.violation.message);
  });
});

describe('one that goes round alone', () => {
  const alone = (step: (t: Thread, set: Cell) => boolean, rounds: number): ControlledMachine =>
    new ControlledMachine(
      defineModel('alone', (m) => {
        const set = m.cell('set');
        m.thread('thread', function* (t) {
          for (let round = 0; round < rounds; round++) yield step(t, set);
        });
      }),
    );

  it('is found at the limit, and from its schedule at once', () => {
    const machine = alone((t, set) => t.load(set), Number.POSITIVE_INFINITY);
    const { violation, steps } = machine.execute({ choose: ({ byDefault }) => byDefault });
    expect(violation?.kind).toBe('livelock');
    expect(steps).toBeGreaterThan(100_000);
    const schedule = recordedSchedule(machine);
    expect(schedule).toEqual(Uint8Array.of(inTurn(1)));
    expect(replay(machine, schedule)).toMatchObject({ violation: { message: violation?.message } });
    const again = machine.steps;
    expect(again).toBeLessThan(1000);
    expect(minimize(machine, schedule)).toMatchObject({ schedule, preemptions: 0, steps: again });
  });

  it('and comes to its end is no livelock, however long it takes', () => {
    const machine = alone((t, set) => t.load(set), 5000);
    expect(machine.execute({ choose: ({ byDefault }) => byDefault })).toMatchObject({ violation: null, steps: 5000 });
  });
});

it('one that spins on what it exchanges goes on when that has changed', () => {
  const model = defineModel('test-and-set', (m) => {
    const lock = m.cell('lock');
    const count = m.cell('count');
    for (const name of ['one', 'other', 'third']) {
      m.thread(name, function* (t) {
        while ((yield t.exchange(lock, 1)) === 1) yield t.relax();
        const seen = yield t.load(count);
        yield t.store(count, seen + 1);
        yield t.store(lock, 0);
      });
    }
    m.finally((end) => end.assert(end.value(count) === 3, 'an increment was lost'));
  });
  for (const options of [{ strategy: 'dpor' }, { strategy: 'dfs', preemptions: 2 }] as const) {
    const { found, exhausted } = explore(model, options);
    expect({ found, exhausted }).toEqual({ found: null, exhausted: true });
  }
});

it('a count that goes on is no livelock that could be proven: the limit is told as that', () => {
  const model = defineModel('counting', (m) => {
    const cell = m.cell('cell');
    for (const name of ['one', 'other']) {
      m.thread(name, function* (t) {
        for (;;) yield t.fetchAdd(cell, 1);
      });
    }
  });
  const machine = new ControlledMachine(model, { maxSteps: 2000 });
  const { found } = explore(machine, { strategy: 'fair', schedules: 1 });
  expect(found?.violation.kind).toBe('step-limit');
  expect(found?.violation.message).toMatch(
    /^no end after 2000 scheduling points under fair scheduling, and no state came/,
  );
});

it('a loop that spins and does not say so is a limit of steps for those that cover the space, shrunk, and replayed as that', () => {
  const model = defineModel('silent-spin', (m) => {
    const lock = m.cell('lock');
    for (const name of ['one', 'other', 'third']) {
      m.thread(name, function* (t) {
        while ((yield t.exchange(lock, 1)) === 1);
        yield t.store(lock, 0);
      });
    }
  });
  const machine = new ControlledMachine(model, { maxSteps: 2000 });
  for (const strategy of ['dpor', 'dfs'] as const) {
    const { found } = explore(machine, { strategy });
    if (found === null) throw new Error(`${strategy} has found nothing`);
    const { schedule, violation, preemptions } = minimize(machine, found.schedule);
    expect({ kind: violation.kind, preemptions }).toEqual({ kind: 'step-limit', preemptions: 1 });
    expect(schedule.length).toBeLessThan(6);
    expect(violation.message).toContain('a loop that spins must say so (relax)');
    const decoded = decodeToken(encodeToken({ scenario: 'silent-spin', patches: [], cpus: 3, schedule }));
    expect(replay(machine, decoded.schedule)).toMatchObject({ violation: { kind: 'step-limit' }, departures: [] });
    const timeline = new Timeline(machine, schedule);
    expect(timeline.length).toBeGreaterThan(2000);
  }
});

it('a schedule that goes on by turns is a token like any other, for each length of a turn', () => {
  for (const turn of [1, 2, 3, 4]) {
    for (const before of [0, 1, 40, 200]) {
      const schedule = new Uint8Array(before + 1).fill(0xff);
      schedule[before] = inTurn(turn);
      const token = encodeToken({ scenario: 'm', patches: [], cpus: 3, schedule });
      expect(decodeToken(token).schedule).toEqual(schedule);
    }
  }
});
