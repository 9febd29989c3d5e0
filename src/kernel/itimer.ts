/** `kernel/time/itimer.c`: `alarm(2)` and `setitimer(2)`. */

import { addr, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  EFAULT,
  EINVAL,
  ITIMER_PROF,
  ITIMER_REAL,
  ITIMER_VIRTUAL,
  PIDTYPE_TGID,
  SEND_SIG_PRIV,
  SIGALRM,
} from './constants.js';
import { KTIME_MAX, TICK_NSEC } from './hrtimer.js';
import type { Kernel } from './kernel.js';
import { CPUCLOCK_PROF, CPUCLOCK_VIRT } from './posix-cpu-timers.js';
import { cpu_itimer, hrtimer, sighand_struct, signal_struct, task_struct } from './structs.js';

/** A `struct timeval` of a program. */
export interface Timeval {
  tv_sec: number;
  tv_usec: number;
}

/** A `struct itimerval` of a program. */
export interface Itimerval {
  it_interval: Timeval;
  it_value: Timeval;
}

const USEC_PER_SEC = 1_000_000;
const NSEC_PER_USEC = 1_000;

function timeval_valid({ tv_sec, tv_usec }: Timeval): boolean {
  return tv_sec >= 0 && tv_usec >= 0 && tv_usec < USEC_PER_SEC;
}

export function timeval_to_ktime({ tv_sec, tv_usec }: Timeval): number {
  return Math.min((tv_sec * USEC_PER_SEC + tv_usec) * NSEC_PER_USEC, KTIME_MAX);
}

export function ktime_to_timeval(ns: number): Timeval {
  const usec = Math.floor(ns / NSEC_PER_USEC);
  return { tv_sec: Math.floor(usec / USEC_PER_SEC), tv_usec: usec % USEC_PER_SEC };
}

export const itimerFunctions = {
  /** The time left, in nanoseconds; 0 where the timer is not active, and never 0 where it is. */
  itimer_get_remtime(this: Kernel, timer: Ptr<'hrtimer'>): number {
    const active = this.hrtimer_is_queued(timer) || this.peek(timer + hrtimer.running) !== 0;
    return active ? Math.max(this.hrtimer_get_remaining(timer), NSEC_PER_USEC) : 0;
  },

  /** The function of a process's real-time timer. It is armed again when its signal is taken. */
  *it_real_fn(this: Kernel, timer: Ptr<'hrtimer'>): Coroutine<void> {
    const sig = this.get(timer, hrtimer.data) as Ptr<'signal_struct'>;
    const leader_pid = this.load(sig + signal_struct.pids + PIDTYPE_TGID) as Ptr<'pid'>;
    yield* this.kill_pid_info(SIGALRM, SEND_SIG_PRIV, leader_pid);
  },

  /** A timer of CPU time that should have expired by now has a tick left. @param clock `CPUCLOCK_…` */
  *get_cpu_itimer(this: Kernel, tsk: Ptr<'task_struct'>, clock: number, value: Itimerval): Coroutine<void> {
    const it = this.cpuItimer(this.get(tsk, task_struct.signal), clock);
    const siglock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(siglock)) yield;
    let left = this.loadTime(addr(it, cpu_itimer.expires));
    const interval = this.loadTime(addr(it, cpu_itimer.incr));
    if (left !== 0) {
      const { utime, stime } = this.thread_group_cputimer(tsk);
      const now = clock === CPUCLOCK_PROF ? utime + stime : utime;
      left = left < now ? TICK_NSEC : left - now;
    }
    this.spin_unlock_irq(siglock);
    value.it_value = ktime_to_timeval(left);
    value.it_interval = ktime_to_timeval(interval);
  },

  *do_getitimer(this: Kernel, which: number, value: Itimerval): Coroutine<number> {
    const tsk = this.current;
    switch (which) {
      case ITIMER_REAL: {
        const signal = this.get(tsk, task_struct.signal);
        const siglock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
        if (this.spin_lock_irq(siglock)) yield;
        value.it_value = ktime_to_timeval(this.itimer_get_remtime(addr(signal, signal_struct.real_timer)));
        value.it_interval = ktime_to_timeval(this.loadTime(addr(signal, signal_struct.it_real_incr)));
        this.spin_unlock_irq(siglock);
        return 0;
      }
      case ITIMER_VIRTUAL:
        yield* this.get_cpu_itimer(tsk, CPUCLOCK_VIRT, value);
        return 0;
      case ITIMER_PROF:
        yield* this.get_cpu_itimer(tsk, CPUCLOCK_PROF, value);
        return 0;
      default:
        return -EINVAL;
    }
  },

  /** `getitimer(2)`. */
  *getitimer(this: Kernel, which: number, value: Itimerval | null): Coroutine<number> {
    if (value === null) return -EFAULT;
    return yield* this.do_getitimer(which, value);
  },

  /** A timer of CPU time runs a tick longer than it was asked for. @param clock `CPUCLOCK_…` */
  *set_cpu_itimer(
    this: Kernel,
    tsk: Ptr<'task_struct'>,
    clock: number,
    value: Itimerval,
    ovalue: Itimerval | null,
  ): Coroutine<void> {
    const it = this.cpuItimer(this.get(tsk, task_struct.signal), clock);
    let nval = timeval_to_ktime(value.it_value);
    const siglock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(siglock)) yield;
    let oval = this.loadTime(addr(it, cpu_itimer.expires));
    const ointerval = this.loadTime(addr(it, cpu_itimer.incr));
    if (oval !== 0 || nval !== 0) {
      if (nval > 0) nval += TICK_NSEC;
      const set = this.set_process_cpu_timer(tsk, clock, nval, oval);
      nval = set.newval;
      oval = set.oldval;
    }
    this.storeTime(addr(it, cpu_itimer.expires), nval);
    this.storeTime(addr(it, cpu_itimer.incr), timeval_to_ktime(value.it_interval));
    this.spin_unlock_irq(siglock);
    if (ovalue !== null) {
      ovalue.it_value = ktime_to_timeval(oval);
      ovalue.it_interval = ktime_to_timeval(ointerval);
    }
  },

  /** The timer of real time. */
  *setRealItimer(this: Kernel, value: Itimerval, ovalue: Itimerval | null): Coroutine<void> {
    const signal = this.get(this.current, task_struct.signal);
    const siglock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
    const timer = addr(signal, signal_struct.real_timer);
    const interval = addr(signal, signal_struct.it_real_incr);
    for (;;) {
      if (this.spin_lock_irq(siglock)) yield;
      if (ovalue !== null) {
        ovalue.it_value = ktime_to_timeval(this.itimer_get_remtime(timer));
        ovalue.it_interval = ktime_to_timeval(this.loadTime(interval));
      }
      if (this.hrtimer_try_to_cancel(timer) >= 0) break;
      // Its function is on another CPU and needs the siglock.
      this.spin_unlock_irq(siglock);
      if (this.smp_cond_load_acquire(timer, hrtimer.running, 0)) yield;
    }
    const expires = timeval_to_ktime(value.it_value);
    if (expires !== 0) {
      this.storeTime(interval, timeval_to_ktime(value.it_interval));
      this.hrtimer_start(timer, Math.min(this.ktime_get() + expires, KTIME_MAX));
    } else {
      this.storeTime(interval, 0);
    }
    this.spin_unlock_irq(siglock);
  },

  *do_setitimer(this: Kernel, which: number, value: Itimerval, ovalue: Itimerval | null): Coroutine<number> {
    if (!timeval_valid(value.it_value) || !timeval_valid(value.it_interval)) return -EINVAL;
    switch (which) {
      case ITIMER_REAL:
        yield* this.setRealItimer(value, ovalue);
        return 0;
      case ITIMER_VIRTUAL:
        yield* this.set_cpu_itimer(this.current, CPUCLOCK_VIRT, value, ovalue);
        return 0;
      case ITIMER_PROF:
        yield* this.set_cpu_itimer(this.current, CPUCLOCK_PROF, value, ovalue);
        return 0;
      default:
        return -EINVAL;
    }
  },

  /** `setitimer(2)`. A null value stops the timer, as the kernel still allows. */
  *setitimer(this: Kernel, which: number, value: Itimerval | null, ovalue: Itimerval | null): Coroutine<number> {
    const off = { it_interval: { tv_sec: 0, tv_usec: 0 }, it_value: { tv_sec: 0, tv_usec: 0 } };
    return yield* this.do_setitimer(which, value ?? off, ovalue);
  },

  /** `alarm(2)`: the seconds that were left of the last one, rounded, and never 0 if it was pending. */
  *alarm(this: Kernel, seconds: number): Coroutine<number> {
    const zero = { tv_sec: 0, tv_usec: 0 };
    const old: Itimerval = { it_interval: zero, it_value: zero };
    yield* this.do_setitimer(ITIMER_REAL, { it_interval: zero, it_value: { tv_sec: seconds >>> 0, tv_usec: 0 } }, old);
    const { tv_sec, tv_usec } = old.it_value;
    return (tv_sec === 0 && tv_usec !== 0) || tv_usec >= 500_000 ? tv_sec + 1 : tv_sec;
  },
};

export type ItimerFunctions = typeof itimerFunctions;
