/** `kernel/signal.c`: the mask of blocked signals. */

import { addr, type Ptr } from '../../memory/layout.js';
import type { Coroutine } from '../../sync/gate.js';
import { EFAULT, EINVAL, SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK, SIGKILL, SIGSTOP } from '../constants.js';
import type { Kernel } from '../kernel.js';
import { SIGSET_SIZE, type SigMask, sigmask } from '../sigset.js';
import { sighand_struct, signal_struct, sigpending, task_struct } from '../structs.js';

type Task = Ptr<'task_struct'>;

/** Where a program wants a set. */
export interface SigMaskOut {
  lo: number;
  hi: number;
}

export const KILL_AND_STOP = sigmask(SIGKILL, SIGSTOP);

/** The first bytes of a word, as bits. */
function firstBytes(bytes: number): number {
  if (bytes >= 4) return -1;
  return bytes <= 0 ? 0 : (1 << (8 * bytes)) - 1;
}

export const sigprocmaskFunctions = {
  *__set_task_blocked(this: Kernel, tsk: Task, mask: SigMask): Coroutine<void> {
    if (this.signal_pending(tsk) && !this.thread_group_empty(tsk)) {
      const old = this.loadSigset(addr(tsk, task_struct.blocked));
      yield* this.retarget_shared_pending(tsk, { lo: mask.lo & ~old.lo, hi: mask.hi & ~old.hi });
    }
    this.storeSigset(addr(tsk, task_struct.blocked), mask);
    this.recalc_sigpending();
  },

  *set_current_blocked(this: Kernel, mask: SigMask): Coroutine<void> {
    const wanted = { lo: mask.lo & ~KILL_AND_STOP.lo, hi: mask.hi };
    const old = this.loadSigset(addr(this.current, task_struct.blocked));
    // Only the task itself changes its mask, so it may look without the lock.
    if (old.lo === wanted.lo && old.hi === wanted.hi) return;
    const lock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    yield* this.__set_task_blocked(this.current, wanted);
    this.spin_unlock_irq(lock);
  },

  /** @param old the mask as it is */
  *sigprocmask(this: Kernel, how: number, set: SigMask, old: SigMask): Coroutine<number> {
    const wanted = { lo: set.lo & ~KILL_AND_STOP.lo, hi: set.hi };
    if (how === SIG_BLOCK) {
      yield* this.set_current_blocked({ lo: old.lo | wanted.lo, hi: old.hi | wanted.hi });
    } else if (how === SIG_UNBLOCK) {
      yield* this.set_current_blocked({ lo: old.lo & ~wanted.lo, hi: old.hi & ~wanted.hi });
    } else if (how === SIG_SETMASK) {
      yield* this.set_current_blocked(wanted);
    } else {
      return -EINVAL;
    }
    return 0;
  },

  /** `rt_sigprocmask(2)`. */
  *rt_sigprocmask(
    this: Kernel,
    how: number,
    set: SigMask | null,
    oset: SigMaskOut | null,
    sigsetsize = SIGSET_SIZE,
  ): Coroutine<number> {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
    const old = this.loadSigset(addr(this.current, task_struct.blocked));
    if (set !== null) {
      const error = yield* this.sigprocmask(how, set, old);
      if (error !== 0) return error;
    }
    if (oset !== null) Object.assign(oset, old);
    return 0;
  },

  /** `rt_sigpending(2)`: what is pending and blocked, as many bytes of it as the caller has room for. */
  *rt_sigpending(this: Kernel, uset: SigMaskOut | null, sigsetsize = SIGSET_SIZE): Coroutine<number> {
    // An unsigned number in C.
    if (sigsetsize > SIGSET_SIZE || sigsetsize < 0) return -EINVAL;
    const tsk = this.current;
    const lock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    const own = this.loadSigset(addr(addr(tsk, task_struct.pending), sigpending.signal));
    const signal = this.get(tsk, task_struct.signal);
    const shared = this.loadSigset(addr(addr(signal, signal_struct.shared_pending), sigpending.signal));
    this.spin_unlock_irq(lock);
    const blocked = this.loadSigset(addr(tsk, task_struct.blocked));
    if (sigsetsize === 0) return 0;
    if (uset === null) return -EFAULT;
    const lo = firstBytes(sigsetsize);
    const hi = firstBytes(sigsetsize - 4);
    uset.lo = (uset.lo & ~lo) | ((own.lo | shared.lo) & blocked.lo & lo);
    uset.hi = (uset.hi & ~hi) | ((own.hi | shared.hi) & blocked.hi & hi);
    return 0;
  },
};
