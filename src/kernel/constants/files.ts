/** Files, descriptors, pipes and `poll(2)`. */

export const O_RDONLY = 0x0000;
export const O_WRONLY = 0x0001;
export const O_RDWR = 0x0002;
export const O_ACCMODE = 0x0003;
export const O_APPEND = 0x0400;
export const O_NONBLOCK = 0x0800;
/** Of a pipe: each write is a packet, read by one read. */
export const O_DIRECT = 0x4000;
export const O_CLOEXEC = 0x80000;
export const FMODE_READ = 0x1;
export const FMODE_WRITE = 0x2;
export const FMODE_CAN_READ = 0x20000;
export const FMODE_CAN_WRITE = 0x40000;
/** What a `file` has for functions: the kernel's `file_operations`, by number. */
export const pipefifo_fops = 1;
export const signalfd_fops = 2;
export const pidfd_fops = 3;
export const F_DUPFD = 0;
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_DUPFD_CLOEXEC = 1030;
export const FD_CLOEXEC = 1;
export const SFD_CLOEXEC = O_CLOEXEC;
export const SFD_NONBLOCK = O_NONBLOCK;
/** The size of a descriptor table, and so `RLIMIT_NOFILE`: 64 and 1024 on the real kernel. */
export const NR_OPEN_DEFAULT = 16;
/** A pipe's page in bytes: 4096 on the real kernel. */
export const PAGE_SIZE = 32;
/** What a pipe takes as a whole or not at all. */
export const PIPE_BUF = PAGE_SIZE;
/** A pipe's capacity in pages: 16 on the real kernel. */
export const PIPE_DEF_BUFFERS = 4;
export const PIPE_BUF_FLAG_PACKET = 0x08;
export const POLLIN = 0x0001;
export const POLLPRI = 0x0002;
export const POLLOUT = 0x0004;
export const POLLERR = 0x0008;
export const POLLHUP = 0x0010;
export const POLLNVAL = 0x0020;
export const POLLRDNORM = 0x0040;
export const POLLWRNORM = 0x0100;
