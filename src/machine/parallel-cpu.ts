/**
 * A CPU of the parallel machine: a worker thread of its own, really at once with the others, over real atomics.
 * Contended locks spin briefly and then sleep, as there may be more CPUs than cores.
 */

import { NULL } from '../memory/layout.js';
import { type CpuConfig, cpu_data } from '../sync/cpu.js';
import {
  OP_ADD,
  OP_AWAIT,
  OP_CMPXCHG,
  OP_IDLE,
  OP_LOCK,
  OP_READ,
  OP_READ_LOCK,
  OP_SYSCALL_EXIT,
  OP_WRITE,
  OP_WRITE_LOCK,
  OP_XCHG,
  RW_WAITING,
  RW_WRITER,
  type TraceSink,
} from '../sync/gate.js';
import { rwlock_t } from '../sync/rwlock.js';
import { SPIN_WAITERS } from '../sync/spinlock.js';
import {
  CPU_HEARTBEAT,
  CPU_STRIDE,
  CPU_TASK,
  CTL_ABORT,
  CTL_CPUS,
  CTL_IDLE,
  CTL_OVER,
  CTL_WAKES,
  IterationOver,
  SLEEP_MS,
} from './control-block.js';
import { HostedCpu } from './hosted-cpu.js';
import type { Model } from './model.js';
import { touchesWord } from './perform.js';

/** Scheduling points of one CPU after which an iteration is given up as endless. */
const MAX_POINTS = 100_000_000;

/** A CPU lets time pass at one scheduling point in this many (a power of two), while a timer is armed. */
const TICK_MASK = 1024 - 1;

/** Looks at a word this often before going to sleep on it. */
const SPINS = 100;

/** Delays put in at scheduling points, so that windows of a few instructions are met. */
export interface Noise {
  /** One scheduling point in this many is delayed; 0 for none. */
  readonly every: number;
  /** The longest delay, in turns of an empty loop. */
  readonly longest: number;
}

/** The delays that `siglab run --noise` names. */
export const NOISE: Readonly<Record<'none' | 'low' | 'high', Noise>> = {
  none: { every: 0, longest: 0 },
  low: { every: 16, longest: 2_000 },
  high: { every: 4, longest: 20_000 },
};

export class ParallelCpu extends HostedCpu {
  /** True once this iteration is over for everybody. */
  over = false;
  noise: Noise = NOISE.none;
  /** State of the generator of delays; seeded by the host, so that CPUs differ. */
  seed = 1;
  private readonly own: number;
  private readonly clockWord: number;
  private spun = 0;
  private points = 0;

  constructor(
    config: CpuConfig,
    model: Model,
    readonly control: Int32Array,
  ) {
    super(config, model);
    this.own = CTL_CPUS + CPU_STRIDE * config.id;
    this.clockWord = model.clock?.armed(config.arena) ?? NULL;
  }

  override start(trace: TraceSink | null): void {
    this.points = 0;
    super.start(trace);
  }

  point(op: number, address: number, a: number, b: number): boolean {
    this.op = op;
    this.opAddress = address;
    if (this.control[CTL_OVER] !== 0) throw new IterationOver('another CPU ended it');
    const { control, own } = this;
    control[own + CPU_HEARTBEAT] = (control[own + CPU_HEARTBEAT] as number) + 1;
    control[own + CPU_TASK] = this.current;
    if (++this.points > MAX_POINTS) {
      this.violate('step-limit', `no end after ${MAX_POINTS} scheduling points of CPU ${this.id}`);
    }
    if (this.noise.every !== 0) this.delay();
    if (this.words[this.clockWord] !== 0 && (this.points & TICK_MASK) === 0) this.model.clock?.tick(this);
    if (this.interruptible()) {
      this.runInterrupt();
      this.op = op;
      this.opAddress = address;
    }
    if (this.checked && this.shadow[address] !== 0 && touchesWord(op)) this.checkMarked(address, op !== OP_READ);
    return this.perform(op, address, a, b);
  }

  /** True only when nothing is left to do: the caller yields, and the iteration ends. */
  private perform(op: number, address: number, a: number, b: number): boolean {
    const { words } = this;
    switch (op) {
      case OP_READ:
      case OP_SYSCALL_EXIT:
        this.result = Atomics.load(words, address);
        if (this.checked) this.noteLoad(this.result);
        return false;
      case OP_WRITE:
        this.touchWord(address);
        Atomics.store(words, address, a);
        this.result = a;
        return false;
      case OP_XCHG:
        this.touchWord(address);
        this.result = Atomics.exchange(words, address, a);
        if (this.checked) this.noteLoad(this.result);
        return false;
      case OP_CMPXCHG:
        this.touchWord(address);
        this.result = Atomics.compareExchange(words, address, a, b);
        if (this.checked) this.noteLoad(this.result);
        return false;
      case OP_ADD:
        this.touchWord(address);
        this.result = (Atomics.add(words, address, a) + a) | 0;
        return false;
      case OP_LOCK:
        this.acquireSpin(address);
        return false;
      case OP_READ_LOCK:
        this.acquireRead(address);
        return false;
      case OP_WRITE_LOCK:
        this.acquireWrite(address);
        return false;
      case OP_AWAIT:
        this.awaitWord(address, a);
        return false;
      case OP_IDLE:
        return !this.idle(address, a);
      default:
        return false;
    }
  }

  private noteLoad(value: number): void {
    if (value >= this.typesafeStart && value < this.typesafeEnd) this.notePointer(value);
  }

  /** Takes up a little time, now and then. */
  private delay(): void {
    let s = this.seed;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.seed = s;
    const random = s >>> 0;
    if (random % this.noise.every !== 0) return;
    const turns = (random >>> 8) % this.noise.longest;
    for (let turn = 0; turn < turns; turn++) this.spun = (this.spun + turn) | 0;
  }

  /** Sleeps until a word changes from `value`, or for a while; ends the iteration if it is to end. */
  private sleep(address: number, value: number): void {
    Atomics.wait(this.words, address, value, SLEEP_MS);
    if (Atomics.load(this.control, CTL_OVER) !== 0 || Atomics.load(this.control, CTL_ABORT) !== 0) {
      throw new IterationOver('another CPU ended it');
    }
  }

  private acquireSpin(lock: number): void {
    const { words } = this;
    this.touchWord(lock);
    const owned = this.id + 1;
    for (let spins = 0; spins < SPINS; spins++) {
      if (Atomics.compareExchange(words, lock, 0, owned) === 0) return;
    }
    for (;;) {
      const word = Atomics.load(words, lock);
      if (word === 0) {
        // Whoever has slept takes it with the flag on: others may be asleep behind it.
        if (Atomics.compareExchange(words, lock, 0, owned | SPIN_WAITERS) === 0) return;
      } else if ((word & SPIN_WAITERS) === 0) {
        Atomics.compareExchange(words, lock, word, word | SPIN_WAITERS);
      } else {
        this.sleep(lock, word);
      }
    }
  }

  releaseSpin(lock: number): void {
    if ((Atomics.exchange(this.words, lock, 0) & SPIN_WAITERS) !== 0) Atomics.notify(this.words, lock, 1);
  }

  acquireRaw(lock: number): void {
    this.acquireSpin(lock);
  }

  /** A reader takes it at once unless a writer has it or waits for it; then it queues, so that writers get their turn. */
  private acquireRead(lock: number): void {
    const { words } = this;
    this.touchWord(lock);
    for (let spins = 0; spins < SPINS; spins++) {
      const state = Atomics.load(words, lock);
      if ((state & (RW_WRITER | RW_WAITING)) !== 0) break;
      if (Atomics.compareExchange(words, lock, state, state + 1) === state) return;
    }
    this.acquireSpin(lock + rwlock_t.queue);
    for (;;) {
      const sequence = Atomics.load(words, lock + rwlock_t.sequence);
      const state = Atomics.load(words, lock);
      if ((state & RW_WRITER) === 0) {
        if (Atomics.compareExchange(words, lock, state, state + 1) === state) break;
      } else {
        this.sleep(lock + rwlock_t.sequence, sequence);
      }
    }
    this.releaseSpin(lock + rwlock_t.queue);
  }

  private acquireWrite(lock: number): void {
    const { words } = this;
    this.touchWord(lock);
    const owned = RW_WRITER | (this.id + 1);
    if (Atomics.compareExchange(words, lock, 0, owned) === 0) return;
    this.acquireSpin(lock + rwlock_t.queue);
    for (;;) {
      const sequence = Atomics.load(words, lock + rwlock_t.sequence);
      const state = Atomics.load(words, lock);
      if ((state & ~RW_WAITING) === 0) {
        if (Atomics.compareExchange(words, lock, state, owned) === state) break;
      } else if ((state & RW_WAITING) === 0) {
        Atomics.compareExchange(words, lock, state, state | RW_WAITING);
      } else {
        this.sleep(lock + rwlock_t.sequence, sequence);
      }
    }
    this.releaseSpin(lock + rwlock_t.queue);
  }

  releaseRead(lock: number): void {
    Atomics.sub(this.words, lock, 1);
    this.wakeQueue(lock);
  }

  releaseWrite(lock: number): void {
    Atomics.and(this.words, lock, RW_WAITING);
    this.wakeQueue(lock);
  }

  /** Wakes the one at the head of a rwlock's queue, if there is one. */
  private wakeQueue(lock: number): void {
    if (Atomics.load(this.words, lock + rwlock_t.queue) === 0) return;
    this.touchWord(lock);
    Atomics.add(this.words, lock + rwlock_t.sequence, 1);
    Atomics.notify(this.words, lock + rwlock_t.sequence);
  }

  /** Waits until a word has a value. Whoever stores it does not notify, so the sleep is short. */
  private awaitWord(address: number, value: number): void {
    for (let spins = 0; ; spins++) {
      const word = Atomics.load(this.words, address);
      if (word === value) return;
      if (spins < SPINS) continue;
      Atomics.wait(this.words, address, word, 1);
      if (Atomics.load(this.control, CTL_OVER) !== 0) throw new IterationOver('another CPU ended it');
    }
  }

  /** Idle until an interrupt comes that is for the kernel to take. @returns false if the iteration is over */
  private idle(doorbell: number, busy: number): boolean {
    while (this.waitForInterrupt(doorbell, busy)) {
      if (!this.interruptible()) return true;
      this.runInterrupt();
      this.op = OP_IDLE;
      this.opAddress = doorbell;
    }
    return false;
  }

  /**
   * Idle: sleeps on the doorbell. The last CPU to come to rest, with nobody's doorbell rung, ends the iteration.
   *
   * @returns false if the iteration is over
   */
  private waitForInterrupt(doorbell: number, busy: number): boolean {
    const { words, control } = this;
    if (busy !== 0 || Atomics.load(words, doorbell) !== 0) return true;
    Atomics.add(control, CTL_IDLE, 1);
    const wakes = Atomics.load(control, CTL_WAKES);
    if (this.everybodyIsAtRest()) {
      if (Atomics.load(words, this.clockWord) !== 0) {
        this.model.clock?.tick(this);
      } else if (this.everybodyIsAtRest() && Atomics.load(control, CTL_WAKES) === wakes) {
        // Looked at twice: another CPU that came to rest at the same time may have sent the last timer's interrupt.
        Atomics.store(control, CTL_OVER, 1);
        this.ringAll();
      }
    }
    while (Atomics.load(words, doorbell) === 0) {
      if (Atomics.load(control, CTL_OVER) !== 0) {
        this.over = true;
        return false;
      }
      if (Atomics.load(control, CTL_ABORT) !== 0) throw new IterationOver('aborted');
      Atomics.wait(words, doorbell, 0, SLEEP_MS);
    }
    // In this order: see everybodyIsAtRest.
    Atomics.sub(control, CTL_IDLE, 1);
    Atomics.add(control, CTL_WAKES, 1);
    return true;
  }

  /**
   * Whether all CPUs are idle and no doorbell is rung. Only a CPU that is awake rings one, so it is enough that all
   * were idle at one moment and that nobody woke while the doorbells were looked at. A CPU that wakes leaves the idle
   * ones first, then counts its waking, then clears its doorbell: one that was counted as idle here, and whose doorbell
   * is found clear, has therefore counted its waking after `wakes` was read.
   */
  private everybodyIsAtRest(): boolean {
    const { words, control } = this;
    const wakes = Atomics.load(control, CTL_WAKES);
    if (Atomics.load(control, CTL_IDLE) !== this.cpus) return false;
    const quiet = this.allData.every((data) => Atomics.load(words, data + cpu_data.irq_pending) === 0);
    return quiet && Atomics.load(control, CTL_WAKES) === wakes;
  }

  /** Wakes every CPU that sleeps on its doorbell, to look whether the iteration is over. */
  ringAll(): void {
    for (const data of this.allData) Atomics.notify(this.words, data + cpu_data.irq_pending);
  }

  interrupt(cpu: number, irqs: number): void {
    const doorbell = (this.allData[cpu] as number) + cpu_data.irq_pending;
    this.touchWord(doorbell);
    Atomics.or(this.words, doorbell, irqs);
    if (cpu !== this.id) Atomics.notify(this.words, doorbell);
  }

  atomicAdd(address: number, value: number): number {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, true);
    this.touchWord(address);
    return (Atomics.add(this.words, address, value) + value) | 0;
  }

  atomicOr(address: number, bits: number): void {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, true);
    this.touchWord(address);
    Atomics.or(this.words, address, bits);
  }

  atomicAnd(address: number, bits: number): number {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, true);
    this.touchWord(address);
    return Atomics.and(this.words, address, bits);
  }

  atomicXchg(address: number, value: number): number {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, true);
    this.touchWord(address);
    return Atomics.exchange(this.words, address, value);
  }

  atomicCmpxchg(address: number, expected: number, value: number): number {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, true);
    this.touchWord(address);
    return Atomics.compareExchange(this.words, address, expected, value);
  }

  peek(address: number): number {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, false);
    return Atomics.load(this.words, address);
  }
}
