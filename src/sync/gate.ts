/**
 * The gate: every operation that another CPU can observe goes through `cpu.point(op, …)`, and nothing else schedules.
 *
 * Kernel code asks first and yields only where another CPU is to move before it:
 *
 *     if (this.spin_lock(lock)) yield;
 *
 * `point` announces the operation. False: it has been performed, go on. True: yield, and whoever resumes this CPU
 * performs the operation before it goes on. So a CPU that does not run is parked exactly before its next visible
 * operation, and a scheduling point that keeps the same CPU never unwinds the coroutine's frames.
 */

/** Nothing announced: the CPU is at the start of its coroutine. */
export const OP_START = 0;
/** A marked load (`READ_ONCE`, `rcu_dereference`). */
export const OP_READ = 1;
/** A marked store (`WRITE_ONCE`, `rcu_assign_pointer`); `a` is the value. */
export const OP_WRITE = 2;
/** Atomic exchange; `a` is the new value, the result is the old one. */
export const OP_XCHG = 3;
/** Atomic compare and exchange; `a` is expected, `b` the new value, the result is the old one. */
export const OP_CMPXCHG = 4;
/** Atomic add; `a` is added, the result is the new value. */
export const OP_ADD = 5;
/** Acquire of a spinlock. Not enabled while it is held. */
export const OP_LOCK = 6;
/** Acquire of a rwlock for reading. Not enabled while a writer holds it. */
export const OP_READ_LOCK = 7;
/** Acquire of a rwlock for writing. Not enabled while anybody holds it. */
export const OP_WRITE_LOCK = 8;
/** Waits until a word has the value `a` (`smp_cond_load_acquire`). */
export const OP_AWAIT = 9;
/** The current task gives up its CPU; `address` is the task. */
export const OP_SCHEDULE = 10;
/** From user mode into the kernel; `a` is the number of the system call. */
export const OP_SYSCALL_ENTRY = 11;
/** From the kernel back to user mode: the thread's work flags are looked at. `address` is the word they are in. */
export const OP_SYSCALL_EXIT = 12;
/** Nothing to run. Enabled by an interrupt: `address` is the word of those pending. */
export const OP_IDLE = 13;
/** Stopped for good. Never enabled. */
export const OP_HALT = 14;

/** Waits until a word is greater than `a`. */
export const OP_AWAIT_ABOVE = 15;
/** Waits until one of the words that this CPU has read since its last such wait has another value (`cpu_relax`). */
export const OP_RELAX = 16;

/** Second operand of `OP_WRITE`: what was stored before is seen by whoever loads this (`smp_store_release`). */
export const ORDER_RELEASE = 1;

export const OP_NAMES = [
  'start',
  'read',
  'write',
  'xchg',
  'cmpxchg',
  'add',
  'lock',
  'read_lock',
  'write_lock',
  'await',
  'schedule',
  'syscall',
  'sysret',
  'idle',
  'halt',
  'await_above',
  'relax',
] as const;

/** Releases of locks are events, not scheduling points: going on a little longer with a lock held hides nothing. */
export const EVENT_UNLOCK = 20;
export const EVENT_READ_UNLOCK = 21;
export const EVENT_WRITE_UNLOCK = 22;
/** A lock is wanted that somebody holds: the CPU waits. */
export const EVENT_CONTENDED = 23;
/** Events from here on are the model's own trace points. */
export const EVENT_MODEL = 32;

/** A writer holds the rwlock; the low bits are its CPU's number plus one. Without it they count the readers. */
export const RW_WRITER = 1 << 29;
/** A writer waits for the readers to leave; no more are let in past it. Only real threads set it. */
export const RW_WAITING = 1 << 28;

/** Where a run's events go. One sink serves a run; only one CPU at a time emits. */
export interface TraceSink {
  /**
   * @param cpu the CPU's number
   * @param task the current task's address
   * @param event an operation, an `EVENT_…`, or one of the model's trace points
   * @param address the word or the object concerned
   * @param value what was read, written or found
   */
  emit(cpu: number, task: number, event: number, address: number, value: number, a: number, b: number): void;
}

/** Something that happened before a violation and is part of its explanation. */
export interface Witness {
  /** One line without a full stop. */
  readonly what: string;
  /** Where it happened: a stack, empty where stacks were not captured. */
  readonly stack: string;
}

/**
 * A broken rule, found by a checker or asserted by the model. Ends the execution.
 *
 * @example
 * const { violation } = found;
 * violation instanceof Violation; // true
 * violation.kind; // 'invariant'
 * console.log(violation.message, violation.witnesses.map(({ what }) => what));
 */
export class Violation extends Error {
  /** Whether those made now know their stack. It costs more than all else in a short execution that nobody looks at. */
  static keepsStack = true;
  override readonly name = 'Violation';

  /**
   * @param kind the checker's word for it: `use-after-free`, `deadlock`, `invariant`, …
   * @param message one sentence
   * @param cpu where it was found, −1 for the machine as a whole
   * @param task the task that was current there, 0 for none
   * @param witnesses what led to it, the latest first
   */
  constructor(
    readonly kind: string,
    message: string,
    readonly cpu: number,
    readonly task: number,
    readonly witnesses: readonly Witness[] = [],
  ) {
    const limit = Error.stackTraceLimit;
    if (!Violation.keepsStack) Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
  }
}

/** What runs in a CPU: kernel code and user programs, as coroutines that yield only to let somebody else go first. */
export type Coroutine<T> = Generator<void, T, void>;
