/** `kernel/signal.c`, signals that a thread's own instructions cause: they cannot be ignored or blocked. */

import { addr, container_of, list_head, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { PIDTYPE_PID, SI_KERNEL, SI_USER, SIG_DFL, SIG_IGN, SIGNAL_UNKILLABLE, SIGSEGV } from './constants.js';
import type { Kernel } from './kernel.js';
import { action } from './signal/sigaction.js';
import { clear_siginfo, type KernelSiginfo } from './signal/siginfo.js';
import { SYNCHRONOUS_MASK, sig_synchronous } from './sigset.js';
import {
  k_sigaction,
  kernel_siginfo,
  sighand_struct,
  signal_struct,
  sigpending,
  sigqueue,
  sigset_t,
  task_struct,
} from './structs.js';

type Task = Ptr<'task_struct'>;

export const forceSignalFunctions = {
  /**
   * Sends a signal that cannot be ignored: one that is ignored or blocked gets its default action and is no longer
   * blocked, for the whole process as far as the action goes. With the default action even init can die of it.
   */
  *force_sig_info_to_task(this: Kernel, info: KernelSiginfo, t: Task): Coroutine<number> {
    const sig = info.si_signo;
    const sighand = this.get(t, task_struct.sighand);
    const lock = addr(sighand, sighand_struct.siglock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    const ka = action(sighand, sig);
    const blocked = this.sigismember(addr(t, task_struct.blocked), sig);
    if (blocked || this.get(ka, k_sigaction.sa_handler) === SIG_IGN) {
      this.set(ka, k_sigaction.sa_handler, SIG_DFL);
      if (blocked) {
        this.sigdelset(addr(t, task_struct.blocked), sig);
        yield* this.recalc_sigpending_and_wake(t);
      }
    }
    if (this.get(ka, k_sigaction.sa_handler) === SIG_DFL && this.get(t, task_struct.ptrace) === 0) {
      const signal = this.get(t, task_struct.signal);
      this.set(signal, signal_struct.flags, this.get(signal, signal_struct.flags) & ~SIGNAL_UNKILLABLE);
    }
    const error = yield* this.send_signal(sig, info, t, PIDTYPE_PID);
    this.spin_unlock_irqrestore(lock, flags);
    return error;
  },

  force_sig_info(this: Kernel, info: KernelSiginfo): Coroutine<number> {
    return this.force_sig_info_to_task(info, this.current);
  },

  /** Of the kernel, without a word on why. */
  force_sig(this: Kernel, sig: number): Coroutine<number> {
    return this.force_sig_info({ ...clear_siginfo(sig), si_code: SI_KERNEL });
  },

  /** Of an instruction. @param address what it could not use, or where it stands: in `si_addr` */
  force_sig_fault(this: Kernel, sig: number, code: number, address: number): Coroutine<number> {
    return this.force_sig_info({ ...clear_siginfo(sig), si_code: code, si_pid: address });
  },

  /** A handler could not be set up. If it was that for SIGSEGV, there is no use in trying again. */
  *force_sigsegv(this: Kernel, sig: number): Coroutine<void> {
    if (sig === SIGSEGV) {
      const sighand = this.get(this.current, task_struct.sighand);
      const lock = addr(sighand, sighand_struct.siglock);
      if (this.spin_lock_irqsave(lock)) yield;
      const flags = this.irqflags;
      this.set(action(sighand, sig), k_sigaction.sa_handler, SIG_DFL);
      this.spin_unlock_irqrestore(lock, flags);
    }
    yield* this.force_sig(SIGSEGV);
  },

  /** Needs siglock. */
  *recalc_sigpending_and_wake(this: Kernel, t: Task): Coroutine<void> {
    if (this.recalc_sigpending_tsk(t)) yield* this.signal_wake_up_state(t, 0);
  },

  /**
   * Takes the first signal in the thread's own queue that an instruction caused, before all others: its frame must show
   * that instruction. Others have no positive `si_code`. That one of these signals is not blocked is asked for, and not
   * that it is the one found. Needs siglock.
   */
  dequeue_synchronous_signal(this: Kernel): KernelSiginfo | null {
    const pending = addr(this.current, task_struct.pending);
    const set = addr(pending, sigpending.signal);
    const blocked = this.get(addr(this.current, task_struct.blocked), sigset_t.lo);
    if ((this.get(set, sigset_t.lo) & ~blocked & SYNCHRONOUS_MASK.lo) === 0) return null;
    const head = addr(pending, sigpending.list);
    let sync: Ptr<'sigqueue'> = NULL;
    let signo = 0;
    let more = false;
    for (let node = this.get(head, list_head.next); node !== head && !more; node = this.get(node, list_head.next)) {
      const q = container_of(node, sigqueue.list);
      const sig = this.get(addr(q, sigqueue.info), kernel_siginfo.si_signo);
      if (sync) {
        more = sig === signo;
      } else if (this.get(addr(q, sigqueue.info), kernel_siginfo.si_code) > SI_USER && sig_synchronous(sig)) {
        sync = q;
        signo = sig;
      }
    }
    if (!sync) return null;
    if (!more) {
      this.sigdelset(set, signo);
      this.recalc_sigpending();
    }
    const info = this.loadSiginfo(addr(sync, sigqueue.info));
    this.list_del_init(addr(sync, sigqueue.list));
    this.__sigqueue_free(sync);
    return info;
  },

  /**
   * A CPU exception in user mode, such as a page fault that cannot be served. When a handler returns the program goes
   * on after the instruction, as if the handler had stepped over it; one that is to fault again is called again.
   */
  *exception(this: Kernel, sig: number, code: number, address: number): Coroutine<void> {
    const tsk = this.current;
    if (this.irqsPending()) yield* this.interruptFromUser();
    this.rcu_eqs_exit();
    const ax = this.get(tsk, task_struct.ax);
    // Not from a system call: nothing is to be restarted.
    this.set(tsk, task_struct.orig_ax, -1);
    this.set(tsk, task_struct.restart, 0);
    yield* this.force_sig_fault(sig, code, address);
    yield* this.returnToUserMode();
    this.set(tsk, task_struct.ax, ax);
  },
};

export type ForceSignalFunctions = typeof forceSignalFunctions;
