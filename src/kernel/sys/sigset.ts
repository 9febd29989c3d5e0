/** Sets of signals as programs in C make them: `signal.h`. The functions give 0 or −EINVAL, and change the set. */

import { EINVAL } from '../constants.js';
import type { SigMaskOut } from '../signal/sigprocmask.js';
import { valid_signal } from '../sigset.js';

/**
 * An empty `sigset_t`.
 *
 * @example
 * const set = sigset();
 * sigaddset(set, SIGUSR1);
 * yield* sys.sigprocmask(SIG_BLOCK, set);
 */
export function sigset(): SigMaskOut {
  return { lo: 0, hi: 0 };
}

/**
 * Takes all signals out of a set. Gives 0.
 *
 * @example
 * const set = sigset();
 * sigemptyset(set); // 0
 * sigismember(set, SIGINT); // 0
 */
export function sigemptyset(set: SigMaskOut): number {
  set.lo = 0;
  set.hi = 0;
  return 0;
}

/**
 * Puts all signals into a set. Gives 0.
 *
 * @example
 * const set = sigset();
 * sigfillset(set); // 0
 * sigismember(set, SIGINT); // 1
 */
export function sigfillset(set: SigMaskOut): number {
  set.lo = -1;
  set.hi = -1;
  return 0;
}

/**
 * Puts a signal into a set: 0, or −EINVAL if there is no such signal.
 *
 * @example
 * const set = sigset();
 * sigaddset(set, SIGINT); // 0
 * errorName(sigaddset(set, 65)); // '-EINVAL'
 */
export function sigaddset(set: SigMaskOut, sig: number): number {
  if (!valid_signal(sig) || sig === 0) return -EINVAL;
  if (sig <= 32) set.lo |= 1 << (sig - 1);
  else set.hi |= 1 << (sig - 33);
  return 0;
}

/**
 * Takes a signal out of a set: 0, or −EINVAL if there is no such signal.
 *
 * @example
 * const set = sigset();
 * sigfillset(set);
 * sigdelset(set, SIGINT); // 0
 * sigismember(set, SIGINT); // 0
 */
export function sigdelset(set: SigMaskOut, sig: number): number {
  if (!valid_signal(sig) || sig === 0) return -EINVAL;
  if (sig <= 32) set.lo &= ~(1 << (sig - 1));
  else set.hi &= ~(1 << (sig - 33));
  return 0;
}

/**
 * 1 if the signal is in the set, 0 if not, −EINVAL if there is no such signal.
 *
 * @example
 * const set = sigset();
 * sigaddset(set, SIGUSR1);
 * sigismember(set, SIGUSR1); // 1
 */
export function sigismember(set: Readonly<SigMaskOut>, sig: number): number {
  if (!valid_signal(sig) || sig === 0) return -EINVAL;
  const word = sig <= 32 ? set.lo : set.hi;
  return (word >>> ((sig - 1) & 31)) & 1;
}
