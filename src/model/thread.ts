/** What the threads of a model of one's own can do. */

import type { FlatCpu } from '../machine/controlled-cpu.js';
import {
  EVENT_READ_UNLOCK,
  EVENT_UNLOCK,
  EVENT_WRITE_UNLOCK,
  OP_ADD,
  OP_AWAIT,
  OP_AWAIT_ABOVE,
  OP_CMPXCHG,
  OP_LOCK,
  OP_READ,
  OP_READ_LOCK,
  OP_RELAX,
  OP_WRITE,
  OP_WRITE_LOCK,
  OP_XCHG,
  RW_WRITER,
} from '../sync/gate.js';
import { EVENT_LEAVE, EVENT_PLAIN_READ, EVENT_PLAIN_WRITE, EVENT_WAKE } from './tell.js';

/** Words of an RCU: the lock of those who wait, whether readers are counted in the first or the second count, the counts. */
export const RCU_WORDS = ['', '.phase', '.readers[0]', '.readers[1]'] as const;
const RCU_PHASE = 1;
const RCU_READERS = 2;

interface Section {
  readonly phase: number;
  nesting: number;
}

/** The word that counts the readers of a phase. */
function readersOf(rcu: number, phase: number): number {
  return rcu + RCU_READERS + phase;
}

declare const role: unique symbol;
/** The address of something shared, with what it is. */
type Shared<R extends string> = number & { readonly [role]: R };

/** A shared 32-bit integer with atomic operations. */
export type Cell = Shared<'cell'>;
/** A shared 32-bit integer without: two threads that use it at once, one of them to write, have a data race. */
export type Plain = Shared<'plain'>;
/** A lock that one thread has at a time, and that only it gives back. */
export type Mutex = Shared<'mutex'>;
/** A lock that any number of readers have at once, or one writer. */
export type RwLock = Shared<'rwlock'>;
/** A condition variable. Those who wait are woken in the order in which they came, and never for nothing. */
export type Condition = Shared<'condition'>;
/** A count that is waited for to be above 0. */
export type Semaphore = Shared<'semaphore'>;
/** A place where threads wait until as many have come as it is for. */
export type Barrier = Shared<'barrier'>;
/** What is read under RCU, and changed by those who wait for its readers. */
export type Rcu = Shared<'rcu'>;
/** Another thread, to be started or waited for. */
export type ThreadRef = Shared<'thread'>;

/** What a thread does: a generator that yields each operation whose place among those of others matters. */
export type ThreadBody = (t: Thread) => Generator<boolean, void, number>;
/** A part of what a thread does, called with `yield*`. */
export type Steps<T> = Generator<boolean, T, number>;

/**
 * A thread of a model. Operations that are a scheduling point are yielded, and the `yield` gives what they found;
 * others are done at once.
 *
 * @example
 * const withdraw: ThreadBody = function* (t) {
 *   yield t.lock(mutex);
 *   t.write(balance, t.read(balance) - 10);
 *   t.unlock(mutex);
 *   const before = yield t.fetchAdd(withdrawals, 1);
 *   t.assert(before < 2, 'a third withdrawal');
 * };
 */
export class Thread {
  /** The read-side sections that the thread is in: of which RCU, which of its two counts it is in, and how deep. */
  private readonly sections = new Map<Rcu, Section>();

  /** The locks that the thread has as a reader, each as often as it has it, or is about to wait for; and how many they are. */
  private readonly reading: number[] = [];
  private readings = 0;

  /** Operations of several steps that were called, and those that have begun: one that is not yielded never does. */
  private calls = 0;
  private begun = 0;
  private lastCalled = '';
  private suspect = '';

  constructor(private readonly cpu: FlatCpu) {}

  /** Begins an execution. */
  forget(): void {
    if (this.sections.size > 0) this.sections.clear();
    this.readings = 0;
    this.calls = 0;
    this.begun = 0;
    this.suspect = '';
  }

  /** Once the thread has ended: an operation of several steps that was called and never begun; null if there is none. */
  get forgotten(): string | null {
    if (this.calls === this.begun) return null;
    return this.suspect === '' ? this.lastCalled : this.suspect;
  }

  private called(name: string): void {
    if (this.calls > this.begun && this.suspect === '') this.suspect = this.lastCalled;
    this.calls++;
    this.lastCalled = name;
  }

  /** Whether the thread has a lock as a reader. */
  reads(lock: number): boolean {
    return this.readingOf(lock) >= 0;
  }

  /** Where the last of its readings of a lock is noted; −1 if there is none. */
  private readingOf(lock: number): number {
    let at = this.readings - 1;
    while (at >= 0 && this.reading[at] !== lock) at--;
    return at;
  }

  /** Whether the thread is in a read-side section. */
  get isReading(): boolean {
    return this.sections.size > 0;
  }

  /** The counts of readers that the thread is in. */
  get readerCounts(): readonly number[] {
    return [...this.sections].map(([rcu, { phase }]) => readersOf(rcu, phase));
  }

  /** The thread's number, from 0, in the order in which the model declares them. */
  get id(): number {
    return this.cpu.id;
  }

  /** Loads a cell. The `yield` gives its value. */
  load(cell: Cell): boolean {
    return this.cpu.point(OP_READ, cell, 0, 0);
  }

  /** Stores to a cell. */
  store(cell: Cell, value: number): boolean {
    return this.cpu.point(OP_WRITE, cell, value | 0, 0);
  }

  /** Stores to a cell; the `yield` gives the value before. */
  exchange(cell: Cell, value: number): boolean {
    return this.cpu.point(OP_XCHG, cell, value | 0, 0);
  }

  /** Stores to a cell if it holds `expected`; the `yield` gives the value before: `expected` if it was stored. */
  compareExchange(cell: Cell, expected: number, value: number): boolean {
    return this.cpu.point(OP_CMPXCHG, cell, expected | 0, value | 0);
  }

  /** Adds to a cell, modulo 2³²; the `yield` gives the value before. */
  fetchAdd(cell: Cell, value: number): boolean {
    return this.cpu.point(OP_ADD, cell, value | 0, 0);
  }

  /** Reads a plain variable, at once. */
  read(variable: Plain): number {
    if (!(variable >= 0))
      this.cpu.misuse(`an operation (read) on ${variable}, which is nothing that the model declares`);
    // Before a checker ends the execution because of it.
    if (this.cpu.trace !== null) this.cpu.emit(EVENT_PLAIN_READ, variable, this.cpu.words[variable] as number);
    const value = this.cpu.load(variable);
    this.cpu.notePlainRead(variable, value);
    return value;
  }

  /** Writes a plain variable, at once. */
  write(variable: Plain, value: number): void {
    if (!(variable >= 0))
      this.cpu.misuse(`an operation (write) on ${variable}, which is nothing that the model declares`);
    if (this.cpu.trace !== null) this.cpu.emit(EVENT_PLAIN_WRITE, variable, value | 0);
    this.cpu.store(variable, value | 0);
    this.cpu.noteStore();
  }

  /** Waits until a cell holds a value. */
  until(cell: Cell, value: number): boolean {
    return this.cpu.point(OP_AWAIT, cell, value | 0, 0);
  }

  /** Waits until a cell is greater than a value. The `yield` gives what it is. */
  untilAbove(cell: Cell, value: number): boolean {
    return this.cpu.point(OP_AWAIT_ABOVE, cell, value | 0, 0);
  }

  /**
   * For the body of a loop that spins: goes on when one of the cells that this thread has loaded or exchanged since
   * it last relaxed holds another value than each time then; or a plain variable that it has read since it last relaxed
   * or stored, as one that is polled under a mutex. To add 0 is to load. A loop that spins without it has executions
   * without end.
   */
  relax(): boolean {
    return this.cpu.point(OP_RELAX, 0, 0, 0);
  }

  /** Takes a mutex, and waits while another thread, or this one, has it. */
  lock(mutex: Mutex): boolean {
    return this.cpu.point(OP_LOCK, mutex, 0, 0);
  }

  /** Takes a mutex if nobody has it: whether it did. */
  tryLock(mutex: Mutex): Steps<boolean> {
    this.called('tryLock');
    return this.tryLockSteps(mutex);
  }

  private *tryLockSteps(mutex: Mutex): Steps<boolean> {
    this.begun++;
    const owner = yield this.cpu.point(OP_CMPXCHG, mutex, 0, this.cpu.id + 1);
    return owner === 0;
  }

  /** Releases a mutex, at once. It is a `bad-unlock` where this thread does not have it. */
  unlock(mutex: Mutex): void {
    const { cpu } = this;
    if (cpu.words[mutex] !== cpu.id + 1) cpu.badUnlock(mutex);
    if (cpu.trace !== null) cpu.noteRelease(EVENT_UNLOCK, mutex);
    cpu.releaseSpin(mutex);
  }

  /** Takes a lock that any number of readers can have at once. */
  readLock(lock: RwLock): boolean {
    this.reading[this.readings++] = lock;
    return this.cpu.point(OP_READ_LOCK, lock, 0, 0);
  }

  /** Releases it as a reader, at once. It is a `bad-unlock` where this thread does not have it as one. */
  readUnlock(lock: RwLock): void {
    const { cpu, reading } = this;
    const at = this.readingOf(lock);
    if (at < 0) cpu.badUnlock(lock);
    reading[at] = reading[--this.readings] as number;
    if (cpu.trace !== null) cpu.noteRelease(EVENT_READ_UNLOCK, lock);
    cpu.releaseRead(lock);
  }

  /** Takes the lock alone. */
  writeLock(lock: RwLock): boolean {
    return this.cpu.point(OP_WRITE_LOCK, lock, 0, 0);
  }

  /** Releases it as its writer, at once. It is a `bad-unlock` where this thread is not. */
  writeUnlock(lock: RwLock): void {
    const { cpu } = this;
    if (cpu.words[lock] !== (RW_WRITER | (cpu.id + 1))) cpu.badUnlock(lock);
    if (cpu.trace !== null) cpu.noteRelease(EVENT_WRITE_UNLOCK, lock);
    cpu.releaseWrite(lock);
  }

  /** Releases the mutex, waits to be woken, and takes the mutex again. */
  wait(condition: Condition, mutex: Mutex): Steps<void> {
    this.called('wait');
    return this.waitSteps(condition, mutex);
  }

  private *waitSteps(condition: Condition, mutex: Mutex): Steps<void> {
    this.begun++;
    const { cpu } = this;
    const place = yield cpu.point(OP_ADD, condition, 1, 0);
    this.unlock(mutex);
    yield cpu.point(OP_AWAIT_ABOVE, condition + 1, place, 0);
    yield this.lock(mutex);
  }

  /** Wakes the one that has waited longest, if anybody waits. */
  signal(condition: Condition): Steps<void> {
    this.called('signal');
    return this.signalSteps(condition);
  }

  private *signalSteps(condition: Condition): Steps<void> {
    this.begun++;
    const { cpu } = this;
    const came = yield cpu.point(OP_READ, condition, 0, 0);
    const woken = cpu.peek(condition + 1);
    if (cpu.trace !== null) cpu.emit(EVENT_WAKE, condition, woken < came ? 1 : 0);
    if (woken < came) cpu.atomicXchg(condition + 1, woken + 1);
  }

  /** Wakes all that wait. */
  broadcast(condition: Condition): Steps<void> {
    this.called('broadcast');
    return this.broadcastSteps(condition);
  }

  private *broadcastSteps(condition: Condition): Steps<void> {
    this.begun++;
    const { cpu } = this;
    const came = yield cpu.point(OP_READ, condition, 0, 0);
    const woken = cpu.peek(condition + 1);
    if (cpu.trace !== null) cpu.emit(EVENT_WAKE, condition, Math.max(came - woken, 0));
    if (woken < came) cpu.atomicXchg(condition + 1, came);
  }

  /** Waits until a semaphore is above 0, and counts it down. */
  acquire(semaphore: Semaphore): Steps<void> {
    this.called('acquire');
    return this.acquireSteps(semaphore);
  }

  private *acquireSteps(semaphore: Semaphore): Steps<void> {
    this.begun++;
    yield this.cpu.point(OP_AWAIT_ABOVE, semaphore, 0, 0);
    this.cpu.atomicXchg(semaphore, (this.cpu.words[semaphore] as number) - 1);
  }

  /** Counts a semaphore up. */
  release(semaphore: Semaphore): boolean {
    return this.cpu.point(OP_ADD, semaphore, 1, 0);
  }

  /** Waits until as many have come as the barrier is for: true for the last of them. */
  arrive(barrier: Barrier): Steps<boolean> {
    this.called('arrive');
    return this.arriveSteps(barrier);
  }

  private *arriveSteps(barrier: Barrier): Steps<boolean> {
    this.begun++;
    const { cpu } = this;
    const parties = cpu.words[barrier + 2] as number;
    const before = yield cpu.point(OP_ADD, barrier, 1, 0);
    const round = Math.floor(before / parties);
    if ((before + 1) % parties === 0) {
      cpu.atomicXchg(barrier + 1, round + 1);
      return true;
    }
    yield cpu.point(OP_AWAIT_ABOVE, barrier + 1, round, 0);
    return false;
  }

  /**
   * Enters a read-side section: what the thread finds there is not changed under it by one who waits with
   * `synchronizeRcu`. Sections may be nested.
   */
  rcuReadLock(rcu: Rcu): Steps<void> {
    this.called('rcuReadLock');
    return this.rcuReadLockSteps(rcu);
  }

  private *rcuReadLockSteps(rcu: Rcu): Steps<void> {
    this.begun++;
    const { cpu, sections } = this;
    const inside = sections.get(rcu);
    if (inside !== undefined) {
      inside.nesting++;
      return;
    }
    const phase = (yield cpu.point(OP_READ, rcu + RCU_PHASE, 0, 0)) & 1;
    const readers = readersOf(rcu, phase);
    cpu.atomicXchg(readers, (cpu.words[readers] as number) + 1);
    sections.set(rcu, { phase, nesting: 1 });
  }

  /** Leaves it, at once. */
  rcuReadUnlock(rcu: Rcu): void {
    const { cpu, sections } = this;
    const inside = sections.get(rcu);
    if (inside === undefined) {
      cpu.violate('rcu-usage', `WARNING: rcu_read_unlock() of ${cpu.describe(rcu)} without rcu_read_lock()`);
      return;
    }
    if (--inside.nesting > 0) return;
    if (cpu.trace !== null) cpu.emit(EVENT_LEAVE, rcu, 0);
    sections.delete(rcu);
    const readers = readersOf(rcu, inside.phase);
    cpu.atomicXchg(readers, (cpu.words[readers] as number) - 1);
  }

  /**
   * Waits for a grace period: until everybody who is in a read-side section now has left it. After `synchronize_srcu`: new
   * readers are counted apart, and one grace period is waited for at a time.
   */
  synchronizeRcu(rcu: Rcu): Steps<void> {
    this.called('synchronizeRcu');
    return this.synchronizeRcuSteps(rcu);
  }

  private *synchronizeRcuSteps(rcu: Rcu): Steps<void> {
    this.begun++;
    const { cpu } = this;
    if (this.sections.has(rcu)) {
      cpu.violate('rcu-usage', `WARNING: illegal synchronize_rcu() in a read-side section of ${cpu.describe(rcu)}`);
    }
    yield cpu.point(OP_LOCK, rcu, 0, 0);
    const before = cpu.atomicXchg(rcu + RCU_PHASE, (cpu.words[rcu + RCU_PHASE] as number) ^ 1) & 1;
    yield cpu.point(OP_AWAIT, readersOf(rcu, before), 0, 0);
    cpu.releaseSpin(rcu);
  }

  /** Starts a thread that the model declares with `spawned`. */
  start(thread: ThreadRef): boolean {
    return this.cpu.point(OP_WRITE, thread, 1, 0);
  }

  /** Waits until a thread has ended. */
  join(thread: ThreadRef): boolean {
    return this.cpu.point(OP_AWAIT, thread + 1, 1, 0);
  }

  /** Ends the execution with a violation if the condition does not hold. */
  assert(condition: boolean, message: string): void {
    if (!condition) this.cpu.violate('assertion', `assertion failed: ${message}`);
  }
}
