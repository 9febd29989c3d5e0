/**
 * A simulated CPU, as kernel code sees it: memory, the gate, the state of interrupts and preemption. Machines
 * implement the gate; the model's functions are put on the prototype of the machine's CPUs (`machine/compose.ts`).
 */

import type { Access, MemoryContext } from '../memory/access.js';
import { type Arena, SHADOW_FREED_TYPESAFE, SHADOW_POINTER } from '../memory/arena.js';
import type { KasanOps } from '../memory/kasan.js';
import { type Field, int, NULL, type Ptr, struct } from '../memory/layout.js';
import { type Coroutine, OP_NAMES, OP_START, type TraceSink, Violation, type Witness } from './gate.js';

/** Per-CPU data that locking, RCU and interrupts need. One for each CPU, a static of every arena. */
export const cpu_data = struct('cpu_data', {
  /** Spinlocks held, and `preempt_disable` on top of them. Sleeping needs it to be 0. */
  preempt_count: int,
  /** 1 while interrupts are masked. */
  irqs_disabled: int,
  /** Interrupts that have been sent here and not been taken, a bit each (`IRQ_…`). The mailbox's doorbell. */
  irq_pending: int,
  rcu_nesting: int,
  /** 1 while the grace period under way waits for a quiescent state of this CPU. */
  core_needs_qs: int,
  /** 1 in user mode and in the idle loop: an extended quiescent state, nothing need be reported from there. */
  rcu_eqs: int,
});

/** Another CPU put a task on this one's wake list, or wants it to look at its flags. */
export const IRQ_RESCHEDULE = 1;
/** A timer has expired. The machine has this one taken at any scheduling point with interrupts enabled. */
export const IRQ_TIMER = 2;

export type CpuData = Ptr<'cpu_data'>;

/** What every CPU is made from. */
export interface CpuConfig {
  readonly arena: Arena;
  readonly id: number;
  readonly cpus: number;
  readonly counters: Int32Array;
}

export interface Cpu extends Access, KasanOps {}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the accessors are put on the prototype by compose
export abstract class Cpu implements MemoryContext {
  readonly arena: Arena;
  readonly words: Int32Array;
  readonly shadow: Uint8Array;
  readonly dirty: Uint8Array;
  readonly seenGeneration: Int32Array;
  readonly typesafeStart: number;
  readonly typesafeEnd: number;
  declare readonly checked: boolean;
  /** Whether what is read under RCU must be shown to be. */
  declare readonly provesRcu: boolean;
  readonly id: number;
  readonly cpus: number;
  /** Address of this CPU's `cpu_data`. */
  readonly data: CpuData;
  /** Address of every CPU's `cpu_data`, by number. */
  readonly allData: readonly CpuData[];
  /** How often each of the model's counted things happened on this CPU. */
  readonly counters: Int32Array;

  /** The task whose coroutine runs here. A copy of the run queue's `curr`. */
  current: Ptr<'task_struct'> = NULL;
  /** The operation announced last, and its operands. */
  op = OP_START;
  opAddress = 0;
  opA = 0;
  opB = 0;
  /** What the last operation found: the value loaded, or the old value of a read-modify-write. */
  result = 0;
  /** The interrupt state before the last `_irqsave`. */
  irqflags = 0;
  /** Set by `switch_to`: on the next yield the machine resumes the coroutine of `current`. */
  switching = false;
  /** Where events go, or null when nobody watches. */
  trace: TraceSink | null = null;
  /** Locks held here, in the order taken. Kept only while somebody watches. */
  readonly held: number[] = [];

  constructor(config: CpuConfig) {
    this.arena = config.arena;
    this.words = config.arena.words;
    this.shadow = config.arena.shadow;
    this.dirty = config.arena.dirty;
    this.typesafeStart = config.arena.typesafeStart;
    this.typesafeEnd = config.arena.typesafeEnd;
    this.id = config.id;
    this.cpus = config.cpus;
    this.counters = config.counters;
    this.allData = Array.from({ length: config.cpus }, (_, id) => config.arena.static(cpu_data, id));
    this.data = config.arena.static(cpu_data, config.id);
    this.seenGeneration = new Int32Array(config.arena.typesafe?.capacity ?? 0);
  }

  /**
   * Announces a visible operation.
   *
   * @param op one of `OP_…`
   * @param address the word concerned
   * @param a first operand
   * @param b second operand
   * @returns true if the caller must yield, false if the operation has been performed
   */
  abstract point(op: number, address: number, a: number, b: number): boolean;

  /** Releases a spinlock. */
  abstract releaseSpin(lock: number): void;
  /** Releases a rwlock held for reading. */
  abstract releaseRead(lock: number): void;
  /** Releases a rwlock held for writing. */
  abstract releaseWrite(lock: number): void;
  /** Takes a spinlock at once. Its critical sections contain no scheduling point, so no schedule can show who waits. */
  abstract acquireRaw(lock: number): void;
  /** Releases a spinlock that was taken at once. */
  releaseRaw(lock: number): void {
    this.releaseSpin(lock);
  }

  /** Adds to a word atomically. Not a scheduling point: for counters whose order nobody can see. */
  abstract atomicAdd(address: number, value: number): number;
  /** Sets bits atomically. Not a scheduling point: who set them first is not told, and so matters to nobody. */
  abstract atomicOr(address: number, bits: number): void;
  /**
   * Keeps some bits, clears the others atomically, and returns the old word. Not a scheduling point: a bit's old value is only for
   * one who clears it alone, as `dpor` does not try two that clear the same bit both ways.
   */
  abstract atomicAnd(address: number, bits: number): number;
  /** Exchanges a word atomically. Not a scheduling point. */
  abstract atomicXchg(address: number, value: number): number;
  /** Compares and exchanges a word atomically, and returns the old one. Not a scheduling point. */
  abstract atomicCmpxchg(address: number, expected: number, value: number): number;
  /** Loads a word that others may be storing to, where the caller's next step is a scheduling point anyway. */
  abstract peek(address: number): number;
  /** Rings another CPU's doorbell: sets interrupts pending there and wakes it if it sleeps. */
  abstract interrupt(cpu: number, irqs: number): void;
  /** Forgets the coroutine of a task that will never run again. */
  abstract forgetCoroutine(task: number): void;
  /** Replaces the running task's coroutine, for `execve`. The caller must then `switch_to` itself. */
  abstract replaceCoroutine(task: number, coroutine: Coroutine<void>): void;

  /** What reports call an address: the struct, its number, the field. Models put something better in its place. */
  describe(address: number): string {
    const object = this.arena.objectAt(address);
    return object === null ? `address ${address}` : `${object.struct.name}[${object.index}].${object.field}`;
  }

  /** What reports call an operation: `lock(siglock of process 101)`. */
  nameOperation(op: number, address: number): string {
    return `${OP_NAMES[op] ?? `operation ${op}`}(${this.describe(address)})`;
  }

  /** What reports call a CPU. Models whose CPUs stand for something else put their word for it in its place. */
  label(id: number): string {
    return `CPU ${id}`;
  }

  /** Reports a broken rule and ends the execution. */
  violate(kind: string, message: string, witnesses: readonly Witness[] = []): never {
    throw new Violation(kind, message, this.id, this.current, witnesses);
  }

  /** `BUG_ON`: the kernel would stop here. */
  BUG_ON(condition: boolean, message: string): void {
    if (condition) this.violate('BUG', `kernel BUG: ${message}`);
  }

  /** Emits one of the model's trace points. */
  emit(event: number, address: number, value: number, a = 0, b = 0): void {
    if (this.trace !== null) this.trace.emit(this.id, this.current, event, address, value, a, b);
  }

  /**
   * Checks a marked or atomic access. A freed typesafe object may be locked and looked at, and only that.
   *
   * @param write it is no mere load: what reports call it
   */
  checkMarked(address: number, write: boolean): void {
    const shadow = this.shadow[address];
    if (shadow === undefined || (shadow > SHADOW_POINTER && shadow !== SHADOW_FREED_TYPESAFE))
      this.checkAccess(address, write);
  }

  /** `WRITE_ONCE` and the like write here; also the operations that are not scheduling points. */
  touchWord(address: number): void {
    if (this.dirty[address >> 4] === 0) this.arena.touch(address >> 4);
  }

  /** Called where free objects of a slab cache are taken or given back. For machines that keep footprints. */
  useFreeObjects(_address: number): void {}

  /** Called where the shadow of an object has changed, by allocating or freeing it. For machines with checkers. */
  shadowChanged(_address: number, _words: number): void {}

  /** Called where the current task has taken a mutex, and where it gives it back. For machines with checkers. */
  mutexAcquired(_mutex: number): void {}
  mutexReleased(_mutex: number): void {}

  /** Of a lock that readers hold: whether this CPU is one of them. Only lockdep knows; without it the answer is yes. */
  holdsForReading(_lock: number): boolean {
    return true;
  }

  /** A plain load that may race, and whose caller can do with any value that it finds (`data_race`). */
  data_race(address: number): number {
    return this.load(address);
  }

  /** The caller may sleep, though it need not this time. For machines with checkers. */
  might_sleep(): void {}

  /** Emits a lock's release and strikes the lock from those held. */
  noteRelease(event: number, lock: number): void {
    const at = this.held.lastIndexOf(lock);
    if (at >= 0) this.held.splice(at, 1);
    this.emit(event, lock, 0);
  }

  /** Reports the release of a lock that this CPU does not hold. */
  badUnlock(lock: number): never {
    this.violate('bad-unlock', `WARNING: bad unlock: ${this.describe(lock)} is not held by ${this.label(this.id)}`);
  }

  /** The result of the last marked load, typed as the field it came from. */
  value<S extends string, V>(_field: Field<S, V>): V {
    return this.result as never;
  }

  preempt_disable(): void {
    const at = this.data + cpu_data.preempt_count;
    this.words[at] = (this.words[at] as number) + 1;
  }

  preempt_enable(): void {
    const at = this.data + cpu_data.preempt_count;
    this.words[at] = (this.words[at] as number) - 1;
  }

  preempt_count(): number {
    return this.words[this.data + cpu_data.preempt_count] as number;
  }

  local_irq_disable(): void {
    this.words[this.data + cpu_data.irqs_disabled] = 1;
  }

  local_irq_enable(): void {
    this.words[this.data + cpu_data.irqs_disabled] = 0;
  }

  /** Masks interrupts and leaves the state before in `irqflags`. */
  local_irq_save(): void {
    const at = this.data + cpu_data.irqs_disabled;
    this.irqflags = this.words[at] as number;
    this.words[at] = 1;
  }

  local_irq_restore(flags: number): void {
    this.words[this.data + cpu_data.irqs_disabled] = flags;
  }

  irqs_disabled(): boolean {
    return this.words[this.data + cpu_data.irqs_disabled] !== 0;
  }
}
