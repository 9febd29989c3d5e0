/** `fs/file.c` and `fs/fcntl.c`: the system calls about descriptors. */

import { addr, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  EBADF,
  EBUSY,
  EINVAL,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  O_APPEND,
  O_CLOEXEC,
  O_DIRECT,
  O_NONBLOCK,
  pipefifo_fops,
} from './constants.js';
import { slot } from './fdtable.js';
import type { FilePtr } from './file.js';
import type { Kernel } from './kernel.js';
import { file, files_struct, task_struct } from './structs.js';

type Files = Ptr<'files_struct'>;

/** The flags that `F_SETFL` changes. Left out: `O_NOATIME` and `O_ASYNC`. */
const SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT;

export const fcntlFunctions = {
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
};

export type FcntlFunctions = typeof fcntlFunctions;
