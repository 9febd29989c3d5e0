/** `kernel/signal.c`: what a process does with a signal. */

import { addr, type Ptr } from '../../memory/layout.js';
import type { Coroutine } from '../../sync/gate.js';
import { _NSIG, EINVAL, SIG_DFL, SIG_IGN } from '../constants.js';
import type { Kernel } from '../kernel.js';
import {
  EMPTY_MASK,
  SIGSET_SIZE,
  type SigMask,
  sig_kernel_ignore,
  sig_kernel_only,
  sigmask,
  valid_signal,
} from '../sigset.js';
import { k_sigaction, sighand_struct, sigset_t, task_struct } from '../structs.js';
import { KILL_AND_STOP } from './sigprocmask.js';

type Task = Ptr<'task_struct'>;

/** A program's request to `rt_sigaction`, and what it gets of the old action. */
export interface Sigaction {
  handler: number;
  flags: number;
  mask: SigMask;
}

/** A signal's action in a `sighand_struct`. */
export function action(sighand: Ptr<'sighand_struct'>, sig: number): Ptr<'k_sigaction'> {
  return (sighand + sighand_struct.action + (sig - 1) * k_sigaction.$.words) as Ptr<'k_sigaction'>;
}

export function sig_handler_ignored(handler: number, sig: number): boolean {
  return handler === SIG_IGN || (handler === SIG_DFL && sig_kernel_ignore(sig));
}

export const sigactionFunctions = {
  /** `rt_sigaction(2)`: an action that ignores the signal also drops what is pending of it. */
  *rt_sigaction(
    this: Kernel,
    sig: number,
    act: Sigaction | null,
    oact: Sigaction | null,
    sigsetsize = SIGSET_SIZE,
  ): Coroutine<number> {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
    if (!valid_signal(sig) || sig < 1 || (act !== null && sig_kernel_only(sig))) return -EINVAL;
    const sighand = this.get(this.current, task_struct.sighand);
    const lock = addr(sighand, sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    const k = action(sighand, sig);
    if (oact !== null) {
      oact.handler = this.get(k, k_sigaction.sa_handler);
      oact.flags = this.get(k, k_sigaction.sa_flags);
      oact.mask = this.loadSigset(addr(k, k_sigaction.sa_mask));
    }
    if (act !== null) {
      this.set(k, k_sigaction.sa_handler, act.handler);
      this.set(k, k_sigaction.sa_flags, act.flags);
      const mask = { lo: act.mask.lo & ~KILL_AND_STOP.lo, hi: act.mask.hi };
      this.storeSigset(addr(k, k_sigaction.sa_mask), mask);
      if (sig_handler_ignored(act.handler, sig)) this.flushFromProcess(this.current, sigmask(sig));
    }
    this.spin_unlock_irq(lock);
    return 0;
  },

  /**
   * After exec: handlers go, what is ignored stays ignored. Takes no lock, as the kernel does not: a sender that holds
   * siglock may find the handler when it prepares the signal and the default action when it completes it.
   */
  flush_signal_handlers(this: Kernel, t: Task, forceDefault: boolean): void {
    const sighand = this.get(t, task_struct.sighand);
    const { words } = this;
    for (let sig = 1; sig <= _NSIG; sig++) {
      const ka = action(sighand, sig);
      // Most actions are the default ones: four words that are 0.
      if (
        ((words[ka] as number) | (words[ka + 1] as number) | (words[ka + 2] as number) | (words[ka + 3] as number)) ===
        0
      )
        continue;
      const handler = this.get(ka, k_sigaction.sa_handler);
      if (handler !== SIG_DFL && (forceDefault || handler !== SIG_IGN)) {
        this.set(ka, k_sigaction.sa_handler, SIG_DFL);
      }
      if (this.get(ka, k_sigaction.sa_flags) !== 0) this.set(ka, k_sigaction.sa_flags, 0);
      const mask = addr(ka, k_sigaction.sa_mask);
      if (this.get(mask, sigset_t.lo) !== 0 || this.get(mask, sigset_t.hi) !== 0) this.storeSigset(mask, EMPTY_MASK);
    }
  },
};
