/** Spinlocks, after `include/linux/spinlock.h`: plain, `_irq` and `_irqsave`. Taking one is a scheduling point. */

import { embed, int, type Ptr, struct } from '../memory/layout.js';
import type { Cpu } from './cpu.js';
import { EVENT_UNLOCK, OP_LOCK } from './gate.js';

/** 0: free; otherwise the owner's CPU number plus one, and `SPIN_WAITERS` where others sleep on it. */
export const spinlock_t = struct('spinlock_t', { owner: int });
export const spinlock = embed('spinlock_t', spinlock_t.$.words);

/** Set in the lock's word by a CPU that sleeps until it is released. Only real threads do. */
export const SPIN_WAITERS = 1 << 30;

export type SpinlockPtr = Ptr<'spinlock_t'>;

/** The CPU that holds a spinlock, from its word; −1 for none. */
export function spinOwner(word: number): number {
  return (word & ~SPIN_WAITERS) - 1;
}

interface SpinContext extends Cpu, SpinlockOps {}

export const spinlockOps = {
  spin_lock(this: Cpu, lock: SpinlockPtr): boolean {
    this.preempt_disable();
    return this.point(OP_LOCK, lock, 0, 0);
  },

  spin_lock_irq(this: Cpu, lock: SpinlockPtr): boolean {
    this.local_irq_disable();
    this.preempt_disable();
    return this.point(OP_LOCK, lock, 0, 0);
  },

  /** The interrupt state before is in `this.irqflags` once the lock is held. */
  spin_lock_irqsave(this: Cpu, lock: SpinlockPtr): boolean {
    this.local_irq_save();
    this.preempt_disable();
    return this.point(OP_LOCK, lock, 0, 0);
  },

  spin_unlock(this: Cpu, lock: SpinlockPtr): void {
    if (spinOwner(this.words[lock] as number) !== this.id) this.badUnlock(lock);
    if (this.trace !== null) this.noteRelease(EVENT_UNLOCK, lock);
    this.releaseSpin(lock);
    this.preempt_enable();
  },

  spin_unlock_irq(this: SpinContext, lock: SpinlockPtr): void {
    this.spin_unlock(lock);
    this.local_irq_enable();
  },

  spin_unlock_irqrestore(this: SpinContext, lock: SpinlockPtr, flags: number): void {
    this.spin_unlock(lock);
    this.local_irq_restore(flags);
  },

  /**
   * Takes a lock whose critical sections contain no scheduling point (a run queue's). On the controlled machine it is
   * therefore never found taken, and taking it need not be a scheduling point either.
   */
  raw_spin_lock(this: Cpu, lock: SpinlockPtr): void {
    this.preempt_disable();
    this.acquireRaw(lock);
  },

  raw_spin_unlock(this: Cpu, lock: SpinlockPtr): void {
    this.releaseRaw(lock);
    this.preempt_enable();
  },

  /** `lockdep_assert_held`: the caller must hold the lock on this CPU. */
  lockdep_assert_held(this: Cpu, lock: SpinlockPtr): void {
    if (spinOwner(this.words[lock] as number) !== this.id) {
      // If there is no lock there at all the memory checker says so.
      this.peek(lock);
      this.violate('lock-not-held', `WARNING: ${this.describe(lock)} is not held here, and the function needs it`);
    }
  },
};

export type SpinlockOps = typeof spinlockOps;
