/**
 * The operations of a CPU with its accesses told to the race detector: put over a machine's own.
 *
 * What orders, as in the kernel's memory model: locks; a release, and a load that finds what was released (an acquire, or
 * `rcu_dereference`, whose dependency is taken to order all that follows); a read-modify-write whose result is used; an
 * interrupt, between who sent it and who takes it. A marked access alone orders nothing.
 */

import type { Field, Ptr } from '../../memory/layout.js';
import { cpu_data } from '../../sync/cpu.js';
import {
  OP_ADD,
  OP_AWAIT,
  OP_AWAIT_ABOVE,
  OP_CMPXCHG,
  OP_IDLE,
  OP_LOCK,
  OP_READ,
  OP_READ_LOCK,
  OP_SYSCALL_EXIT,
  OP_WRITE,
  OP_WRITE_LOCK,
  OP_XCHG,
  ORDER_RELEASE,
} from '../../sync/gate.js';
import type { SerialCpu } from '../serial-cpu.js';
import type { RaceDetector, RacingCpu } from './races.js';
import type { Under } from './under.js';

interface WatchedCpu extends SerialCpu, RacingCpu {
  readonly races: RaceDetector;
  /** The kinds of accesses that are not looked at, by word: `Sharing.passes`. */
  readonly passes: Uint8Array;
}

/** As in sharing.ts, but the engine folds no constant of another module. */
const KIND_READ = 1;
const KIND_WRITE = 2;
const KIND_MARKED_READ = 4;
const KIND_MARKED_WRITE = 8;
const NOT_RELEASED = 16;
/** Of a marked read that neither can race nor acquires. */
const ACQUIRES_NOTHING = KIND_MARKED_READ | NOT_RELEASED;

interface LooksCloser {
  lookAtRead(address: number): number;
  lookAtWrite(address: number): void;
  lookAtMarkedWrite(address: number): void;
  lookAtPeek(address: number): number;
}

/** The operation that a CPU has just performed. */
function noteOperation(cpu: WatchedCpu): void {
  const { op, opAddress, races } = cpu;
  switch (op) {
    case OP_READ:
    case OP_SYSCALL_EXIT:
    case OP_AWAIT:
    case OP_AWAIT_ABOVE:
      if (((cpu.passes[opAddress] as number) & ACQUIRES_NOTHING) !== ACQUIRES_NOTHING) races.markedRead(cpu, opAddress);
      return;
    case OP_WRITE:
      if (((cpu.passes[opAddress] as number) & KIND_MARKED_WRITE) === 0) races.markedWrite(cpu, opAddress);
      // The cells of a model of one's own have sequentially consistent operations.
      if (cpu.opB === ORDER_RELEASE || cpu.model.flat === true) races.release(cpu, opAddress);
      else races.forgetRelease(opAddress);
      return;
    case OP_XCHG:
    case OP_ADD:
      races.modify(cpu, opAddress);
      return;
    case OP_CMPXCHG:
      if (cpu.result === cpu.opA) races.modify(cpu, opAddress);
      else races.markedRead(cpu, opAddress);
      return;
    case OP_LOCK:
    case OP_WRITE_LOCK:
      races.acquireAlone(cpu, opAddress);
      return;
    case OP_READ_LOCK:
    case OP_IDLE:
      races.acquire(cpu, opAddress);
  }
}

/** @param under the operations that they are put over */
export function raceOps(under: Under): object {
  const {
    completePoint,
    acquireRaw,
    releaseSpin,
    releaseRaw,
    releaseRead,
    releaseWrite,
    get,
    set,
    load,
    store,
    storeOnce,
  } = under;
  const { atomicAdd, atomicOr, atomicAnd, atomicXchg, atomicCmpxchg, peek, interrupt, useFreeObjects } = under;
  const ops: ThisType<WatchedCpu> & Record<string, unknown> = {
    completePoint(): void {
      completePoint.call(this);
      noteOperation(this);
    },
    get<S extends string, V>(p: Ptr<S>, field: Field<S, V>): V {
      const address = p + field;
      if (((this.passes[address] as number) & KIND_READ) === 0) this.races.read(this, address);
      return get.call(this, p, field) as V;
    },
    set<S extends string, V>(p: Ptr<S>, field: Field<S, V>, value: V): void {
      const address = p + field;
      if (((this.passes[address] as number) & KIND_WRITE) === 0) this.races.write(this, address);
      set.call(this, p, field, value);
    },
    load(address: number): number {
      if (((this.passes[address] as number) & KIND_READ) === 0) this.races.read(this, address);
      return load.call(this, address);
    },
    store(address: number, value: number): void {
      if (((this.passes[address] as number) & KIND_WRITE) === 0) this.races.write(this, address);
      store.call(this, address, value);
    },
    storeOnce(address: number, value: number): void {
      if (((this.passes[address] as number) & KIND_MARKED_WRITE) === 0) this.races.markedWrite(this, address);
      storeOnce.call(this, address, value);
    },
    data_race(address: number): number {
      return load.call(this, address);
    },
    acquireRaw(lock: number): void {
      acquireRaw.call(this, lock);
      this.races.acquire(this, lock);
    },
    releaseSpin(lock: number): void {
      this.races.release(this, lock);
      releaseSpin.call(this, lock);
    },
    releaseRaw(lock: number): void {
      this.races.release(this, lock);
      releaseRaw.call(this, lock);
    },
    releaseRead(lock: number): void {
      this.races.releaseToo(this, lock, true);
      releaseRead.call(this, lock);
    },
    releaseWrite(lock: number): void {
      this.races.release(this, lock);
      releaseWrite.call(this, lock);
    },
    atomicAdd(address: number, value: number): number {
      const sum = atomicAdd.call(this, address, value);
      this.races.modify(this, address);
      return sum;
    },
    /** Counts whose result nobody uses order nothing. */
    atomic_inc<S extends string>(p: Ptr<S>, field: Field<S, number>): void {
      if (((this.passes[p + field] as number) & KIND_MARKED_WRITE) === 0) this.races.markedWrite(this, p + field);
      atomicAdd.call(this, p + field, 1);
    },
    atomic_dec<S extends string>(p: Ptr<S>, field: Field<S, number>): void {
      if (((this.passes[p + field] as number) & KIND_MARKED_WRITE) === 0) this.races.markedWrite(this, p + field);
      atomicAdd.call(this, p + field, -1);
    },
    atomicOr(address: number, bits: number): void {
      if (((this.passes[address] as number) & KIND_MARKED_WRITE) === 0) this.races.markedWrite(this, address);
      atomicOr.call(this, address, bits);
    },
    atomicAnd(address: number, bits: number): number {
      if (((this.passes[address] as number) & KIND_MARKED_WRITE) === 0) this.races.markedWrite(this, address);
      this.races.acquire(this, address);
      return atomicAnd.call(this, address, bits);
    },
    atomicXchg(address: number, value: number): number {
      const before = atomicXchg.call(this, address, value);
      this.races.modify(this, address);
      return before;
    },
    atomicCmpxchg(address: number, expected: number, value: number): number {
      const before = atomicCmpxchg.call(this, address, expected, value);
      if (before === expected) this.races.modify(this, address);
      else this.races.markedRead(this, address);
      return before;
    },
    peek(address: number): number {
      if (((this.passes[address] as number) & ACQUIRES_NOTHING) !== ACQUIRES_NOTHING)
        this.races.markedRead(this, address);
      return peek.call(this, address);
    },
    interrupt(cpu: number, irqs: number): void {
      interrupt.call(this, cpu, irqs);
      this.races.releaseToo(this, (this.allData[cpu] as number) + cpu_data.irq_pending, false);
    },
    /** An object that one CPU has freed and another takes: the slab's lock orders the two. */
    useFreeObjects(address: number): void {
      this.races.acquire(this, address);
      this.races.release(this, address);
      useFreeObjects.call(this, address);
    },
    shadowChanged(address: number, words: number): void {
      this.races.sharing.shadowChanged(address, words);
    },
  };
  return ops;
}

/** Accesses for the memory checker and the race detector at once: where one passes, neither looks at it. */
export const checkedRaceAccess: ThisType<WatchedCpu & LooksCloser> & Record<string, unknown> = {
  get<S extends string, V>(p: Ptr<S>, field: Field<S, V>): V {
    const address = p + field;
    const passes = ((this.passes[address] as number) & KIND_READ) !== 0;
    return (passes ? this.words[address] : this.lookAtRead(address)) as V;
  },
  set<S extends string, V>(p: Ptr<S>, field: Field<S, V>, value: V): void {
    const address = p + field;
    if (((this.passes[address] as number) & KIND_WRITE) === 0) this.lookAtWrite(address);
    if (this.dirty[address >> 4] === 0) this.arena.touch(address >> 4);
    this.words[address] = value as number;
  },
  load(address: number): number {
    const passes = ((this.passes[address] as number) & KIND_READ) !== 0;
    return passes ? (this.words[address] as number) : this.lookAtRead(address);
  },
  store(address: number, value: number): void {
    if (((this.passes[address] as number) & KIND_WRITE) === 0) this.lookAtWrite(address);
    if (this.dirty[address >> 4] === 0) this.arena.touch(address >> 4);
    this.words[address] = value;
  },
  storeOnce(address: number, value: number): void {
    if (((this.passes[address] as number) & KIND_MARKED_WRITE) === 0) this.lookAtMarkedWrite(address);
    if (this.dirty[address >> 4] === 0) this.arena.touch(address >> 4);
    this.words[address] = value;
  },
  peek(address: number): number {
    const passes = ((this.passes[address] as number) & ACQUIRES_NOTHING) === ACQUIRES_NOTHING;
    return passes ? (this.words[address] as number) : this.lookAtPeek(address);
  },
  lookAtPeek(address: number): number {
    this.races.markedRead(this, address);
    if (this.shadow[address] !== 0) this.checkMarked(address, false);
    return this.words[address] as number;
  },
  lookAtMarkedWrite(address: number): void {
    this.races.markedWrite(this, address);
    if (this.shadow[address] !== 0) this.checkAccess(address, true);
  },
  lookAtRead(address: number): number {
    this.races.read(this, address);
    return this.shadow[address] === 0 ? (this.words[address] as number) : this.loadWatched(address);
  },
  lookAtWrite(address: number): void {
    this.races.write(this, address);
    if (this.shadow[address] !== 0) this.checkAccess(address, true);
  },
};
