/** Sets of signals: in the arena (`sigset_t`), and as values while they are computed with (`SigMask`). */

import type { Ptr } from '../memory/layout.js';
import {
  SIGABRT,
  SIGBUS,
  SIGCHLD,
  SIGCONT,
  SIGFPE,
  SIGILL,
  SIGKILL,
  SIGQUIT,
  SIGSEGV,
  SIGSTOP,
  SIGSYS,
  SIGTRAP,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
  SIGURG,
  SIGWINCH,
  SIGXCPU,
  SIGXFSZ,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { sigset_t } from './structs.js';

export type SigsetPtr = Ptr<'sigset_t'>;

/** Signals 1 to 32 in the bits of `lo`, 33 to 64 in those of `hi`. */
export interface SigMask {
  readonly lo: number;
  readonly hi: number;
}

/**
 * The set of the given signals, which does not change.
 *
 * @example
 * const { lo } = sigmask(SIGINT, SIGTERM);
 * lo; // 16386
 */
export function sigmask(...signals: readonly number[]): SigMask {
  let lo = 0;
  let hi = 0;
  for (const sig of signals) {
    if (sig <= 32) lo |= 1 << (sig - 1);
    else hi |= 1 << (sig - 33);
  }
  return { lo, hi };
}

/** The size of a set in bytes, as the kernel wants it. */
export const SIGSET_SIZE = 8;

/**
 * The set of no signal.
 */
export const EMPTY_MASK: SigMask = { lo: 0, hi: 0 };
const SIG_KERNEL_ONLY_MASK = sigmask(SIGKILL, SIGSTOP);
export const SIG_KERNEL_STOP_MASK = sigmask(SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU);
const SIG_KERNEL_COREDUMP_MASK = sigmask(
  SIGQUIT,
  SIGILL,
  SIGTRAP,
  SIGABRT,
  SIGFPE,
  SIGSEGV,
  SIGBUS,
  SIGSYS,
  SIGXCPU,
  SIGXFSZ,
);
const SIG_KERNEL_IGNORE_MASK = sigmask(SIGCONT, SIGCHLD, SIGWINCH, SIGURG);
/** Signals that a thread's own instructions cause: taken before all others. */
export const SYNCHRONOUS_MASK = sigmask(SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS);

function inMask(mask: SigMask, sig: number): boolean {
  if (sig <= 32) return (mask.lo & (1 << (sig - 1))) !== 0;
  return (mask.hi & (1 << (sig - 33))) !== 0;
}

/** `SIGKILL` and `SIGSTOP`: can be neither blocked, handled nor ignored. */
export function sig_kernel_only(sig: number): boolean {
  return inMask(SIG_KERNEL_ONLY_MASK, sig);
}

export function sig_kernel_stop(sig: number): boolean {
  return inMask(SIG_KERNEL_STOP_MASK, sig);
}

export function sig_kernel_coredump(sig: number): boolean {
  return inMask(SIG_KERNEL_COREDUMP_MASK, sig);
}

export function sig_kernel_ignore(sig: number): boolean {
  return inMask(SIG_KERNEL_IGNORE_MASK, sig);
}

/** Signals that a thread's own instructions cause. */
export function sig_synchronous(sig: number): boolean {
  return inMask(SYNCHRONOUS_MASK, sig);
}

export function valid_signal(sig: number): boolean {
  return sig >= 0 && sig <= 64;
}

/** The lowest signal of a word of a set; `base` is the number of its first bit. */
function lowest(word: number, base: number): number {
  return base + 31 - Math.clz32(word & -word);
}

export const sigsetFunctions = {
  sigismember(this: Kernel, set: SigsetPtr, sig: number): boolean {
    if (sig <= 32) return (this.get(set, sigset_t.lo) & (1 << (sig - 1))) !== 0;
    return (this.get(set, sigset_t.hi) & (1 << (sig - 33))) !== 0;
  },

  sigaddset(this: Kernel, set: SigsetPtr, sig: number): void {
    if (sig <= 32) this.set(set, sigset_t.lo, this.get(set, sigset_t.lo) | (1 << (sig - 1)));
    else this.set(set, sigset_t.hi, this.get(set, sigset_t.hi) | (1 << (sig - 33)));
  },

  sigdelset(this: Kernel, set: SigsetPtr, sig: number): void {
    if (sig <= 32) this.set(set, sigset_t.lo, this.get(set, sigset_t.lo) & ~(1 << (sig - 1)));
    else this.set(set, sigset_t.hi, this.get(set, sigset_t.hi) & ~(1 << (sig - 33)));
  },

  loadSigset(this: Kernel, set: SigsetPtr): SigMask {
    return { lo: this.get(set, sigset_t.lo), hi: this.get(set, sigset_t.hi) };
  },

  storeSigset(this: Kernel, set: SigsetPtr, mask: SigMask): void {
    this.set(set, sigset_t.lo, mask.lo);
    this.set(set, sigset_t.hi, mask.hi);
  },

  /** Whether a set has a signal that another does not. */
  has_pending_signals(this: Kernel, signal: SigsetPtr, blocked: SigsetPtr): boolean {
    return (
      (this.get(signal, sigset_t.lo) & ~this.get(blocked, sigset_t.lo)) !== 0 ||
      (this.get(signal, sigset_t.hi) & ~this.get(blocked, sigset_t.hi)) !== 0
    );
  },

  /** The signal of a set to take first, leaving out those blocked: synchronous ones, then the lowest; 0 for none. */
  next_signal(this: Kernel, signal: SigsetPtr, blocked: SigMask): number {
    const lo = this.get(signal, sigset_t.lo) & ~blocked.lo;
    if (lo !== 0) {
      const synchronous = lo & SYNCHRONOUS_MASK.lo;
      return lowest(synchronous !== 0 ? synchronous : lo, 1);
    }
    const hi = this.get(signal, sigset_t.hi) & ~blocked.hi;
    return hi !== 0 ? lowest(hi, 33) : 0;
  },
};

export type SigsetFunctions = typeof sigsetFunctions;
