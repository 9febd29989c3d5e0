/**
 * `kernel/time/posix-cpu-timers.c`: timers of CPU time. Those of `setitimer(2)`, `ITIMER_VIRTUAL` and `ITIMER_PROF`.
 *
 * Left out: POSIX timers and clocks of CPU time, which end a run as `unmodelled`; `RLIMIT_CPU` and `RLIMIT_RTTIME`.
 */

import { addr, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { SEND_SIG_PRIV, SIGPROF, SIGVTALRM } from './constants.js';
import { KTIME_MAX, TICK_NSEC } from './hrtimer.js';
import type { Kernel } from './kernel.js';
import { cpu_itimer, signal_struct, task_struct, thread_group_cputimer } from './structs.js';

type Task = Ptr<'task_struct'>;
type Signal = Ptr<'signal_struct'>;

/** By what a timer of CPU time goes: user and system time, or user time alone. */
export const CPUCLOCK_PROF = 0;
export const CPUCLOCK_VIRT = 1;

/** CPU time, in nanoseconds. */
export interface TaskCputime {
  readonly utime: number;
  readonly stime: number;
}

/** Absolute times of expiry; 0 for none. */
interface Expiries {
  readonly prof_exp: number;
  readonly virt_exp: number;
}

export const posixCpuTimersFunctions = {
  /** The time of a process that is counted. */
  sample_cputime_atomic(this: Kernel, sig: Signal): TaskCputime {
    const cputimer = addr(sig, signal_struct.cputimer);
    this.raw_spin_lock(addr(cputimer, thread_group_cputimer.lock));
    const utime = this.loadTime(addr(cputimer, thread_group_cputimer.utime));
    const stime = this.loadTime(addr(cputimer, thread_group_cputimer.stime));
    this.raw_spin_unlock(addr(cputimer, thread_group_cputimer.lock));
    return { utime, stime };
  },

  /**
   * The time of a process, which is counted from now on. The kernel adds up its threads' first; here what they used
   * before is not known, and differences are all that can be seen.
   */
  thread_group_cputimer(this: Kernel, tsk: Task): TaskCputime {
    const sig = this.get(tsk, task_struct.signal);
    const running = sig + signal_struct.cputimer + thread_group_cputimer.running;
    if (this.peek(running) === 0) this.atomicXchg(running, 1);
    return this.sample_cputime_atomic(sig);
  },

  loadExpiries(this: Kernel, sig: Signal): Expiries {
    const cputimer = addr(sig, signal_struct.cputimer);
    this.raw_spin_lock(addr(cputimer, thread_group_cputimer.lock));
    const prof_exp = this.loadTime(addr(cputimer, thread_group_cputimer.prof_exp));
    const virt_exp = this.loadTime(addr(cputimer, thread_group_cputimer.virt_exp));
    this.raw_spin_unlock(addr(cputimer, thread_group_cputimer.lock));
    return { prof_exp, virt_exp };
  },

  /** Needs siglock. */
  storeExpiries(this: Kernel, sig: Signal, { prof_exp, virt_exp }: Expiries): void {
    const cputimer = addr(sig, signal_struct.cputimer);
    this.raw_spin_lock(addr(cputimer, thread_group_cputimer.lock));
    this.storeTime(addr(cputimer, thread_group_cputimer.prof_exp), prof_exp);
    this.storeTime(addr(cputimer, thread_group_cputimer.virt_exp), virt_exp);
    this.raw_spin_unlock(addr(cputimer, thread_group_cputimer.lock));
  },

  /** How long a process can run in user mode until one of its timers expires, in nanoseconds; null if it has none. */
  cpuTimeLeft(this: Kernel, sig: Signal): number | null {
    const { utime, stime } = this.sample_cputime_atomic(sig);
    const { prof_exp, virt_exp } = this.loadExpiries(sig);
    if (prof_exp === 0 && virt_exp === 0) return null;
    const prof = prof_exp === 0 ? KTIME_MAX : prof_exp - utime - stime;
    const virt = virt_exp === 0 ? KTIME_MAX : virt_exp - utime;
    return Math.max(Math.min(prof, virt), 0);
  },

  /** Whether some timer of a process counts system time, too. */
  countsSystemTime(this: Kernel, sig: Signal): boolean {
    return this.loadExpiries(sig).prof_exp !== 0;
  },

  /** Stops the counting of a process's time. Needs siglock. */
  stop_process_timers(this: Kernel, sig: Signal): void {
    this.atomicXchg(sig + signal_struct.cputimer + thread_group_cputimer.running, 0);
  },

  /**
   * Looks at one timer: sends its signal if it has expired, and sets it anew if it has an interval. Needs siglock.
   *
   * @returns when it expires next; 0 if it does not
   */
  *check_cpu_itimer(
    this: Kernel,
    tsk: Task,
    it: Ptr<'cpu_itimer'>,
    cur_time: number,
    signo: number,
  ): Coroutine<number> {
    const at = addr(it, cpu_itimer.expires);
    const expires = this.loadTime(at);
    if (expires === 0 || cur_time < expires) return expires;
    const incr = this.loadTime(addr(it, cpu_itimer.incr));
    const next = incr === 0 ? 0 : Math.min(expires + incr, KTIME_MAX);
    this.storeTime(at, next);
    yield* this.__group_send_sig_info(signo, SEND_SIG_PRIV, tsk);
    return next;
  },

  /** Looks at the timers of a process. Needs siglock. */
  *check_process_timers(this: Kernel, tsk: Task): Coroutine<void> {
    const sig = this.get(tsk, task_struct.signal);
    const cputimer = sig + signal_struct.cputimer;
    if (this.peek(cputimer + thread_group_cputimer.running) === 0) return;
    this.atomicXchg(cputimer + thread_group_cputimer.checking_timer, 1);
    const { utime, stime } = this.thread_group_cputimer(tsk);
    const prof_exp = yield* this.check_cpu_itimer(tsk, this.cpuItimer(sig, CPUCLOCK_PROF), utime + stime, SIGPROF);
    const virt_exp = yield* this.check_cpu_itimer(tsk, this.cpuItimer(sig, CPUCLOCK_VIRT), utime, SIGVTALRM);
    this.storeExpiries(sig, { prof_exp, virt_exp });
    if (prof_exp === 0 && virt_exp === 0) this.stop_process_timers(sig);
    this.atomicXchg(cputimer + thread_group_cputimer.checking_timer, 0);
  },

  cpuItimer(this: Kernel, sig: Signal, clock: number): Ptr<'cpu_itimer'> {
    return (addr(sig, signal_struct.it) + clock * cpu_itimer.$.words) as Ptr<'cpu_itimer'>;
  },

  /** Whether a timer of a task's process has expired, looked at without siglock. */
  fastpath_timer_check(this: Kernel, tsk: Task): boolean {
    const sig = this.get(tsk, task_struct.signal);
    const cputimer = sig + signal_struct.cputimer;
    if (this.peek(cputimer + thread_group_cputimer.running) === 0) return false;
    // Another thread is about to look at them all.
    if (this.peek(cputimer + thread_group_cputimer.checking_timer) !== 0) return false;
    return this.cpuTimeLeft(sig) === 0;
  },

  /** The part of the tick that is about timers of CPU time. Runs with interrupts disabled. */
  *run_posix_cpu_timers(this: Kernel, tsk: Task): Coroutine<void> {
    if (!this.fastpath_timer_check(tsk)) return;
    const sighand = yield* this.__lock_task_sighand(tsk);
    if (!sighand) return;
    const flags = this.irqflags;
    yield* this.check_process_timers(tsk);
    this.unlock_task_sighand(sighand, flags);
  },

  /**
   * Notes a timer of the current process that is about to be set. Needs siglock.
   *
   * @param newval how long it is to run, in nanoseconds; 0 to stop it
   * @param oldval when it would have expired
   * @returns when it is to expire, and how long it had still to run
   */
  set_process_cpu_timer(
    this: Kernel,
    tsk: Task,
    clock: number,
    newval: number,
    oldval: number,
  ): { newval: number; oldval: number } {
    const { utime, stime } = this.thread_group_cputimer(tsk);
    const now = clock === CPUCLOCK_PROF ? utime + stime : utime;
    let left = oldval;
    // Just about to expire: a tick.
    if (oldval !== 0) left = oldval <= now ? TICK_NSEC : oldval - now;
    if (newval === 0) return { newval: 0, oldval: left };
    const expires = Math.min(newval + now, KTIME_MAX);
    const sig = this.get(tsk, task_struct.signal);
    const { prof_exp, virt_exp } = this.loadExpiries(sig);
    if (clock === CPUCLOCK_PROF) this.storeExpiries(sig, { prof_exp: earlier(prof_exp, expires), virt_exp });
    else this.storeExpiries(sig, { prof_exp, virt_exp: earlier(virt_exp, expires) });
    this.tick_nohz_dep_set_signal(tsk);
    return { newval: expires, oldval: left };
  },

  /** The other threads of the current process have ticks from now on: each CPU starts its own. */
  tick_nohz_dep_set_signal(this: Kernel, tsk: Task): void {
    if (this.thread_group_empty(tsk)) return;
    for (let cpu = 0; cpu < this.cpus; cpu++) if (cpu !== this.id) this.smp_send_reschedule(cpu);
  },
};

/** The earlier of an expiry, of which 0 is none, and another. */
function earlier(expires: number, other: number): number {
  return expires === 0 || expires > other ? other : expires;
}

export type PosixCpuTimersFunctions = typeof posixCpuTimersFunctions;
