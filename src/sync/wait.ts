/**
 * Wait queues, after `kernel/sched/wait.c`. No wake-up is lost if the sleeper first queues itself, then sets its
 * state, then looks at its condition, and the waker first makes the condition true and then wakes.
 */

import { addr, container_of, embed, int, list_head, listHead, type Ptr, ptr, struct } from '../memory/layout.js';
import type { ListOps } from '../memory/list.js';
import type { Cpu } from './cpu.js';
import type { Coroutine } from './gate.js';
import { type SpinlockOps, spinlock } from './spinlock.js';

export const wait_queue_head = struct('wait_queue_head', { lock: spinlock, head: listHead });
export const waitQueueHead = embed('wait_queue_head', wait_queue_head.$.words);

/** Of those that wait with this flag a wake-up wakes only so many. */
export const WQ_FLAG_EXCLUSIVE = 1;

/** `private` is the sleeping task; `func` the model's number for what a wake-up calls. */
export const wait_queue_entry = struct('wait_queue_entry', {
  flags: int,
  private: ptr('task_struct'),
  func: int,
  entry: listHead,
});
export const waitQueueEntry = embed('wait_queue_entry', wait_queue_entry.$.words);

export type WaitQueuePtr = Ptr<'wait_queue_head'>;
export type WaitEntryPtr = Ptr<'wait_queue_entry'>;

/** What wait queues ask of the model. */
export interface WaitModel {
  /** Calls an entry's function: whether it woke its task. */
  wait_queue_function(func: number, entry: WaitEntryPtr, mode: number, key: number): Coroutine<boolean>;
  set_current_state(state: number): boolean;
  __set_current_state(state: number): void;
}

const TASK_RUNNING = 0;

interface Context extends Cpu, ListOps, SpinlockOps, WaitModel {}

export const waitOps = {
  init_waitqueue_head(this: Context, queue: WaitQueuePtr): void {
    this.store(addr(queue, wait_queue_head.lock), 0);
    this.INIT_LIST_HEAD(addr(queue, wait_queue_head.head));
  },

  *add_wait_queue(this: Context, queue: WaitQueuePtr, entry: WaitEntryPtr): Coroutine<void> {
    const lock = addr(queue, wait_queue_head.lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    this.set(entry, wait_queue_entry.flags, 0);
    this.list_add(addr(entry, wait_queue_entry.entry), addr(queue, wait_queue_head.head));
    this.spin_unlock_irqrestore(lock, flags);
  },

  *remove_wait_queue(this: Context, queue: WaitQueuePtr, entry: WaitEntryPtr): Coroutine<void> {
    const lock = addr(queue, wait_queue_head.lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    this.list_del_init(addr(entry, wait_queue_entry.entry));
    this.spin_unlock_irqrestore(lock, flags);
  },

  /** Whether anybody sleeps there. Without the lock: of use only where whoever comes later looks for itself. */
  waitqueue_active(this: Context, queue: WaitQueuePtr): boolean {
    const head = addr(queue, wait_queue_head.head);
    return this.peek(head + list_head.next) !== head;
  },

  /** An entry on a sleeper's stack. @param func the model's number for what a wake-up calls */
  init_wait_entry(this: Context, entry: WaitEntryPtr, func: number): void {
    this.set(entry, wait_queue_entry.flags, 0);
    this.set(entry, wait_queue_entry.private, this.current);
    this.set(entry, wait_queue_entry.func, func);
    this.INIT_LIST_HEAD(addr(entry, wait_queue_entry.entry));
  },

  /** Queues the entry if it is not queued, and sets the state. */
  *prepare_to_wait(this: Context, queue: WaitQueuePtr, entry: WaitEntryPtr, state: number): Coroutine<void> {
    const lock = addr(queue, wait_queue_head.lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    const node = addr(entry, wait_queue_entry.entry);
    if (this.list_empty(node)) this.list_add(node, addr(queue, wait_queue_head.head));
    if (this.set_current_state(state)) yield;
    this.spin_unlock_irqrestore(lock, flags);
  },

  /** Running again; takes the entry off, unless the wake-up has. */
  *finish_wait(this: Context, queue: WaitQueuePtr, entry: WaitEntryPtr): Coroutine<void> {
    this.__set_current_state(TASK_RUNNING);
    const node = addr(entry, wait_queue_entry.entry);
    // list_empty_careful: both pointers, so that a waker that is taking the entry off is done with it.
    if (this.peek(node + list_head.next) === node && this.peek(node + list_head.prev) === node) return;
    const lock = addr(queue, wait_queue_head.lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    this.list_del_init(node);
    this.spin_unlock_irqrestore(lock, flags);
  },

  /**
   * Wakes sleepers.
   *
   * @param mode the states to wake from (`TASK_…`)
   * @param nr_exclusive how many to wake of those with `WQ_FLAG_EXCLUSIVE`; 0 for all. The others are all woken
   * @param key handed to each entry's function
   */
  *__wake_up(this: Context, queue: WaitQueuePtr, mode: number, nr_exclusive: number, key: number): Coroutine<void> {
    const lock = addr(queue, wait_queue_head.lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    const head = addr(queue, wait_queue_head.head);
    let left = nr_exclusive;
    let node = this.get(head, list_head.next);
    while (node !== head) {
      const next = this.get(node, list_head.next);
      const entry = container_of(node, wait_queue_entry.entry);
      // Before its function: that may take the entry off, and then it is the sleeper's again.
      const exclusive = (this.get(entry, wait_queue_entry.flags) & WQ_FLAG_EXCLUSIVE) !== 0;
      const woke = yield* this.wait_queue_function(this.get(entry, wait_queue_entry.func), entry, mode, key);
      if (woke && exclusive && --left === 0) break;
      node = next;
    }
    this.spin_unlock_irqrestore(lock, flags);
  },
};

export type WaitOps = typeof waitOps;
