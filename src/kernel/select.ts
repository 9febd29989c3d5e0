/** `fs/select.c`: poll and ppoll. Left out: select, epoll, slack, and busy polling. */

import { addr, container_of, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { type WaitEntryPtr, type WaitQueuePtr, wait_queue_entry } from '../sync/wait.js';
import {
  EFAULT,
  EINTR,
  EINVAL,
  ENOMEM,
  ERESTART_RESTARTBLOCK,
  ERESTARTNOHAND,
  POLLERR,
  POLLHUP,
  POLLNVAL,
  pidfd_fops,
  signalfd_fops,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TIF_RESTORE_SIGMASK,
  TIF_SIGPENDING,
} from './constants.js';
import type { FilePtr } from './file.js';
import {
  DO_RESTART_POLL,
  KTIME_MAX,
  ktime_to_timespec,
  type Timespec,
  timespec_to_ktime,
  timespec_valid,
} from './hrtimer.js';
import type { Kernel } from './kernel.js';
import { SIGSET_SIZE, type SigMask } from './sigset.js';
import { file, poll_table_entry, task_struct } from './structs.js';

/** The number of `pollwake` in a wait-queue entry. */
export const POLLWAKE = 4;

const NSEC_PER_MSEC = 1_000_000;

/** `struct pollfd`. */
export interface Pollfd {
  /** Below 0: left alone. */
  readonly fd: number;
  /** `POLL…`. */
  readonly events: number;
  revents: number;
}

/** `struct poll_wqueues`: the files that a call waits for. Only its own task uses it. */
export interface PollTable {
  /** Whether files that are looked at are to be waited for. */
  queue: boolean;
  /** The events that the file looked at is to be waited for. */
  key: number;
  readonly entries: Ptr<'poll_table_entry'>[];
  error: number;
}

export const selectFunctions = {
  /** A wake-up of one of the files: of no interest if it is for other events than those waited for. */
  *pollwake(this: Kernel, wait: WaitEntryPtr, mode: number, key: number): Coroutine<boolean> {
    const entry = container_of(wait, poll_table_entry.wait);
    if (key !== 0 && (key & this.get(entry, poll_table_entry.key)) === 0) return false;
    const task = this.get(wait, wait_queue_entry.private);
    // Before the wake-up: a poll that is not asleep yet will not sleep.
    if (this.WRITE_ONCE(task, task_struct.poll_triggered, 1)) yield;
    return yield* this.default_wake_function(task, mode);
  },

  /** Called by a file's poll function, before it looks: a change after the look wakes. */
  *poll_wait(this: Kernel, filp: FilePtr, wait_address: WaitQueuePtr, p: PollTable): Coroutine<void> {
    if (!p.queue) return;
    const entry = this.kmem_cache_alloc<'poll_table_entry'>(this.caches.poll_table_entry);
    if (!entry) {
      p.error = -ENOMEM;
      return;
    }
    p.entries.push(entry);
    this.get_file(filp);
    this.set(entry, poll_table_entry.filp, filp);
    this.set(entry, poll_table_entry.wait_address, wait_address);
    this.set(entry, poll_table_entry.key, p.key);
    const wait = addr(entry, poll_table_entry.wait);
    this.init_wait_entry(wait, POLLWAKE);
    yield* this.add_wait_queue(wait_address, wait);
  },

  *poll_freewait(this: Kernel, pwq: PollTable): Coroutine<void> {
    for (const entry of pwq.entries) {
      const queue = this.get(entry, poll_table_entry.wait_address);
      yield* this.remove_wait_queue(queue, addr(entry, poll_table_entry.wait));
      this.fput(this.get(entry, poll_table_entry.filp));
      this.kmem_cache_free(this.caches.poll_table_entry, entry);
    }
  },

  /** Sleeps, unless a wake-up has come since the files were looked at. @returns 0 when the time is over */
  *poll_schedule_timeout(this: Kernel, state: number, expires: number | null): Coroutine<number> {
    const tsk = this.current;
    let rc = -EINTR;
    if (this.set_current_state(state)) yield;
    if (this.READ_ONCE(tsk, task_struct.poll_triggered)) yield;
    if (this.value(task_struct.poll_triggered) === 0) rc = yield* this.schedule_hrtimeout(expires);
    this.__set_current_state(TASK_RUNNING);
    // Before the files are looked at again: a wake-up after this is for a later change.
    if (this.WRITE_ONCE(tsk, task_struct.poll_triggered, 0)) yield;
    return rc;
  },

  vfs_poll(this: Kernel, f: FilePtr, wait: PollTable): Coroutine<number> {
    switch (this.get(f, file.f_op)) {
      case signalfd_fops:
        return this.signalfd_poll(f, wait);
      case pidfd_fops:
        return this.pidfd_poll(f, wait);
      default:
        return this.pipe_poll(f, wait);
    }
  },

  /** What can be done with one file now. */
  *do_pollfd(this: Kernel, pollfd: Pollfd, pwait: PollTable): Coroutine<number> {
    if (pollfd.fd < 0) return 0;
    const f = yield* this.fdget(pollfd.fd);
    if (!f.file) return POLLNVAL;
    const filter = pollfd.events | POLLERR | POLLHUP;
    pwait.key = filter;
    const mask = (yield* this.vfs_poll(f.file, pwait)) & filter;
    this.fdput(f);
    return mask;
  },

  /** @param end_time absolute, in nanoseconds; null for no end, 0 for at once */
  *do_poll(this: Kernel, list: readonly Pollfd[], wait: PollTable, end_time: number | null): Coroutine<number> {
    let timed_out = end_time === 0;
    if (timed_out) wait.queue = false;
    for (;;) {
      let count = 0;
      for (const pollfd of list) {
        pollfd.revents = yield* this.do_pollfd(pollfd, wait);
        if (pollfd.revents === 0) continue;
        // There will be no sleep.
        count++;
        wait.queue = false;
      }
      wait.queue = false;
      if (count === 0) {
        count = wait.error;
        if (this.READ_ONCE(this.current, task_struct.thread_flags)) yield;
        if ((this.value(task_struct.thread_flags) & TIF_SIGPENDING) !== 0) count = -ERESTARTNOHAND;
      }
      if (count !== 0 || timed_out) return count;
      if ((yield* this.poll_schedule_timeout(TASK_INTERRUPTIBLE, end_time)) === 0) timed_out = true;
    }
  },

  *do_sys_poll(this: Kernel, ufds: readonly Pollfd[] | null, nfds: number, end_time: number | null): Coroutine<number> {
    // In C an unsigned number.
    if (nfds < 0 || nfds > this.rlimitNofile()) return -EINVAL;
    if (nfds > (ufds?.length ?? 0)) return -EFAULT;
    // poll_initwait
    const table: PollTable = { queue: true, key: 0, entries: [], error: 0 };
    this.set(this.current, task_struct.poll_triggered, 0);
    const count = yield* this.do_poll(ufds?.slice(0, nfds) ?? [], table, end_time);
    yield* this.poll_freewait(table);
    return count;
  },

  /** `poll(2)`. Interrupted without a handler, it goes on until the time that was meant at first. */
  *poll(this: Kernel, ufds: readonly Pollfd[] | null, nfds: number, timeout_msecs: number): Coroutine<number> {
    const tsk = this.current;
    let end_time = timeout_msecs < 0 ? null : 0;
    if (timeout_msecs > 0) end_time = this.ktime_get() + timeout_msecs * NSEC_PER_MSEC;
    const result = yield* this.do_sys_poll(ufds, nfds, end_time);
    if (result !== -ERESTARTNOHAND) return result;
    this.set(tsk, task_struct.restart_fn, DO_RESTART_POLL);
    this.storeTime(addr(tsk, task_struct.restart_expires), end_time ?? 0);
    return -ERESTART_RESTARTBLOCK;
  },

  /**
   * `ppoll(2)`: with another mask while it waits. Interrupted without a handler, it is made again for what is left.
   *
   * @param tsp null for no end; gets the time that is left
   */
  *ppoll(
    this: Kernel,
    ufds: readonly Pollfd[] | null,
    nfds: number,
    tsp: Timespec | null,
    sigmask: SigMask | null,
    sigsetsize: number,
  ): Coroutine<number> {
    let end_time: number | null = null;
    if (tsp !== null) {
      if (!timespec_valid(tsp)) return -EINVAL;
      end_time = timespec_to_ktime(tsp);
      if (end_time !== 0) end_time = Math.min(this.ktime_get() + end_time, KTIME_MAX);
    }
    if (sigmask !== null) {
      if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
      yield* this.set_user_sigmask(sigmask);
    }
    const result = yield* this.do_sys_poll(ufds, nfds, end_time);
    // poll_select_finish. Where a signal came, its handler, or the restart, puts the mask back.
    if (result !== -ERESTARTNOHAND) yield* this.restore_saved_sigmask();
    if (tsp !== null && end_time) Object.assign(tsp, ktime_to_timespec(Math.max(end_time - this.ktime_get(), 0)));
    return result;
  },

  /** Replaces the mask until `restore_saved_sigmask`, or until a handler has run. */
  *set_user_sigmask(this: Kernel, mask: SigMask): Coroutine<void> {
    const tsk = this.current;
    this.set_tsk_thread_flag(tsk, TIF_RESTORE_SIGMASK);
    this.storeSigset(addr(tsk, task_struct.saved_sigmask), this.loadSigset(addr(tsk, task_struct.blocked)));
    yield* this.set_current_blocked(mask);
  },

  /** `poll` after an interruption. @param args those of the call: a time below 0 is no end, now as then */
  *do_restart_poll(this: Kernel, args: readonly unknown[]): Coroutine<number> {
    const [ufds, nfds, timeout_msecs] = args as [readonly Pollfd[] | null, number, number];
    const expires = this.loadTime(addr(this.current, task_struct.restart_expires));
    const result = yield* this.do_sys_poll(ufds, nfds, timeout_msecs < 0 ? null : expires);
    return result === -ERESTARTNOHAND ? -ERESTART_RESTARTBLOCK : result;
  },
};

export type SelectFunctions = typeof selectFunctions;
