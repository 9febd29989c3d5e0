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
  readonly plainWrites: Int32Array;
  readonly plainReads: Int32Array;
}

/** A read-modify-write that orders. */
function modify(cpu: WatchedCpu, address: number): void {
  const { races } = cpu;
  races.markedWrite(cpu, address);
  races.acquire(cpu, address);
  races.release(cpu, address);
}

/** The operation that a CPU has just performed. */
function noteOperation(cpu: WatchedCpu): void {
  const { op, opAddress, races } = cpu;
  switch (op) {
    case OP_READ:
    case OP_SYSCALL_EXIT:
    case OP_AWAIT:
    case OP_AWAIT_ABOVE:
      races.markedRead(cpu, opAddress);
      return;
    case OP_WRITE:
      races.markedWrite(cpu, opAddress);
      // The cells of a model of one's own have sequentially consistent operations.
      if (cpu.opB === ORDER_RELEASE || cpu.model.flat === true) races.release(cpu, opAddress);
      else races.forgetRelease(opAddress);
      return;
    case OP_XCHG:
    case OP_ADD:
      modify(cpu, opAddress);
      return;
    case OP_CMPXCHG:
      if (cpu.result === cpu.opA) modify(cpu, opAddress);
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
      const { epoch } = this;
      if (this.plainWrites[address] !== epoch && this.plainReads[address] !== epoch) this.races.read(this, address);
      return get.call(this, p, field) as V;
    },
    set<S extends string, V>(p: Ptr<S>, field: Field<S, V>, value: V): void {
      const address = p + field;
      if (this.plainWrites[address] !== this.epoch || this.plainReads[address] !== 0) this.races.write(this, address);
      set.call(this, p, field, value);
    },
    load(address: number): number {
      const { epoch } = this;
      if (this.plainWrites[address] !== epoch && this.plainReads[address] !== epoch) this.races.read(this, address);
      return load.call(this, address);
    },
    store(address: number, value: number): void {
      if (this.plainWrites[address] !== this.epoch || this.plainReads[address] !== 0) this.races.write(this, address);
      store.call(this, address, value);
    },
    storeOnce(address: number, value: number): void {
      this.races.markedWrite(this, address);
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
      modify(this, address);
      return sum;
    },
    /** Counts whose result nobody uses order nothing. */
    atomic_inc<S extends string>(p: Ptr<S>, field: Field<S, number>): number {
      this.races.markedWrite(this, p + field);
      return atomicAdd.call(this, p + field, 1);
    },
    atomic_dec<S extends string>(p: Ptr<S>, field: Field<S, number>): number {
      this.races.markedWrite(this, p + field);
      return atomicAdd.call(this, p + field, -1);
    },
    atomicOr(address: number, bits: number): number {
      this.races.markedWrite(this, address);
      return atomicOr.call(this, address, bits);
    },
    atomicAnd(address: number, bits: number): number {
      this.races.markedWrite(this, address);
      this.races.acquire(this, address);
      return atomicAnd.call(this, address, bits);
    },
    atomicXchg(address: number, value: number): number {
      const before = atomicXchg.call(this, address, value);
      modify(this, address);
      return before;
    },
    atomicCmpxchg(address: number, expected: number, value: number): number {
      const before = atomicCmpxchg.call(this, address, expected, value);
      if (before === expected) modify(this, address);
      else this.races.markedRead(this, address);
      return before;
    },
    peek(address: number): number {
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
  };
  return ops;
}
