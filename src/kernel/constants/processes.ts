/** What `clone`, `wait`, `prctl` and the like are told; capabilities and limits. */

export const INT_MIN = -0x80000000;
export const INT_MAX = 0x7fffffff;

/** The number that a user has where a namespace has none for it: `/proc/sys/kernel/overflowuid`. */
export const OVERFLOW_ID = 65534;

export const PIDTYPE_PID = 0;
export const PIDTYPE_TGID = 1;
export const PIDTYPE_PGID = 2;
export const PIDTYPE_SID = 3;
export const PIDTYPE_MAX = 4;

/** In `pid_namespace.pid_allocated`: the namespace's init is alive, new pids may be made. */
export const PIDNS_ADDING = 1 << 30;
export const RESERVED_PIDS = 300;

/** The part of the flags that is the signal sent to the parent at the end. */
export const CSIGNAL = 0x000000ff;
export const CLONE_VM = 0x00000100;
export const CLONE_FS = 0x00000200;
export const CLONE_FILES = 0x00000400;
export const CLONE_SIGHAND = 0x00000800;
export const CLONE_PIDFD = 0x00001000;
export const CLONE_PTRACE = 0x00002000;
export const CLONE_VFORK = 0x00004000;
export const CLONE_PARENT = 0x00008000;
export const CLONE_THREAD = 0x00010000;
export const CLONE_PARENT_SETTID = 0x00100000;
export const CLONE_DETACHED = 0x00400000;
export const CLONE_UNTRACED = 0x00800000;
export const CLONE_NEWNS = 0x00020000;
export const CLONE_SYSVSEM = 0x00040000;
export const CLONE_NEWCGROUP = 0x02000000;
export const CLONE_NEWUTS = 0x04000000;
export const CLONE_NEWIPC = 0x08000000;
export const CLONE_NEWUSER = 0x10000000;
export const CLONE_NEWPID = 0x20000000;
export const CLONE_NEWNET = 0x40000000;
/** What `pthread_create` asks for, as far as the model can tell. */
export const CLONE_PTHREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;

export const P_ALL = 0;
export const P_PID = 1;
export const P_PGID = 2;
export const P_PIDFD = 3;

export const WNOHANG = 0x00000001;
export const WUNTRACED = 0x00000002;
export const WSTOPPED = WUNTRACED;
export const WEXITED = 0x00000004;
export const WCONTINUED = 0x00000008;
export const WNOWAIT = 0x01000000;
export const __WNOTHREAD = 0x20000000;
export const __WALL = 0x40000000;
export const __WCLONE = 0x80000000 | 0;

export const PR_SET_PDEATHSIG = 1;
export const PR_GET_PDEATHSIG = 2;
export const PR_GET_DUMPABLE = 3;
export const PR_SET_DUMPABLE = 4;
export const PR_GET_KEEPCAPS = 7;
export const PR_SET_KEEPCAPS = 8;
export const PR_GET_TIMING = 13;
export const PR_SET_TIMING = 14;
export const PR_TIMING_STATISTICAL = 0;
export const PR_TIMING_TIMESTAMP = 1;
export const PR_SET_NAME = 15;
export const PR_GET_NAME = 16;
export const PR_SET_TIMERSLACK = 29;
export const PR_GET_TIMERSLACK = 30;
export const PR_SET_NO_NEW_PRIVS = 38;
export const PR_GET_NO_NEW_PRIVS = 39;
export const PR_SET_CHILD_SUBREAPER = 36;
export const PR_GET_CHILD_SUBREAPER = 37;

/** Whether a process's memory may be dumped, and so whether others of its user may look into it. */
export const SUID_DUMP_DISABLE = 0;
export const SUID_DUMP_USER = 1;

/** Capabilities, each a bit of `cred.cap_effective`. */
export const CAP_KILL = 1 << 5;
export const CAP_SETGID = 1 << 6;
export const CAP_SETUID = 1 << 7;
export const CAP_SETPCAP = 1 << 8;
export const CAP_SYS_PTRACE = 1 << 19;
/** Those about files, which follow the user id for files. */
export const CAP_FS_MASK = 0x0800021f;
export const CAP_FULL_SET = ~0;
export const CAP_SYS_ADMIN = 1 << 21;
export const CAP_SYS_RESOURCE = 1 << 24;

export const RLIMIT_CORE = 4;
export const RLIMIT_NPROC = 6;
export const RLIMIT_NOFILE = 7;
export const RLIMIT_SIGPENDING = 11;
export const RLIM_NLIMITS = 16;
/** `/proc/sys/fs/nr_open`. */
export const SYSCTL_NR_OPEN = 1024 * 1024;
export const RLIM_INFINITY = 0x7fffffff;
