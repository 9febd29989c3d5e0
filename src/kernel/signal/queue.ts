/** `kernel/signal.c`: the queues of pending signals. */

import { addr, list_head, NULL, type Ptr } from '../../memory/layout.js';
import type { Coroutine } from '../../sync/gate.js';
import { JOBCTL_STOP_DEQUEUED, SIGALRM, SIGQUEUE_PREALLOC, TIF_SIGPENDING } from '../constants.js';
import type { Kernel } from '../kernel.js';
import { EMPTY_MASK, type SigMask, sig_kernel_stop } from '../sigset.js';
import {
  cred,
  kernel_siginfo,
  sighand_struct,
  signal_struct,
  sigpending,
  sigqueue,
  sigset_t,
  task_struct,
  user_struct,
} from '../structs.js';
import { clear_siginfo, type KernelSiginfo } from './siginfo.js';

type Task = Ptr<'task_struct'>;
type Pending = Ptr<'sigpending'>;

export const queueFunctions = {
  /**
   * Takes a queue entry at the target's user's expense; NULL when that user has too many.
   *
   * @param override the limit does not apply
   */
  *__sigqueue_alloc(this: Kernel, t: Task, override: boolean): Coroutine<Ptr<'sigqueue'>> {
    this.rcu_read_lock();
    if (this.__task_cred(t)) yield;
    const theirs = this.value(task_struct.real_cred);
    const user = this.get_uid(this.get(theirs, cred.user));
    this.atomic_inc(user, user_struct.sigpending);
    this.rcu_read_unlock();
    let allowed = override;
    if (!override) {
      // Counted first and looked at later: two senders at the limit may both find it passed.
      if (this.READ_ONCE(user, user_struct.sigpending)) yield;
      const limit = this.get(this.get(t, task_struct.signal), signal_struct.rlim_sigpending);
      allowed = this.value(user_struct.sigpending) <= limit;
    }
    const q = allowed ? this.kmem_cache_alloc<'sigqueue'>(this.caches.sigqueue) : NULL;
    if (!q) {
      // Between the look and this the count has a signal that will not be queued, and another sender may be refused for it.
      if (this.atomic_add_return(user, user_struct.sigpending, -1)) yield;
      this.free_uid(user);
      return NULL;
    }
    this.INIT_LIST_HEAD(addr(q, sigqueue.list));
    this.set(q, sigqueue.flags, 0);
    this.set(q, sigqueue.user, user);
    return q;
  },

  __sigqueue_free(this: Kernel, q: Ptr<'sigqueue'>): void {
    if ((this.get(q, sigqueue.flags) & SIGQUEUE_PREALLOC) !== 0) return;
    const user = this.get(q, sigqueue.user);
    this.atomic_dec(user, user_struct.sigpending);
    this.free_uid(user);
    this.kmem_cache_free(this.caches.sigqueue, q);
  },

  init_sigpending(this: Kernel, queue: Pending): void {
    this.storeSigset(addr(queue, sigpending.signal), EMPTY_MASK);
    this.INIT_LIST_HEAD(addr(queue, sigpending.list));
  },

  /** Empties a queue. */
  flush_sigqueue(this: Kernel, queue: Pending): void {
    this.storeSigset(addr(queue, sigpending.signal), EMPTY_MASK);
    const head = addr(queue, sigpending.list);
    for (;;) {
      const node = this.get(head, list_head.next);
      if (node === head) return;
      this.list_del_init(node);
      this.__sigqueue_free(node as number as Ptr<'sigqueue'>);
    }
  },

  /** Drops all that is pending for a thread and for its process. */
  *flush_signals(this: Kernel, t: Task): Coroutine<void> {
    const lock = addr(this.get(t, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    this.clear_tsk_thread_flag(t, TIF_SIGPENDING);
    this.flush_sigqueue(addr(t, task_struct.pending));
    this.flush_sigqueue(addr(this.get(t, task_struct.signal), signal_struct.shared_pending));
    this.spin_unlock_irqrestore(lock, flags);
  },

  /** Drops the signals of a set from a queue. Needs siglock. */
  flush_sigqueue_mask(this: Kernel, mask: SigMask, queue: Pending): void {
    const set = addr(queue, sigpending.signal);
    const lo = this.get(set, sigset_t.lo);
    const hi = this.get(set, sigset_t.hi);
    if ((lo & mask.lo) === 0 && (hi & mask.hi) === 0) return;
    this.storeSigset(set, { lo: lo & ~mask.lo, hi: hi & ~mask.hi });
    const head = addr(queue, sigpending.list);
    let node = this.get(head, list_head.next);
    while (node !== head) {
      const next = this.get(node, list_head.next);
      const q = node as number as Ptr<'sigqueue'>;
      const sig = this.get(addr(q, sigqueue.info), kernel_siginfo.si_signo);
      const member = sig <= 32 ? mask.lo & (1 << (sig - 1)) : mask.hi & (1 << (sig - 33));
      if (member !== 0) {
        this.list_del_init(node);
        this.__sigqueue_free(q);
      }
      node = next;
    }
  },

  /** Takes a signal's first entry off a queue. Its bit stays while another entry waits. Needs siglock. */
  collect_signal(this: Kernel, sig: number, queue: Pending): KernelSiginfo {
    const head = addr(queue, sigpending.list);
    let first: Ptr<'sigqueue'> = NULL;
    let more = false;
    for (let node = this.get(head, list_head.next); node !== head; node = this.get(node, list_head.next)) {
      const q = node as number as Ptr<'sigqueue'>;
      if (this.get(addr(q, sigqueue.info), kernel_siginfo.si_signo) !== sig) continue;
      if (first) {
        more = true;
        break;
      }
      first = q;
    }
    if (!more) this.sigdelset(addr(queue, sigpending.signal), sig);
    if (!first) return clear_siginfo(sig);
    const info = this.loadSiginfo(addr(first, sigqueue.info));
    this.list_del_init(addr(first, sigqueue.list));
    // Of a timer that has been deleted meanwhile nothing is armed again.
    const prealloc = (this.get(first, sigqueue.flags) & SIGQUEUE_PREALLOC) !== 0;
    this.__sigqueue_free(first);
    return prealloc || info.si_sys_private === 0 ? info : { ...info, si_sys_private: 0 };
  },

  __dequeue_signal(this: Kernel, queue: Pending, blocked: SigMask): KernelSiginfo | null {
    const sig = this.next_signal(addr(queue, sigpending.signal), blocked);
    return sig === 0 ? null : this.collect_signal(sig, queue);
  },

  /**
   * Takes the current task's next signal: its own before its process's. Needs siglock. The caller arms a timer again whose
   * signal it is, with `rearmPosixTimer`, where `si_sys_private` is not 0.
   */
  dequeue_signal(this: Kernel, t: Task, blocked: SigMask): KernelSiginfo | null {
    const shared = addr(this.get(t, task_struct.signal), signal_struct.shared_pending);
    let info = this.__dequeue_signal(addr(t, task_struct.pending), blocked);
    if (info === null) {
      info = this.__dequeue_signal(shared, blocked);
      if (info !== null && info.si_signo === SIGALRM) this.rearmRealTimer(t);
    }
    this.recalc_sigpending();
    if (info !== null && sig_kernel_stop(info.si_signo)) {
      this.set(t, task_struct.jobctl, this.get(t, task_struct.jobctl) | JOBCTL_STOP_DEQUEUED);
    }
    return info;
  },

  /** A process's real-time timer with an interval is started again when its signal is taken. Needs siglock. */
  rearmRealTimer(this: Kernel, t: Task): void {
    const signal = this.get(t, task_struct.signal);
    const timer = addr(signal, signal_struct.real_timer);
    const interval = this.loadTime(addr(signal, signal_struct.it_real_incr));
    if (interval === 0 || this.hrtimer_is_queued(timer)) return;
    this.hrtimer_forward(timer, this.ktime_get(), interval);
    this.hrtimer_restart(timer);
  },
};
