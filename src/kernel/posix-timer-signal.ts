/**
 * `kernel/time/posix-timers.c` and `kernel/signal.c`: what a timer does when it expires. It is found by its number under
 * RCU, locked, and then looked at again: it may have been deleted in between. Its signal's queue entry is allocated with
 * it, so that its expiry cannot fail, and counts overruns while it waits to be taken.
 */

import { addr, container_of, hlist_head, hlist_node, list_head, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  INT_MAX,
  PIDTYPE_PID,
  PIDTYPE_TGID,
  SI_TIMER,
  SIGCONT,
  SIGEV_THREAD_ID,
  SIGQUEUE_PREALLOC,
  TRACE_SIGNAL_ALREADY_PENDING,
  TRACE_SIGNAL_DELIVERED,
  TRACE_SIGNAL_IGNORED,
} from './constants.js';
import { TICK_NSEC } from './hrtimer.js';
import type { Kernel } from './kernel.js';
import type { KernelSiginfo } from './signal/siginfo.js';
import {
  globals,
  hrtimer,
  k_itimer,
  kernel_siginfo,
  sighand_struct,
  signal_struct,
  sigpending,
  sigqueue,
  task_struct,
} from './structs.js';

type Itimer = Ptr<'k_itimer'>;

type Queue = Ptr<'sigqueue'>;

/** In `it_requeue_pending`: the timer is armed again when its signal is taken. */
export const REQUEUE_PENDING = 1;

export const posixTimerSignalFunctions = {
  /** Finds a timer of the current process by its number, or NULL. Needs RCU. */
  *posix_timer_by_id(this: Kernel, id: number): Coroutine<Itimer> {
    const signal = this.get(this.current, task_struct.signal);
    if (this.rcu_dereference(addr(this.globals, globals.posix_timers_hashtable), hlist_head.first)) yield;
    let node = this.value(hlist_head.first);
    while (node) {
      const timer = container_of(node, k_itimer.t_hash);
      if (this.peek(timer + k_itimer.it_signal) === signal && this.get(timer, k_itimer.it_id) === id) return timer;
      if (this.rcu_dereference(node, hlist_node.next)) yield;
      node = this.value(hlist_node.next);
    }
    return NULL;
  },

  /**
   * Gives a new timer the next number of its process, and makes it findable. Left out: the search for a free number
   * after `INT_MAX` timers, and that there are many hash buckets.
   */
  *posix_timer_add(this: Kernel, timer: Itimer): Coroutine<number> {
    const signal = this.get(this.current, task_struct.signal);
    const lock = addr(this.globals, globals.posix_timers_lock);
    if (this.spin_lock(lock)) yield;
    const id = this.get(signal, signal_struct.posix_timer_id);
    this.set(signal, signal_struct.posix_timer_id, id + 1);
    this.set(timer, k_itimer.it_id, id);
    const table = addr(this.globals, globals.posix_timers_hashtable);
    if (this.hlist_add_head_rcu(addr(timer, k_itimer.t_hash), table)) yield;
    this.spin_unlock(lock);
    return id;
  },

  /**
   * Finds and locks a timer of the current process, with interrupts disabled: NULL if it has none of that number. The
   * interrupt state is in `irqflags`.
   */
  *lock_timer(this: Kernel, id: number): Coroutine<Itimer> {
    this.rcu_read_lock();
    const timer = yield* this.posix_timer_by_id(id);
    if (timer) {
      const lock = addr(timer, k_itimer.it_lock);
      if (this.spin_lock_irqsave(lock)) yield;
      // Not deleted meanwhile.
      if (this.get(timer, k_itimer.it_signal) === this.get(this.current, task_struct.signal)) {
        this.rcu_read_unlock();
        return timer;
      }
      this.spin_unlock_irqrestore(lock, this.irqflags);
    }
    this.rcu_read_unlock();
    return NULL;
  },

  unlock_timer(this: Kernel, timer: Itimer, flags: number): void {
    this.spin_unlock_irqrestore(addr(timer, k_itimer.it_lock), flags);
  },

  /** What a program is told of overruns: no more than an int holds. */
  timer_overrun_to_int(this: Kernel, timer: Itimer, base: number): number {
    return Math.min(this.get(timer, k_itimer.it_overrun_last) + base, INT_MAX);
  },

  /** Counts expiries that were missed. The kernel counts in 64 bits and clamps later. */
  addOverruns(this: Kernel, timer: Itimer, overruns: number): void {
    const sum = this.get(timer, k_itimer.it_overrun) + overruns;
    this.set(timer, k_itimer.it_overrun, Math.min(sum, INT_MAX));
  },

  /**
   * A timer's signal is taken: arms the timer again, and tells of the overruns. The timer may be gone, or set anew,
   * since the signal was sent; then it is left alone.
   *
   * @returns the siginfo to go on with
   */
  *posixtimer_rearm(this: Kernel, info: KernelSiginfo): Coroutine<KernelSiginfo> {
    let si_overrun = info.si_uid;
    const timer = yield* this.lock_timer(info.si_pid);
    if (timer) {
      const flags = this.irqflags;
      const interval = this.loadTime(addr(timer, k_itimer.it_interval));
      if (interval !== 0 && this.get(timer, k_itimer.it_requeue_pending) === info.si_sys_private) {
        const hr = addr(timer, k_itimer.timer);
        this.addOverruns(timer, this.hrtimer_forward(hr, this.ktime_get(), interval));
        this.hrtimer_restart(hr);
        this.set(timer, k_itimer.it_active, 1);
        this.set(timer, k_itimer.it_overrun_last, this.get(timer, k_itimer.it_overrun));
        this.set(timer, k_itimer.it_overrun, -1);
        this.set(timer, k_itimer.it_requeue_pending, info.si_sys_private + 1);
        si_overrun = this.timer_overrun_to_int(timer, si_overrun);
      }
      this.unlock_timer(timer, flags);
    }
    return { ...info, si_uid: si_overrun };
  },

  /**
   * The end of `dequeue_signal` for a signal of a timer with an interval: siglock is released while the timer is armed
   * again, for a timer's lock is taken before it. Needs siglock.
   */
  *rearmPosixTimer(this: Kernel, info: KernelSiginfo): Coroutine<KernelSiginfo> {
    const siglock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
    this.spin_unlock(siglock);
    const rearmed = yield* this.posixtimer_rearm(info);
    if (this.spin_lock(siglock)) yield;
    return { ...rearmed, si_sys_private: 0 };
  },

  /** Sends a timer's signal. Needs the timer's lock. @returns whether it was not sent and will not come back to arm it */
  *posix_timer_event(this: Kernel, timer: Itimer, si_private: number): Coroutine<boolean> {
    const q = this.get(timer, k_itimer.sigq);
    this.set(addr(q, sigqueue.info), kernel_siginfo.si_sys_private, si_private);
    const toThread = (this.get(timer, k_itimer.it_sigev_notify) & SIGEV_THREAD_ID) !== 0;
    const type = toThread ? PIDTYPE_PID : PIDTYPE_TGID;
    return (yield* this.send_sigqueue(q, this.get(timer, k_itimer.it_pid), type)) > 0;
  },

  /** The function of a timer: runs in an interrupt. @returns whether the timer goes on by itself */
  *posix_timer_fn(this: Kernel, hr: Ptr<'hrtimer'>): Coroutine<boolean> {
    const timer = this.get(hr, hrtimer.data) as Itimer;
    const lock = addr(timer, k_itimer.it_lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    this.set(timer, k_itimer.it_active, 0);
    const interval = this.loadTime(addr(timer, k_itimer.it_interval));
    let si_private = 0;
    if (interval !== 0) {
      si_private = this.get(timer, k_itimer.it_requeue_pending) + 1;
      this.set(timer, k_itimer.it_requeue_pending, si_private);
    }
    let restart = false;
    if ((yield* this.posix_timer_event(timer, si_private)) && interval !== 0) {
      // The signal is ignored: nobody takes it and arms the timer again. At the earliest a tick later.
      const now = this.ktime_get() + (interval < TICK_NSEC ? TICK_NSEC : 0);
      this.addOverruns(timer, this.hrtimer_forward(hr, now, interval));
      this.set(timer, k_itimer.it_requeue_pending, si_private + 1);
      this.set(timer, k_itimer.it_active, 1);
      restart = true;
    }
    this.unlock_timer(timer, flags);
    return restart;
  },

  /** An entry for a signal that is sent again and again. NULL if there is no memory, or the user has too many. */
  *sigqueue_alloc(this: Kernel): Coroutine<Queue> {
    const q = yield* this.__sigqueue_alloc(this.current, false);
    if (q) this.set(q, sigqueue.flags, SIGQUEUE_PREALLOC);
    return q;
  },

  /** Frees an entry, or leaves that to whoever takes the signal that it stands for. */
  *sigqueue_free(this: Kernel, q: Queue): Coroutine<void> {
    const lock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irqsave(lock)) yield;
    this.set(q, sigqueue.flags, 0);
    const queued = !this.list_empty(addr(q, sigqueue.list));
    this.spin_unlock_irqrestore(lock, this.irqflags);
    if (!queued) this.__sigqueue_free(q);
  },

  /** @returns 0 when it is queued, 1 if the signal is ignored, −1 if there is nobody to send it to */
  *send_sigqueue(this: Kernel, q: Queue, to: Ptr<'pid'>, type: number): Coroutine<number> {
    const info = addr(q, sigqueue.info);
    const sig = this.get(info, kernel_siginfo.si_signo);
    this.rcu_read_lock();
    if (this.pid_task(to, type)) yield;
    const t = this.foundTask(type);
    const sighand = t ? yield* this.__lock_task_sighand(t) : NULL;
    if (!t || !sighand) {
      this.rcu_read_unlock();
      return -1;
    }
    const flags = this.irqflags;
    const group = type !== PIDTYPE_PID;
    let ret = 1;
    let result = TRACE_SIGNAL_IGNORED;
    const wanted = this.prepare_signal(sig, t, false);
    if (sig === SIGCONT) yield* this.wakeStopped(t);
    if (wanted && !this.list_empty(addr(q, sigqueue.list))) {
      // Not taken yet: it counts once more.
      this.set(info, kernel_siginfo.si_uid, this.get(info, kernel_siginfo.si_uid) + 1);
      ret = 0;
      result = TRACE_SIGNAL_ALREADY_PENDING;
    } else if (wanted) {
      ret = 0;
      result = TRACE_SIGNAL_DELIVERED;
      this.set(info, kernel_siginfo.si_uid, 0);
      if (this.waitqueue_active(addr(sighand, sighand_struct.signalfd_wqh))) yield* this.signalfd_notify(t, sig);
      const queue = group
        ? addr(this.get(t, task_struct.signal), signal_struct.shared_pending)
        : addr(t, task_struct.pending);
      this.list_add_tail(addr(q, sigqueue.list), addr(queue, sigpending.list));
      this.sigaddset(addr(queue, sigpending.signal), sig);
      yield* this.complete_signal(sig, t, type);
    }
    if (this.trace !== null) this.trace_signal_generate(sig, this.loadSiginfo(info), t, group, result);
    this.unlock_task_sighand(sighand, flags);
    this.rcu_read_unlock();
    return ret;
  },

  /** Drops what timers have put into a queue. Needs siglock. */
  __flush_itimer_signals(this: Kernel, queue: Ptr<'sigpending'>): void {
    const set = addr(queue, sigpending.signal);
    const retain: number[] = [];
    const head = addr(queue, sigpending.list);
    let node = this.get(head, list_head.next);
    while (node !== head) {
      const next = this.get(node, list_head.next);
      const q = node as number as Queue;
      const info = addr(q, sigqueue.info);
      const sig = this.get(info, kernel_siginfo.si_signo);
      if (this.get(info, kernel_siginfo.si_code) !== SI_TIMER) {
        retain.push(sig);
      } else {
        this.sigdelset(set, sig);
        this.list_del_init(node);
        this.__sigqueue_free(q);
      }
      node = next;
    }
    for (const sig of retain) this.sigaddset(set, sig);
  },

  /** Drops what timers have sent: after exec nobody is to know of the old program's. */
  *flush_itimer_signals(this: Kernel): Coroutine<void> {
    const tsk = this.current;
    const lock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irqsave(lock)) yield;
    this.__flush_itimer_signals(addr(tsk, task_struct.pending));
    this.__flush_itimer_signals(addr(this.get(tsk, task_struct.signal), signal_struct.shared_pending));
    this.spin_unlock_irqrestore(lock, this.irqflags);
  },
};

export type PosixTimerSignalFunctions = typeof posixTimerSignalFunctions;
