/**
 * Mutexes, after `kernel/locking/mutex.c`: a compare-and-exchange when nobody holds it, sleep otherwise.
 * Left out: optimistic spinning on a running owner, which changes when a waiter gets the lock and not whether.
 */

import { addr, container_of, embed, list_head, listHead, NULL, type Ptr, ptr, struct } from '../memory/layout.js';
import type { ListOps } from '../memory/list.js';
import type { AtomicOps } from './atomic.js';
import type { Cpu } from './cpu.js';
import type { Coroutine } from './gate.js';
import { type SpinlockOps, spinlock } from './spinlock.js';

export const mutex = struct('mutex', { owner: ptr('task_struct'), wait_lock: spinlock, wait_list: listHead });
export const mutexField = embed('mutex', mutex.$.words);

/** A sleeper's place in the queue, on its kernel stack. */
export const mutex_waiter = struct('mutex_waiter', { list: listHead, task: ptr('task_struct') });
export const mutexWaiter = embed('mutex_waiter', mutex_waiter.$.words);

export type MutexPtr = Ptr<'mutex'>;

/** What mutexes ask of the model. */
export interface MutexModel {
  schedule(): Coroutine<void>;
  wake_up_process(task: Ptr<'task_struct'>): Coroutine<boolean>;
  set_current_state(state: number): boolean;
  __set_current_state(state: number): void;
  signal_pending_state(state: number, task: Ptr<'task_struct'>): boolean;
  /** Where the task keeps its `mutex_waiter`. */
  mutex_waiter_of(task: Ptr<'task_struct'>): Ptr<'mutex_waiter'>;
}

const TASK_RUNNING = 0;
const EINTR = 4;

interface Context extends Cpu, ListOps, AtomicOps, SpinlockOps, MutexModel, MutexOps {}

export const mutexOps = {
  mutex_init(this: Context, lock: MutexPtr): void {
    this.set(lock, mutex.owner, NULL);
    this.store(addr(lock, mutex.wait_lock), 0);
    this.INIT_LIST_HEAD(addr(lock, mutex.wait_list));
  },

  /**
   * Takes the mutex, asleep in `state` while another task holds it.
   *
   * @returns 0, or −EINTR if a signal that `state` lets in came first
   */
  *__mutex_lock_common(this: Context, lock: MutexPtr, state: number): Coroutine<number> {
    this.might_sleep();
    if (this.cmpxchg(lock, mutex.owner, NULL, this.current)) yield;
    if (this.value(mutex.owner) === NULL) {
      this.mutexAcquired(lock);
      return 0;
    }

    const waitLock = addr(lock, mutex.wait_lock);
    const waiter = this.mutex_waiter_of(this.current);
    const node = addr(waiter, mutex_waiter.list);
    if (this.spin_lock(waitLock)) yield;
    this.set(waiter, mutex_waiter.task, this.current);
    this.list_add_tail(node, addr(lock, mutex.wait_list));
    let result = 0;
    for (;;) {
      // The state before the attempt: an unlock between the attempt and the sleep finds us asleep and wakes us.
      if (this.set_current_state(state)) yield;
      if (this.atomicCmpxchg(lock + mutex.owner, NULL, this.current) === NULL) break;
      if (this.signal_pending_state(state, this.current)) {
        result = -EINTR;
        break;
      }
      this.spin_unlock(waitLock);
      yield* this.schedule();
      if (this.spin_lock(waitLock)) yield;
    }
    if (result === 0) this.mutexAcquired(lock);
    this.__set_current_state(TASK_RUNNING);
    this.list_del_init(node);
    this.spin_unlock(waitLock);
    return result;
  },

  *mutex_unlock(this: Context, lock: MutexPtr): Coroutine<void> {
    if (this.data_race(lock + mutex.owner) !== this.current) this.badUnlock(lock);
    this.mutexReleased(lock);
    const waitLock = addr(lock, mutex.wait_lock);
    if (this.spin_lock(waitLock)) yield;
    this.atomicCmpxchg(lock + mutex.owner, this.current, NULL);
    const first = this.get(addr(lock, mutex.wait_list), list_head.next);
    const waiting = first !== addr(lock, mutex.wait_list);
    const task = waiting ? this.get(container_of(first, mutex_waiter.list), mutex_waiter.task) : NULL;
    this.spin_unlock(waitLock);
    if (task !== NULL) yield* this.wake_up_process(task);
  },
};

export type MutexOps = typeof mutexOps;
