/** System calls of programs: descriptors, pipes, and what waits for signals and processes by a descriptor. */

import type { Coroutine } from '../../sync/gate.js';
import {
  __NR_close,
  __NR_dup,
  __NR_dup2,
  __NR_dup3,
  __NR_fcntl,
  __NR_pidfd_open,
  __NR_pidfd_send_signal,
  __NR_pipe,
  __NR_pipe2,
  __NR_poll,
  __NR_ppoll,
  __NR_read,
  __NR_signalfd,
  __NR_signalfd4,
  __NR_write,
} from '../constants.js';
import type { Timespec } from '../hrtimer.js';
import type { PidfdSiginfo } from '../pidfd.js';
import type { Pollfd } from '../select.js';
import { SIGSET_SIZE, type SigMask } from '../sigset.js';
import type { Caller } from './caller.js';

export interface FileCalls {
  /** `pipe(2)`. @param pipefd gets the end to read from, then the end to write to */
  pipe(pipefd: number[] | null): Coroutine<number>;
  /** `pipe2(2)`. */
  pipe2(pipefd: number[] | null, flags: number): Coroutine<number>;
  /**
   * `read(2)`.
   *
   * @param buf gets the bytes; null is an address that cannot be written
   * @param count how many at most: the whole of `buf` if not given
   */
  read(fd: number, buf: Uint8Array | null, count?: number): Coroutine<number>;
  /**
   * `write(2)`.
   *
   * @param buf bytes, or a string of characters that are a byte each; null is an address that cannot be read
   */
  write(fd: number, buf: Uint8Array | string | null, count?: number): Coroutine<number>;
  /** `close(2)`. */
  close(fd: number): Coroutine<number>;
  /** `dup(2)`. */
  dup(oldfd: number): Coroutine<number>;
  /** `dup2(2)`. */
  dup2(oldfd: number, newfd: number): Coroutine<number>;
  /** `dup3(2)`. */
  dup3(oldfd: number, newfd: number, flags: number): Coroutine<number>;
  /** `fcntl(2)`: `F_DUPFD`, `F_DUPFD_CLOEXEC`, `F_GETFD`, `F_SETFD`, `F_GETFL`, `F_SETFL`. */
  fcntl(fd: number, cmd: number, arg?: number): Coroutine<number>;
  /** `poll(2)`, the time in milliseconds of the simulated clock. Below 0 there is no end. */
  poll(fds: readonly Pollfd[] | null, nfds: number, timeout: number): Coroutine<number>;
  /**
   * `ppoll(2)`.
   *
   * @param tmo null for no end; gets the time that is left
   * @param sigmask the mask while it waits; null leaves it as it is
   * @param sigsetsize 8, as the kernel wants it
   */
  ppoll(
    fds: readonly Pollfd[] | null,
    nfds: number,
    tmo: Timespec | null,
    sigmask: SigMask | null,
    sigsetsize?: number,
  ): Coroutine<number>;
  /**
   * `signalfd(2)`: what is read from it is for `signalfdSiginfo` to take apart.
   *
   * @param fd −1 for a new one
   * @param flags if given, it is `signalfd4(2)` that is called
   */
  signalfd(fd: number, mask: SigMask | null, flags?: number): Coroutine<number>;
  /** `signalfd4(2)`, with the size of a set (8) as the kernel wants it. */
  signalfd4(fd: number, mask: SigMask | null, sizemask: number, flags: number): Coroutine<number>;
  /** `pidfd_open(2)`. */
  pidfd_open(pid: number, flags: number): Coroutine<number>;
  /** `pidfd_send_signal(2)`. */
  pidfd_send_signal(pidfd: number, sig: number, info: PidfdSiginfo | null, flags: number): Coroutine<number>;
}

export function fileCalls({ k }: Caller): FileCalls {
  return {
    pipe: (pipefd) => k.do_syscall_64({ nr: __NR_pipe, args: [pipefd] }),
    pipe2: (pipefd, flags) => k.do_syscall_64({ nr: __NR_pipe2, args: [pipefd, flags] }),
    read: (fd, buf, count = buf?.length ?? 0) => k.do_syscall_64({ nr: __NR_read, args: [fd, buf, count] }),
    write(fd, buf, count = buf?.length ?? 0) {
      const bytes = typeof buf === 'string' ? Uint8Array.from(buf, (char) => char.charCodeAt(0)) : buf;
      return k.do_syscall_64({ nr: __NR_write, args: [fd, bytes, count] });
    },
    close: (fd) => k.do_syscall_64({ nr: __NR_close, args: [fd] }),
    dup: (oldfd) => k.do_syscall_64({ nr: __NR_dup, args: [oldfd] }),
    dup2: (oldfd, newfd) => k.do_syscall_64({ nr: __NR_dup2, args: [oldfd, newfd] }),
    dup3: (oldfd, newfd, flags) => k.do_syscall_64({ nr: __NR_dup3, args: [oldfd, newfd, flags] }),
    fcntl: (fd, cmd, arg = 0) => k.do_syscall_64({ nr: __NR_fcntl, args: [fd, cmd, arg] }),
    poll: (fds, nfds, timeout) => k.do_syscall_64({ nr: __NR_poll, args: [fds, nfds, timeout] }),
    ppoll: (fds, nfds, tmo, sigmask, sigsetsize = SIGSET_SIZE) =>
      k.do_syscall_64({ nr: __NR_ppoll, args: [fds, nfds, tmo, sigmask, sigsetsize] }),
    signalfd: (fd, mask, flags) =>
      flags === undefined
        ? k.do_syscall_64({ nr: __NR_signalfd, args: [fd, mask, SIGSET_SIZE] })
        : k.do_syscall_64({ nr: __NR_signalfd4, args: [fd, mask, SIGSET_SIZE, flags] }),
    signalfd4: (fd, mask, sizemask, flags) =>
      k.do_syscall_64({ nr: __NR_signalfd4, args: [fd, mask, sizemask, flags] }),
    pidfd_open: (pid, flags) => k.do_syscall_64({ nr: __NR_pidfd_open, args: [pid, flags] }),
    pidfd_send_signal: (pidfd, sig, info, flags) =>
      k.do_syscall_64({ nr: __NR_pidfd_send_signal, args: [pidfd, sig, info, flags] }),
  };
}
