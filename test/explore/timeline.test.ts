import { describe, expect, it } from 'vitest';
import { Timeline, type TimelineState } from '../../src/explore/timeline.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { killVsExecMachine, PATCHED, randomSchedule } from '../support/kill-vs-exec.js';
import { countingModel } from '../support/steps-model.js';

const machine = killVsExecMachine(PATCHED);
const schedule = randomSchedule(machine, 3);
const timeline = new Timeline(machine, schedule);

/** The contents of the arena where a machine stands. */
function contents(of: ControlledMachine): string {
  return [...of.arena.words].join();
}

/** A stack has the frames of the test in it too. */
function withoutStacks(state: TimelineState): TimelineState {
  return { ...state, cpus: state.cpus.map((cpu) => ({ ...cpu, stack: '' })) };
}

describe('a timeline', () => {
  it('begins at the image and ends where the execution ends', () => {
    expect(timeline.goTo(0).cpus.every(({ held }) => held.length === 0)).toBe(true);
    const end = timeline.goTo(timeline.length);
    const after = contents(machine);
    machine.execute({ choose: (movers) => movers.byDefault });
    expect(contents(machine)).not.toBe(after);
    expect(end.step).toBe(timeline.length);
    expect(timeline.position).toBe(timeline.length);
  });

  it('has the same state at a step, whether it comes there forwards or back', () => {
    for (const step of [1, 7, 20, timeline.length - 1]) {
      timeline.goTo(step);
      const there = contents(machine);
      const forwards = withoutStacks(timeline.stateAt(step));
      timeline.goTo(step + 1);
      expect(withoutStacks(timeline.back())).toEqual(forwards);
      expect(contents(machine)).toBe(there);
      timeline.goTo(step - 1);
      expect(withoutStacks(timeline.forward())).toEqual(forwards);
    }
  });

  it('stays where it is at both ends, and refuses a step that there is not', () => {
    timeline.goTo(0);
    expect(timeline.back().step).toBe(0);
    timeline.goTo(timeline.length);
    expect(timeline.forward().step).toBe(timeline.length);
    expect(() => timeline.goTo(timeline.length + 1)).toThrow(`there are steps 0 to ${timeline.length}, and no step`);
    expect(() => timeline.stateAt(-1)).toThrow(RangeError);
  });

  it('has every event in one step, in which the CPU that moves is that of the event', () => {
    let known = 0;
    for (let step = 0; step <= timeline.length; step++) {
      const events = timeline.eventsOf(step);
      known += events.length;
      expect(new Set(events.map(({ cpu }) => cpu)).size).toBeLessThanOrEqual(1);
    }
    expect(known).toBe(timeline.events.length);
  });

  it('says what each CPU is about to do, which is what it does when it moves', () => {
    const counting = new ControlledMachine(countingModel(2, 2));
    const steps = new Timeline(counting, Uint8Array.of());
    for (let step = 0; step < steps.length; step++) {
      const [event] = steps.eventsOf(step + 1);
      const { cpus } = steps.stateAt(step);
      const mover = cpus.find(({ cpu }) => cpu === event?.cpu);
      expect(mover).toMatchObject({
        canMove: true,
        next: `${event?.event === 1 ? 'read' : 'write'}(cells[0].cell[0])`,
      });
    }
  });

  it('decodes the objects: a task that has become a zombie is one from then on', () => {
    const exitStates = (step: number): Record<string, string> => {
      const tasks = timeline.stateAt(step).objects.filter(({ struct }) => struct === 'task_struct');
      const of = (task: (typeof tasks)[number], name: string): string =>
        task.fields.find((field) => field.name === name)?.text ?? '';
      return Object.fromEntries(tasks.map((task) => [of(task, 'birth_pid'), of(task, 'exit_state')]));
    };
    expect(exitStates(0)).toMatchObject({ 101: '0', 102: '0' });
    const step = timeline.events.find(
      ({ valueName, name }) => valueName === 'EXIT_ZOMBIE' && name.includes('101'),
    )?.step;
    expect(exitStates((step ?? 0) - 1)).toMatchObject({ 101: '0' });
    expect(exitStates(step ?? 0)).toMatchObject({ 101: 'EXIT_ZOMBIE' });
  });

  it('knows the locks that are held between two steps', () => {
    const taken = timeline.events.find(({ name, event }) => event === 6 && name.startsWith('siglock'));
    const { cpus } = timeline.stateAt(taken?.step ?? 0);
    expect(cpus[taken?.cpu ?? 0]?.stack).toMatch(/src\/kernel\//);
    // Somewhere another CPU moves while a lock is held, or the holder takes a second one.
    const holding = timeline.events.find(({ held, event }) => event <= 13 && held.length > 1);
    const { held = [] } = timeline.stateAt(holding?.step ?? 0).cpus[holding?.cpu ?? 0] ?? {};
    expect(held).toEqual(expect.arrayContaining([holding?.held[0]]));
  });
});
