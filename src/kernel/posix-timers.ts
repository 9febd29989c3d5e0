/**
 * `kernel/time/posix-timers.c`: the system calls about timers that send signals, and the end of timers. How a timer
 * expires is in `posix-timer-signal.ts`.
 */

import { addr, container_of, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  EAGAIN,
  EFAULT,
  EINVAL,
  EOPNOTSUPP,
  PIDTYPE_PID,
  PIDTYPE_TGID,
  SI_TIMER,
  SIGALRM,
  SIGEV_NONE,
  SIGEV_SIGNAL,
  SIGEV_THREAD,
  SIGEV_THREAD_ID,
  SIGRTMAX,
  TIMER_ABSTIME,
} from './constants.js';
import {
  KTIME_MAX,
  ktime_to_timespec,
  POSIX_TIMER_FN,
  type Timespec,
  timespec_to_ktime,
  timespec_valid,
} from './hrtimer.js';
import type { Kernel } from './kernel.js';
import { clockid_to_kclock } from './posix-clocks.js';
import { REQUEUE_PENDING } from './posix-timer-signal.js';
import { clear_siginfo } from './signal/siginfo.js';
import {
  globals,
  hrtimer,
  k_itimer,
  kernel_siginfo,
  sighand_struct,
  signal_struct,
  sigqueue,
  task_struct,
} from './structs.js';

type Itimer = Ptr<'k_itimer'>;

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

const ZERO: Timespec = { tv_sec: 0, tv_nsec: 0 };

function isZero({ tv_sec, tv_nsec }: Timespec): boolean {
  return tv_sec === 0 && tv_nsec === 0;
}

export const posixTimersFunctions = {
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
    // From now on it can be found by its number, with all that was stored in it before: x86 keeps stores in their order.
    this.atomicXchg(timer + k_itimer.it_signal, signal);
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
};

export type PosixTimersFunctions = typeof posixTimersFunctions;
