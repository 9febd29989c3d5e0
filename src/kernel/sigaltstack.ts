/**
 * The alternate signal stack (`kernel/signal.c`, `arch/x86/kernel/signal.c`), and where on a stack a signal frame goes.
 *
 * A program here uses no stack of its own, and signal frames use as much as on x86-64 with AVX. So a task's stack pointer
 * is at the top of its stack, or at its innermost signal frame, and an address is on a stack if it is among its numbers.
 */

import type { Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  EINVAL,
  ENOMEM,
  EPERM,
  MINSIGSTKSZ,
  SA_ONSTACK,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_FLAG_BITS,
  SS_ONSTACK,
  USER_STACK_SIZE,
  USER_STACK_TOP,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { sigframe, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

/** `stack_t`. */
export interface SigAltStack {
  /** The lowest address. */
  ss_sp: number;
  /** `SS_…`. */
  ss_flags: number;
  ss_size: number;
}

/** What a function may use below its stack pointer. */
const RED_ZONE = 128;
/** The floating-point state: `fxsave`, the xsave header, AVX, and the magic number after them. */
const MATH_FRAME = 512 + 64 + 256 + 4;
/** `sizeof(struct rt_sigframe)`. */
const RT_SIGFRAME = 440;

function round_down(address: number, to: number): number {
  return address - (address % to);
}

function onMainStack(sp: number): boolean {
  return sp <= USER_STACK_TOP && sp > USER_STACK_TOP - USER_STACK_SIZE;
}

export const sigaltstackFunctions = {
  /** Whether an address is on the alternate stack; never with `SS_AUTODISARM`, where a handler finds it disarmed. */
  on_sig_stack(this: Kernel, sp: number): boolean {
    const tsk = this.current;
    if ((this.get(tsk, task_struct.sas_ss_flags) & SS_AUTODISARM) !== 0) return false;
    const above = sp - (this.get(tsk, task_struct.sas_ss_sp) >>> 0);
    return above > 0 && above <= this.get(tsk, task_struct.sas_ss_size) >>> 0;
  },

  sas_ss_flags(this: Kernel, sp: number): number {
    if (this.get(this.current, task_struct.sas_ss_size) === 0) return SS_DISABLE;
    return this.on_sig_stack(sp) ? SS_ONSTACK : 0;
  },

  sas_ss_reset(this: Kernel, p: Task): void {
    this.set(p, task_struct.sas_ss_sp, 0);
    this.set(p, task_struct.sas_ss_size, 0);
    this.set(p, task_struct.sas_ss_flags, SS_DISABLE);
  },

  /** Where the frame of a handler goes; −1 where it would not fit. */
  get_sigframe(this: Kernel, sa_flags: number): number {
    const tsk = this.current;
    const before = this.get(tsk, task_struct.sp) >>> 0;
    const onsigstack = this.on_sig_stack(before);
    let sp = before - RED_ZONE;
    if ((sa_flags & SA_ONSTACK) !== 0 && this.sas_ss_flags(sp) === 0) {
      sp = (this.get(tsk, task_struct.sas_ss_sp) >>> 0) + (this.get(tsk, task_struct.sas_ss_size) >>> 0);
    }
    const onMain = onMainStack(sp);
    sp = round_down(sp - MATH_FRAME, 64);
    sp = round_down(sp - RT_SIGFRAME, 16) - 8;
    if (onsigstack && !this.on_sig_stack(sp)) return -1;
    // In the kernel the page fault finds out that the stack may not grow so far.
    return onMain && !onMainStack(sp) ? -1 : sp;
  },

  /** Saves the alternate stack in a signal frame, and disarms it where that was asked for. */
  saveAltstack(this: Kernel, frame: Ptr<'sigframe'>): void {
    const tsk = this.current;
    const flags = this.get(tsk, task_struct.sas_ss_flags);
    this.set(frame, sigframe.ss_sp, this.get(tsk, task_struct.sas_ss_sp));
    this.set(frame, sigframe.ss_size, this.get(tsk, task_struct.sas_ss_size));
    this.set(frame, sigframe.ss_flags, flags);
    if ((flags & SS_AUTODISARM) !== 0) this.sas_ss_reset(tsk);
  },

  /**
   * Sets the alternate stack as a signal frame has it. Errors are dropped: so one that a handler has installed stays
   * where there was none before, for that is no valid one to go back to.
   */
  restore_altstack(this: Kernel, frame: Ptr<'sigframe'>): void {
    const ss_sp = this.get(frame, sigframe.ss_sp);
    const ss_size = this.get(frame, sigframe.ss_size);
    const ss_flags = this.get(frame, sigframe.ss_flags);
    this.do_sigaltstack({ ss_sp, ss_flags, ss_size }, null, this.get(this.current, task_struct.sp) >>> 0, MINSIGSTKSZ);
  },

  /** @param oss gets the stack before, also where the call fails */
  do_sigaltstack(
    this: Kernel,
    ss: Readonly<SigAltStack> | null,
    oss: SigAltStack | null,
    sp: number,
    min_ss_size: number,
  ): number {
    const tsk = this.current;
    if (oss !== null) {
      oss.ss_sp = this.get(tsk, task_struct.sas_ss_sp);
      oss.ss_size = this.get(tsk, task_struct.sas_ss_size);
      oss.ss_flags = this.sas_ss_flags(sp) | (this.get(tsk, task_struct.sas_ss_flags) & SS_FLAG_BITS);
    }
    if (ss === null) return 0;
    if (this.on_sig_stack(sp)) return -EPERM;
    let { ss_sp, ss_size } = ss;
    const mode = ss.ss_flags & ~SS_FLAG_BITS;
    if (mode !== SS_DISABLE && mode !== SS_ONSTACK && mode !== 0) return -EINVAL;
    if (mode === SS_DISABLE) {
      ss_size = 0;
      ss_sp = 0;
    } else if (ss_size >>> 0 < min_ss_size) {
      return -ENOMEM;
    }
    this.set(tsk, task_struct.sas_ss_sp, ss_sp);
    this.set(tsk, task_struct.sas_ss_size, ss_size);
    this.set(tsk, task_struct.sas_ss_flags, ss.ss_flags);
    return 0;
  },

  /** `sigaltstack(2)`. */
  *sigaltstack(this: Kernel, uss: Readonly<SigAltStack> | null, uoss: SigAltStack | null): Coroutine<number> {
    const old: SigAltStack = { ss_sp: 0, ss_flags: 0, ss_size: 0 };
    const error = this.do_sigaltstack(uss, old, this.get(this.current, task_struct.sp) >>> 0, MINSIGSTKSZ);
    if (error === 0 && uoss !== null) Object.assign(uoss, old);
    return error;
  },
};

export type SigaltstackFunctions = typeof sigaltstackFunctions;
