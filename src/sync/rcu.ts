/**
 * RCU, after `kernel/rcu/tree.c` on a kernel without preemption. A reader costs a counter of its own CPU and nothing
 * else. A grace period ends when every CPU has passed a quiescent state: a context switch, user mode or idle. Each CPU
 * reports its own; one in user mode or idle needs no report. The CPU whose report is the last ends the period, and calls
 * what waited for it, there and then: the earliest moment that there can be. A later one would show nothing more.
 *
 * Left out: the softirq on the CPU that queued a callback, the tree of nodes (one level is enough for a few CPUs), the
 * grace-period thread, expedited grace periods, and the tick, as no CPU here stays in the kernel for ever.
 */

import { embed, type Field, int, NULL, type Ptr, struct } from '../memory/layout.js';
import { type Cpu, cpu_data } from './cpu.js';
import { OP_READ, OP_WRITE, ORDER_RELEASE } from './gate.js';
import { type SpinlockOps, type SpinlockPtr, spinlock } from './spinlock.js';

/**
 * `gp_seq` counts the grace periods that have ended. While `gp_active`, the one after it is under way, and `qs_left`
 * CPUs hold it up. `head` to `tail` are the callbacks that wait, in the order of the periods that they wait for.
 */
export const rcu_state = struct('rcu_state', {
  lock: spinlock,
  gp_seq: int,
  gp_active: int,
  qs_left: int,
  head: int,
  tail: int,
});

/** `func` is the model's number for the callback; `gp` the grace period that must have ended. */
export const rcu_head = struct('rcu_head', { next: int, func: int, gp: int });
export const rcuHead = embed('rcu_head', rcu_head.$.words);

export type RcuHeadPtr = Ptr<'rcu_head'>;

/** What RCU asks of the model. */
export interface RcuModel {
  /** Address of the `rcu_state`. */
  readonly rcu: Ptr<'rcu_state'>;
  /** Runs callback number `func`. A callback frees and counts: it takes no lock that another CPU could be seen to hold. */
  rcu_callback(func: number, head: RcuHeadPtr): void;
  /** Called when a grace period has begun, and when it has ended. */
  trace_rcu_grace_period(gp: number, ended: boolean): void;
}

interface Context extends Cpu, RcuModel, SpinlockOps, RcuOps {}
interface PointerContext extends Cpu, RcuOps {}

export const rcuOps = {
  rcu_read_lock(this: Cpu): void {
    const at = this.data + cpu_data.rcu_nesting;
    this.words[at] = (this.words[at] as number) + 1;
  },

  rcu_read_unlock(this: Cpu): void {
    const at = this.data + cpu_data.rcu_nesting;
    const nesting = (this.words[at] as number) - 1;
    if (nesting < 0) this.violate('rcu-usage', 'WARNING: rcu_read_unlock() without rcu_read_lock()');
    this.words[at] = nesting;
  },

  /** Whether this CPU is inside a read-side section. */
  rcu_read_lock_held(this: Cpu): boolean {
    return this.words[this.data + cpu_data.rcu_nesting] !== 0;
  },

  /**
   * Loads a pointer to an object that is freed after a grace period.
   *
   * @param held whether a lock is held that keeps the object, too; without one a read-side section is needed
   */
  rcu_dereference_check<S extends string, V>(
    this: PointerContext,
    p: Ptr<S>,
    field: Field<S, V>,
    held: boolean,
  ): boolean {
    if (this.provesRcu && !held && !this.rcu_read_lock_held()) this.suspiciousRcuUsage(p + field);
    return this.point(OP_READ, p + field, 0, 0);
  },

  /** The same, where no lock keeps the object. */
  rcu_dereference<S extends string, V>(this: PointerContext, p: Ptr<S>, field: Field<S, V>): boolean {
    return this.rcu_dereference_check(p, field, false);
  },

  /** Stores a pointer: whoever loads it with `rcu_dereference` sees what was stored in the object before. */
  rcu_assign_pointer<S extends string, V>(this: Cpu, p: Ptr<S>, field: Field<S, V>, value: V): boolean {
    return this.point(OP_WRITE, p + field, value as number, ORDER_RELEASE);
  },

  /** `lockdep_rcu_suspicious`. */
  suspiciousRcuUsage(this: Cpu, address: number): never {
    this.violate(
      'rcu-usage',
      `WARNING: suspicious RCU usage: ${this.describe(address)} is followed outside a read-side section`,
    );
  },

  /**
   * Has `func` called with `head` after a grace period.
   *
   * @param head embedded in the object that is to be freed
   * @param func the model's number for the callback
   */
  call_rcu(this: Context, head: RcuHeadPtr, func: number): void {
    const { rcu } = this;
    this.raw_spin_lock(rcu as number as SpinlockPtr);
    const active = this.get(rcu, rcu_state.gp_active) !== 0;
    this.set(head, rcu_head.next, NULL);
    this.set(head, rcu_head.func, func);
    this.set(head, rcu_head.gp, this.get(rcu, rcu_state.gp_seq) + (active ? 2 : 1));
    const tail = this.get(rcu, rcu_state.tail);
    if (tail) this.store(tail + rcu_head.next, head);
    else this.set(rcu, rcu_state.head, head);
    this.set(rcu, rcu_state.tail, head);
    if (!active) this.rcu_gp_init();
    this.raw_spin_unlock(rcu as number as SpinlockPtr);
  },

  /** Begins a grace period: every CPU that is not in user mode or idle must report a quiescent state. Needs the lock. */
  rcu_gp_init(this: Context): void {
    const { rcu } = this;
    this.set(rcu, rcu_state.gp_active, 1);
    this.trace_rcu_grace_period(this.get(rcu, rcu_state.gp_seq) + 1, false);
    let left = 0;
    for (const data of this.allData) {
      if (this.peek(data + cpu_data.rcu_eqs) !== 0) continue;
      // The request first: one that goes to user mode or idle meanwhile finds it, or is found there.
      this.atomicXchg(data + cpu_data.core_needs_qs, 1);
      if (this.peek(data + cpu_data.rcu_eqs) === 0) left++;
      else this.atomicXchg(data + cpu_data.core_needs_qs, 0);
    }
    this.set(rcu, rcu_state.qs_left, left);
    if (left === 0) this.rcu_gp_cleanup();
  },

  /** Ends the grace period under way, and begins the next if callbacks wait for it. Needs the lock. */
  rcu_gp_cleanup(this: Context): void {
    const { rcu } = this;
    const gp = this.get(rcu, rcu_state.gp_seq) + 1;
    this.set(rcu, rcu_state.gp_seq, gp);
    this.set(rcu, rcu_state.gp_active, 0);
    this.trace_rcu_grace_period(gp, true);
    const tail = this.get(rcu, rcu_state.tail) as RcuHeadPtr;
    if (tail !== NULL && this.get(tail, rcu_head.gp) > gp) this.rcu_gp_init();
  },

  /** A quiescent state of this CPU: nothing read under RCU before it is used after it. */
  rcu_qs(this: Context): void {
    const { rcu, data } = this;
    if (this.peek(data + cpu_data.core_needs_qs) === 0) return;
    this.raw_spin_lock(rcu as number as SpinlockPtr);
    if (this.atomicXchg(data + cpu_data.core_needs_qs, 0) !== 0) {
      const left = this.get(rcu, rcu_state.qs_left) - 1;
      this.set(rcu, rcu_state.qs_left, left);
      if (left === 0) this.rcu_gp_cleanup();
    }
    const ready = this.rcu_first_ready();
    this.raw_spin_unlock(rcu as number as SpinlockPtr);
    if (ready !== NULL) this.rcu_do_batch(ready);
  },

  /** Into user mode or idle: from here on this CPU holds up no grace period. */
  rcu_eqs_enter(this: Context): void {
    if (this.words[this.data + cpu_data.rcu_nesting] !== 0) {
      this.violate('rcu-usage', 'WARNING: back to user mode or idle inside an RCU read-side section');
    }
    // The store first: whoever starts a grace period after it sees it, and one that started before it is reported to.
    this.atomicXchg(this.data + cpu_data.rcu_eqs, 1);
    this.rcu_qs();
  },

  /** Out of user mode or idle, before anything is read under RCU. */
  rcu_eqs_exit(this: Context): void {
    this.atomicXchg(this.data + cpu_data.rcu_eqs, 0);
  },

  /** A context switch is a quiescent state. */
  rcu_note_context_switch(this: Context): void {
    if (this.words[this.data + cpu_data.rcu_nesting] !== 0) {
      this.violate('rcu-usage', 'WARNING: voluntary context switch within RCU read-side critical section');
    }
    this.rcu_qs();
  },

  /** Calls what waited for grace periods that have ended; what is queued thereby, too, if its period is over at once. */
  rcu_do_batch(this: Context, first: RcuHeadPtr): void {
    const lock = this.rcu as number as SpinlockPtr;
    for (let head = first; head !== NULL; ) {
      this.rcu_callback(this.get(head, rcu_head.func), head);
      this.raw_spin_lock(lock);
      head = this.rcu_first_ready();
      this.raw_spin_unlock(lock);
    }
  },

  /** Takes a callback whose grace period has ended; NULL if there is none. Needs the lock. */
  rcu_first_ready(this: Context): RcuHeadPtr {
    const { rcu } = this;
    const head = this.get(rcu, rcu_state.head) as RcuHeadPtr;
    if (head === NULL || this.get(head, rcu_head.gp) > this.get(rcu, rcu_state.gp_seq)) return NULL;
    const next = this.get(head, rcu_head.next);
    this.set(rcu, rcu_state.head, next);
    if (next === NULL) this.set(rcu, rcu_state.tail, NULL);
    return head;
  },
};

export type RcuOps = typeof rcuOps;
