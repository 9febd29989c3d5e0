/**
 * `kernel/time/posix-timers.c`: timers that send signals. A timer is found by its number under RCU, locked, and then
 * looked at again: it may have been deleted in between. Its signal's queue entry is allocated with it, so that its
 * expiry cannot fail, and counts overruns while it waits to be taken.
 *
 * Left out: clocks of CPU time, alarm clocks, clocks that can be set. All the others are the one clock there is.
 */

import { addr, container_of, hlist_head, hlist_node, list_head, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  EAGAIN,
  EFAULT,
  EINVAL,
  EOPNOTSUPP,
  ERESTART_RESTARTBLOCK,
  ERESTARTNOHAND,
  INT_MAX,
  PIDTYPE_PID,
  PIDTYPE_TGID,
  SI_TIMER,
  SIGALRM,
  SIGEV_NONE,
  SIGEV_SIGNAL,
  SIGEV_THREAD,
  SIGEV_THREAD_ID,
  SIGQUEUE_PREALLOC,
  SIGRTMAX,
  TIMER_ABSTIME,
  TRACE_SIGNAL_ALREADY_PENDING,
  TRACE_SIGNAL_DELIVERED,
  TRACE_SIGNAL_IGNORED,
} from './constants.js';
import {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  CLOCK_REALTIME_COARSE,
  CLOCK_TAI,
  CLOCK_THREAD_CPUTIME_ID,
  HRTIMER_NANOSLEEP_RESTART,
  KTIME_MAX,
  ktime_to_timespec,
  NSEC_PER_SEC,
  POSIX_TIMER_FN,
  type Timespec,
  timespec_to_ktime,
  timespec_valid,
} from './hrtimer.js';
import type { Kernel } from './kernel.js';
import { clear_siginfo, type KernelSiginfo } from './signal/siginfo.js';
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

/** A `struct sigevent` of a program. */
export interface Sigevent {
  /** `SIGEV_…`. */
  readonly sigev_notify: number;
  readonly sigev_signo?: number;
  readonly sigev_value?: number;
  /** With `SIGEV_THREAD_ID`. */
  readonly sigev_notify_thread_id?: number;
}

/** A `struct itimerspec` of a program. */
export interface Itimerspec {
  it_interval: Timespec;
  it_value: Timespec;
}

/** Where a program wants a timer's number. */
export interface TimerIdOut {
  timerid: number;
}

/** In `it_requeue_pending`: the timer is armed again when its signal is taken. */
const REQUEUE_PENDING = 1;
/** The shortest interval at which a timer whose signal is ignored expires again: a tick. */
const TICK_NSEC = NSEC_PER_SEC / 1000;

const ZERO: Timespec = { tv_sec: 0, tv_nsec: 0 };

/** Whether timers can be made on a clock; null where there is no such clock. */
function clockid_to_kclock(this_: Kernel, which: number): { readonly timers: boolean } | null {
  switch (which) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
      return { timers: true };
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
      return { timers: false };
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
      return this_.violate('unmodelled', 'clocks of CPU time');
    default:
      return null;
  }
}

function isZero({ tv_sec, tv_nsec }: Timespec): boolean {
  return tv_sec === 0 && tv_nsec === 0;
}

export const posixTimersFunctions = {
  /** Finds a timer of the current process by its number, or NULL. Needs RCU. */
  *posix_timer_by_id(this: Kernel, id: number): Coroutine<Itimer> {
    const signal = this.get(this.current, task_struct.signal);
    if (this.rcu_dereference(addr(this.globals, globals.posix_timers_hashtable), hlist_head.first)) yield;
    let node = this.value(hlist_head.first);
    while (node) {
      const timer = container_of(node, k_itimer.t_hash);
      if (this.get(timer, k_itimer.it_signal) === signal && this.get(timer, k_itimer.it_id) === id) return timer;
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
      // The signal is ignored: nobody takes it and arms the timer again.
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

  /** Whom a timer's signals go to, with a reference; NULL for an event that makes no sense. */
  *good_sigevent(this: Kernel, event: Sigevent): Coroutine<Ptr<'pid'>> {
    const { sigev_notify, sigev_signo = 0, sigev_notify_thread_id = 0 } = event;
    let to = this.task_pid_type(this.current, PIDTYPE_TGID);
    switch (sigev_notify) {
      case SIGEV_SIGNAL | SIGEV_THREAD_ID: {
        this.rcu_read_lock();
        if (this.find_vpid(sigev_notify_thread_id)) yield;
        to = this.foundPid();
        if (this.pid_task(to, PIDTYPE_PID)) yield;
        const thread = this.foundTask(PIDTYPE_PID);
        const ours = thread !== NULL && this.same_thread_group(thread, this.current);
        if (ours) this.get_pid(to);
        this.rcu_read_unlock();
        if (!ours) return NULL;
        if (sigev_signo > 0 && sigev_signo <= SIGRTMAX) return to;
        this.put_pid(to);
        return NULL;
      }
      case SIGEV_SIGNAL:
      case SIGEV_THREAD:
        if (sigev_signo <= 0 || sigev_signo > SIGRTMAX) return NULL;
        break;
      case SIGEV_NONE:
        break;
      default:
        return NULL;
    }
    return this.get_pid(to);
  },

  *alloc_posix_timer(this: Kernel): Coroutine<Itimer> {
    const timer = this.kmem_cache_zalloc<'k_itimer'>(this.caches.posix_timers);
    if (!timer) return NULL;
    const q = yield* this.sigqueue_alloc();
    if (!q) {
      this.kmem_cache_free(this.caches.posix_timers, timer);
      return NULL;
    }
    this.copy_siginfo(addr(q, sigqueue.info), clear_siginfo(0));
    this.set(timer, k_itimer.sigq, q);
    this.hrtimer_init(addr(timer, k_itimer.timer), POSIX_TIMER_FN, timer);
    this.INIT_LIST_HEAD(addr(timer, k_itimer.list));
    return timer;
  },

  k_itimer_rcu_free(this: Kernel, timer: Itimer): void {
    this.kmem_cache_free(this.caches.posix_timers, timer);
  },

  *release_posix_timer(this: Kernel, timer: Itimer): Coroutine<void> {
    const lock = addr(this.globals, globals.posix_timers_lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    if (this.hlist_del_rcu(addr(timer, k_itimer.t_hash))) yield;
    this.spin_unlock_irqrestore(lock, flags);
    const to = this.get(timer, k_itimer.it_pid);
    if (to) this.put_pid(to);
    yield* this.sigqueue_free(this.get(timer, k_itimer.sigq));
    this.call_rcu(addr(timer, k_itimer.rcu), this.rcuCallbacks.k_itimer_rcu_free);
  },

  /** `timer_create(2)`. Without an event the timer sends SIGALRM with its own number. */
  *timer_create(
    this: Kernel,
    which_clock: number,
    event: Sigevent | null,
    created_timer_id: TimerIdOut | null,
  ): Coroutine<number> {
    const clock = clockid_to_kclock(this, which_clock);
    if (clock === null) return -EINVAL;
    if (!clock.timers) return -EOPNOTSUPP;
    const timer = yield* this.alloc_posix_timer();
    if (!timer) return -EAGAIN;
    const id = yield* this.posix_timer_add(timer);
    this.set(timer, k_itimer.it_clock, which_clock);
    this.set(timer, k_itimer.it_overrun, -1);
    let to: Ptr<'pid'>;
    if (event !== null) to = yield* this.good_sigevent(event);
    else to = this.get_pid(this.task_pid_type(this.current, PIDTYPE_TGID));
    this.set(timer, k_itimer.it_pid, to);
    if (!to) {
      yield* this.release_posix_timer(timer);
      return -EINVAL;
    }
    this.set(timer, k_itimer.it_sigev_notify, event === null ? SIGEV_SIGNAL : event.sigev_notify);
    const info = addr(this.get(timer, k_itimer.sigq), sigqueue.info);
    this.set(info, kernel_siginfo.si_signo, event === null ? SIGALRM : (event.sigev_signo ?? 0));
    this.set(info, kernel_siginfo.si_status, event === null ? id : (event.sigev_value ?? 0));
    this.set(info, kernel_siginfo.si_pid, id);
    this.set(info, kernel_siginfo.si_code, SI_TIMER);
    if (created_timer_id === null) {
      yield* this.release_posix_timer(timer);
      return -EFAULT;
    }
    created_timer_id.timerid = id;
    const siglock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(siglock)) yield;
    const signal = this.get(this.current, task_struct.signal);
    this.set(timer, k_itimer.it_signal, signal);
    this.list_add(addr(timer, k_itimer.list), addr(signal, signal_struct.posix_timers));
    this.spin_unlock_irq(siglock);
    return 0;
  },

  /** What a timer is set to. Needs its lock. */
  common_timer_get(this: Kernel, timer: Itimer, setting: Itimerspec): void {
    setting.it_interval = ZERO;
    setting.it_value = ZERO;
    const silent = this.get(timer, k_itimer.it_sigev_notify) === SIGEV_NONE;
    const interval = this.loadTime(addr(timer, k_itimer.it_interval));
    if (interval !== 0) setting.it_interval = ktime_to_timespec(interval);
    else if (this.get(timer, k_itimer.it_active) === 0 && !silent) return;
    const now = this.ktime_get();
    const hr = addr(timer, k_itimer.timer);
    // One whose signal waits to be taken, or that sends none, is told of as if it had been armed again.
    const pending = (this.get(timer, k_itimer.it_requeue_pending) & REQUEUE_PENDING) !== 0;
    if (interval !== 0 && (pending || silent)) this.addOverruns(timer, this.hrtimer_forward(hr, now, interval));
    const remaining = this.loadTime(addr(hr, hrtimer.expires)) - now;
    if (remaining > 0) setting.it_value = ktime_to_timespec(remaining);
    else if (!silent) setting.it_value = { tv_sec: 0, tv_nsec: 1 };
  },

  /** `timer_gettime(2)`. */
  *timer_gettime(this: Kernel, id: number, setting: Itimerspec | null): Coroutine<number> {
    const timer = yield* this.lock_timer(id);
    if (!timer) return -EINVAL;
    const flags = this.irqflags;
    const current: Itimerspec = { it_interval: ZERO, it_value: ZERO };
    this.common_timer_get(timer, current);
    this.unlock_timer(timer, flags);
    if (setting === null) return -EFAULT;
    Object.assign(setting, current);
    return 0;
  },

  /** `timer_getoverrun(2)`: of the signal taken last. */
  *timer_getoverrun(this: Kernel, id: number): Coroutine<number> {
    const timer = yield* this.lock_timer(id);
    if (!timer) return -EINVAL;
    const overrun = this.timer_overrun_to_int(timer, 0);
    this.unlock_timer(timer, this.irqflags);
    return overrun;
  },

  common_hrtimer_arm(this: Kernel, timer: Itimer, value: number, absolute: boolean, silent: boolean): void {
    const hr = addr(timer, k_itimer.timer);
    const expires = absolute ? value : Math.min(value + this.ktime_get(), KTIME_MAX);
    this.hrtimer_init(hr, POSIX_TIMER_FN, timer);
    this.storeTime(addr(hr, hrtimer.expires), expires);
    if (!silent) this.hrtimer_start(hr, expires);
  },

  /** Sets a timer. Needs its lock. @returns false if its function is running and it cannot be set now */
  common_timer_set(this: Kernel, timer: Itimer, flags: number, to: Itimerspec, old: Itimerspec | null): boolean {
    if (old !== null) this.common_timer_get(timer, old);
    // Not armed again by its signal.
    this.storeTime(addr(timer, k_itimer.it_interval), 0);
    if (this.hrtimer_try_to_cancel(addr(timer, k_itimer.timer)) < 0) return false;
    this.set(timer, k_itimer.it_active, 0);
    const pending = (this.get(timer, k_itimer.it_requeue_pending) + 2) & ~REQUEUE_PENDING;
    this.set(timer, k_itimer.it_requeue_pending, pending);
    this.set(timer, k_itimer.it_overrun_last, 0);
    if (isZero(to.it_value)) return true;
    this.storeTime(addr(timer, k_itimer.it_interval), timespec_to_ktime(to.it_interval));
    const silent = this.get(timer, k_itimer.it_sigev_notify) === SIGEV_NONE;
    this.common_hrtimer_arm(timer, timespec_to_ktime(to.it_value), (flags & TIMER_ABSTIME) !== 0, silent);
    this.set(timer, k_itimer.it_active, silent ? 0 : 1);
    return true;
  },

  /**
   * Lets go of a timer whose function is running on another CPU and wants its lock, and waits for that. The kernel
   * tries again at once.
   */
  *timerRetry(this: Kernel, timer: Itimer, flags: number): Coroutine<void> {
    this.rcu_read_lock();
    this.unlock_timer(timer, flags);
    if (this.smp_cond_load_acquire(addr(timer, k_itimer.timer), hrtimer.running, 0)) yield;
    this.rcu_read_unlock();
  },

  /** `timer_settime(2)`. */
  *timer_settime(
    this: Kernel,
    id: number,
    flags: number,
    to: Itimerspec | null,
    old: Itimerspec | null,
  ): Coroutine<number> {
    if (to === null) return -EINVAL;
    if (!timespec_valid(to.it_interval) || !timespec_valid(to.it_value)) return -EINVAL;
    let wanted = old;
    for (;;) {
      const timer = yield* this.lock_timer(id);
      if (!timer) return -EINVAL;
      const irqflags = this.irqflags;
      if (this.common_timer_set(timer, flags, to, wanted)) {
        this.unlock_timer(timer, irqflags);
        return 0;
      }
      wanted = null;
      yield* this.timerRetry(timer, irqflags);
    }
  },

  /** Stops a timer for good. Needs its lock. @returns false if its function is running and it cannot be stopped now */
  common_timer_del(this: Kernel, timer: Itimer): boolean {
    this.storeTime(addr(timer, k_itimer.it_interval), 0);
    if (this.hrtimer_try_to_cancel(addr(timer, k_itimer.timer)) < 0) return false;
    this.set(timer, k_itimer.it_active, 0);
    return true;
  },

  /** `timer_delete(2)`. A signal of it that waits is still taken. */
  *timer_delete(this: Kernel, id: number): Coroutine<number> {
    for (;;) {
      const timer = yield* this.lock_timer(id);
      if (!timer) return -EINVAL;
      const flags = this.irqflags;
      if (!this.common_timer_del(timer)) {
        yield* this.timerRetry(timer, flags);
        continue;
      }
      const siglock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
      if (this.spin_lock(siglock)) yield;
      this.list_del_init(addr(timer, k_itimer.list));
      this.spin_unlock(siglock);
      // Whoever waits for the lock finds nothing.
      this.set(timer, k_itimer.it_signal, NULL);
      this.unlock_timer(timer, flags);
      yield* this.release_posix_timer(timer);
      return 0;
    }
  },

  /** Deletes a timer of a process of which only the current task is left. */
  *itimer_delete(this: Kernel, timer: Itimer): Coroutine<void> {
    const lock = addr(timer, k_itimer.it_lock);
    for (;;) {
      if (this.spin_lock_irq(lock)) yield;
      if (this.common_timer_del(timer)) break;
      this.spin_unlock_irq(lock);
      if (this.smp_cond_load_acquire(addr(timer, k_itimer.timer), hrtimer.running, 0)) yield;
    }
    this.list_del_init(addr(timer, k_itimer.list));
    this.set(timer, k_itimer.it_signal, NULL);
    this.spin_unlock_irq(lock);
    yield* this.release_posix_timer(timer);
  },

  /** Deletes all timers of a process of which only the current task is left. */
  *exit_itimers(this: Kernel, sig: Ptr<'signal_struct'>): Coroutine<void> {
    const timers = addr(sig, signal_struct.posix_timers);
    while (!this.list_empty(timers)) {
      const node = this.load(timers) as Ptr<'list_head'>;
      yield* this.itimer_delete(container_of(node, k_itimer.list));
    }
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

  /** `clock_getres(2)`. */
  *clock_getres(this: Kernel, which_clock: number, tp: Timespec | null): Coroutine<number> {
    if (clockid_to_kclock(this, which_clock) === null) return -EINVAL;
    if (tp !== null) Object.assign(tp, { tv_sec: 0, tv_nsec: 1 });
    return 0;
  },

  /** `clock_gettime(2)` of the one clock there is. */
  *clock_gettime(this: Kernel, which_clock: number, tp: Timespec | null): Coroutine<number> {
    if (clockid_to_kclock(this, which_clock) === null) return -EINVAL;
    if (tp === null) return -EFAULT;
    Object.assign(tp, ktime_to_timespec(this.ktime_get()));
    return 0;
  },

  /** `clock_nanosleep(2)`: until a time with `TIMER_ABSTIME`, and then it is simply made again. */
  *clock_nanosleep(
    this: Kernel,
    which_clock: number,
    flags: number,
    rqtp: Timespec | null,
    rmtp: Timespec | null,
  ): Coroutine<number> {
    const clock = clockid_to_kclock(this, which_clock);
    if (clock === null) return -EINVAL;
    if (!clock.timers) return -EOPNOTSUPP;
    if (rqtp === null) return -EFAULT;
    if (!timespec_valid(rqtp)) return -EINVAL;
    const absolute = (flags & TIMER_ABSTIME) !== 0;
    const from = absolute ? 0 : this.ktime_get();
    const expires = Math.min(from + timespec_to_ktime(rqtp), KTIME_MAX);
    const result = yield* this.do_nanosleep(expires, absolute ? null : rmtp);
    if (result !== -ERESTART_RESTARTBLOCK) return result;
    if (absolute) return -ERESTARTNOHAND;
    this.set(this.current, task_struct.restart_fn, HRTIMER_NANOSLEEP_RESTART);
    this.storeTime(addr(this.current, task_struct.restart_expires), expires);
    return result;
  },
};

export type PosixTimersFunctions = typeof posixTimersFunctions;
