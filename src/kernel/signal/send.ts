/** `kernel/signal.c`: a signal on its way into a queue of its target. */

import { addr, type Ptr } from '../../memory/layout.js';
import type { Coroutine } from '../../sync/gate.js';
import {
  EAGAIN,
  EINVAL,
  ESRCH,
  PF_KTHREAD,
  PIDTYPE_PID,
  PIDTYPE_TGID,
  SEND_SIG_NOINFO,
  SEND_SIG_PRIV,
  SI_KERNEL,
  SI_TIMER,
  SI_USER,
  SIGCONT,
  SIGKILL,
  SIGRTMIN,
  TRACE_SIGNAL_ALREADY_PENDING,
  TRACE_SIGNAL_DELIVERED,
  TRACE_SIGNAL_IGNORED,
  TRACE_SIGNAL_LOSE_INFO,
  TRACE_SIGNAL_OVERFLOW_FAIL,
} from '../constants.js';
import type { Kernel } from '../kernel.js';
import { SIG_KERNEL_STOP_MASK, sig_kernel_stop, valid_signal } from '../sigset.js';
import {
  cred,
  globals,
  multiprocess_signals,
  sighand_struct,
  signal_struct,
  sigpending,
  sigqueue,
  sigset_t,
  task_struct,
} from '../structs.js';
import { COUNT_SIGHAND_RETRY } from '../trace.js';
import { has_si_pid_and_uid, is_si_special, type KernelSiginfo, type SigInfo } from './siginfo.js';

type Task = Ptr<'task_struct'>;
type Pending = Ptr<'sigpending'>;

/** A private or shared queue of a task. */
function pendingQueue(k: Kernel, t: Task, type: number): Pending {
  if (type === PIDTYPE_PID) return addr(t, task_struct.pending);
  return addr(k.get(t, task_struct.signal), signal_struct.shared_pending);
}

export const sendFunctions = {
  *do_send_sig_info(this: Kernel, sig: number, info: SigInfo, p: Task, type: number): Coroutine<number> {
    const sighand = yield* this.__lock_task_sighand(p);
    if (!sighand) return -ESRCH;
    const flags = this.irqflags;
    const error = yield* this.send_signal(sig, info, p, type);
    this.unlock_task_sighand(sighand, flags);
    return error;
  },

  /** Sends to one thread, for the kernel. Permission is not asked for. */
  *send_sig_info(this: Kernel, sig: number, info: SigInfo, p: Task): Coroutine<number> {
    if (!valid_signal(sig)) return -EINVAL;
    return yield* this.do_send_sig_info(sig, info, p, PIDTYPE_PID);
  },

  /** The same, with nothing to tell. @param priv as the kernel itself, and not as the current task */
  send_sig(this: Kernel, sig: number, p: Task, priv: boolean): Coroutine<number> {
    return this.send_sig_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, p);
  },

  /** Sends to a process, for the kernel. Needs the target's siglock. */
  __group_send_sig_info(this: Kernel, sig: number, info: SigInfo, p: Task): Coroutine<number> {
    return this.send_signal(sig, info, p, PIDTYPE_TGID);
  },

  /**
   * Locks the sighand of a task that may be dying: NULL when it is gone. Between the load and the lock the task may
   * have let go of it, and the memory may be another process's sighand by now: RCU and `SLAB_TYPESAFE_BY_RCU` make
   * the lock a lock, and the second look makes it the right one. The interrupt state is in `irqflags`.
   */
  *__lock_task_sighand(this: Kernel, tsk: Task): Coroutine<Ptr<'sighand_struct'>> {
    this.rcu_read_lock();
    let sighand: Ptr<'sighand_struct'>;
    for (;;) {
      if (this.rcu_dereference(tsk, task_struct.sighand)) yield;
      sighand = this.value(task_struct.sighand);
      if (!sighand) break;
      const lock = addr(sighand, sighand_struct.siglock);
      if (this.spin_lock_irqsave(lock)) yield;
      if (sighand === this.get(tsk, task_struct.sighand)) break;
      this.spin_unlock_irqrestore(lock, this.irqflags);
      this.count(COUNT_SIGHAND_RETRY);
    }
    this.rcu_read_unlock();
    return sighand;
  },

  unlock_task_sighand(this: Kernel, sighand: Ptr<'sighand_struct'>, flags: number): void {
    this.spin_unlock_irqrestore(addr(sighand, sighand_struct.siglock), flags);
  },

  /** Decides whether the signal gets through to an init that ignores it, and sends it. Needs siglock. */
  send_signal(this: Kernel, sig: number, info: SigInfo, t: Task, type: number): Coroutine<number> {
    let force = false;
    let sent = info;
    if (info === SEND_SIG_NOINFO) {
      force = this.task_pid_nr_ns(this.current, this.task_active_pid_ns(t)) === 0;
    } else if (is_si_special(info)) {
      force = true;
    } else if (has_si_pid_and_uid(info)) {
      if (this.peek(this.globals + globals.user_namespaces) !== 0) return this.sendBetweenUserNs(sig, info, t, type);
      force = info.si_code === SI_KERNEL;
      if (this.task_pid_nr_ns(this.current, this.task_active_pid_ns(t)) === 0) {
        sent = { ...info, si_pid: 0 };
        force = true;
      }
    }
    return this.__send_signal(sig, sent, t, type, force);
  },

  /**
   * `send_signal` where there is more than one user namespace: the sender's number is told as the target's namespace
   * has it. A number that the kernel has put in is translated as if it were the current task's. Needs siglock.
   */
  *sendBetweenUserNs(this: Kernel, sig: number, info: KernelSiginfo, t: Task, type: number): Coroutine<number> {
    let { si_uid, si_pid } = info;
    let force = info.si_code === SI_KERNEL;
    this.rcu_read_lock();
    if (this.__task_cred(t)) yield;
    const theirs = this.get(this.value(task_struct.real_cred), cred.user_ns);
    const mine = this.current_user_ns();
    if (mine !== theirs) si_uid = this.from_kuid_munged(theirs, this.make_kuid(mine, si_uid));
    this.rcu_read_unlock();
    if (this.task_pid_nr_ns(this.current, this.task_active_pid_ns(t)) === 0) {
      si_pid = 0;
      force = true;
    }
    return yield* this.__send_signal(sig, { ...info, si_uid, si_pid }, t, type, force);
  },

  /** Queues the signal and chooses who is to take it. Needs siglock. */
  *__send_signal(this: Kernel, sig: number, info: SigInfo, t: Task, type: number, force: boolean): Coroutine<number> {
    this.lockdep_assert_held(addr(this.get(t, task_struct.sighand), sighand_struct.siglock));
    const group = type !== PIDTYPE_PID;
    const wanted = this.prepare_signal(sig, t, force);
    if (sig === SIGCONT) yield* this.wakeStopped(t);
    if (!wanted) {
      this.trace_signal_generate(sig, info, t, group, TRACE_SIGNAL_IGNORED);
      return 0;
    }
    const queue = pendingQueue(this, t, type);
    const set = addr(queue, sigpending.signal);
    // Below SIGRTMIN a signal is pending once or not at all.
    if (sig < SIGRTMIN && this.sigismember(set, sig)) {
      this.trace_signal_generate(sig, info, t, group, TRACE_SIGNAL_ALREADY_PENDING);
      return 0;
    }
    let result = TRACE_SIGNAL_DELIVERED;
    if (sig !== SIGKILL && (this.get(t, task_struct.flags) & PF_KTHREAD) === 0) {
      const override = sig < SIGRTMIN && (is_si_special(info) || info.si_code >= 0);
      const q = yield* this.__sigqueue_alloc(t, override);
      if (q) {
        this.list_add_tail(addr(q, sigqueue.list), addr(queue, sigpending.list));
        this.fillSiginfo(q, sig, info, t);
        // Sent by sigqueue, and like a timer's: an exec drops it as it drops those.
        if (!is_si_special(info) && info.si_code === SI_TIMER) {
          this.set(this.get(t, task_struct.signal), signal_struct.si_timer_queued, 1);
        }
      } else if (!is_si_special(info) && sig >= SIGRTMIN && info.si_code !== SI_USER) {
        // A queue that is full may refuse a real-time signal, but not one sent by kill.
        this.trace_signal_generate(sig, info, t, group, TRACE_SIGNAL_OVERFLOW_FAIL);
        return -EAGAIN;
      } else {
        result = TRACE_SIGNAL_LOSE_INFO;
      }
    }
    if (this.waitqueue_active(addr(this.get(t, task_struct.sighand), sighand_struct.signalfd_wqh))) {
      yield* this.signalfd_notify(t, sig);
    }
    this.sigaddset(set, sig);
    if (type > PIDTYPE_TGID) this.delayMultiprocess(t, sig);
    yield* this.complete_signal(sig, t, type);
    this.trace_signal_generate(sig, info, t, group, result);
    return 0;
  },

  /** Notes a signal to more than one process for the forks under way in this one: their children get it too. */
  delayMultiprocess(this: Kernel, t: Task, sig: number): void {
    let node = this.load(this.get(t, task_struct.signal) + signal_struct.multiprocess);
    while (node) {
      const delayed = (node - multiprocess_signals.node) as Ptr<'multiprocess_signals'>;
      const set = addr(delayed, multiprocess_signals.signal);
      if (sig === SIGCONT) {
        this.set(set, sigset_t.lo, this.get(set, sigset_t.lo) & ~SIG_KERNEL_STOP_MASK.lo);
      } else if (sig_kernel_stop(sig)) {
        this.sigdelset(set, SIGCONT);
      }
      this.sigaddset(set, sig);
      node = this.load(node);
    }
  },
};
