/** Reader-writer locks, after `kernel/locking/qrwlock.c`. Taking one is a scheduling point. */

import { embed, int, type Ptr, struct } from '../memory/layout.js';
import type { Cpu } from './cpu.js';
import { EVENT_READ_UNLOCK, EVENT_WRITE_UNLOCK, OP_READ_LOCK, OP_WRITE_LOCK, RW_WAITING, RW_WRITER } from './gate.js';

/**
 * `state` counts the readers, or has `RW_WRITER` and the owner. `queue` is the spinlock in which those wait who did
 * not get it at once, so that a stream of readers cannot keep a writer out; `sequence` is what they sleep on.
 */
export const rwlock_t = struct('rwlock_t', { state: int, queue: int, sequence: int });
export const rwlock = embed('rwlock_t', rwlock_t.$.words);

export type RwlockPtr = Ptr<'rwlock_t'>;

export const rwlockOps = {
  read_lock(this: Cpu, lock: RwlockPtr): boolean {
    this.preempt_disable();
    return this.point(OP_READ_LOCK, lock, 0, 0);
  },

  read_unlock(this: Cpu, lock: RwlockPtr): void {
    const state = this.words[lock] as number;
    if ((state & ~RW_WAITING) === 0 || (state & RW_WRITER) !== 0) this.badUnlock(lock);
    if (this.trace !== null) this.noteRelease(EVENT_READ_UNLOCK, lock);
    this.releaseRead(lock);
    this.preempt_enable();
  },

  write_lock_irq(this: Cpu, lock: RwlockPtr): boolean {
    this.local_irq_disable();
    this.preempt_disable();
    return this.point(OP_WRITE_LOCK, lock, 0, 0);
  },

  write_unlock_irq(this: Cpu, lock: RwlockPtr): void {
    if (((this.words[lock] as number) & ~RW_WAITING) !== (RW_WRITER | (this.id + 1))) this.badUnlock(lock);
    if (this.trace !== null) this.noteRelease(EVENT_WRITE_UNLOCK, lock);
    this.releaseWrite(lock);
    this.preempt_enable();
    this.local_irq_enable();
  },

  /** Whether this CPU holds the lock, for reading or for writing. */
  rwlock_is_held(this: Cpu, lock: RwlockPtr): boolean {
    const state = (this.words[lock] as number) & ~RW_WAITING;
    return (state & RW_WRITER) === 0
      ? state !== 0 && this.holdsForReading(lock)
      : state === (RW_WRITER | (this.id + 1));
  },

  /** The caller must hold the lock for writing, on this CPU. */
  lockdep_assert_held_write(this: Cpu, lock: RwlockPtr): void {
    if (((this.words[lock] as number) & ~RW_WAITING) !== (RW_WRITER | (this.id + 1))) {
      this.violate(
        'lock-not-held',
        `WARNING: ${this.describe(lock)} is not held for writing here, and the function needs it`,
      );
    }
  },
};

export type RwlockOps = typeof rwlockOps;
