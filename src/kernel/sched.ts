/**
 * `kernel/sched/core.c` on a kernel without preemption: a first-in first-out run queue for each CPU.
 *
 * Left out: load balancing (a task stays on the CPU it was placed on) and wake-up preemption of one user task by
 * another; a waking task preempts only idle.
 */

import { addr, container_of, list_head, NULL, type Ptr } from '../memory/layout.js';
import { cpu_data, IRQ_RESCHEDULE, IRQ_TIMER } from '../sync/cpu.js';
import { type Coroutine, OP_IDLE, OP_SCHEDULE } from '../sync/gate.js';
import { type WaitEntryPtr, wait_queue_entry } from '../sync/wait.js';
import {
  HARDIRQ_OFFSET,
  SIGKILL,
  TASK_DEAD,
  TASK_INTERRUPTIBLE,
  TASK_NORMAL,
  TASK_RUNNING,
  TASK_WAKEKILL,
  TASK_WAKING,
  TIF_NEED_RESCHED,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { rq, sigset_t, task_struct } from './structs.js';
import { TRACE_SCHED_WAKEUP_NEW } from './trace.js';

type Task = Ptr<'task_struct'>;
type RunQueue = Ptr<'rq'>;

export const schedFunctions = {
  cpu_rq(this: Kernel, cpu: number): RunQueue {
    return this.rqs[cpu] as RunQueue;
  },

  /** Whether a task is the one running on its CPU. */
  task_curr(this: Kernel, t: Task): boolean {
    return this.peek(this.cpu_rq(this.get(t, task_struct.cpu)) + rq.curr) === t;
  },

  /** A full barrier after the store: what the caller tests next is tested after others can see it asleep. */
  set_current_state(this: Kernel, state: number): boolean {
    return this.WRITE_ONCE(this.current, task_struct.state, state);
  },

  __set_current_state(this: Kernel, state: number): void {
    this.set(this.current, task_struct.state, state);
  },

  /** For states that are left by one wake-up only: no waker may be looking at the state before. */
  *set_special_state(this: Kernel, state: number): Coroutine<void> {
    const lock = addr(this.current, task_struct.pi_lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    this.set(this.current, task_struct.state, state);
    this.spin_unlock_irqrestore(lock, flags);
  },

  set_tsk_thread_flag(this: Kernel, t: Task, flag: number): void {
    this.atomicOr(t + task_struct.thread_flags, flag);
  },

  clear_tsk_thread_flag(this: Kernel, t: Task, flag: number): void {
    this.atomicAnd(t + task_struct.thread_flags, ~flag);
  },

  test_tsk_thread_flag(this: Kernel, t: Task, flag: number): boolean {
    return (this.peek(t + task_struct.thread_flags) & flag) !== 0;
  },

  need_resched(this: Kernel): boolean {
    return this.test_tsk_thread_flag(this.current, TIF_NEED_RESCHED);
  },

  /** Whether a signal keeps a task from sleeping in `state`. */
  signal_pending_state(this: Kernel, state: number, t: Task): boolean {
    if ((state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) === 0) return false;
    if (!this.signal_pending(t)) return false;
    return (state & TASK_INTERRUPTIBLE) !== 0 || this.__fatal_signal_pending(t);
  },

  __fatal_signal_pending(this: Kernel, t: Task): boolean {
    const pending = addr(t, task_struct.pending);
    const lo = this.peek(pending + PENDING_SIGNAL_LO);
    return (lo & (1 << (SIGKILL - 1))) !== 0;
  },

  resched_curr(this: Kernel, queue: RunQueue): void {
    this.set_tsk_thread_flag(this.get(queue, rq.curr), TIF_NEED_RESCHED);
  },

  /** Puts a task on this CPU's run queue. Needs its lock. */
  activate_task(this: Kernel, queue: RunQueue, p: Task): void {
    this.list_add_tail(addr(p, task_struct.run_list), addr(queue, rq.queue));
    this.set(p, task_struct.on_rq, 1);
    this.set(queue, rq.nr_running, this.get(queue, rq.nr_running) + 1);
  },

  /** Puts a woken task on this CPU's run queue. Needs its lock. */
  ttwu_do_activate(this: Kernel, queue: RunQueue, p: Task): void {
    this.activate_task(queue, p);
    this.set(p, task_struct.state, TASK_RUNNING);
    if (this.get(queue, rq.curr) === this.get(queue, rq.idle)) this.resched_curr(queue);
    this.trace_sched_wakeup(p);
  },

  /** The task had set its state but is still on its run queue: it need only be made runnable again. */
  ttwu_remote(this: Kernel, p: Task): boolean {
    const queue = this.cpu_rq(this.get(p, task_struct.cpu));
    this.raw_spin_lock(addr(queue, rq.lock));
    const queued = this.get(p, task_struct.on_rq) !== 0;
    if (queued) {
      this.set(p, task_struct.state, TASK_RUNNING);
      this.trace_sched_wakeup(p);
    }
    this.raw_spin_unlock(addr(queue, rq.lock));
    return queued;
  },

  /** Hands a woken task to its CPU: directly on this one, through the mailbox on another. */
  ttwu_queue(this: Kernel, p: Task, cpu: number): void {
    const queue = this.cpu_rq(cpu);
    if (cpu === this.id) {
      this.raw_spin_lock(addr(queue, rq.lock));
      this.ttwu_do_activate(queue, p);
      this.raw_spin_unlock(addr(queue, rq.lock));
      return;
    }
    this.llist_add(p, queue);
    this.smp_send_reschedule(cpu);
  },

  /** Adds a task to a CPU's mailbox. Many senders, one receiver. */
  llist_add(this: Kernel, p: Task, queue: RunQueue): void {
    let first = this.peek(queue + rq.wake_list);
    for (;;) {
      this.set(p, task_struct.wake_entry, first as Task);
      const seen = this.atomicCmpxchg(queue + rq.wake_list, first, p);
      if (seen === first) return;
      first = seen;
    }
  },

  smp_send_reschedule(this: Kernel, cpu: number): void {
    this.interrupt(cpu, IRQ_RESCHEDULE);
  },

  /**
   * Wakes a task if its state is one of `state`. With `pi_lock` held only one waker can win; the task's own test in
   * `__schedule` decides the race between going to sleep and being woken.
   *
   * @returns whether this call woke it
   */
  *try_to_wake_up(this: Kernel, p: Task, state: number): Coroutine<boolean> {
    if (p === this.current) {
      if ((this.get(p, task_struct.state) & state) === 0) return false;
      this.trace_sched_waking(p);
      this.set(p, task_struct.state, TASK_RUNNING);
      this.trace_sched_wakeup(p);
      return true;
    }
    const lock = addr(p, task_struct.pi_lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    if ((this.peek(p + task_struct.state) & state) === 0) {
      this.spin_unlock_irqrestore(lock, flags);
      return false;
    }
    this.trace_sched_waking(p);
    if (this.peek(p + task_struct.on_rq) === 0 || !this.ttwu_remote(p)) {
      // Off its queue but perhaps still on its CPU: it must have switched away before it may be queued again.
      if (this.peek(p + task_struct.on_cpu) !== 0) {
        if (this.smp_cond_load_acquire(p, task_struct.on_cpu, 0)) yield;
      }
      this.set(p, task_struct.state, TASK_WAKING);
      this.ttwu_queue(p, this.get(p, task_struct.cpu));
    }
    this.spin_unlock_irqrestore(lock, flags);
    return true;
  },

  wake_up_process(this: Kernel, p: Task): Coroutine<boolean> {
    return this.try_to_wake_up(p, TASK_NORMAL);
  },

  wake_up_state(this: Kernel, p: Task, state: number): Coroutine<boolean> {
    return this.try_to_wake_up(p, state);
  },

  /** What most wait-queue entries do when woken. */
  default_wake_function(this: Kernel, p: Task, mode: number): Coroutine<boolean> {
    return this.try_to_wake_up(p, mode);
  },

  /** Wakes the sleeper, and takes its entry off the queue if this call woke it. */
  *autoremove_wake_function(this: Kernel, entry: WaitEntryPtr, mode: number): Coroutine<boolean> {
    const woke = yield* this.default_wake_function(this.get(entry, wait_queue_entry.private), mode);
    if (woke) this.list_del_init(addr(entry, wait_queue_entry.entry));
    return woke;
  },

  /**
   * Waits until a task has left its CPU: false if it is not in `match_state`. Left out: a task that is runnable again,
   * which no task that somebody waits for like this can be.
   */
  *wait_task_inactive(this: Kernel, p: Task, match_state: number): Coroutine<boolean> {
    if (this.peek(p + task_struct.on_cpu) !== 0) {
      if (this.peek(p + task_struct.state) !== match_state) return false;
      if (this.smp_cond_load_acquire(p, task_struct.on_cpu, 0)) yield;
    }
    return this.peek(p + task_struct.state) === match_state;
  },

  /** Starts a new task on the CPU it was placed on. */
  *wake_up_new_task(this: Kernel, p: Task): Coroutine<void> {
    const lock = addr(p, task_struct.pi_lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    this.set(p, task_struct.state, TASK_RUNNING);
    if (this.trace !== null) this.emit(TRACE_SCHED_WAKEUP_NEW, p, this.get(p, task_struct.cpu));
    this.ttwu_queue(p, this.get(p, task_struct.cpu));
    this.spin_unlock_irqrestore(lock, flags);
  },

  /** Whether a task waits for this CPU that would do something with it. */
  someoneWantsCpu(this: Kernel): boolean {
    if (this.get(this.rq, rq.nr_running) <= 1) return false;
    const head = addr(this.rq, rq.queue);
    for (let node = this.get(head, list_head.next); node !== head; node = this.get(node, list_head.next)) {
      const t = container_of(node, task_struct.run_list);
      if (this.get(t, task_struct.staying) === 0 || this.peek(t + task_struct.thread_flags) !== 0) return true;
    }
    return false;
  },

  /** Makes a task in user mode on another CPU enter the kernel, so that it looks at its flags. */
  kick_process(this: Kernel, p: Task): void {
    const cpu = this.get(p, task_struct.cpu);
    // One that only stays in user mode gets no turn from others that do; told of a signal, it wants one.
    if (cpu !== this.id && (this.task_curr(p) || this.get(p, task_struct.staying) !== 0)) this.smp_send_reschedule(cpu);
  },

  /** Empties this CPU's mailbox onto its run queue, in the order of sending. */
  sched_ttwu_pending(this: Kernel): void {
    const queue = this.rq;
    let p = this.atomicXchg(queue + rq.wake_list, NULL) as Task;
    if (!p) return;
    let ordered: Task = NULL;
    while (p) {
      const next = this.get(p, task_struct.wake_entry);
      this.set(p, task_struct.wake_entry, ordered);
      ordered = p;
      p = next;
    }
    this.raw_spin_lock(addr(queue, rq.lock));
    while (ordered) {
      const next = this.get(ordered, task_struct.wake_entry);
      this.ttwu_do_activate(queue, ordered);
      ordered = next;
    }
    this.raw_spin_unlock(addr(queue, rq.lock));
  },

  /**
   * The start of an interrupt's handler: RCU watches again where it did not, and nothing in it may sleep.
   *
   * @returns whether it came in user mode or idle; for `irq_exit`
   */
  irq_enter(this: Kernel): boolean {
    const { words, data } = this;
    const eqs = words[data + cpu_data.rcu_eqs] !== 0;
    if (eqs) this.rcu_eqs_exit();
    words[data + cpu_data.preempt_count] = this.preempt_count() + HARDIRQ_OFFSET;
    this.local_irq_disable();
    return eqs;
  },

  irq_exit(this: Kernel, eqs: boolean): void {
    this.words[this.data + cpu_data.preempt_count] = this.preempt_count() - HARDIRQ_OFFSET;
    if (eqs) {
      // Idle and user mode look at their flags when they are told to.
      this.interrupt(this.id, IRQ_RESCHEDULE);
      this.rcu_eqs_enter();
    }
    this.local_irq_enable();
  },

  /** Takes the interrupts that wait at this CPU's door: the reschedule interrupt. */
  do_IRQ(this: Kernel): void {
    const pending = this.atomicAnd(this.data + cpu_data.irq_pending, IRQ_TIMER);
    if ((pending & IRQ_RESCHEDULE) !== 0) this.sched_ttwu_pending();
  },

  /** Whether interrupts wait at this CPU's door. The timer's is not among them: it is taken at any scheduling point. */
  irqsPending(this: Kernel): boolean {
    return (this.peek(this.data + cpu_data.irq_pending) & ~IRQ_TIMER) !== 0;
  },

  /** The next task to run here: the head of the queue, the previous one if it can go on, or idle. Needs the lock. */
  pick_next_task(this: Kernel, queue: RunQueue, prev: Task): Task {
    const idle = this.get(queue, rq.idle);
    if (prev !== idle && this.get(prev, task_struct.on_rq) !== 0) {
      this.list_add_tail(addr(prev, task_struct.run_list), addr(queue, rq.queue));
    }
    const head = addr(queue, rq.queue);
    const first = this.get(head, list_head.next);
    if (first === head) return idle;
    this.list_del_init(first);
    return container_of(first, task_struct.run_list);
  },

  /**
   * Gives the CPU to the next task. A task that has set its state and has a signal pending does not sleep: it was
   * woken between the two, and this is where that is noticed.
   */
  *__schedule(this: Kernel): Coroutine<void> {
    const prev = this.current;
    const queue = this.rq;
    if (this.preempt_count() !== 0) {
      this.violate('scheduling-while-atomic', 'BUG: scheduling while atomic: a spinlock is held');
    }
    if (prev !== this.get(queue, rq.idle) && this.get(prev, task_struct.state) !== TASK_DEAD) {
      if (this.point(OP_SCHEDULE, prev + task_struct.state, 0, 0)) yield;
    }
    this.local_irq_disable();
    this.rcu_note_context_switch();
    const lock = addr(queue, rq.lock);
    this.raw_spin_lock(lock);
    const state = this.get(prev, task_struct.state);
    if (state !== TASK_RUNNING) {
      if (this.signal_pending_state(state, prev)) {
        this.set(prev, task_struct.state, TASK_RUNNING);
      } else {
        this.set(prev, task_struct.on_rq, 0);
        this.set(queue, rq.nr_running, this.get(queue, rq.nr_running) - 1);
      }
    }
    const next = this.pick_next_task(queue, prev);
    this.clear_tsk_thread_flag(prev, TIF_NEED_RESCHED);
    if (next === prev) {
      this.raw_spin_unlock(lock);
      this.local_irq_enable();
      return;
    }
    this.stopTick();
    this.trace_sched_switch(prev, next);
    this.set(queue, rq.curr, next);
    this.set(next, task_struct.on_cpu, 1);
    this.current = next;
    this.finish_task_switch(prev, state);
    this.raw_spin_unlock(lock);
    if (this.switch_to()) yield;
    this.local_irq_enable();
  },

  /**
   * What the next task does for the one before it. Here it is done before the switch, with the run queue still
   * locked: `prev` runs nothing more, and stays on this CPU, so nobody can tell.
   */
  finish_task_switch(this: Kernel, prev: Task, state: number): void {
    this.atomicXchg(prev + task_struct.on_cpu, 0);
    if (state === TASK_DEAD) {
      this.forgetCoroutine(prev);
      this.put_task_struct(prev);
    }
  },

  /** The first thing a task does on its first CPU: `__schedule` had interrupts disabled when it switched to it. */
  schedule_tail(this: Kernel): void {
    this.local_irq_enable();
  },

  /** Leaves this coroutine; the machine goes on with the one of `current`. */
  switch_to(this: Kernel): boolean {
    this.switching = true;
    return true;
  },

  *schedule(this: Kernel): Coroutine<void> {
    do {
      yield* this.__schedule();
    } while (this.need_resched());
  },

  /** The last thing a task does. Its coroutine is never resumed. */
  *do_task_dead(this: Kernel): Coroutine<never> {
    this.set(this.current, task_struct.state, TASK_DEAD);
    yield* this.__schedule();
    this.BUG_ON(true, 'a dead task was scheduled');
    throw new Error('unreachable');
  },

  /** The idle task: sleeps until an interrupt comes, takes it, and runs whatever it made runnable. */
  *cpu_idle(this: Kernel): Coroutine<void> {
    this.schedule_tail();
    for (;;) {
      if (this.need_resched()) {
        yield* this.__schedule();
        continue;
      }
      this.rcu_eqs_enter();
      if (!this.irqsPending()) {
        if (this.point(OP_IDLE, this.data + cpu_data.irq_pending, 0, 0)) yield;
      }
      this.rcu_eqs_exit();
      this.do_IRQ();
    }
  },
};

/** The word of `sigpending.signal` that has `SIGKILL`, from the start of the `sigpending`. */
const PENDING_SIGNAL_LO = 2 + sigset_t.lo;

/** The numbers of wake functions in wait-queue entries. */
export const DEFAULT_WAKE_FUNCTION = 2;
export const AUTOREMOVE_WAKE_FUNCTION = 3;

export type SchedFunctions = typeof schedFunctions;
