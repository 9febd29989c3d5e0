/** `fs/signalfd.c`: signals read from a file. The file has the set, and the signals are those of whoever reads. */

import { addr, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  EAGAIN,
  EBADF,
  EFAULT,
  EINVAL,
  ENOMEM,
  ERESTARTSYS,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  POLLIN,
  SFD_CLOEXEC,
  SFD_NONBLOCK,
  SI_KERNEL,
  SI_TIMER,
  SI_USER,
  SIGBUS,
  SIGCHLD,
  SIGFPE,
  SIGILL,
  SIGKILL,
  SIGSEGV,
  SIGSTOP,
  SIGTRAP,
  signalfd_fops,
  TASK_INTERRUPTIBLE,
  TASK_NORMAL,
  TASK_RUNNING,
} from './constants.js';
import type { FilePtr, UserBuffer } from './file.js';
import type { Kernel } from './kernel.js';
import { DEFAULT_WAKE_FUNCTION } from './sched.js';
import type { PollTable } from './select.js';
import type { KernelSiginfo } from './signal/siginfo.js';
import { SIGSET_SIZE, type SigMask, sigmask } from './sigset.js';
import { file, sighand_struct, signal_struct, signalfd_ctx, sigpending, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

/** `sizeof(struct signalfd_siginfo)`: what each signal takes of a reader's buffer. */
export const SIGNALFD_SIGINFO_SIZE = 128;

/** `struct signalfd_siginfo`, as far as something fills it. */
export interface SignalfdSiginfo {
  readonly ssi_signo: number;
  readonly ssi_errno: number;
  readonly ssi_code: number;
  readonly ssi_pid: number;
  readonly ssi_uid: number;
  /** The number of the timer. */
  readonly ssi_tid: number;
  readonly ssi_overrun: number;
  /** Of `SIGCHLD` the exit status or the signal. */
  readonly ssi_status: number;
  /** The value given to `sigqueue(3)` or with a timer. */
  readonly ssi_int: number;
  /** The address of a fault. */
  readonly ssi_addr: number;
}

/** Where the members are in the 128 bytes. */
const OFFSETS = {
  ssi_signo: 0,
  ssi_errno: 4,
  ssi_code: 8,
  ssi_pid: 12,
  ssi_uid: 16,
  ssi_tid: 24,
  ssi_overrun: 32,
  ssi_status: 40,
  ssi_int: 44,
  ssi_addr: 72,
} as const satisfies Record<keyof SignalfdSiginfo, number>;

/** The low word of a pointer: the same value as `ssi_int`. */
const SSI_PTR = 48;

/** The signals of faults, with their greatest `si_code`. */
const FAULT_CODES: Readonly<Record<number, number>> = {
  [SIGILL]: 11,
  [SIGFPE]: 15,
  [SIGSEGV]: 7,
  [SIGBUS]: 5,
  [SIGTRAP]: 5,
};
const NSIGCHLD = 6;

/** Which members a siginfo has. Left out: those of `SIGIO` and `SIGSYS`, which nothing here sends. */
export function siginfo_layout(sig: number, si_code: number): 'kill' | 'timer' | 'fault' | 'chld' | 'rt' {
  if (si_code > SI_USER && si_code < SI_KERNEL) {
    if (si_code <= (FAULT_CODES[sig] ?? 0)) return 'fault';
    return sig === SIGCHLD && si_code <= NSIGCHLD ? 'chld' : 'kill';
  }
  if (si_code === SI_TIMER) return 'timer';
  return si_code < 0 ? 'rt' : 'kill';
}

function viewOf(buf: UserBuffer): DataView {
  return new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
}

/**
 * The siginfo number `index` of what was read from a signalfd.
 *
 * @example
 * const buf = new Uint8Array(SIGNALFD_SIGINFO_SIZE);
 * yield* sys.read(fd, buf);
 * signalfdSiginfo(buf).ssi_signo;
 */
export function signalfdSiginfo(buf: Uint8Array, index = 0): SignalfdSiginfo {
  const view = viewOf(buf);
  const members = Object.entries(OFFSETS).map(([name, offset]) => [
    name,
    view.getInt32(index * SIGNALFD_SIGINFO_SIZE + offset, true),
  ]);
  return Object.fromEntries(members) as SignalfdSiginfo;
}

export const signalfdFunctions = {
  /** Wakes those that wait for signals of this sighand in a signalfd. Needs siglock. */
  *signalfd_notify(this: Kernel, tsk: Task, _sig: number): Coroutine<void> {
    yield* this.__wake_up(addr(this.get(tsk, task_struct.sighand), sighand_struct.signalfd_wqh), TASK_NORMAL, 1, 0);
  },

  /**
   * The last user of a sighand is gone. Whoever reads or polls a signalfd uses the sighand that it waits on, so that
   * nobody can be waiting. Left out: `POLLFREE`, for epoll and aio, which wait on behalf of others.
   */
  signalfd_cleanup(this: Kernel, sighand: Ptr<'sighand_struct'>): void {
    const waiting = this.waitqueue_active(addr(sighand, sighand_struct.signalfd_wqh));
    this.BUG_ON(waiting, 'signalfd_cleanup: somebody waits on a sighand that is to be freed');
  },

  signalfd_release(this: Kernel, f: FilePtr): void {
    this.kmem_cache_free(this.caches.signalfd_ctx, this.get(f, file.private_data) as Ptr<'signalfd_ctx'>);
  },

  /** Whether the caller has a signal to read. */
  *signalfd_poll(this: Kernel, f: FilePtr, wait: PollTable): Coroutine<number> {
    const tsk = this.current;
    const sighand = this.get(tsk, task_struct.sighand);
    const ctx = this.get(f, file.private_data) as Ptr<'signalfd_ctx'>;
    yield* this.poll_wait(f, addr(sighand, sighand_struct.signalfd_wqh), wait);
    const lock = addr(sighand, sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    const mask = this.loadSigset(addr(ctx, signalfd_ctx.sigmask));
    const shared = addr(this.get(tsk, task_struct.signal), signal_struct.shared_pending);
    const sig =
      this.next_signal(addr(addr(tsk, task_struct.pending), sigpending.signal), mask) ||
      this.next_signal(addr(shared, sigpending.signal), mask);
    this.spin_unlock_irq(lock);
    return sig !== 0 ? POLLIN : 0;
  },

  /**
   * Takes one of the current task's signals, its own or its process's, and waits for one if there is none. The look
   * at the queues is under the siglock, as sending is: a signal is taken here, by a handler or by another reader, and
   * by one of them only.
   *
   * @returns a negative errno if there is none
   */
  *signalfd_dequeue(this: Kernel, ctx: Ptr<'signalfd_ctx'>, nonblock: boolean): Coroutine<KernelSiginfo | number> {
    const tsk = this.current;
    const sighand = this.get(tsk, task_struct.sighand);
    const lock = addr(sighand, sighand_struct.siglock);
    const mask = addr(ctx, signalfd_ctx.sigmask);
    if (this.spin_lock_irq(lock)) yield;
    let info = this.dequeue_signal(tsk, this.loadSigset(mask));
    if (info !== null && info.si_sys_private !== 0) info = yield* this.rearmPosixTimer(info);
    if (info !== null || nonblock) {
      this.spin_unlock_irq(lock);
      return info ?? -EAGAIN;
    }
    const queue = addr(sighand, sighand_struct.signalfd_wqh);
    const entry = addr(tsk, task_struct.child_wait);
    this.init_wait_entry(entry, DEFAULT_WAKE_FUNCTION);
    yield* this.add_wait_queue(queue, entry);
    let interrupted = false;
    for (;;) {
      if (this.set_current_state(TASK_INTERRUPTIBLE)) yield;
      info = this.dequeue_signal(tsk, this.loadSigset(mask));
      if (info !== null && info.si_sys_private !== 0) info = yield* this.rearmPosixTimer(info);
      if (info !== null) break;
      interrupted = this.signal_pending(tsk);
      if (interrupted) break;
      this.spin_unlock_irq(lock);
      yield* this.schedule();
      if (this.spin_lock_irq(lock)) yield;
    }
    this.spin_unlock_irq(lock);
    yield* this.remove_wait_queue(queue, entry);
    this.__set_current_state(TASK_RUNNING);
    return info ?? -ERESTARTSYS;
  },

  /** Reads as many signals as the buffer has room for and there are; waits only for the first. */
  *signalfd_read(this: Kernel, f: FilePtr, buf: UserBuffer | null, count: number): Coroutine<number> {
    const ctx = this.get(f, file.private_data) as Ptr<'signalfd_ctx'>;
    let nonblock = (this.get(f, file.f_flags) & O_NONBLOCK) !== 0;
    let left = Math.floor(count / SIGNALFD_SIGINFO_SIZE);
    if (left === 0) return -EINVAL;
    let total = 0;
    while (left-- > 0) {
      const info = yield* this.signalfd_dequeue(ctx, nonblock);
      if (typeof info === 'number') return total || info;
      // It is taken by now: a signal that cannot be copied is lost.
      const copied = this.signalfd_copyinfo(buf, total, info);
      if (copied < 0) return total || copied;
      total += copied;
      nonblock = true;
    }
    return total;
  },

  /** Writes one siginfo for a program. Members that its kind does not have are 0. */
  signalfd_copyinfo(this: Kernel, buf: UserBuffer | null, at: number, kinfo: KernelSiginfo): number {
    if (buf === null || at + SIGNALFD_SIGINFO_SIZE > buf.length) return -EFAULT;
    buf.fill(0, at, at + SIGNALFD_SIGINFO_SIZE);
    const view = viewOf(buf);
    const put = (member: keyof SignalfdSiginfo, value: number): void =>
      view.setInt32(at + OFFSETS[member], value, true);
    put('ssi_signo', kinfo.si_signo);
    put('ssi_errno', kinfo.si_errno);
    put('ssi_code', kinfo.si_code);
    const layout = siginfo_layout(kinfo.si_signo, kinfo.si_code);
    switch (layout) {
      case 'fault':
        put('ssi_addr', kinfo.si_pid);
        break;
      case 'timer':
        put('ssi_tid', kinfo.si_pid);
        put('ssi_overrun', kinfo.si_uid);
        break;
      default:
        put('ssi_pid', kinfo.si_pid);
        put('ssi_uid', kinfo.si_uid);
    }
    if (layout === 'chld') put('ssi_status', kinfo.si_status);
    if (layout === 'timer' || layout === 'rt') {
      put('ssi_int', kinfo.si_status);
      view.setInt32(at + SSI_PTR, kinfo.si_status, true);
    }
    return SIGNALFD_SIGINFO_SIZE;
  },

  *do_signalfd4(this: Kernel, ufd: number, set: SigMask, flags: number): Coroutine<number> {
    if ((flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)) !== 0) return -EINVAL;
    const never = sigmask(SIGKILL, SIGSTOP);
    const mask = { lo: ~(set.lo & ~never.lo), hi: ~set.hi };
    if (ufd === -1) {
      const ctx = this.kmem_cache_alloc<'signalfd_ctx'>(this.caches.signalfd_ctx);
      if (!ctx) return -ENOMEM;
      this.storeSigset(addr(ctx, signalfd_ctx.sigmask), mask);
      const fd = yield* this.anon_inode_getfd(signalfd_fops, ctx, O_RDWR | (flags & (O_CLOEXEC | O_NONBLOCK)));
      if (fd < 0) this.kmem_cache_free(this.caches.signalfd_ctx, ctx);
      return fd;
    }
    const f = yield* this.fdget(ufd);
    if (!f.file) return -EBADF;
    if (this.get(f.file, file.f_op) !== signalfd_fops) {
      this.fdput(f);
      return -EINVAL;
    }
    const ctx = this.get(f.file, file.private_data) as Ptr<'signalfd_ctx'>;
    const sighand = this.get(this.current, task_struct.sighand);
    const lock = addr(sighand, sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    this.storeSigset(addr(ctx, signalfd_ctx.sigmask), mask);
    this.spin_unlock_irq(lock);
    yield* this.__wake_up(addr(sighand, sighand_struct.signalfd_wqh), TASK_NORMAL, 1, 0);
    this.fdput(f);
    return ufd;
  },

  /** `signalfd4(2)`: makes a signalfd, or gives an existing one another set. */
  *signalfd4(this: Kernel, ufd: number, user_mask: SigMask | null, sizemask: number, flags: number): Coroutine<number> {
    if (sizemask !== SIGSET_SIZE || user_mask === null) return -EINVAL;
    return yield* this.do_signalfd4(ufd, user_mask, flags);
  },

  /** `signalfd(2)`. */
  signalfd(this: Kernel, ufd: number, user_mask: SigMask | null, sizemask: number): Coroutine<number> {
    return this.signalfd4(ufd, user_mask, sizemask, 0);
  },
};

export type SignalfdFunctions = typeof signalfdFunctions;
