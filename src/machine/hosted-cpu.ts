/** A CPU whose tasks are coroutines of this thread: what the machines have in common. */

import { Cpu, type CpuConfig } from '../sync/cpu.js';
import { type Coroutine, OP_START, type TraceSink } from '../sync/gate.js';
import type { Model } from './model.js';

export abstract class HostedCpu extends Cpu {
  /** What runs here now. */
  private coroutine: Coroutine<void> | null = null;
  /** By task: where each that has run on this CPU goes on. */
  private readonly coroutines = new Map<number, Coroutine<void>>();

  constructor(
    config: CpuConfig,
    readonly model: Model,
  ) {
    super(config);
  }

  /** Forgets the last execution, and stands at the start of the next. */
  start(trace: TraceSink | null): void {
    this.coroutines.clear();
    this.op = OP_START;
    this.opAddress = 0;
    this.opA = 0;
    this.opB = 0;
    this.result = 0;
    this.irqflags = 0;
    this.switching = false;
    this.held.length = 0;
    this.trace = trace;
    // An execution that ended in a violation leaves these words as they were.
    this.touchWord(this.data);
    const coroutine = this.model.begin(this);
    this.coroutines.set(this.current, coroutine);
    this.coroutine = coroutine;
  }

  /** Runs this CPU until it yields, through every context switch on the way. */
  resume(): void {
    for (;;) {
      const { done } = (this.coroutine as Coroutine<void>).next();
      if (done) this.violate('BUG', 'a task ran past its end');
      if (!this.switching) return;
      this.switching = false;
      let coroutine = this.coroutines.get(this.current);
      if (coroutine === undefined) {
        coroutine = this.model.resume(this);
        this.coroutines.set(this.current, coroutine);
      }
      this.coroutine = coroutine;
    }
  }

  forgetCoroutine(task: number): void {
    this.coroutines.delete(task);
  }

  replaceCoroutine(task: number, coroutine: Coroutine<void>): void {
    this.coroutines.set(task, coroutine);
  }
}
