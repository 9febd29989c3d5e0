/** Marked accesses and atomic read-modify-writes that another CPU can tell the order of: each is a scheduling point. */

import type { Field, Ptr } from '../memory/layout.js';
import type { Cpu } from './cpu.js';
import { OP_ADD, OP_AWAIT, OP_CMPXCHG, OP_READ, OP_WRITE, OP_XCHG } from './gate.js';

export const atomicOps = {
  /** Loads a field that others may be storing to. The value is `this.value(field)`. */
  READ_ONCE<S extends string, V>(this: Cpu, p: Ptr<S>, field: Field<S, V>): boolean {
    return this.point(OP_READ, p + field, 0, 0);
  },

  /** Stores to a field that others may be loading. */
  WRITE_ONCE<S extends string, V>(this: Cpu, p: Ptr<S>, field: Field<S, V>, value: V): boolean {
    return this.point(OP_WRITE, p + field, value as number, 0);
  },

  /** Exchanges a field; the old value is `this.value(field)`. */
  xchg<S extends string, V>(this: Cpu, p: Ptr<S>, field: Field<S, V>, value: V): boolean {
    return this.point(OP_XCHG, p + field, value as number, 0);
  },

  /** Stores `value` if the field holds `expected`; the old value is `this.value(field)`. */
  cmpxchg<S extends string, V>(this: Cpu, p: Ptr<S>, field: Field<S, V>, expected: V, value: V): boolean {
    return this.point(OP_CMPXCHG, p + field, expected as number, value as number);
  },

  /** Adds to a field; the new value is `this.value(field)`. */
  atomic_add_return<S extends string>(this: Cpu, p: Ptr<S>, field: Field<S, number>, value: number): boolean {
    return this.point(OP_ADD, p + field, value, 0);
  },

  /** Waits until a field holds `value`. */
  smp_cond_load_acquire<S extends string>(this: Cpu, p: Ptr<S>, field: Field<S, number>, value: number): boolean {
    return this.point(OP_AWAIT, p + field, value, 0);
  },

  /**
   * Counts, where nobody can see in which order (reference counts, statistics): not a scheduling point. It does not tell the sum,
   * by which one could see that.
   */
  atomic_inc<S extends string>(this: Cpu, p: Ptr<S>, field: Field<S, number>): void {
    this.atomicAdd(p + field, 1);
  },

  atomic_dec<S extends string>(this: Cpu, p: Ptr<S>, field: Field<S, number>): void {
    this.atomicAdd(p + field, -1);
  },

  /** Drops a reference unless it is the last one; false if it is. */
  refcount_dec_not_one<S extends string>(this: Cpu, p: Ptr<S>, field: Field<S, number>): boolean {
    for (let count = this.peek(p + field); count > 1; ) {
      const seen = this.atomicCmpxchg(p + field, count, count - 1);
      if (seen === count) return true;
      count = seen;
    }
    return false;
  },

  /** Drops a reference; true for the last one. */
  refcount_dec_and_test<S extends string>(this: Cpu, p: Ptr<S>, field: Field<S, number>): boolean {
    const left = this.atomicAdd(p + field, -1);
    if (left < 0) this.violate('refcount', `refcount underflow of ${this.describe(p + field)}`);
    return left === 0;
  },
};

export type AtomicOps = typeof atomicOps;
