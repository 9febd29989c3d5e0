import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { replay, replayToReport, replayWithStacks } from '../../src/explore/replay.js';
import { recordedSchedule, ScheduleMismatchError } from '../../src/explore/schedule.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { BY_DEFAULT } from '../../src/machine/schedule.js';
import { eventAt, TraceBuffer } from '../../src/machine/trace-buffer.js';
import { defineModel } from '../../src/model/define.js';
import type { Violation } from '../../src/sync/gate.js';
import { simulatedFrames } from '../../src/trace/stack.js';
import { failingSchedule, killVsExecMachine, PATCHED, randomSchedule } from '../support/kill-vs-exec.js';

/** What `call` throws, which must be that a schedule does not fit. */
function mismatch(call: () => unknown): ScheduleMismatchError {
  try {
    call();
  } catch (error) {
    if (error instanceof ScheduleMismatchError) return error;
    throw error;
  }
  throw new Error('the schedule was taken for one that fits');
}

/** A schedule that names, at some decision, a CPU that cannot move there; and the number of that decision, from 1. */
function impossible(machine: ControlledMachine): { readonly schedule: Uint8Array; readonly decision: number } {
  let missing = -1;
  let decision = 0;
  let asked = 0;
  machine.execute({
    choose(movers) {
      asked++;
      const cannot = machine.cpus.findIndex(({ id }) => !movers.has(id));
      if (missing < 0 && cannot >= 0) {
        missing = cannot;
        decision = asked;
      }
      return movers.ids[0] as number;
    },
  });
  const schedule = machine.picked.slice(0, decision);
  schedule[decision - 1] = missing;
  return { schedule, decision };
}

const SEEDS = fc.integer({ min: 0, max: 0xffffffff });

describe('a replay', () => {
  it.each([
    ['the kernel as it is', []],
    ['the kernel without the retry', PATCHED],
  ])('of a random run of %s has the same events, end and outcome', (_, patches) => {
    const machine = killVsExecMachine(patches);
    const other = killVsExecMachine(patches);
    fc.assert(
      fc.property(SEEDS, (seed) => {
        const buffer = new TraceBuffer();
        const strategy = randomStrategy(seed);
        strategy.begin();
        const run = machine.execute(strategy, buffer);
        const outcome = machine.model.outcome(machine.arena);
        const again = replay(other, recordedSchedule(machine));
        expect(again.traceHash).toBe(buffer.hash);
        expect(again.events).toEqual(Array.from({ length: buffer.count }, (_, at) => eventAt(buffer.words, at)));
        expect(again.steps).toBe(run.steps);
        expect(again.outcome).toBe(outcome);
        expect(again.violation?.message).toBe(run.violation?.message);
      }),
      { numRuns: 200 },
    );
  });

  it('of another schedule has another hash', () => {
    const machine = killVsExecMachine();
    const schedules = Array.from({ length: 50 }, (_, seed) => randomSchedule(machine, seed));
    const different = new Set(schedules.map((schedule) => schedule.join())).size;
    expect(different).toBeGreaterThan(40);
    expect(new Set(schedules.map((schedule) => replay(machine, schedule).traceHash)).size).toBe(different);
  });

  it('of a violation ends in it', () => {
    const machine = killVsExecMachine(PATCHED);
    const { schedule, violation } = failingSchedule(machine, 3);
    expect(replay(machine, schedule).violation).toMatchObject({ kind: violation.kind, message: violation.message });
  });
});

describe('a schedule that does not fit', () => {
  it('is refused with the decision and the CPU that cannot move there', () => {
    const machine = killVsExecMachine();
    const { schedule, decision } = impossible(machine);
    const error = mismatch(() => replay(machine, schedule));
    expect(error.decision).toBe(decision);
    expect(error.step).toBeGreaterThanOrEqual(decision);
    expect(error.message).toMatch(
      new RegExp(
        `^the schedule does not fit: decision ${decision}, at step ${error.step}, names CPU ${schedule.at(-1)}, ` +
          'which cannot move there: it (has nothing to do|waits at \\w+\\(.+\\))',
      ),
    );
  });

  it('is refused when it has decisions after the end of the run', () => {
    const machine = killVsExecMachine();
    machine.execute({ choose: (movers) => movers.byDefault });
    const { choices } = machine;
    const long = Uint8Array.of(...machine.picked.subarray(0, choices), BY_DEFAULT, 1);
    const error = mismatch(() => replay(machine, long));
    expect(error).toMatchObject({ decision: choices + 2, step: machine.steps });
    expect(error.message).toBe(
      `the schedule does not fit: decision ${choices + 2}, at step ${machine.steps}, names CPU 1, and the run is over ` +
        `there, after ${choices} decisions: it has nothing to do`,
    );
  });

  it('is refused with how the run ended, where that is why its decisions are not come to', () => {
    const model = (stops: boolean): ControlledMachine =>
      new ControlledMachine(
        defineModel('short', (m) => {
          const cell = m.cell('cell');
          for (const name of ['one', 'other']) {
            m.thread(name, function* (t) {
              yield t.store(cell, 1);
              t.assert(!stops, 'no further');
              yield t.store(cell, 2);
            });
          }
        }),
      );
    // Back and forth: one stores, the other does, one again.
    const schedule = Uint8Array.of(BY_DEFAULT, 1, 0);
    expect(replay(model(false), schedule).violation).toBeNull();
    expect(mismatch(() => replay(model(true), schedule)).message).toBe(
      'the schedule does not fit: decision 2, at step 1, names thread other, and the run is over there, after 1 decision, ' +
        'with assertion: assertion failed: no further',
    );
    const { departures, violation } = replay(model(true), schedule, { loose: true });
    expect(departures).toMatchObject([{ decision: 2, step: 1 }]);
    expect(violation?.kind).toBe('assertion');
  });

  it('names a CPU that the machine does not have', () => {
    expect(mismatch(() => replay(killVsExecMachine(), Uint8Array.of(7))).message).toMatch(
      /decision 1, at step 1, names CPU 7, and the machine has 3/,
    );
  });

  it('leaves the machine as fit for the next replay as before', () => {
    const machine = killVsExecMachine();
    const schedule = randomSchedule(machine, 1);
    const before = replay(machine, schedule).traceHash;
    mismatch(() => replay(machine, impossible(machine).schedule));
    expect(replay(machine, schedule).traceHash).toBe(before);
  });
});

describe('a replay with stacks', () => {
  it('has the events of a replay without', () => {
    const machine = killVsExecMachine(PATCHED);
    const { schedule } = failingSchedule(machine, 2);
    const plain = replay(machine, schedule);
    const told = replayWithStacks(machine, schedule);
    const bare = told.events.map(({ cpu, task, event, address, value, a, b }) => ({
      cpu,
      task,
      event,
      address,
      value,
      a,
      b,
    }));
    expect(bare).toEqual(plain.events);
    expect(told.violation?.message).toBe(plain.violation?.message);
  });

  it('ends as one for a report does, which leaves the machine with the same stacks', () => {
    const race = defineModel('race', (m) => {
      const [plain, cell] = [m.plain('plain'), m.cell('cell')];
      for (const name of ['one', 'other']) {
        m.thread(name, function* (t) {
          yield t.load(cell);
          t.write(plain, 1);
        });
      }
    });
    for (const machine of [killVsExecMachine(PATCHED), new ControlledMachine(race)]) {
      const found = explore(machine, { strategy: 'random', seed: 3 }).found;
      const seen = (violation: Violation | null): unknown => [
        violation?.message,
        violation?.witnesses.map(({ what, stack }) => [what, simulatedFrames(stack)]),
        machine.cpus.map((cpu) => simulatedFrames(cpu.announcedAt)),
      ];
      const schedule = found?.schedule ?? new Uint8Array();
      const told = seen(replayWithStacks(machine, schedule).violation);
      expect(seen(replayToReport(machine, schedule))).toEqual(told);
      expect(machine.cpus.every((cpu) => cpu.announcedAt.startsWith('Error'))).toBe(true);
    }
  });

  it('says where in the kernel each event happened, and with which locks held', () => {
    const machine = killVsExecMachine();
    const { events } = replayWithStacks(machine, Uint8Array.of());
    expect(events.every(({ stack }) => /\/src\/(kernel|sync)\//.test(stack))).toBe(true);
    expect(events.some(({ stack }) => stack.includes('kill_pid_info'))).toBe(true);
    expect(events.some(({ held }) => held.includes('siglock of process 101'))).toBe(true);
    expect(new Set(events.map(({ taskName }) => taskName))).toContain('task 100');
  });

  it('leaves the engine and the machine as they were, also when the schedule does not fit', () => {
    const machine = killVsExecMachine();
    const limit = Error.stackTraceLimit;
    // One that nobody else sets.
    Error.stackTraceLimit = 17;
    try {
      replayWithStacks(machine, Uint8Array.of());
      expect(Error.stackTraceLimit).toBe(17);
      mismatch(() => replayWithStacks(machine, impossible(machine).schedule));
      expect(Error.stackTraceLimit).toBe(17);
    } finally {
      Error.stackTraceLimit = limit;
    }
    expect(machine.captureStacks).toBe(false);
  });
});
