/** A CPU whose tasks are coroutines of this thread: what the machines have in common. */

import { Cpu, type CpuConfig } from '../sync/cpu.js';
import { type Coroutine, OP_START, type TraceSink } from '../sync/gate.js';
import { isInterruptible } from './enabled.js';
import type { Model } from './model.js';

export abstract class HostedCpu extends Cpu {
  /** What runs here now. */
  private coroutine: Coroutine<void> | null = null;
  /** Tasks that have run on this CPU, and where each goes on: a few, so that a search is shorter than a hash. */
  private readonly startedTasks: number[] = [];
  private readonly startedCoroutines: Coroutine<void>[] = [];

  constructor(
    config: CpuConfig,
    readonly model: Model,
  ) {
    super(config);
  }

  /** Forgets the last execution, and stands at the start of the next. */
  start(trace: TraceSink | null): void {
    this.forget(trace);
    this.startedTasks.length = 0;
    this.startedCoroutines.length = 0;
    // An execution that ended in a violation leaves these words as they were.
    this.touchWord(this.data);
    const coroutine = this.model.begin(this);
    this.replaceCoroutine(this.current, coroutine);
    this.coroutine = coroutine;
  }

  /** Announces nothing, holds nothing. */
  protected forget(trace: TraceSink | null): void {
    this.op = OP_START;
    this.opAddress = 0;
    this.opA = 0;
    this.opB = 0;
    this.result = 0;
    this.irqflags = 0;
    this.switching = false;
    if (this.held.length !== 0) this.held.length = 0;
    this.trace = trace;
  }

  /** Runs this CPU until it yields, through every context switch on the way. */
  resume(): void {
    for (;;) {
      const { done } = (this.coroutine as Coroutine<void>).next();
      if (done) this.violate('BUG', 'a task ran past its end');
      if (!this.switching) return;
      this.switching = false;
      const at = this.startedTasks.indexOf(this.current);
      if (at >= 0) {
        this.coroutine = this.startedCoroutines[at] as Coroutine<void>;
      } else {
        this.coroutine = this.model.resume(this);
        this.replaceCoroutine(this.current, this.coroutine);
      }
    }
  }

  /** Whether a timer interrupt waits here and may come. */
  interruptible(): boolean {
    return isInterruptible(this.words, this.data);
  }

  /** The handler of the timer interrupt, from its start. */
  interruptHandler(): Coroutine<void> {
    const { clock } = this.model;
    if (clock === undefined) this.violate('BUG', 'a timer interrupt in a model without a clock');
    return clock.interrupt(this);
  }

  /** Takes the timer interrupt, from its start to its end. For CPUs that are threads: they wait inside `point`. */
  protected runInterrupt(): void {
    const { irqflags } = this;
    if (!this.interruptHandler().next().done) this.violate('BUG', 'the handler of an interrupt gave its CPU away');
    this.irqflags = irqflags;
  }

  forgetCoroutine(task: number): void {
    const at = this.startedTasks.indexOf(task);
    if (at < 0) return;
    const lastTask = this.startedTasks.pop() as number;
    const last = this.startedCoroutines.pop() as Coroutine<void>;
    if (lastTask === task) return;
    this.startedTasks[at] = lastTask;
    this.startedCoroutines[at] = last;
  }

  replaceCoroutine(task: number, coroutine: Coroutine<void>): void {
    const at = this.startedTasks.indexOf(task);
    if (at >= 0) {
      this.startedCoroutines[at] = coroutine;
    } else {
      this.startedTasks.push(task);
      this.startedCoroutines.push(coroutine);
    }
  }
}
