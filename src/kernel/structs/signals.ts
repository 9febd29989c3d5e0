/** Signals, and the timers that send them. */

import { embed, hlistNode, int, listHead, ptr, struct } from '../../memory/layout.js';
import { rcuHead } from '../../sync/rcu.js';
import { spinlock } from '../../sync/spinlock.js';
import { waitQueueHead } from '../../sync/wait.js';
import { _NSIG } from '../constants.js';

/** A set of signals: 1 to 32 in the first word, 33 to 64 in the second. */
export const sigset_t = struct('sigset_t', { lo: int, hi: int });

export const sigset = embed('sigset_t', sigset_t.$.words);

/** Signals sent and not taken: the queue of those with a `sigqueue`, and the set of all. */
export const sigpending = struct('sigpending', { list: listHead, signal: sigset });

export const pending = embed('sigpending', sigpending.$.words);

/**
 * What is known of a signal, besides its number. As in the kernel one place serves several kinds: `si_pid` is also a
 * timer's number (`si_tid`), a file descriptor or a fault's address, `si_uid` a timer's overrun count, and `si_status`
 * is also the value given to `sigqueue(3)` or with a timer (`si_value`).
 */
export const kernel_siginfo = struct('kernel_siginfo', {
  si_signo: int,
  si_errno: int,
  si_code: int,
  si_pid: int,
  si_uid: int,
  si_status: int,
  /** Only for the kernel: which arming of a timer sent it. */
  si_sys_private: int,
});

export const siginfo = embed('kernel_siginfo', kernel_siginfo.$.words);

/** A pending signal's information. */
export const sigqueue = struct('sigqueue', {
  list: listHead,
  flags: int,
  user: ptr('user_struct'),
  info: siginfo,
});

/** `struct k_sigaction`. */
export const k_sigaction = struct('k_sigaction', { sa_handler: int, sa_flags: int, sa_mask: sigset });

/** A time or an interval in nanoseconds, in two words. */
export const ktime_t = struct('ktime_t', { lo: int, hi: int });

export const ktime = embed('ktime_t', ktime_t.$.words);

/** A timer. `function` is a number, `data` what it works on; `cpu` says on whose queue it is. */
export const hrtimer = struct('hrtimer', {
  node: listHead,
  expires: ktime,
  is_queued: int,
  /** 1 while its function runs. */
  running: int,
  function: int,
  data: int,
  cpu: int,
});

export const timer = embed('hrtimer', hrtimer.$.words);

/** A CPU's timers, the next to expire first. */
export const hrtimer_cpu_base = struct('hrtimer_cpu_base', { lock: spinlock, queue: listHead });

/** A CPU's tick, `struct tick_sched`: its timer, and since when the time has not been charged to anybody. */
export const tick_sched = struct('tick_sched', { sched_timer: timer, since: ktime });

/** A timer of CPU time, `ITIMER_PROF` or `ITIMER_VIRTUAL`: when it expires, and the interval. */
export const cpu_itimer = struct('cpu_itimer', { expires: ktime, incr: ktime });

/** The CPU time of a process, counted while it has timers of it. The lock stands for the kernel's 64-bit atomics. */
export const thread_group_cputimer = struct('thread_group_cputimer', {
  lock: spinlock,
  utime: ktime,
  stime: ktime,
  running: int,
  checking_timer: int,
  /** `cputime_expires`: the earliest expiry by either count; 0 for none. */
  prof_exp: ktime,
  virt_exp: ktime,
});

export const sighand_struct = struct('sighand_struct', {
  count: int,
  siglock: spinlock,
  signalfd_wqh: waitQueueHead,
  action: embed('k_sigaction', k_sigaction.$.words, _NSIG),
});

/** `struct k_itimer`: a POSIX timer. */
export const k_itimer = struct('k_itimer', {
  t_hash: hlistNode,
  list: listHead,
  it_lock: spinlock,
  it_id: int,
  it_clock: int,
  /** Expiries missed since the signal was taken last; −1 for none. */
  it_overrun: int,
  /** As it was when the signal was taken last. */
  it_overrun_last: int,
  /** Which arming of the timer its signal belongs to. Odd while the signal waits to be taken. */
  it_requeue_pending: int,
  it_sigev_notify: int,
  it_active: int,
  it_interval: ktime,
  /** The process that it belongs to; NULL while it is made, and once it is deleted. */
  it_signal: ptr('signal_struct'),
  it_pid: ptr('pid'),
  sigq: ptr('sigqueue'),
  timer,
  rcu: rcuHead,
});

/** What `setup_rt_frame` saves on the user stack and `sigreturn` takes back. */
export const sigframe = struct('sigframe', {
  next: ptr('sigframe'),
  ax: int,
  orig_ax: int,
  restart: int,
  blocked: sigset,
  handler: int,
  /** `SA_…` of the handler's action. */
  flags: int,
  info: siginfo,
  /** The stack pointer, and the alternate stack, before. */
  sp: int,
  ss_sp: int,
  ss_size: int,
  ss_flags: int,
});
