/**
 * Time travel: an execution as a line of steps, with the state at each of them. A state is made by running the schedule
 * up to there again, as coroutines cannot be copied; that takes less than a millisecond for schedules as they are met.
 */

import type { Chooser, ControlledMachine } from '../machine/controlled.js';
import { isAtRest } from '../machine/enabled.js';
import { describeOperation } from '../machine/end.js';
import type { Violation } from '../sync/gate.js';
import { type DecodedObject, decodeObjects } from './decode.js';
import { nameOfTask, type ReplayOptions, replayWithStacks, type StoryEvent } from './replay.js';
import { scheduleChooser } from './schedule.js';
import { keepingStacks } from './stacks.js';

/** A CPU between two steps. */
export interface CpuState {
  readonly cpu: number;
  /** The task that is current there: `task 101`, `idle/1`; in a model of one's own the thread. */
  readonly task: string;
  /** What it does when it moves next: `lock(siglock of process 101) held by CPU 2`. */
  readonly next: string;
  /** Whether it can. */
  readonly canMove: boolean;
  /** It has nothing to do. */
  readonly atRest: boolean;
  /** The locks that it holds, in the order taken. */
  readonly held: readonly string[];
  /** Its call stack, as JavaScript prints it. */
  readonly stack: string;
}

/** The state of a machine between two steps. */
export interface TimelineState {
  /** Steps made: 0 is the beginning. */
  readonly step: number;
  readonly cpus: readonly CpuState[];
  /** Every object in use, decoded: tasks are those of `task_struct`, run queues those of `rq`. */
  readonly objects: readonly DecodedObject[];
}

/** Stops an execution after so many steps. */
function stoppingAfter(step: number, inner: Chooser): Chooser {
  return {
    everyStep: true,
    ...(inner.bound === undefined ? {} : { bound: inner.bound }),
    choose(movers, current, machine) {
      if (machine.steps > step) return -1;
      const asks = movers.count > 1 || inner.everyStep === true;
      return asks ? inner.choose(movers, current, machine) : movers.byDefault;
    },
  };
}

/**
 * An execution, step by step, forwards and back.
 *
 * @example
 * const timeline = new Timeline(machine, decodeToken(token).schedule);
 * timeline.goTo(12);
 * const { cpus } = timeline.back(); // the state after step 11
 * for (const { cpu, task, next } of cpus) console.log(`CPU ${cpu}: ${task} is about to ${next}`);
 */
export class Timeline {
  /** How many steps there are. */
  readonly length: number;
  /** Everything that happens, in order; each event knows its step. */
  readonly events: readonly StoryEvent[];
  /** What is wrong at the end, or null. */
  readonly violation: Violation | null;
  private readonly loose: boolean;
  private at = 0;

  /**
   * @param machine any machine of the model; it is used again for each state
   * @param schedule who moves
   * @throws ScheduleMismatchError if the schedule does not fit, unless `loose`
   */
  constructor(
    private readonly machine: ControlledMachine,
    private readonly schedule: Uint8Array,
    options: ReplayOptions = {},
  ) {
    this.loose = options.loose ?? false;
    const { events, violation } = replayWithStacks(machine, schedule, options);
    this.events = events;
    this.violation = violation;
    this.length = machine.steps;
  }

  /** The step that it stands after. */
  get position(): number {
    return this.at;
  }

  /**
   * Goes to the state after a step.
   *
   * @param step 0 for the beginning, up to `length`
   * @throws RangeError for a step that there is not
   */
  goTo(step: number): TimelineState {
    const state = this.stateAt(step);
    this.at = step;
    return state;
  }

  /** One step on; at the end it stays where it is. */
  forward(): TimelineState {
    return this.goTo(Math.min(this.at + 1, this.length));
  }

  /** One step back; at the beginning it stays where it is. */
  back(): TimelineState {
    return this.goTo(Math.max(this.at - 1, 0));
  }

  /** What happens in a step. */
  eventsOf(step: number): readonly StoryEvent[] {
    return this.events.filter((event) => event.step === step);
  }

  /** The state after a step, wherever it stands. @throws RangeError for a step that there is not */
  stateAt(step: number): TimelineState {
    const { machine, schedule, loose, length } = this;
    if (!Number.isInteger(step) || step < 0 || step > length) {
      throw new RangeError(`there are steps 0 to ${length}, and no step ${step}`);
    }
    const chooser = stoppingAfter(step, scheduleChooser(schedule, loose));
    // Locks held are noted, and operations announced, only for somebody who watches.
    keepingStacks(machine, () => machine.execute(chooser, { emit() {} }));
    const cpus = machine.cpus.map(
      (cpu): CpuState => ({
        cpu: cpu.id,
        task: nameOfTask(cpu, cpu.current),
        next: describeOperation(cpu, cpu),
        canMove: cpu.enabled(),
        atRest: isAtRest(cpu.op),
        held: cpu.held.map((lock) => cpu.describe(lock)),
        stack: cpu.announcedAt,
      }),
    );
    return { step, cpus, objects: decodeObjects(machine) };
  }
}
