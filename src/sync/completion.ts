/**
 * Completions, after `kernel/sched/completion.c`: one side says that something is done, the other waits for that,
 * whichever comes first.
 */

import { addr, container_of, embed, int, list_head, type Ptr, struct } from '../memory/layout.js';
import type { ListOps } from '../memory/list.js';
import type { Cpu } from './cpu.js';
import type { Coroutine } from './gate.js';
import type { SpinlockOps } from './spinlock.js';
import {
  type WaitEntryPtr,
  type WaitModel,
  type WaitOps,
  WQ_FLAG_EXCLUSIVE,
  wait_queue_entry,
  wait_queue_head,
  waitQueueHead,
} from './wait.js';

/** `done` counts what is done and nobody has waited for yet; `COMPLETE_ALL` is for good. */
export const completion = struct('completion', { done: int, wait: waitQueueHead });
export const completionField = embed('completion', completion.$.words);

export type CompletionPtr = Ptr<'completion'>;

const COMPLETE_ALL = -1;
const TASK_INTERRUPTIBLE = 0x0001;
const TASK_UNINTERRUPTIBLE = 0x0002;
const TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;
const TASK_KILLABLE = 0x0100 | TASK_UNINTERRUPTIBLE;
const ERESTARTSYS = 512;

/** What completions ask of the model. */
export interface CompletionModel {
  schedule(): Coroutine<void>;
  signal_pending_state(state: number, task: Ptr<'task_struct'>): boolean;
  /** A wait-queue entry of the current task that it uses for nothing else now, set up to be woken. */
  completion_wait_entry(): WaitEntryPtr;
}

interface Context extends Cpu, ListOps, SpinlockOps, WaitModel, WaitOps, CompletionModel, CompletionOps {}

export const completionOps = {
  init_completion(this: Context, x: CompletionPtr): void {
    this.set(x, completion.done, 0);
    this.init_waitqueue_head(addr(x, completion.wait));
  },

  /** One thing is done: one who waits for it goes on, the first to come. */
  *complete(this: Context, x: CompletionPtr): Coroutine<void> {
    const lock = addr(addr(x, completion.wait), wait_queue_head.lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    const done = this.get(x, completion.done);
    if (done !== COMPLETE_ALL) this.set(x, completion.done, done + 1);
    yield* this.wakeCompletion(x, 1);
    this.spin_unlock_irqrestore(lock, flags);
  },

  /** All is done, for good: everybody goes on, those who come later too. */
  *complete_all(this: Context, x: CompletionPtr): Coroutine<void> {
    const lock = addr(addr(x, completion.wait), wait_queue_head.lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    this.set(x, completion.done, COMPLETE_ALL);
    yield* this.wakeCompletion(x, 0);
    this.spin_unlock_irqrestore(lock, flags);
  },

  /** `__wake_up_locked`, for a queue on which all wait exclusively. @param nr how many to wake; 0 for all */
  *wakeCompletion(this: Context, x: CompletionPtr, nr: number): Coroutine<void> {
    const head = addr(addr(x, completion.wait), wait_queue_head.head);
    let left = nr;
    let node = this.get(head, list_head.next);
    while (node !== head) {
      const next = this.get(node, list_head.next);
      const entry = container_of(node, wait_queue_entry.entry);
      const woke = yield* this.wait_queue_function(this.get(entry, wait_queue_entry.func), entry, TASK_NORMAL, 0);
      if (woke && --left === 0) return;
      node = next;
    }
  },

  /** Needs the lock of the queue, and lets it go while it sleeps. @returns 0, or −ERESTARTSYS for a signal */
  *do_wait_for_common(this: Context, x: CompletionPtr, state: number): Coroutine<number> {
    const queue = addr(x, completion.wait);
    const lock = addr(queue, wait_queue_head.lock);
    if (this.get(x, completion.done) === 0) {
      const entry = this.completion_wait_entry();
      this.set(entry, wait_queue_entry.flags, WQ_FLAG_EXCLUSIVE);
      this.list_add_tail(addr(entry, wait_queue_entry.entry), addr(queue, wait_queue_head.head));
      let result = 0;
      do {
        if (this.signal_pending_state(state, this.current)) {
          result = -ERESTARTSYS;
          break;
        }
        // Without a barrier: whoever completes takes the lock before it looks at who waits.
        this.__set_current_state(state);
        this.spin_unlock_irq(lock);
        yield* this.schedule();
        if (this.spin_lock_irq(lock)) yield;
      } while (this.get(x, completion.done) === 0);
      this.list_del_init(addr(entry, wait_queue_entry.entry));
      // Done meanwhile: that counts for more than the signal.
      if (this.get(x, completion.done) === 0) return result;
    }
    const done = this.get(x, completion.done);
    if (done !== COMPLETE_ALL) this.set(x, completion.done, done - 1);
    return 0;
  },

  /** Left out: waiting with a timeout. */
  *wait_for_common(this: Context, x: CompletionPtr, state: number): Coroutine<number> {
    this.might_sleep();
    const lock = addr(addr(x, completion.wait), wait_queue_head.lock);
    if (this.spin_lock_irq(lock)) yield;
    const result = yield* this.do_wait_for_common(x, state);
    this.spin_unlock_irq(lock);
    return result;
  },

  /** No signal ends it, not even SIGKILL. */
  *wait_for_completion(this: Context, x: CompletionPtr): Coroutine<void> {
    yield* this.wait_for_common(x, TASK_UNINTERRUPTIBLE);
  },

  /** @returns 0, or −ERESTARTSYS if a signal came first */
  wait_for_completion_interruptible(this: Context, x: CompletionPtr): Coroutine<number> {
    return this.wait_for_common(x, TASK_INTERRUPTIBLE);
  },

  /** @returns 0, or −ERESTARTSYS if a fatal signal came first */
  wait_for_completion_killable(this: Context, x: CompletionPtr): Coroutine<number> {
    return this.wait_for_common(x, TASK_KILLABLE);
  },
};

export type CompletionOps = typeof completionOps;
