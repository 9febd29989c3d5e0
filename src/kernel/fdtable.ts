/**
 * `fs/file.c`: descriptor tables.
 *
 * A table is allocated when a program first opens something, or when it is first shared. Until then a task has none,
 * which reads the same as one that is empty. A program starts without standard input and output: its first file is 0.
 *
 * Left out: tables that grow.
 */

import { addr, NULL, nth, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { CLONE_FILES, EMFILE, ENOMEM, NR_OPEN_DEFAULT, O_CLOEXEC } from './constants.js';
import type { FilePtr } from './file.js';
import type { Kernel } from './kernel.js';
import { files_struct, signal_struct, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

type Files = Ptr<'files_struct'>;

export function slot(fd: number): typeof files_struct.fd {
  return nth(files_struct.fd, fd);
}

export const fdtableFunctions = {
  /** `rlimit(RLIMIT_NOFILE)`, and no more than the tables have room for. */
  rlimitNofile(this: Kernel): number {
    return Math.min(this.get(this.get(this.current, task_struct.signal), signal_struct.rlim_nofile), NR_OPEN_DEFAULT);
  },

  /** The current task's table, made now if it has none. NULL where there is no memory for it. */
  filesToOpenIn(this: Kernel): Files {
    let files = this.get(this.current, task_struct.files);
    if (files) return files;
    files = this.kmem_cache_zalloc<'files_struct'>(this.caches.files_struct);
    if (files) {
      this.set(files, files_struct.count, 1);
      this.set(this.current, task_struct.files, files);
    }
    return files;
  },

  /**
   * A copy of a table: numbers that are given out but have no file yet are free in it. Looked at without the lock, an
   * empty one is copied as no table at all.
   *
   * @returns the copy, NULL for an empty one, or −ENOMEM
   */
  *dup_fd(this: Kernel, oldf: Files): Coroutine<number> {
    if (this.peek(oldf + files_struct.open_fds) === 0) return NULL;
    const newf = this.kmem_cache_zalloc<'files_struct'>(this.caches.files_struct);
    if (!newf) return -ENOMEM;
    this.set(newf, files_struct.count, 1);
    const lock = addr(oldf, files_struct.file_lock);
    if (this.spin_lock(lock)) yield;
    let open = 0;
    for (let fd = 0; fd < NR_OPEN_DEFAULT; fd++) {
      const f = this.peek(oldf + slot(fd)) as FilePtr;
      if (!f) continue;
      this.get_file(f);
      this.set(newf, slot(fd), f);
      open |= 1 << fd;
    }
    this.set(newf, files_struct.open_fds, open);
    this.set(newf, files_struct.close_on_exec, this.get(oldf, files_struct.close_on_exec));
    this.spin_unlock(lock);
    return newf;
  },

  /** A new task's table: its parent's own with `CLONE_FILES`, otherwise a copy of that. */
  *copy_files(this: Kernel, flags: number, tsk: Task): Coroutine<number> {
    const oldf = this.get(this.current, task_struct.files);
    if ((flags & CLONE_FILES) !== 0) {
      // From here on both see what either opens: there must be a table.
      const shared = this.filesToOpenIn();
      if (!shared) return -ENOMEM;
      this.atomic_inc(shared, files_struct.count);
      this.set(tsk, task_struct.files, shared);
      return 0;
    }
    if (!oldf) return 0;
    const newf = yield* this.dup_fd(oldf);
    if (newf < 0) return newf;
    this.set(tsk, task_struct.files, newf as Files);
    return 0;
  },

  /**
   * For exec: a table that others share is replaced by a copy. The current task has a table.
   *
   * @returns the table that it had, which is now the caller's to put; NULL if it was not shared; or −ENOMEM
   */
  *unshare_files(this: Kernel): Coroutine<number> {
    const files = this.get(this.current, task_struct.files);
    if (this.peek(files + files_struct.count) === 1) return NULL;
    const copy = yield* this.dup_fd(files);
    if (copy < 0) return copy;
    this.set(this.current, task_struct.files, copy as Files);
    return files;
  },

  /** The exec came to nothing: back to the table that it had. */
  reset_files_struct(this: Kernel, files: Files): void {
    const old = this.get(this.current, task_struct.files);
    this.set(this.current, task_struct.files, files);
    if (old) this.put_files_struct(old);
  },

  put_files_struct(this: Kernel, files: Files): void {
    if (!this.refcount_dec_and_test(files, files_struct.count)) return;
    this.close_files(files);
    this.kmem_cache_free(this.caches.files_struct, files);
  },

  /** Closes everything in a table that nobody has any more. */
  close_files(this: Kernel, files: Files): void {
    if (this.get(files, files_struct.open_fds) === 0) return;
    for (let fd = 0; fd < NR_OPEN_DEFAULT; fd++) {
      const f = this.get(files, slot(fd));
      if (f) this.filp_close(f);
    }
  },

  exit_files(this: Kernel, tsk: Task): void {
    const files = this.get(tsk, task_struct.files);
    if (!files) return;
    this.set(tsk, task_struct.files, NULL);
    this.put_files_struct(files);
  },

  /** After exec has its own table. */
  *do_close_on_exec(this: Kernel, files: Files): Coroutine<void> {
    const lock = addr(files, files_struct.file_lock);
    if (this.spin_lock(lock)) yield;
    const set = this.get(files, files_struct.close_on_exec);
    this.set(files, files_struct.close_on_exec, 0);
    for (let fd = 0; fd < NR_OPEN_DEFAULT; fd++) {
      if ((set & (1 << fd)) === 0) continue;
      const f = this.get(files, slot(fd));
      // None where a thread had been given the number and not filled it when the table was copied.
      if (!f) continue;
      this.set(files, slot(fd), NULL);
      this.__put_unused_fd(files, fd);
      // The kernel lets the lock go here. The table is the current task's alone.
      this.filp_close(f);
    }
    this.spin_unlock(lock);
  },

  /** Gives out the lowest free number from `start` on. It finds no file until `fd_install`. */
  *__alloc_fd(this: Kernel, files: Files, start: number, end: number, flags: number): Coroutine<number> {
    const lock = addr(files, files_struct.file_lock);
    if (this.spin_lock(lock)) yield;
    const open = this.get(files, files_struct.open_fds);
    const next = this.get(files, files_struct.next_fd);
    let fd = Math.max(start, next);
    while (fd < end && (open & (1 << fd)) !== 0) fd++;
    if (fd >= end) {
      this.spin_unlock(lock);
      return -EMFILE;
    }
    if (start <= next) this.set(files, files_struct.next_fd, fd + 1);
    this.set(files, files_struct.open_fds, open | (1 << fd));
    this.__set_close_on_exec(files, fd, (flags & O_CLOEXEC) !== 0);
    this.spin_unlock(lock);
    return fd;
  },

  *get_unused_fd_flags(this: Kernel, flags: number): Coroutine<number> {
    const files = this.filesToOpenIn();
    if (!files) return -ENOMEM;
    return yield* this.__alloc_fd(files, 0, this.rlimitNofile(), flags);
  },

  /** Needs file_lock. */
  __put_unused_fd(this: Kernel, files: Files, fd: number): void {
    this.set(files, files_struct.open_fds, this.get(files, files_struct.open_fds) & ~(1 << fd));
    if (fd < this.get(files, files_struct.next_fd)) this.set(files, files_struct.next_fd, fd);
  },

  /** Gives back a number that no file was installed under. */
  *put_unused_fd(this: Kernel, fd: number): Coroutine<void> {
    const files = this.get(this.current, task_struct.files);
    const lock = addr(files, files_struct.file_lock);
    if (this.spin_lock(lock)) yield;
    this.__put_unused_fd(files, fd);
    this.spin_unlock(lock);
  },

  /** Puts a file under a number that was given out for it: from here on other threads find it. */
  fd_install(this: Kernel, fd: number, f: FilePtr): boolean {
    const files = this.get(this.current, task_struct.files);
    this.BUG_ON(this.get(files, slot(fd)) !== NULL, 'fd_install: there is a file already');
    return this.rcu_assign_pointer(files, slot(fd), f);
  },

  /** Needs file_lock. */
  __set_close_on_exec(this: Kernel, files: Files, fd: number, on: boolean): void {
    const set = this.get(files, files_struct.close_on_exec);
    this.set(files, files_struct.close_on_exec, on ? set | (1 << fd) : set & ~(1 << fd));
  },

  /** The file of a number. Needs file_lock. */
  fcheck(this: Kernel, files: Files, fd: number): FilePtr {
    return fd >= 0 && fd < NR_OPEN_DEFAULT ? (this.peek(files + slot(fd)) as FilePtr) : NULL;
  },

  /** Looks a number up: one marked load, then `this.value(files_struct.fd)`. Needs RCU. */
  fcheck_files(this: Kernel, files: Files, fd: number): boolean {
    if (files && fd >= 0 && fd < NR_OPEN_DEFAULT) {
      const alone = this.peek(files + files_struct.count) === 1;
      return this.rcu_dereference_check(files, slot(fd), alone);
    }
    this.result = NULL;
    return false;
  },
};

export type FdtableFunctions = typeof fdtableFunctions;
