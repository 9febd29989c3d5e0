/** Livelocks: proven by a state that comes back under fair scheduling; and what is none, or cannot be shown to be one. */

import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { minimize } from '../../src/explore/minimize.js';
import { replay, replayWithStacks } from '../../src/explore/replay.js';
import { recordedSchedule } from '../../src/explore/schedule.js';
import { decodeToken, encodeToken } from '../../src/explore/token.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import type { Model } from '../../src/machine/model.js';
import { inTurn, turnOf } from '../../src/machine/schedule.js';
import { defineModel } from '../../src/model/define.js';

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
