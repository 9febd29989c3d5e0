/**
 * `fs/pipe.c`: pipes. Everything in a pipe is protected by its mutex; sleepers wait for it to change, readers and
 * writers in one queue.
 *
 * A page has 32 bytes and a pipe 4 of them, in place of 4096 and 16: writes of up to `PIPE_BUF` bytes are still whole,
 * a pipe that is not read still fills up, but with fewer bytes. Left out: named pipes, `splice`, changing the capacity
 * (`F_SETPIPE_SZ`), the limit on pages for each user, `FIONREAD`, `SIGIO`, and pages that cannot be allocated.
 */

import { addr, nth, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  EAGAIN,
  EFAULT,
  EINVAL,
  ENFILE,
  ENOMEM,
  EPIPE,
  ERESTARTSYS,
  FMODE_READ,
  FMODE_WRITE,
  O_CLOEXEC,
  O_DIRECT,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  PAGE_SIZE,
  PIPE_BUF_FLAG_PACKET,
  PIPE_DEF_BUFFERS,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDNORM,
  POLLWRNORM,
  pipefifo_fops,
  SIGPIPE,
  TASK_INTERRUPTIBLE,
  TASK_UNINTERRUPTIBLE,
  TIF_SIGPENDING,
} from './constants.js';
import type { FilePtr, UserBuffer } from './file.js';
import type { Kernel } from './kernel.js';
import { AUTOREMOVE_WAKE_FUNCTION } from './sched.js';
import type { PollTable } from './select.js';
import { file, pipe_buffer, pipe_inode_info, task_struct } from './structs.js';

type Pipe = Ptr<'pipe_inode_info'>;
type Buffer = Ptr<'pipe_buffer'>;

/** A pipe's buffer number `n` from the one to be read first. */
function bufferOf(k: Kernel, pipe: Pipe, n: number): Buffer {
  const index = (k.get(pipe, pipe_inode_info.curbuf) + n) & (PIPE_DEF_BUFFERS - 1);
  return (pipe + pipe_inode_info.bufs + index * pipe_buffer.$.words) as Buffer;
}

/** Four bytes to a word. */
function copyFromPage(k: Kernel, buf: Buffer, offset: number, to: UserBuffer, at: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const byte = offset + i;
    to[at + i] = k.get(buf, nth(pipe_buffer.page, byte >> 2)) >> ((byte & 3) * 8);
  }
}

function copyToPage(k: Kernel, buf: Buffer, offset: number, from: UserBuffer, at: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const byte = offset + i;
    const word = nth(pipe_buffer.page, byte >> 2);
    const shift = (byte & 3) * 8;
    k.set(buf, word, (k.get(buf, word) & ~(0xff << shift)) | ((from[at + i] as number) << shift));
  }
}

/** Whether a program's memory has the bytes that a call is to copy. */
function accessible(buf: UserBuffer | null, at: number, count: number): buf is UserBuffer {
  return buf !== null && at + count <= buf.length;
}

export const pipeFunctions = {
  *__pipe_lock(this: Kernel, pipe: Pipe): Coroutine<void> {
    yield* this.__mutex_lock_common(addr(pipe, pipe_inode_info.mutex), TASK_UNINTERRUPTIBLE);
  },

  __pipe_unlock(this: Kernel, pipe: Pipe): Coroutine<void> {
    return this.mutex_unlock(addr(pipe, pipe_inode_info.mutex));
  },

  /** Sleeps until the pipe has changed, or a signal comes. Needs the mutex, which is free meanwhile. */
  *pipe_wait(this: Kernel, pipe: Pipe): Coroutine<void> {
    const queue = addr(pipe, pipe_inode_info.wait);
    const entry = addr(this.current, task_struct.child_wait);
    this.init_wait_entry(entry, AUTOREMOVE_WAKE_FUNCTION);
    yield* this.prepare_to_wait(queue, entry, TASK_INTERRUPTIBLE);
    yield* this.__pipe_unlock(pipe);
    yield* this.schedule();
    yield* this.finish_wait(queue, entry);
    yield* this.__pipe_lock(pipe);
  },

  /** `wake_up_interruptible_sync_poll` on a pipe's queue. @param events what may be possible now */
  wakePipe(this: Kernel, pipe: Pipe, events: number): Coroutine<void> {
    return this.__wake_up(addr(pipe, pipe_inode_info.wait), TASK_INTERRUPTIBLE, 1, events);
  },

  /**
   * Reads what there is, or waits for something where there is nothing. With data in hand it waits only for writers
   * that are asleep on a full pipe.
   */
  *pipe_read(this: Kernel, filp: FilePtr, to: UserBuffer | null, count: number): Coroutine<number> {
    if (count === 0) return 0;
    const pipe = this.get(filp, file.private_data) as Pipe;
    let total_len = count;
    let do_wakeup = false;
    let ret = 0;
    yield* this.__pipe_lock(pipe);
    for (;;) {
      let bufs = this.get(pipe, pipe_inode_info.nrbufs);
      if (bufs > 0) {
        const buf = bufferOf(this, pipe, 0);
        const len = this.get(buf, pipe_buffer.len);
        const offset = this.get(buf, pipe_buffer.offset);
        const chars = Math.min(len, total_len);
        if (!accessible(to, ret, chars)) {
          if (ret === 0) ret = -EFAULT;
          break;
        }
        copyFromPage(this, buf, offset, to, ret, chars);
        ret += chars;
        let left = len - chars;
        if ((this.get(buf, pipe_buffer.flags) & PIPE_BUF_FLAG_PACKET) !== 0) {
          // A packet is read as far as there is room; the rest of it is gone.
          total_len = chars;
          left = 0;
        }
        this.set(buf, pipe_buffer.offset, offset + chars);
        this.set(buf, pipe_buffer.len, left);
        if (left === 0) {
          const next = (this.get(pipe, pipe_inode_info.curbuf) + 1) & (PIPE_DEF_BUFFERS - 1);
          this.set(pipe, pipe_inode_info.curbuf, next);
          this.set(pipe, pipe_inode_info.nrbufs, --bufs);
          do_wakeup = true;
        }
        total_len -= chars;
        if (total_len === 0) break;
      }
      if (bufs > 0) continue;
      if (this.get(pipe, pipe_inode_info.writers) === 0) break;
      if (this.get(pipe, pipe_inode_info.waiting_writers) === 0) {
        if (ret !== 0) break;
        if ((this.get(filp, file.f_flags) & O_NONBLOCK) !== 0) {
          ret = -EAGAIN;
          break;
        }
      }
      if (this.READ_ONCE(this.current, task_struct.thread_flags)) yield;
      if ((this.value(task_struct.thread_flags) & TIF_SIGPENDING) !== 0) {
        if (ret === 0) ret = -ERESTARTSYS;
        break;
      }
      if (do_wakeup) yield* this.wakePipe(pipe, POLLOUT | POLLWRNORM);
      yield* this.pipe_wait(pipe);
    }
    yield* this.__pipe_unlock(pipe);
    if (do_wakeup) yield* this.wakePipe(pipe, POLLOUT | POLLWRNORM);
    return ret;
  },

  /**
   * Writes all, and waits for room where there is none. A signal, or the last reader's close, ends it with what has
   * been written so far.
   */
  *pipe_write(this: Kernel, filp: FilePtr, from: UserBuffer | null, total_len: number): Coroutine<number> {
    if (total_len === 0) return 0;
    const pipe = this.get(filp, file.private_data) as Pipe;
    yield* this.__pipe_lock(pipe);
    const { ret, do_wakeup } = yield* this.pipeWriteLocked(pipe, filp, from, total_len);
    yield* this.__pipe_unlock(pipe);
    if (do_wakeup) yield* this.wakePipe(pipe, POLLIN | POLLRDNORM);
    return ret;
  },

  /** The part of `pipe_write` with the mutex held. */
  *pipeWriteLocked(
    this: Kernel,
    pipe: Pipe,
    filp: FilePtr,
    from: UserBuffer | null,
    total_len: number,
  ): Coroutine<{ ret: number; do_wakeup: boolean }> {
    let ret = 0;
    let do_wakeup = false;
    if (this.get(pipe, pipe_inode_info.readers) === 0) {
      yield* this.send_sig(SIGPIPE, this.current, false);
      return { ret: -EPIPE, do_wakeup };
    }
    // What would be the last, incomplete page goes to the end of the page written last, if there is room.
    const chars = total_len & (PAGE_SIZE - 1);
    const nrbufs = this.get(pipe, pipe_inode_info.nrbufs);
    if (nrbufs > 0 && chars !== 0) {
      const buf = bufferOf(this, pipe, nrbufs - 1);
      const offset = this.get(buf, pipe_buffer.offset) + this.get(buf, pipe_buffer.len);
      if ((this.get(buf, pipe_buffer.flags) & PIPE_BUF_FLAG_PACKET) === 0 && offset + chars <= PAGE_SIZE) {
        if (!accessible(from, 0, chars)) return { ret: -EFAULT, do_wakeup };
        copyToPage(this, buf, offset, from, 0, chars);
        do_wakeup = true;
        ret = chars;
        this.set(buf, pipe_buffer.len, this.get(buf, pipe_buffer.len) + chars);
        if (ret === total_len) return { ret, do_wakeup };
      }
    }
    for (;;) {
      if (this.get(pipe, pipe_inode_info.readers) === 0) {
        yield* this.send_sig(SIGPIPE, this.current, false);
        return { ret: ret || -EPIPE, do_wakeup };
      }
      let bufs = this.get(pipe, pipe_inode_info.nrbufs);
      if (bufs < PIPE_DEF_BUFFERS) {
        const buf = bufferOf(this, pipe, bufs);
        const copied = Math.min(PAGE_SIZE, total_len - ret);
        do_wakeup = true;
        if (!accessible(from, ret, copied)) return { ret: ret || -EFAULT, do_wakeup };
        copyToPage(this, buf, 0, from, ret, copied);
        ret += copied;
        this.set(buf, pipe_buffer.offset, 0);
        this.set(buf, pipe_buffer.len, copied);
        const packet = (this.get(filp, file.f_flags) & O_DIRECT) !== 0;
        this.set(buf, pipe_buffer.flags, packet ? PIPE_BUF_FLAG_PACKET : 0);
        this.set(pipe, pipe_inode_info.nrbufs, ++bufs);
        if (ret === total_len) return { ret, do_wakeup };
      }
      if (bufs < PIPE_DEF_BUFFERS) continue;
      if ((this.get(filp, file.f_flags) & O_NONBLOCK) !== 0) return { ret: ret || -EAGAIN, do_wakeup };
      if (this.READ_ONCE(this.current, task_struct.thread_flags)) yield;
      if ((this.value(task_struct.thread_flags) & TIF_SIGPENDING) !== 0) return { ret: ret || -ERESTARTSYS, do_wakeup };
      if (do_wakeup) {
        yield* this.wakePipe(pipe, POLLIN | POLLRDNORM);
        do_wakeup = false;
      }
      this.set(pipe, pipe_inode_info.waiting_writers, this.get(pipe, pipe_inode_info.waiting_writers) + 1);
      yield* this.pipe_wait(pipe);
      this.set(pipe, pipe_inode_info.waiting_writers, this.get(pipe, pipe_inode_info.waiting_writers) - 1);
    }
  },

  /** What can be done with an end of a pipe now. Looks without the mutex. */
  *pipe_poll(this: Kernel, filp: FilePtr, wait: PollTable): Coroutine<number> {
    const pipe = this.get(filp, file.private_data) as Pipe;
    yield* this.poll_wait(filp, addr(pipe, pipe_inode_info.wait), wait);
    if (this.READ_ONCE(pipe, pipe_inode_info.nrbufs)) yield;
    const nrbufs = this.value(pipe_inode_info.nrbufs);
    let mask = 0;
    if ((this.get(filp, file.f_mode) & FMODE_READ) !== 0) {
      if (nrbufs > 0) mask |= POLLIN | POLLRDNORM;
      if (this.READ_ONCE(pipe, pipe_inode_info.writers)) yield;
      if (this.value(pipe_inode_info.writers) === 0) mask |= POLLHUP;
    } else {
      if (nrbufs < PIPE_DEF_BUFFERS) mask |= POLLOUT | POLLWRNORM;
      if (this.READ_ONCE(pipe, pipe_inode_info.readers)) yield;
      if (this.value(pipe_inode_info.readers) === 0) mask |= POLLERR;
    }
    return mask;
  },

  /** The last descriptor of an end is closed: those at the other end are told. */
  *pipe_release(this: Kernel, f: FilePtr): Coroutine<void> {
    const pipe = this.get(f, file.private_data) as Pipe;
    yield* this.__pipe_lock(pipe);
    const mode = this.get(f, file.f_mode);
    if ((mode & FMODE_READ) !== 0) {
      this.set(pipe, pipe_inode_info.readers, this.get(pipe, pipe_inode_info.readers) - 1);
    }
    if ((mode & FMODE_WRITE) !== 0) {
      this.set(pipe, pipe_inode_info.writers, this.get(pipe, pipe_inode_info.writers) - 1);
    }
    if (this.get(pipe, pipe_inode_info.readers) !== 0 || this.get(pipe, pipe_inode_info.writers) !== 0) {
      yield* this.wakePipe(pipe, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | POLLERR | POLLHUP);
    }
    yield* this.__pipe_unlock(pipe);
    yield* this.put_pipe_info(pipe);
  },

  *put_pipe_info(this: Kernel, pipe: Pipe): Coroutine<void> {
    const lock = addr(pipe, pipe_inode_info.i_lock);
    if (this.spin_lock(lock)) yield;
    const files = this.get(pipe, pipe_inode_info.files) - 1;
    this.set(pipe, pipe_inode_info.files, files);
    this.spin_unlock(lock);
    if (files === 0) this.kmem_cache_free(this.caches.pipe_inode_info, pipe);
  },

  alloc_pipe_info(this: Kernel): Pipe {
    const pipe = this.kmem_cache_zalloc<'pipe_inode_info'>(this.caches.pipe_inode_info);
    if (pipe) {
      this.init_waitqueue_head(addr(pipe, pipe_inode_info.wait));
      this.mutex_init(addr(pipe, pipe_inode_info.mutex));
      this.set(pipe, pipe_inode_info.files, 2);
      this.set(pipe, pipe_inode_info.readers, 1);
      this.set(pipe, pipe_inode_info.writers, 1);
    }
    return pipe;
  },

  /** @param res gets the two ends, the one to read from first */
  create_pipe_files(this: Kernel, res: FilePtr[], flags: number): number {
    const pipe = this.alloc_pipe_info();
    if (!pipe) return -ENFILE;
    const writer = this.alloc_file(O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)), pipefifo_fops, pipe);
    if (!writer) {
      this.kmem_cache_free(this.caches.pipe_inode_info, pipe);
      return -ENOMEM;
    }
    const reader = this.alloc_file(O_RDONLY | (flags & O_NONBLOCK), pipefifo_fops, pipe);
    if (!reader) {
      this.set(pipe, pipe_inode_info.files, this.get(pipe, pipe_inode_info.files) - 1);
      this.fput(writer);
      return -ENOMEM;
    }
    res.push(reader, writer);
    return 0;
  },

  *__do_pipe_flags(this: Kernel, fd: number[], files: FilePtr[], flags: number): Coroutine<number> {
    if ((flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) !== 0) return -EINVAL;
    const error = this.create_pipe_files(files, flags);
    if (error !== 0) return error;
    const [reader, writer] = files as [FilePtr, FilePtr];
    const fdr = yield* this.get_unused_fd_flags(flags);
    const fdw = fdr < 0 ? fdr : yield* this.get_unused_fd_flags(flags);
    if (fdw < 0) {
      if (fdr >= 0) yield* this.put_unused_fd(fdr);
      this.fput(reader);
      this.fput(writer);
      return fdw;
    }
    fd.push(fdr, fdw);
    return 0;
  },

  /** `pipe2(2)`. @param fildes where the caller wants the two descriptors */
  *pipe2(this: Kernel, fildes: number[] | null, flags: number): Coroutine<number> {
    const fd: number[] = [];
    const files: FilePtr[] = [];
    const error = yield* this.__do_pipe_flags(fd, files, flags);
    if (error !== 0) return error;
    const [fdr, fdw] = fd as [number, number];
    const [reader, writer] = files as [FilePtr, FilePtr];
    if (fildes === null) {
      this.fput(reader);
      this.fput(writer);
      yield* this.put_unused_fd(fdr);
      yield* this.put_unused_fd(fdw);
      return -EFAULT;
    }
    fildes[0] = fdr;
    fildes[1] = fdw;
    if (this.fd_install(fdr, reader)) yield;
    if (this.fd_install(fdw, writer)) yield;
    return 0;
  },

  /** `pipe(2)`. */
  pipe(this: Kernel, fildes: number[] | null): Coroutine<number> {
    return this.pipe2(fildes, 0);
  },
};

export type PipeFunctions = typeof pipeFunctions;
