/**
 * A CPU of the lockstep machine: a worker thread that passes a scheduling point only when the schedule names it. The
 * decisions are made by the same rules as on the controlled machine, by whichever thread has the turn.
 */

import { NULL } from '../memory/layout.js';
import type { CpuConfig } from '../sync/cpu.js';
import type { TraceSink, Violation } from '../sync/gate.js';
import {
  CPU_A,
  CPU_ADDRESS,
  CPU_HEARTBEAT,
  CPU_OP,
  CPU_STRIDE,
  CPU_TASK,
  CTL_ABORT,
  CTL_CHOICES,
  CTL_CPUS,
  CTL_EVENTS,
  CTL_STEPS,
  CTL_TURN,
  IterationOver,
  SLEEP_MS,
  TURN_OVER,
} from './control-block.js';
import { isEnabled, isInterruptible } from './enabled.js';
import { describeOperation, judgeEnd } from './end.js';
import type { Model } from './model.js';
import { Movers } from './movers.js';
import { followSchedule } from './schedule.js';
import { SerialCpu } from './serial-cpu.js';
import { EVENT_WORDS } from './trace-buffer.js';

/** What the threads of a lockstep run share besides the arena and the control block. */
export interface LockstepShared {
  /** The schedule's decisions. */
  readonly schedule: Uint8Array;
  /** Room for the events. */
  readonly events: Int32Array;
  readonly maxSteps: number;
}

export class LockstepCpu extends SerialCpu {
  private readonly own: number;
  private readonly clockWord: number;
  private shared: LockstepShared | null = null;
  protected readonly movers = new Movers();
  /** True until this CPU has come to its first scheduling point. */
  protected starting = true;

  constructor(
    config: CpuConfig,
    model: Model,
    readonly control: Int32Array,
  ) {
    super(config, model);
    this.own = CTL_CPUS + CPU_STRIDE * config.id;
    this.clockWord = model.clock?.armed(config.arena) ?? NULL;
  }

  /** Gets ready to follow a schedule. */
  follow(shared: LockstepShared): void {
    this.shared = shared;
    this.starting = true;
    this.start(this.sink(shared));
  }

  /** Runs to the first scheduling point when the CPU before has done so, and from there by turns, to the end. */
  run(): void {
    this.waitForTurn();
    this.resume();
  }

  point(op: number, address: number, a: number, b: number): boolean {
    const { control, own } = this;
    this.op = op;
    this.opAddress = address;
    this.opA = a;
    if (this.trace !== null) this.noteContention();
    for (;;) {
      this.op = op;
      this.opAddress = address;
      this.opA = a;
      this.opB = b;
      control[own + CPU_OP] = op;
      control[own + CPU_ADDRESS] = address;
      control[own + CPU_A] = a;
      control[own + CPU_TASK] = this.current;
      control[own + CPU_HEARTBEAT] = (control[own + CPU_HEARTBEAT] as number) + 1;
      this.takeTurn();
      if (!this.interruptible()) break;
      this.runInterrupt();
    }
    this.completePoint();
    return false;
  }

  /** Waits, with its operation announced, until it is this CPU's turn to perform it. */
  protected takeTurn(): void {
    const next = this.decide();
    if (next === this.id) return;
    this.passTurn(next);
    this.waitForTurn();
  }

  /** Who moves next. Before the last CPU has come to its first scheduling point that is the next to start. */
  private decide(): number {
    const { control, cpus } = this;
    if (this.starting && this.id < cpus - 1) {
      this.starting = false;
      return this.id + 1;
    }
    const current = this.starting ? 0 : this.id;
    this.starting = false;
    const { schedule, maxSteps } = this.shared as LockstepShared;
    const { movers } = this;
    let after = current;
    for (;;) {
      this.findMovers(current);
      if (movers.count === 0) return TURN_OVER;
      this.countStep(maxSteps);
      let next = movers.byDefault;
      if (movers.count > 1) {
        const position = control[CTL_CHOICES] as number;
        control[CTL_CHOICES] = position + 1;
        next = followSchedule(schedule, position, movers, after);
      }
      if (next !== cpus) return next;
      this.model.clock?.tick(this);
      after = cpus;
    }
  }

  /** Counts a scheduling point, and ends an execution that has too many. */
  protected countStep(maxSteps: number): void {
    const step = (this.control[CTL_STEPS] as number) + 1;
    this.control[CTL_STEPS] = step;
    if (step <= maxSteps) return;
    const at = describeOperation(this, this);
    this.violate('step-limit', `no end after ${maxSteps} scheduling points; CPU ${this.id} is at ${at}`);
  }

  protected findMovers(current: number): void {
    const { control, words, cpus, movers } = this;
    let count = 0;
    let goesOn = false;
    for (let id = 0; id < cpus; id++) {
      const at = CTL_CPUS + CPU_STRIDE * id;
      const op = control[at + CPU_OP] as number;
      const address = control[at + CPU_ADDRESS] as number;
      const can = isEnabled(words, op, address, control[at + CPU_A] as number);
      if (!can && !isInterruptible(words, this.allData[id] as number)) continue;
      movers.ids[count++] = id;
      if (id === current) goesOn = true;
    }
    if (words[this.clockWord] !== 0) movers.ids[count++] = cpus;
    movers.count = count;
    movers.byDefault = goesOn ? current : (movers.ids[0] as number);
  }

  protected passTurn(next: number): void {
    Atomics.store(this.control, CTL_TURN, next);
    Atomics.notify(this.control, CTL_TURN);
  }

  protected waitForTurn(): void {
    const { control, id } = this;
    for (;;) {
      const turn = Atomics.load(control, CTL_TURN);
      if (turn === id) return;
      if (turn === TURN_OVER || Atomics.load(control, CTL_ABORT) !== 0) throw new IterationOver('the schedule ended');
      Atomics.wait(control, CTL_TURN, turn, SLEEP_MS);
    }
  }

  /** When nobody can move any more: what is wrong with that, or null. */
  judgeEnd(): Violation | null {
    const { control, cpus } = this;
    const parked = Array.from({ length: cpus }, (_, id) => {
      const at = CTL_CPUS + CPU_STRIDE * id;
      const word = (index: number): number => control[at + index] as number;
      return { id, op: word(CPU_OP), opAddress: word(CPU_ADDRESS), opA: word(CPU_A), current: word(CPU_TASK) };
    });
    return judgeEnd(this.model, this, parked);
  }

  /** Ends the run for everybody, after a violation here. */
  endForAll(): void {
    this.passTurn(TURN_OVER);
  }

  /** Events go to shared memory: whoever has the turn writes the next. */
  private sink(shared: LockstepShared): TraceSink {
    const { control } = this;
    return {
      emit(cpu, task, event, address, value, a, b) {
        const at = (control[CTL_EVENTS] as number) * EVENT_WORDS;
        if (at + EVENT_WORDS > shared.events.length) throw new Error('the run has more events than there is room for');
        shared.events.set([cpu, task, event, address, value, a, b], at);
        control[CTL_EVENTS] = (control[CTL_EVENTS] as number) + 1;
      },
    };
  }
}
