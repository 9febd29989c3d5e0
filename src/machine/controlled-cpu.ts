/** The CPUs of the controlled machine: coroutines of one thread, of which one moves at a time. */

import { type CpuConfig, cpu_data } from '../sync/cpu.js';
import {
  type Coroutine,
  OP_ADD,
  OP_CMPXCHG,
  OP_HALT,
  OP_LOCK,
  OP_NAMES,
  OP_READ,
  OP_RELAX,
  OP_START,
  OP_WRITE,
  OP_XCHG,
  type TraceSink,
  Violation,
} from '../sync/gate.js';
import type { AccessLog } from './access-log.js';
import type { Lockdep } from './checkers/lockdep.js';
import type { RaceDetector } from './checkers/races.js';
import type { DeferredCallbacks } from './deferred-rcu.js';
import { isEnabledAt } from './enabled.js';
import { describeOperation } from './end.js';
import type { Model } from './model.js';
import { SerialCpu } from './serial-cpu.js';
import { WatchList } from './watch-list.js';

/** An interrupt under way, and the operation that the task was about to perform when it came. */
interface Interruption {
  readonly handler: Coroutine<void>;
  readonly op: number;
  readonly opAddress: number;
  readonly opA: number;
  readonly opB: number;
  readonly irqflags: number;
  readonly announced: Error | null;
}

/** What a CPU asks of the machine that it is in. */
export interface CpuHost {
  readonly model: Model;
  readonly booting: boolean;
  readonly running: boolean;
  readonly captureStacks: boolean;
  readonly accesses: AccessLog;
  readonly lockdep: Lockdep | null;
  readonly races: RaceDetector | null;
  readonly deferred: DeferredCallbacks;
  readonly steps: number;
  next: number;
  pick(current: number): number;
  runUntil(waiting: number, first: number): boolean;
}

const NONE = new Uint8Array(0);

export abstract class ControlledCpu extends SerialCpu {
  /** Where the operation announced last was, where the machine captures stacks. Its text is made when it is asked for: that is what takes long. */
  announced: Error | null = null;
  /** Whether its coroutine is on the stack now. */
  onStack = false;
  /** The footprint of the step under way, where it is kept. */
  readonly accesses: AccessLog;
  /** What watches the locks, where it is on. */
  readonly lockdep: Lockdep | null;
  /** What watches accesses, where it is on, and which of them it does not look at, by word. */
  readonly races: RaceDetector | null;
  readonly passes: Uint8Array;
  /** What its plain accesses are stamped with. */
  epoch = 0;

  constructor(
    config: CpuConfig,
    readonly machine: CpuHost,
  ) {
    super(config, machine.model);
    this.accesses = machine.accesses;
    this.lockdep = machine.lockdep;
    this.races = machine.races;
    this.passes = machine.races?.sharing.passes[this.id] ?? NONE;
  }

  override start(trace: TraceSink | null): void {
    this.onStack = false;
    super.start(trace);
  }

  /** The stack at the operation announced last; empty where the machine does not capture stacks. */
  get announcedAt(): string {
    return this.announced?.stack ?? '';
  }

  /** Whether the handler of an interrupt runs here. */
  get inInterrupt(): boolean {
    return false;
  }

  /** Whether, when it moves, it takes an interrupt and does not perform what it has announced. */
  takesInterrupt(): boolean {
    return false;
  }

  /** Moves, when it is this CPU's turn, and goes on until it is another's. */
  abstract move(): void;
  /** Takes an interrupt in the place where the CPU rests, and goes on. */
  abstract interruptWith(handler: Coroutine<void>): void;

  /** For whoever watches: the stack that announced the operation, and whether it has to wait for a lock. */
  protected noteAnnouncement(): void {
    if (this.machine.captureStacks) this.announced = new Error();
    this.noteContention();
  }
}

/**
 * A CPU whose scheduling points do not unwind: the coroutines of others run on top of its stack, and it goes on from
 * there when they have. For models whose coroutines are many calls deep.
 */
export class NestingCpu extends ControlledCpu {
  private interruption: Interruption | null = null;
  /** The word of the interrupts that wait here. */
  private readonly irqWord: number;

  constructor(config: CpuConfig, machine: CpuHost) {
    super(config, machine);
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

  override get inInterrupt(): boolean {
    return this.interruption !== null;
  }

  override takesInterrupt(): boolean {
    return this.words[this.irqWord] !== 0 && this.interruptible();
  }

  /** At the announced operation: lets others move first, takes an interrupt, or performs it. True: the CPU must yield. */
  private comeTo(): boolean {
    const { machine } = this;
    if (machine.running) {
      const next = machine.pick(this.id);
      if (next !== this.id && machine.runUntil(this.id, next)) return true;
      if (this.takesInterrupt()) return this.takeInterrupt();
    } else if (!machine.booting) {
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
    if (this.takesInterrupt()) {
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
    const { op, opAddress, opA, opB, irqflags, announced } = this;
    this.interruption = { handler, op, opAddress, opA, opB, irqflags, announced };
    return this.goOnWithInterrupt();
  }

  private goOnWithInterrupt(): boolean {
    const { handler, op, opAddress, opA, opB, irqflags, announced } = this.interruption as Interruption;
    if (!handler.next().done) return true;
    this.interruption = null;
    this.op = op;
    this.opAddress = opAddress;
    this.opA = opA;
    this.opB = opB;
    this.irqflags = irqflags;
    this.announced = announced;
    return this.comeTo();
  }
}

/**
 * A CPU whose coroutine yields at every scheduling point, and is resumed with what the operation found. For models
 * whose coroutines are hardly ever more than one call deep; it takes no interrupts.
 */
export class FlatCpu extends ControlledCpu {
  private readonly watchList = new WatchList();
  /** Plain words that the thread has read since it last stored anything: what it may poll under a lock. */
  private readonly polled = new WatchList();
  private thread: Coroutine<void> | null = null;

  override start(trace: TraceSink | null): void {
    this.onStack = false;
    this.watchList.clear();
    this.polled.clear();
    this.forget(trace);
    this.thread = this.model.begin(this);
  }

  point(op: number, address: number, a: number, b: number): boolean {
    if (this.op !== OP_START) this.misuse(`${describeOperation(this, this)} is not yielded`);
    if (!(address >= 0))
      this.misuse(`an operation (${OP_NAMES[op]}) on ${address}, which is nothing that the model declares`);
    this.op = op;
    this.opAddress = address;
    this.opA = a;
    this.opB = b;
    if (this.trace !== null) this.noteAnnouncement();
    return true;
  }

  /** A thread that does not follow the rules by which its operations are scheduled. */
  misuse(what: string): void {
    this.violate('misuse', `${this.label(this.id)}: ${what}`);
  }

  override enabled(): boolean {
    const { op } = this;
    if (op === OP_LOCK) return this.words[this.opAddress] === 0;
    if (op === OP_RELAX) return this.watchList.hasChanged(this.words) || this.polled.hasChanged(this.words);
    return isEnabledAt(op, this.words[this.opAddress] as number, this.opA);
  }

  /**
   * Words read or exchanged since the last `OP_RELAX`, with what they were then: address and value by turns. Nothing where
   * one of them has changed in between.
   */
  get watched(): Int32Array {
    const { watchList, polled } = this;
    const plain = polled.entries();
    if (plain.length === 0 && !polled.hasDiffered) return watchList.entries();
    const atomic = watchList.entries();
    return watchList.hasDiffered || polled.hasDiffered ? new Int32Array(0) : Int32Array.of(...atomic, ...plain);
  }

  /** The thread has read a plain word. */
  notePlainRead(address: number, value: number): void {
    this.polled.add(address, value);
  }

  /** The thread has stored: what it read before that is no longer what it polls. */
  noteStore(): void {
    this.polled.clear();
  }

  /** Runs to the first scheduling point. A model may have put one there itself, where a thread is not to begin yet. */
  override resume(): void {
    if (this.op === OP_START) this.goOn();
  }

  private goOn(): void {
    const { op } = this;
    if (op === OP_READ || op === OP_CMPXCHG) this.watchList.add(this.opAddress, this.result);
    else if (op === OP_XCHG) this.watchList.add(this.opAddress, this.opA);
    else if (op === OP_ADD && this.opA === 0) this.watchList.add(this.opAddress, this.result);
    else if (op === OP_WRITE || op === OP_ADD) this.polled.clear();
    else if (op === OP_RELAX) {
      this.watchList.clear();
      this.polled.clear();
    }
    // An addition finds the value before it, as `Atomics.add` does.
    const found = op === OP_ADD ? this.result - this.opA : this.result;
    // Until the thread announces another.
    this.op = OP_START;
    let done: boolean | undefined;
    try {
      done = (this.thread as Coroutine<void>).next(found as never).done;
    } catch (error) {
      throw this.exception(error);
    }
    if (done === true) {
      if (this.op !== OP_START) this.misuse(`${describeOperation(this, this)} is not yielded`);
      this.op = OP_HALT;
      this.model.ended?.(this);
    } else if (this.op === OP_START)
      this.misuse('it yields what is no operation; of those that take several steps, yield*');
  }

  /** What a thread has thrown, as a violation: that it can be thrown under this schedule is what there is to find. */
  private exception(error: unknown): Violation {
    this.op = OP_HALT;
    if (error instanceof Violation) return error;
    const violation = new Violation('exception', `${this.label(this.id)} threw ${error}`, this.id, this.current);
    if (error instanceof Error && error.stack !== undefined) violation.stack = error.stack;
    return violation;
  }

  move(): void {
    const { machine, id } = this;
    let next: number;
    do {
      this.completePoint();
      this.goOn();
      next = machine.pick(id);
    } while (next === id);
    machine.next = next;
  }

  interruptWith(): void {
    this.violate('BUG', 'an interrupt in a model of threads, which takes none');
  }
}
