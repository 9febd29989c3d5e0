/**
 * `fs/file_table.c`, `fs/read_write.c` and what they need of `kernel/task_work.c`: the files that descriptors stand for.
 *
 * Left out: files that are read at a position, paths, locks, leases, owners and `SIGIO`, security modules, and the
 * credentials that a file was opened with.
 */

import { addr, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  EBADF,
  EINVAL,
  ENOMEM,
  FMODE_CAN_READ,
  FMODE_CAN_WRITE,
  FMODE_READ,
  FMODE_WRITE,
  NR_OPEN_DEFAULT,
  O_ACCMODE,
  O_NONBLOCK,
  O_RDWR,
  O_WRONLY,
  pidfd_fops,
  pipefifo_fops,
  signalfd_fops,
  TIF_NOTIFY_RESUME,
} from './constants.js';
import { slot } from './fdtable.js';
import type { Kernel } from './kernel.js';
import { file, files_struct, task_struct } from './structs.js';

export type FilePtr = Ptr<'file'>;

/** `struct fd`: a file for the time of a call, and whether a reference was taken for it. */
export interface Fd {
  readonly file: FilePtr;
  readonly put: boolean;
}

/** What a program's bytes are in. */
export type UserBuffer = Uint8Array;

const NO_FILE: Fd = { file: NULL, put: false };

export const fileFunctions = {
  get_file(this: Kernel, f: FilePtr): void {
    this.atomic_inc(f, file.f_count);
  },

  /** Another reference, unless the last one is gone. @param count what the caller found it to be */
  get_file_rcu(this: Kernel, f: FilePtr, count: number): boolean {
    return count !== 0 && this.atomicCmpxchg(f + file.f_count, count, count + 1) === count;
  },

  /**
   * The file of a number, with a reference. Another thread may close it between the two: if that reference was the
   * last, the number is looked up again, for dup2 may have put another file there.
   */
  *__fget(this: Kernel, fd: number): Coroutine<FilePtr> {
    const files = this.get(this.current, task_struct.files);
    this.rcu_read_lock();
    let f: FilePtr;
    for (;;) {
      if (this.fcheck_files(files, fd)) yield;
      f = this.value(files_struct.fd);
      if (!f) break;
      if (this.READ_ONCE(f, file.f_count)) yield;
      if (this.get_file_rcu(f, this.value(file.f_count))) break;
    }
    this.rcu_read_unlock();
    return f;
  },

  fget(this: Kernel, fd: number): Coroutine<FilePtr> {
    return this.__fget(fd);
  },

  /** The file of a number for the time of a call. Nobody else can close it where the table is not shared. */
  *fdget(this: Kernel, fd: number): Coroutine<Fd> {
    const files = this.get(this.current, task_struct.files);
    if (!files || fd < 0 || fd >= NR_OPEN_DEFAULT) return NO_FILE;
    if (this.peek(files + files_struct.count) === 1) return { file: this.get(files, slot(fd)), put: false };
    const f = yield* this.__fget(fd);
    return { file: f, put: f !== NULL };
  },

  fdput(this: Kernel, f: Fd): void {
    if (f.put) this.fput(f.file);
  },

  /**
   * Drops a reference. The last one has the file released when the current task is about to go back to user mode, or
   * when it dies.
   */
  fput(this: Kernel, f: FilePtr): void {
    if (!this.refcount_dec_and_test(f, file.f_count)) return;
    // task_work_add. Only the task itself adds to its list here.
    const tsk = this.current;
    this.set(f, file.fu_llist, this.get(tsk, task_struct.task_works));
    this.set(tsk, task_struct.task_works, f);
    this.set_tsk_thread_flag(tsk, TIF_NOTIFY_RESUME);
  },

  /** Releases the files that the current task was the last to drop. */
  *task_work_run(this: Kernel): Coroutine<void> {
    const tsk = this.current;
    for (;;) {
      let work = this.get(tsk, task_struct.task_works);
      if (!work) return;
      this.set(tsk, task_struct.task_works, NULL);
      while (work) {
        const next: FilePtr = this.get(work, file.fu_llist);
        yield* this.__fput(work);
        work = next;
      }
    }
  },

  /** Releases a file. */
  *__fput(this: Kernel, f: FilePtr): Coroutine<void> {
    switch (this.get(f, file.f_op)) {
      case pipefifo_fops:
        yield* this.pipe_release(f);
        break;
      case signalfd_fops:
        this.signalfd_release(f);
        break;
      case pidfd_fops:
        this.pidfd_release(f);
    }
    this.file_free(f);
  },

  /** A lookup under RCU may still be looking at it. */
  file_free(this: Kernel, f: FilePtr): void {
    this.call_rcu(addr(f, file.rcu), this.rcuCallbacks.file_free_rcu);
  },

  file_free_rcu(this: Kernel, f: FilePtr): void {
    this.kmem_cache_free(this.caches.filp, f);
  },

  filp_close(this: Kernel, f: FilePtr): void {
    this.BUG_ON(this.peek(f + file.f_count) === 0, 'VFS: Close: file count is 0');
    this.fput(f);
  },

  /** A file with one reference; NULL where there is no memory for it. Left out: the limit on files, `ENFILE`. */
  alloc_file(this: Kernel, flags: number, fops: number, private_data: number): FilePtr {
    const f = this.kmem_cache_zalloc<'file'>(this.caches.filp);
    if (!f) return NULL;
    const access = flags & O_ACCMODE;
    let mode = access === O_RDWR ? FMODE_READ | FMODE_WRITE : access === O_WRONLY ? FMODE_WRITE : FMODE_READ;
    if ((mode & FMODE_READ) !== 0 && fops !== pidfd_fops) mode |= FMODE_CAN_READ;
    if ((mode & FMODE_WRITE) !== 0 && fops === pipefifo_fops) mode |= FMODE_CAN_WRITE;
    this.set(f, file.f_count, 1);
    this.set(f, file.f_flags, flags);
    this.set(f, file.f_mode, mode);
    this.set(f, file.f_op, fops);
    this.set(f, file.private_data, private_data);
    return f;
  },

  /** A file without a path. */
  anon_inode_getfile(this: Kernel, fops: number, private_data: number, flags: number): FilePtr {
    return this.alloc_file(flags & (O_ACCMODE | O_NONBLOCK), fops, private_data);
  },

  /** The same under a number. @returns the number or a negative errno */
  *anon_inode_getfd(this: Kernel, fops: number, private_data: number, flags: number): Coroutine<number> {
    const fd = yield* this.get_unused_fd_flags(flags);
    if (fd < 0) return fd;
    const f = this.anon_inode_getfile(fops, private_data, flags);
    if (!f) {
      yield* this.put_unused_fd(fd);
      return -ENOMEM;
    }
    if (this.fd_install(fd, f)) yield;
    return fd;
  },

  /** `read(2)`. @param buf null is an address that cannot be written */
  *read(this: Kernel, fd: number, buf: UserBuffer | null, count: number): Coroutine<number> {
    const f = yield* this.fdget(fd);
    if (!f.file) return -EBADF;
    const result = yield* this.vfs_read(f.file, buf, count);
    this.fdput(f);
    return result;
  },

  *vfs_read(this: Kernel, f: FilePtr, buf: UserBuffer | null, count: number): Coroutine<number> {
    const mode = this.get(f, file.f_mode);
    if ((mode & FMODE_READ) === 0) return -EBADF;
    if ((mode & FMODE_CAN_READ) === 0 || count < 0) return -EINVAL;
    if (this.get(f, file.f_op) === signalfd_fops) return yield* this.signalfd_read(f, buf, count);
    return yield* this.pipe_read(f, buf, count);
  },

  /** `write(2)`. @param buf null is an address that cannot be read */
  *write(this: Kernel, fd: number, buf: UserBuffer | null, count: number): Coroutine<number> {
    const f = yield* this.fdget(fd);
    if (!f.file) return -EBADF;
    const result = yield* this.vfs_write(f.file, buf, count);
    this.fdput(f);
    return result;
  },

  *vfs_write(this: Kernel, f: FilePtr, buf: UserBuffer | null, count: number): Coroutine<number> {
    const mode = this.get(f, file.f_mode);
    if ((mode & FMODE_WRITE) === 0) return -EBADF;
    if ((mode & FMODE_CAN_WRITE) === 0 || count < 0) return -EINVAL;
    return yield* this.pipe_write(f, buf, count);
  },
};

export type FileFunctions = typeof fileFunctions;
