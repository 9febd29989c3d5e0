/**
 * The controlled machine: all CPUs as coroutines in one thread. At every scheduling point where more than one CPU can
 * move, a strategy picks the one that does.
 */

import { Arena } from '../memory/arena.js';
import { NULL } from '../memory/layout.js';
import { type CpuConfig, cpu_data } from '../sync/cpu.js';
import { type Coroutine, OP_LOCK, type TraceSink, Violation } from '../sync/gate.js';
import { composeCpu } from './compose.js';
import { describeOperation, findDeadlock, judgeEnd } from './end.js';
import type { Model } from './model.js';
import { SerialCpu } from './serial-cpu.js';

/** Picks who moves. One strategy serves many executions. */
export interface Chooser {
  /**
   * Called where more than one CPU can move.
   *
   * @param enabled a bit for each CPU that can, and the next higher one if time can pass
   * @param current the CPU that moved last
   * @param machine for strategies that look at the announced operations
   * @returns the number of one of the bits
   */
  choose(enabled: number, current: number, machine: ControlledMachine): number;
}

export interface ControlledOptions {
  /** The memory checker; on if not given. */
  readonly checked?: boolean;
  /** Scheduling points after which an execution is given up as endless; 100,000 if not given. */
  readonly maxSteps?: number;
  /** After an execution that ended well, ends what still runs, and looks at what that leaves; off if not given. */
  readonly shutdown?: boolean;
}

/** The end of an execution. */
export interface Execution {
  /** Null if nothing was wrong. */
  readonly violation: Violation | null;
  /** Scheduling points passed. */
  readonly steps: number;
  /** Decisions made: scheduling points where more than one CPU could move. */
  readonly choices: number;
}

const MODE_SETUP = 0;
const MODE_PARK = 1;
const MODE_RUN = 2;

/** Decisions that one execution's record has room for. */
const MAX_CHOICES = 1 << 17;

export class ControlledMachine {
  readonly arena: Arena;
  readonly cpus: readonly ControlledCpu[];
  readonly counters: Int32Array;
  /** The decisions of the present execution: who was picked, and who could have been. */
  readonly picked = new Uint8Array(MAX_CHOICES);
  readonly enabledAt = new Uint32Array(MAX_CHOICES);
  /** Who had moved last before each decision. */
  readonly currentAt = new Uint8Array(MAX_CHOICES);
  choices = 0;
  steps = 0;
  mode = MODE_SETUP;
  /** Keep, for each announced operation, the stack that announced it. Slow; for replays. */
  captureStacks = false;
  /** The CPU to go on with after a yield; −1 when nobody can move. */
  private next = -1;
  /** A bit for each CPU whose coroutine is on the stack now. */
  private running = 0;
  private chooser: Chooser | null = null;
  /** Not 0 while time can pass: see `ModelClock`. */
  private readonly clockWord: number;
  private readonly words: Int32Array;
  private readonly maxSteps: number;
  private readonly shutdown: boolean;

  constructor(
    readonly model: Model,
    options: ControlledOptions = {},
  ) {
    const { checked = true, maxSteps = 100_000, shutdown = false } = options;
    this.maxSteps = maxSteps;
    this.shutdown = shutdown;
    this.arena = new Arena(model.arena);
    this.words = this.arena.words;
    this.counters = new Int32Array(model.counters.length);
    const Class = composeCpu(ControlledCpu, model, checked);
    const cpus: ControlledCpu[] = [];
    for (let id = 0; id < model.cpus; id++) {
      const config: CpuConfig = { arena: this.arena, id, cpus: model.cpus, counters: this.counters };
      const cpu = new Class(config, this);
      model.bind(cpu);
      cpus.push(cpu);
    }
    this.cpus = cpus;
    model.boot(cpus);
    this.arena.takeImage();
    this.clockWord = model.clock?.armed(this.arena) ?? NULL;
  }

  /**
   * Runs one execution from the image to its end.
   *
   * @param chooser makes the decisions
   * @param trace where events go
   */
  execute(chooser: Chooser, trace: TraceSink | null = null): Execution {
    this.chooser = chooser;
    this.choices = 0;
    this.steps = 0;
    this.next = -1;
    this.arena.reset();
    let violation: Violation | null = null;
    try {
      this.mode = MODE_PARK;
      for (const cpu of this.cpus) {
        cpu.start(trace);
        cpu.resume();
      }
      this.mode = MODE_RUN;
      this.running = 0;
      this.runUntil(-1, this.pick(0));
      violation = this.atEnd() ?? (this.shutdown ? this.shutDown() : null);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = error;
    }
    return { violation, steps: this.steps, choices: this.choices };
  }

  /**
   * Lets others move until it is `waiting`'s turn, from inside its scheduling point: the coroutines of the others run
   * on top of its stack, which so need not be unwound and resumed. A CPU that is itself below on the stack cannot be
   * resumed from here; then this one yields after all, down to the one whose turn it is.
   *
   * @param waiting the CPU at whose scheduling point this is; −1 at the bottom
   * @param first who moves
   * @returns true if `waiting` must yield
   */
  runUntil(waiting: number, first: number): boolean {
    let next = first;
    while (next !== waiting) {
      if (next < 0 || ((this.running >> next) & 1) !== 0) {
        this.next = next;
        return true;
      }
      const cpu = this.cpus[next] as ControlledCpu;
      this.running |= 1 << next;
      cpu.move();
      this.running &= ~(1 << next);
      next = this.next;
    }
    return false;
  }

  /** Who moves next: −1 when nobody can. Where it is the clock, time passes, and then somebody is picked. */
  pick(current: number): number {
    const { cpus } = this;
    let enabled = this.words[this.clockWord] === 0 ? 0 : 1 << cpus.length;
    for (let id = 0; id < cpus.length; id++) {
      const cpu = cpus[id] as ControlledCpu;
      if (cpu.op < OP_LOCK || cpu.enabled()) enabled |= 1 << id;
    }
    if (enabled === 0) return -1;
    if (++this.steps > this.maxSteps) {
      const cpu = cpus[current] as ControlledCpu;
      throw new Violation(
        'livelock',
        `no end after ${this.maxSteps} scheduling points; CPU ${current} is at ${describeOperation(cpu, cpu)}`,
        current,
        cpu.current,
      );
    }
    if ((enabled & (enabled - 1)) === 0) {
      const only = 31 - Math.clz32(enabled);
      return only === cpus.length ? this.tick(current) : only;
    }
    const picked = (this.chooser as Chooser).choose(enabled, current, this);
    const at = this.choices++;
    this.picked[at] = picked;
    this.enabledAt[at] = enabled;
    this.currentAt[at] = current;
    return picked === cpus.length ? this.tick(current) : picked;
  }

  private tick(current: number): number {
    this.model.clock?.tick(this.cpus[0] as ControlledCpu);
    return this.pick(current);
  }

  /** Ends what still runs. Not a part of the execution: its steps and decisions are as they were before it. */
  private shutDown(): Violation | null {
    const { model, steps, choices } = this;
    const first = this.cpus[0] as ControlledCpu;
    if (model.shutdown === undefined) return null;
    for (const cpu of this.cpus) cpu.trace = null;
    this.chooser = FIRST_COME;
    this.next = -1;
    this.running = 1;
    first.interruptWith(model.shutdown(first));
    this.running = 0;
    this.runUntil(-1, this.next);
    this.steps = steps;
    this.choices = choices;
    return findDeadlock(first, this.cpus) ?? model.afterShutdown?.(first) ?? null;
  }

  /** Nobody can move: either all are at rest, and the model says whether that is right, or some are stuck. */
  private atEnd(): Violation | null {
    return judgeEnd(this.model, this.cpus[0] as ControlledCpu, this.cpus);
  }
}

/** Whoever moved last goes on for as long as it can. */
const FIRST_COME: Chooser = {
  choose: (enabled, current) => (((enabled >> current) & 1) !== 0 ? current : 31 - Math.clz32(enabled & -enabled)),
};

/** An interrupt under way, and the operation that the task was about to perform when it came. */
interface Interruption {
  readonly handler: Coroutine<void>;
  readonly op: number;
  readonly opAddress: number;
  readonly opA: number;
  readonly opB: number;
  readonly irqflags: number;
  readonly announcedAt: string;
}

export class ControlledCpu extends SerialCpu {
  /** The stack at the operation announced last, where the machine captures stacks. */
  announcedAt = '';
  private interruption: Interruption | null = null;
  /** The word of the interrupts that wait here. */
  private readonly irqWord: number;

  constructor(
    config: CpuConfig,
    readonly machine: ControlledMachine,
  ) {
    super(config, machine.model);
    this.irqWord = this.data + cpu_data.irq_pending;
  }

  point(op: number, address: number, a: number, b: number): boolean {
    this.op = op;
    this.opAddress = address;
    this.opA = a;
    this.opB = b;
    if (this.trace !== null) this.noteAnnouncement();
    return this.comeTo();
  }

  /** For whoever watches: the stack that announced the operation, and whether it has to wait for a lock. */
  private noteAnnouncement(): void {
    if (this.machine.captureStacks) this.announcedAt = new Error().stack ?? '';
    this.noteContention();
  }

  /** At the announced operation: lets others move first, takes an interrupt, or performs it. True: the CPU must yield. */
  private comeTo(): boolean {
    const { machine } = this;
    if (machine.mode === MODE_RUN) {
      const next = machine.pick(this.id);
      if (next !== this.id && machine.runUntil(this.id, next)) return true;
      if (this.words[this.irqWord] !== 0 && this.interruptible()) return this.takeInterrupt();
    } else if (machine.mode === MODE_PARK) {
      return true;
    }
    this.completePoint();
    return false;
  }

  override start(trace: TraceSink | null): void {
    this.interruption = null;
    super.start(trace);
  }

  /** Moves, when it is this CPU's turn: takes the interrupt that waits, or performs the announced operation; goes on. */
  move(): void {
    if (this.words[this.irqWord] !== 0 && this.interruptible()) {
      if (this.takeInterrupt()) return;
    } else {
      this.completePoint();
      if (this.interruption !== null && this.goOnWithInterrupt()) return;
    }
    this.resume();
  }

  /** Takes an interrupt in the place where the CPU rests, and goes on. */
  interruptWith(handler: Coroutine<void>): void {
    if (!this.handle(handler)) this.resume();
  }

  /** Runs the handler on top of the task. True: the CPU must yield. False: the task's operation has been performed. */
  private takeInterrupt(): boolean {
    return this.handle(this.interruptHandler());
  }

  private handle(handler: Coroutine<void>): boolean {
    const { op, opAddress, opA, opB, irqflags, announcedAt } = this;
    this.interruption = { handler, op, opAddress, opA, opB, irqflags, announcedAt };
    return this.goOnWithInterrupt();
  }

  private goOnWithInterrupt(): boolean {
    const { handler, op, opAddress, opA, opB, irqflags, announcedAt } = this.interruption as Interruption;
    if (!handler.next().done) return true;
    this.interruption = null;
    this.op = op;
    this.opAddress = opAddress;
    this.opA = opA;
    this.opB = opB;
    this.irqflags = irqflags;
    this.announcedAt = announcedAt;
    return this.comeTo();
  }
}
