/**
 * `kernel/time/hrtimer.c` on the simulated clock. The clock stands still until the machine decides that time passes
 * (`passTime`); then it stands at the next expiry, and the CPU on which that timer was started is interrupted. So timers
 * expire in their order, as late as the schedule says: a CPU may be arbitrarily slow, and none is faster than time.
 *
 * Left out: slack, the red-black tree (a sorted list reads the same), soft interrupts for timers, and clocks that are
 * set: there is one clock, which starts at 0.
 */

import { addr, container_of, list_head, NULL, type Ptr } from '../memory/layout.js';
import { cpu_data, IRQ_TIMER } from '../sync/cpu.js';
import type { Coroutine } from '../sync/gate.js';
import { EFAULT, EINTR, EINVAL, ERESTART_RESTARTBLOCK, TASK_INTERRUPTIBLE, TASK_RUNNING } from './constants.js';
import type { Kernel } from './kernel.js';
import { globals, hrtimer, hrtimer_cpu_base, ktime_t, rq, task_struct } from './structs.js';
import { TRACE_HRTIMER_EXPIRE } from './trace.js';

type Timer = Ptr<'hrtimer'>;
type Base = Ptr<'hrtimer_cpu_base'>;

/** Nanoseconds. Exact up to 2^53, which is 104 days. */
export const NSEC_PER_SEC = 1_000_000_000;
/** A tick, in nanoseconds: the kernel's with `HZ` 1000. */
export const TICK_NSEC = NSEC_PER_SEC / 1000;
/** The latest time there is, in nanoseconds: 292 years. */
export const KTIME_MAX = 0x7fffffff * 0x1_0000_0000;

/** What an expired timer calls: numbers, since the arena holds no functions. */
export const HRTIMER_WAKEUP = 1;
export const IT_REAL_FN = 2;
export const POSIX_TIMER_FN = 3;
export const TICK_SCHED_TIMER = 4;

/** The words of a `struct timespec` of a program. */
export interface Timespec {
  tv_sec: number;
  tv_nsec: number;
}

/** The tasks's `restart_block.fn`. */
const DO_NO_RESTART_SYSCALL = 0;
export const HRTIMER_NANOSLEEP_RESTART = 1;
export const DO_RESTART_POLL = 2;

export function ktime_to_timespec(ns: number): Timespec {
  return { tv_sec: Math.floor(ns / NSEC_PER_SEC), tv_nsec: ns % NSEC_PER_SEC };
}

/** Clamped, so that no time is later than the last. */
export function timespec_to_ktime({ tv_sec, tv_nsec }: Timespec): number {
  return Math.min(tv_sec * NSEC_PER_SEC + tv_nsec, KTIME_MAX);
}

export function timespec_valid({ tv_sec, tv_nsec }: Timespec): boolean {
  return tv_sec >= 0 && tv_nsec >= 0 && tv_nsec < NSEC_PER_SEC;
}

export const hrtimerFunctions = {
  /** Loads a time from the arena, in nanoseconds. */
  loadTime(this: Kernel, from: Ptr<'ktime_t'>): number {
    return this.get(from, ktime_t.hi) * 0x1_0000_0000 + (this.get(from, ktime_t.lo) >>> 0);
  },

  storeTime(this: Kernel, to: Ptr<'ktime_t'>, ns: number): void {
    this.set(to, ktime_t.hi, Math.floor(ns / 0x1_0000_0000));
    this.set(to, ktime_t.lo, ns | 0);
  },

  /** The time of the simulated clock, in nanoseconds. */
  ktime_get(this: Kernel): number {
    const lock = addr(this.globals, globals.clock_lock);
    this.raw_spin_lock(lock);
    const now = this.loadTime(addr(this.globals, globals.clock));
    this.raw_spin_unlock(lock);
    return now;
  },

  /**
   * Lets time pass until the next timer expires, and interrupts its CPU. Called by the machine, on any CPU. Where that
   * timer was cancelled meanwhile, on real threads, nothing happens.
   */
  passTime(this: Kernel): void {
    const armed = this.peek(this.globals + globals.timers_armed);
    let soonest = Number.POSITIVE_INFINITY;
    let cpu = -1;
    for (let id = 0; id < this.cpus; id++) {
      if (((armed >> id) & 1) === 0) continue;
      const base = this.hrtimerBases[id] as Base;
      this.raw_spin_lock(addr(base, hrtimer_cpu_base.lock));
      const first = this.firstTimer(base);
      const expires = first ? this.loadTime(addr(first, hrtimer.expires)) : Number.POSITIVE_INFINITY;
      this.raw_spin_unlock(addr(base, hrtimer_cpu_base.lock));
      if (expires >= soonest) continue;
      soonest = expires;
      cpu = id;
    }
    if (cpu < 0) return;
    // Under the base's lock the bell is rung and the bit cleared: the CPU's handler sets the bit again after that.
    const base = this.hrtimerBases[cpu] as Base;
    this.raw_spin_lock(addr(base, hrtimer_cpu_base.lock));
    const first = this.firstTimer(base);
    if (first) {
      const expires = this.loadTime(addr(first, hrtimer.expires));
      const clockLock = addr(this.globals, globals.clock_lock);
      const clock = addr(this.globals, globals.clock);
      this.raw_spin_lock(clockLock);
      if (expires > this.loadTime(clock)) this.storeTime(clock, expires);
      this.raw_spin_unlock(clockLock);
      if (this.trace !== null)
        this.trace.emit(cpu, this.get(this.cpu_rq(cpu), rq.curr), TRACE_HRTIMER_EXPIRE, first, cpu, 0, 0);
      this.interrupt(cpu, IRQ_TIMER);
    }
    this.atomicAnd(this.globals + globals.timers_armed, ~(1 << cpu));
    this.raw_spin_unlock(addr(base, hrtimer_cpu_base.lock));
  },

  /** A CPU's next timer, or NULL. Needs the base's lock. */
  firstTimer(this: Kernel, base: Base): Timer {
    const head = addr(base, hrtimer_cpu_base.queue);
    const node = this.get(head, list_head.next);
    return node === head ? NULL : container_of(node, hrtimer.node);
  },

  /** Says whether time may pass for a CPU. Needs the base's lock. */
  hrtimer_reprogram(this: Kernel, cpu: number): void {
    const word = this.globals + globals.timers_armed;
    if (this.firstTimer(this.hrtimerBases[cpu] as Base)) this.atomicOr(word, 1 << cpu);
    else this.atomicAnd(word, ~(1 << cpu));
  },

  /**
   * @param fn one of `HRTIMER_WAKEUP`, …
   * @param data what the function works on
   */
  hrtimer_init(this: Kernel, timer: Timer, fn: number, data: number): void {
    this.INIT_LIST_HEAD(addr(timer, hrtimer.node));
    this.set(timer, hrtimer.is_queued, 0);
    this.set(timer, hrtimer.running, 0);
    this.set(timer, hrtimer.function, fn);
    this.set(timer, hrtimer.data, data);
    this.set(timer, hrtimer.cpu, this.id);
  },

  /** Starts a timer on this CPU. @param expires absolute, in nanoseconds */
  hrtimer_start(this: Kernel, timer: Timer, expires: number): void {
    this.dequeueTimer(timer);
    const base = this.hrtimerBases[this.id] as Base;
    const lock = addr(base, hrtimer_cpu_base.lock);
    this.raw_spin_lock(lock);
    this.set(timer, hrtimer.cpu, this.id);
    this.storeTime(addr(timer, hrtimer.expires), expires);
    this.enqueue_hrtimer(timer, base);
    this.hrtimer_reprogram(this.id);
    this.raw_spin_unlock(lock);
  },

  /** Queues a timer behind those that expire no later. Needs the base's lock. */
  enqueue_hrtimer(this: Kernel, timer: Timer, base: Base): void {
    const expires = this.loadTime(addr(timer, hrtimer.expires));
    const head = addr(base, hrtimer_cpu_base.queue);
    let before = this.get(head, list_head.prev);
    while (before !== head && this.loadTime(addr(container_of(before, hrtimer.node), hrtimer.expires)) > expires) {
      before = this.get(before, list_head.prev);
    }
    this.list_add(addr(timer, hrtimer.node), before);
    this.set(timer, hrtimer.is_queued, 1);
  },

  /** Takes a timer off its queue, if it is on one. */
  dequeueTimer(this: Kernel, timer: Timer): boolean {
    const cpu = this.get(timer, hrtimer.cpu);
    const lock = addr(this.hrtimerBases[cpu] as Base, hrtimer_cpu_base.lock);
    this.raw_spin_lock(lock);
    const queued = this.get(timer, hrtimer.is_queued) !== 0;
    if (queued) {
      this.list_del_init(addr(timer, hrtimer.node));
      this.set(timer, hrtimer.is_queued, 0);
      this.hrtimer_reprogram(cpu);
    }
    this.raw_spin_unlock(lock);
    return queued;
  },

  hrtimer_is_queued(this: Kernel, timer: Timer): boolean {
    return this.peek(timer + hrtimer.is_queued) !== 0;
  },

  /** @returns 1 if it was queued, 0 if not, −1 if its function is running and it cannot be cancelled now */
  hrtimer_try_to_cancel(this: Kernel, timer: Timer): number {
    if (this.dequeueTimer(timer)) return 1;
    return this.peek(timer + hrtimer.running) !== 0 ? -1 : 0;
  },

  /** Cancels a timer, and waits for its function to end where that is running. */
  *hrtimer_cancel(this: Kernel, timer: Timer): Coroutine<boolean> {
    for (;;) {
      const cancelled = this.hrtimer_try_to_cancel(timer);
      if (cancelled >= 0) return cancelled === 1;
      if (this.smp_cond_load_acquire(timer, hrtimer.running, 0)) yield;
    }
  },

  /** The time left, in nanoseconds; 0 or below when it has expired. */
  hrtimer_get_remaining(this: Kernel, timer: Timer): number {
    return this.loadTime(addr(timer, hrtimer.expires)) - this.ktime_get();
  },

  /** Moves an expired timer on by whole intervals, past `now`. @returns how many */
  hrtimer_forward(this: Kernel, timer: Timer, now: number, interval: number): number {
    const expires = this.loadTime(addr(timer, hrtimer.expires));
    const delta = now - expires;
    if (delta < 0) return 0;
    const overruns = Math.floor(delta / interval) + 1;
    this.storeTime(addr(timer, hrtimer.expires), Math.min(expires + overruns * interval, KTIME_MAX));
    return overruns;
  },

  hrtimer_restart(this: Kernel, timer: Timer): void {
    this.hrtimer_start(timer, this.loadTime(addr(timer, hrtimer.expires)));
  },

  /** The timer interrupt: calls the functions of this CPU's expired timers. Runs with interrupts disabled. */
  *hrtimer_interrupt(this: Kernel): Coroutine<void> {
    const eqs = this.irq_enter();
    this.atomicAnd(this.data + cpu_data.irq_pending, ~IRQ_TIMER);
    const base = this.hrtimerBases[this.id] as Base;
    const lock = addr(base, hrtimer_cpu_base.lock);
    for (;;) {
      this.raw_spin_lock(lock);
      const timer = this.firstTimer(base);
      if (!timer || this.loadTime(addr(timer, hrtimer.expires)) > this.ktime_get()) break;
      this.list_del_init(addr(timer, hrtimer.node));
      this.set(timer, hrtimer.is_queued, 0);
      this.atomicXchg(timer + hrtimer.running, 1);
      this.raw_spin_unlock(lock);
      yield* this.__run_hrtimer(timer, eqs);
      // Whoever waits in hrtimer_cancel goes on, and may free what the timer is in.
      this.atomicXchg(timer + hrtimer.running, 0);
    }
    this.hrtimer_reprogram(this.id);
    this.raw_spin_unlock(lock);
    this.irq_exit(eqs);
  },

  /** Calls the function of an expired timer. @param user the interrupt came in user mode, or idle */
  *__run_hrtimer(this: Kernel, timer: Timer, user: boolean): Coroutine<void> {
    const fn = this.get(timer, hrtimer.function);
    if (fn === HRTIMER_WAKEUP) yield* this.hrtimer_wakeup(timer);
    else if (fn === IT_REAL_FN) yield* this.it_real_fn(timer);
    else if (fn === TICK_SCHED_TIMER) yield* this.tick_sched_timer(user);
    else if (yield* this.posix_timer_fn(timer)) this.hrtimer_restart(timer);
  },

  /** Wakes the sleeper of a timer, and tells it that its time is over. */
  *hrtimer_wakeup(this: Kernel, timer: Timer): Coroutine<void> {
    const task = this.get(timer, hrtimer.data) as Ptr<'task_struct'>;
    if (this.WRITE_ONCE(timer, hrtimer.data, NULL)) yield;
    yield* this.wake_up_process(task);
  },

  /**
   * Sleeps until a time, or a signal.
   *
   * @param expires absolute, in nanoseconds
   * @param rmtp where the caller wants the time that is left when a signal comes first
   */
  *do_nanosleep(this: Kernel, expires: number, rmtp: Timespec | null): Coroutine<number> {
    const tsk = this.current;
    const timer = addr(tsk, task_struct.sleep_timer);
    this.hrtimer_init(timer, HRTIMER_WAKEUP, tsk);
    for (;;) {
      if (this.set_current_state(TASK_INTERRUPTIBLE)) yield;
      this.hrtimer_start(timer, expires);
      if (this.READ_ONCE(timer, hrtimer.data)) yield;
      if (this.value(hrtimer.data) !== NULL) yield* this.schedule();
      yield* this.hrtimer_cancel(timer);
      if (this.get(timer, hrtimer.data) === NULL || this.signal_pending(tsk)) break;
    }
    this.__set_current_state(TASK_RUNNING);
    if (this.get(timer, hrtimer.data) === NULL) return 0;
    if (rmtp !== null) {
      const left = this.hrtimer_get_remaining(timer);
      if (left <= 0) return 0;
      Object.assign(rmtp, ktime_to_timespec(left));
    }
    return -ERESTART_RESTARTBLOCK;
  },

  /**
   * Sleeps in the state that the caller has set, until a time or a wake-up.
   *
   * @param expires absolute, in nanoseconds; null for no end
   * @returns 0 when the time was over, −EINTR otherwise
   */
  *schedule_hrtimeout(this: Kernel, expires: number | null): Coroutine<number> {
    if (expires === null) {
      yield* this.schedule();
      return -EINTR;
    }
    const timer = addr(this.current, task_struct.sleep_timer);
    this.hrtimer_init(timer, HRTIMER_WAKEUP, this.current);
    this.hrtimer_start(timer, expires);
    if (this.READ_ONCE(timer, hrtimer.data)) yield;
    if (this.value(hrtimer.data) !== NULL) yield* this.schedule();
    yield* this.hrtimer_cancel(timer);
    this.__set_current_state(TASK_RUNNING);
    return this.get(timer, hrtimer.data) === NULL ? 0 : -EINTR;
  },

  /** `nanosleep(2)`: interrupted without a handler, it goes on until the time that was meant at first. */
  *nanosleep(this: Kernel, rqtp: Timespec | null, rmtp: Timespec | null): Coroutine<number> {
    if (rqtp === null) return -EFAULT;
    if (!timespec_valid(rqtp)) return -EINVAL;
    const expires = Math.min(this.ktime_get() + timespec_to_ktime(rqtp), KTIME_MAX);
    const result = yield* this.do_nanosleep(expires, rmtp);
    if (result === -ERESTART_RESTARTBLOCK) {
      this.set(this.current, task_struct.restart_fn, HRTIMER_NANOSLEEP_RESTART);
      this.storeTime(addr(this.current, task_struct.restart_expires), expires);
    }
    return result;
  },

  hrtimer_nanosleep_restart(this: Kernel, rmtp: Timespec | null): Coroutine<number> {
    return this.do_nanosleep(this.loadTime(addr(this.current, task_struct.restart_expires)), rmtp);
  },

  /**
   * `restart_syscall(2)`: goes on with a call that was interrupted without a handler.
   *
   * @param args those of the call; the last is where the time left goes
   */
  *restart_syscall(this: Kernel, args: readonly unknown[]): Coroutine<number> {
    switch (this.get(this.current, task_struct.restart_fn)) {
      case HRTIMER_NANOSLEEP_RESTART:
        return yield* this.hrtimer_nanosleep_restart(args.at(-1) as Timespec | null);
      case DO_RESTART_POLL:
        return yield* this.do_restart_poll(args);
      default:
        return this.do_no_restart_syscall();
    }
  },

  do_no_restart_syscall(this: Kernel): number {
    return -EINTR;
  },

  /** After a handler: what it interrupted is not gone on with. */
  forgetRestart(this: Kernel): void {
    this.set(this.current, task_struct.restart_fn, DO_NO_RESTART_SYSCALL);
  },
};

export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_PROCESS_CPUTIME_ID = 2;
export const CLOCK_THREAD_CPUTIME_ID = 3;
export const CLOCK_MONOTONIC_RAW = 4;
export const CLOCK_REALTIME_COARSE = 5;
export const CLOCK_MONOTONIC_COARSE = 6;
export const CLOCK_BOOTTIME = 7;
export const CLOCK_TAI = 11;

export type HrtimerFunctions = typeof hrtimerFunctions;
