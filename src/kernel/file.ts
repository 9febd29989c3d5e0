/**
 * `fs/file.c`, `fs/file_table.c`, `fs/fcntl.c`, `fs/read_write.c` and what they need of `kernel/task_work.c`: descriptor
 * tables, and the files that descriptors stand for.
 *
 * A table is allocated when a program first opens something, or when it is first shared. Until then a task has none,
 * which reads the same as one that is empty. A program starts without standard input and output: its first file is 0.
 *
 * Left out: tables that grow, files that are read at a position, paths, locks, leases, owners and `SIGIO`, security
 * modules, and the credentials that a file was opened with.
 */

import { addr, NULL, nth, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  CLONE_FILES,
  EBADF,
  EBUSY,
  EINVAL,
  EMFILE,
  ENOMEM,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  FMODE_CAN_READ,
  FMODE_CAN_WRITE,
  FMODE_READ,
  FMODE_WRITE,
  NR_OPEN_DEFAULT,
  O_ACCMODE,
  O_APPEND,
  O_CLOEXEC,
  O_DIRECT,
  O_NONBLOCK,
  O_RDWR,
  O_WRONLY,
  pidfd_fops,
  pipefifo_fops,
  signalfd_fops,
  TIF_NOTIFY_RESUME,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { file, files_struct, signal_struct, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;
type Files = Ptr<'files_struct'>;
export type FilePtr = Ptr<'file'>;

/** `struct fd`: a file for the time of a call, and whether a reference was taken for it. */
export interface Fd {
  readonly file: FilePtr;
  readonly put: boolean;
}

/** What a program's bytes are in. */
export type UserBuffer = Uint8Array;

const NO_FILE: Fd = { file: NULL, put: false };

/** The flags that `F_SETFL` changes. Left out: `O_NOATIME` and `O_ASYNC`. */
const SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT;

function slot(fd: number): typeof files_struct.fd {
  return nth(files_struct.fd, fd);
}

export const fileFunctions = {
  // ---- descriptor tables ----

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
      const f = this.get(oldf, slot(fd));
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

  // ---- numbers ----

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
    return fd >= 0 && fd < NR_OPEN_DEFAULT ? this.get(files, slot(fd)) : NULL;
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

  // ---- references ----

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

  // ---- system calls ----

  *__close_fd(this: Kernel, files: Files, fd: number): Coroutine<number> {
    if (!files) return -EBADF;
    const lock = addr(files, files_struct.file_lock);
    if (this.spin_lock(lock)) yield;
    const f = this.fcheck(files, fd);
    if (!f) {
      this.spin_unlock(lock);
      return -EBADF;
    }
    if (this.WRITE_ONCE(files, slot(fd), NULL)) yield;
    this.__put_unused_fd(files, fd);
    this.spin_unlock(lock);
    this.filp_close(f);
    return 0;
  },

  /** `close(2)`. A call that uses the file in another thread goes on with it. */
  close(this: Kernel, fd: number): Coroutine<number> {
    return this.__close_fd(this.get(this.current, task_struct.files), fd);
  },

  /** `dup(2)`. */
  *dup(this: Kernel, fildes: number): Coroutine<number> {
    const f = yield* this.fget(fildes);
    if (!f) return -EBADF;
    const fd = yield* this.get_unused_fd_flags(0);
    if (fd < 0) {
      this.fput(f);
      return fd;
    }
    if (this.fd_install(fd, f)) yield;
    return fd;
  },

  /** `dup2(2)`. */
  *dup2(this: Kernel, oldfd: number, newfd: number): Coroutine<number> {
    if (oldfd !== newfd) return yield* this.dup3(oldfd, newfd, 0);
    this.rcu_read_lock();
    if (this.fcheck_files(this.get(this.current, task_struct.files), oldfd)) yield;
    this.rcu_read_unlock();
    return this.value(files_struct.fd) ? oldfd : -EBADF;
  },

  /** `dup3(2)`. */
  *dup3(this: Kernel, oldfd: number, newfd: number, flags: number): Coroutine<number> {
    const files = this.get(this.current, task_struct.files);
    if ((flags & ~O_CLOEXEC) !== 0 || oldfd === newfd) return -EINVAL;
    if (newfd < 0 || newfd >= this.rlimitNofile() || !files) return -EBADF;
    const lock = addr(files, files_struct.file_lock);
    if (this.spin_lock(lock)) yield;
    const f = this.fcheck(files, oldfd);
    if (!f) {
      this.spin_unlock(lock);
      return -EBADF;
    }
    return yield* this.do_dup2(files, f, newfd, flags);
  },

  /** Puts a file in the place of another. Needs file_lock, and releases it. */
  *do_dup2(this: Kernel, files: Files, f: FilePtr, fd: number, flags: number): Coroutine<number> {
    const lock = addr(files, files_struct.file_lock);
    const tofree = this.get(files, slot(fd));
    const open = this.get(files, files_struct.open_fds);
    if (!tofree && (open & (1 << fd)) !== 0) {
      // Given out to a call in another thread that has yet to install its file.
      this.spin_unlock(lock);
      return -EBUSY;
    }
    this.get_file(f);
    if (this.rcu_assign_pointer(files, slot(fd), f)) yield;
    this.set(files, files_struct.open_fds, open | (1 << fd));
    this.__set_close_on_exec(files, fd, (flags & O_CLOEXEC) !== 0);
    this.spin_unlock(lock);
    if (tofree) this.filp_close(tofree);
    return fd;
  },

  *f_dupfd(this: Kernel, from: number, f: FilePtr, flags: number): Coroutine<number> {
    // In C an unsigned number.
    if (from < 0 || from >= this.rlimitNofile()) return -EINVAL;
    const fd = yield* this.__alloc_fd(this.filesToOpenIn(), from, this.rlimitNofile(), flags);
    if (fd < 0) return fd;
    this.get_file(f);
    if (this.fd_install(fd, f)) yield;
    return fd;
  },

  /** `fcntl(2)`: duplicates, and flags of the descriptor and of the file. */
  *fcntl(this: Kernel, fd: number, cmd: number, arg: number): Coroutine<number> {
    const f = yield* this.fdget(fd);
    if (!f.file) return -EBADF;
    const result = yield* this.do_fcntl(fd, cmd, arg, f.file);
    this.fdput(f);
    return result;
  },

  *do_fcntl(this: Kernel, fd: number, cmd: number, arg: number, f: FilePtr): Coroutine<number> {
    const files = this.get(this.current, task_struct.files);
    switch (cmd) {
      case F_DUPFD:
        return yield* this.f_dupfd(arg, f, 0);
      case F_DUPFD_CLOEXEC:
        return yield* this.f_dupfd(arg, f, O_CLOEXEC);
      case F_GETFD:
        if (this.READ_ONCE(files, files_struct.close_on_exec)) yield;
        return (this.value(files_struct.close_on_exec) & (1 << fd)) !== 0 ? FD_CLOEXEC : 0;
      case F_SETFD: {
        const lock = addr(files, files_struct.file_lock);
        if (this.spin_lock(lock)) yield;
        this.__set_close_on_exec(files, fd, (arg & FD_CLOEXEC) !== 0);
        this.spin_unlock(lock);
        return 0;
      }
      case F_GETFL:
        if (this.READ_ONCE(f, file.f_flags)) yield;
        return this.value(file.f_flags);
      case F_SETFL:
        return yield* this.setfl(f, arg);
      default:
        return -EINVAL;
    }
  },

  /** Sets a file's flags: for every descriptor of it, in every process. */
  *setfl(this: Kernel, f: FilePtr, arg: number): Coroutine<number> {
    if ((arg & O_DIRECT) !== 0 && this.get(f, file.f_op) !== pipefifo_fops) return -EINVAL;
    const lock = addr(f, file.f_lock);
    if (this.spin_lock(lock)) yield;
    this.set(f, file.f_flags, (arg & SETFL_MASK) | (this.get(f, file.f_flags) & ~SETFL_MASK));
    this.spin_unlock(lock);
    return 0;
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
