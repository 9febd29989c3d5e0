/** The kernel's constants, under their names and with the values of x86-64. */

export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EIO = 5;
export const EBADF = 9;
export const ECHILD = 10;
export const EAGAIN = 11;
export const EWOULDBLOCK = EAGAIN;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const EBUSY = 16;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const EPIPE = 32;
export const ENOSPC = 28;
export const ENOSYS = 38;
export const EOPNOTSUPP = 95;
export const ENOTSUP = EOPNOTSUPP;
/** Seen inside the kernel only: the system call is to be restarted, or to return EINTR. */
export const ERESTARTSYS = 512;
export const ERESTARTNOINTR = 513;
export const ERESTARTNOHAND = 514;
export const ERESTART_RESTARTBLOCK = 516;

export const INT_MIN = -0x80000000;
export const INT_MAX = 0x7fffffff;

export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGILL = 4;
export const SIGTRAP = 5;
export const SIGABRT = 6;
export const SIGIOT = SIGABRT;
export const SIGBUS = 7;
export const SIGFPE = 8;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGSEGV = 11;
export const SIGUSR2 = 12;
export const SIGPIPE = 13;
export const SIGALRM = 14;
export const SIGTERM = 15;
export const SIGSTKFLT = 16;
export const SIGCHLD = 17;
export const SIGCLD = SIGCHLD;
export const SIGCONT = 18;
export const SIGSTOP = 19;
export const SIGTSTP = 20;
export const SIGTTIN = 21;
export const SIGTTOU = 22;
export const SIGURG = 23;
export const SIGXCPU = 24;
export const SIGXFSZ = 25;
export const SIGVTALRM = 26;
export const SIGPROF = 27;
export const SIGWINCH = 28;
export const SIGIO = 29;
export const SIGPOLL = SIGIO;
export const SIGPWR = 30;
export const SIGSYS = 31;
export const SIGRTMIN = 32;
export const SIGRTMAX = 64;
export const _NSIG = 64;
/** One more than the last signal, as the C library has it. */
export const NSIG = _NSIG + 1;

/** The names of the signals below `SIGRTMIN`, by number. */
export const SIGNAL_NAMES = [
  '0',
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGKILL',
  'SIGUSR1',
  'SIGSEGV',
  'SIGUSR2',
  'SIGPIPE',
  'SIGALRM',
  'SIGTERM',
  'SIGSTKFLT',
  'SIGCHLD',
  'SIGCONT',
  'SIGSTOP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGVTALRM',
  'SIGPROF',
  'SIGWINCH',
  'SIGIO',
  'SIGPWR',
  'SIGSYS',
] as const;

/** A signal's name: `SIGTERM`, `SIGRTMIN+3`. */
export function signalName(sig: number): string {
  const name = SIGNAL_NAMES[sig];
  if (name !== undefined) return name;
  return sig === SIGRTMIN ? 'SIGRTMIN' : `SIGRTMIN+${sig - SIGRTMIN}`;
}

const ERROR_NAMES: Record<number, string> = {
  [EPERM]: 'EPERM',
  [ENOENT]: 'ENOENT',
  [ESRCH]: 'ESRCH',
  [EINTR]: 'EINTR',
  [EIO]: 'EIO',
  [EBADF]: 'EBADF',
  [ECHILD]: 'ECHILD',
  [EAGAIN]: 'EAGAIN',
  [ENOMEM]: 'ENOMEM',
  [EACCES]: 'EACCES',
  [EFAULT]: 'EFAULT',
  [EBUSY]: 'EBUSY',
  [EINVAL]: 'EINVAL',
  [ENFILE]: 'ENFILE',
  [EMFILE]: 'EMFILE',
  [EPIPE]: 'EPIPE',
  [ENOSPC]: 'ENOSPC',
  [ENOSYS]: 'ENOSYS',
  [EOPNOTSUPP]: 'EOPNOTSUPP',
  [ERESTARTSYS]: 'ERESTARTSYS',
  [ERESTARTNOINTR]: 'ERESTARTNOINTR',
  [ERESTARTNOHAND]: 'ERESTARTNOHAND',
  [ERESTART_RESTARTBLOCK]: 'ERESTART_RESTARTBLOCK',
};

/** A system call's result as strace would show it: `0`, `101`, `-ESRCH`. */
export function errorName(result: number): string {
  const name = ERROR_NAMES[-result];
  return name === undefined ? String(result) : `-${name}`;
}

export const SIG_DFL = 0;
export const SIG_IGN = 1;
/** A handler of a user program is its number plus this. */
export const SIG_HANDLER_BASE = 2;

export const SA_NOCLDSTOP = 0x00000001;
export const SA_NOCLDWAIT = 0x00000002;
export const SA_SIGINFO = 0x00000004;
export const SA_ONSTACK = 0x08000000;
export const SA_RESTART = 0x10000000;
export const SA_NODEFER = 0x40000000;
export const SA_NOMASK = SA_NODEFER;
export const SA_RESETHAND = 0x80000000 | 0;
export const SA_ONESHOT = SA_RESETHAND;

export const SS_ONSTACK = 1;
export const SS_DISABLE = 2;
export const SS_AUTODISARM = 0x80000000 | 0;
export const SS_FLAG_BITS = SS_AUTODISARM;
export const MINSIGSTKSZ = 2048;
export const SIGSTKSZ = 8192;
/** Where a task's stack begins. */
export const USER_STACK_TOP = 0x7ffff000;
/** How far it may grow: 8 MiB on the real kernel, by `RLIMIT_STACK`. */
export const USER_STACK_SIZE = 0x8000;

export const ITIMER_REAL = 0;
export const ITIMER_VIRTUAL = 1;
export const ITIMER_PROF = 2;

/** Of the preempt count: an interrupt is being handled. */
export const HARDIRQ_OFFSET = 1 << 16;

export const SIG_BLOCK = 0;
export const SIG_UNBLOCK = 1;
export const SIG_SETMASK = 2;

/** How a `kernel_siginfo` pointer says that there is none. */
export const SEND_SIG_NOINFO = 0;
export const SEND_SIG_PRIV = 1;
/** Only in Linux 3.16: from the kernel, and past all queues. */
export const SEND_SIG_FORCED = 2;

export const SI_USER = 0;
export const SI_TIMER = -2;

/** How a POSIX timer tells: `sigev_notify`. */
export const SIGEV_SIGNAL = 0;
export const SIGEV_NONE = 1;
export const SIGEV_THREAD = 2;
export const SIGEV_THREAD_ID = 4;
export const TIMER_ABSTIME = 1;
/** In `sigqueue.flags`: allocated by its sender, who keeps it. */
export const SIGQUEUE_PREALLOC = 1;

export const SI_KERNEL = 0x80;
export const SI_QUEUE = -1;
export const SI_MESGQ = -3;
export const SI_ASYNCIO = -4;
export const SI_SIGIO = -5;
export const SI_TKILL = -6;
export const ILL_ILLOPC = 1;
export const ILL_ILLOPN = 2;
export const ILL_ILLADR = 3;
export const ILL_ILLTRP = 4;
export const ILL_PRVOPC = 5;
export const FPE_INTDIV = 1;
export const FPE_INTOVF = 2;
export const FPE_FLTDIV = 3;
export const SEGV_MAPERR = 1;
export const SEGV_ACCERR = 2;
export const BUS_ADRALN = 1;
export const BUS_ADRERR = 2;
export const BUS_OBJERR = 3;
export const CLD_EXITED = 1;
export const CLD_KILLED = 2;
export const CLD_DUMPED = 3;
export const CLD_TRAPPED = 4;
export const CLD_STOPPED = 5;
export const CLD_CONTINUED = 6;

export const TASK_RUNNING = 0x0000;
export const TASK_INTERRUPTIBLE = 0x0001;
export const TASK_UNINTERRUPTIBLE = 0x0002;
export const __TASK_STOPPED = 0x0004;
export const __TASK_TRACED = 0x0008;
export const EXIT_DEAD = 0x0010;
export const EXIT_ZOMBIE = 0x0020;
export const EXIT_TRACE = EXIT_ZOMBIE | EXIT_DEAD;
export const TASK_DEAD = 0x0080;
export const TASK_WAKEKILL = 0x0100;
export const TASK_WAKING = 0x0200;
export const TASK_NEW = 0x0800;
export const TASK_KILLABLE = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;
export const TASK_STOPPED = TASK_WAKEKILL | __TASK_STOPPED;
export const TASK_TRACED = TASK_WAKEKILL | __TASK_TRACED;
export const TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;

export const PF_EXITING = 0x00000004;
export const PF_DUMPCORE = 0x00000200;
export const PF_EXITPIDONE = 0x00000008;
export const PF_FORKNOEXEC = 0x00000040;
export const PF_NPROC_EXCEEDED = 0x00001000;
export const PF_SIGNALED = 0x00000400;
export const PF_KTHREAD = 0x00200000;
export const PF_IDLE = 0x00000002;

export const TIF_SYSCALL_TRACE = 1 << 0;
export const TIF_NOTIFY_RESUME = 1 << 1;
export const TIF_SIGPENDING = 1 << 2;
export const TIF_NEED_RESCHED = 1 << 3;
export const TIF_SINGLESTEP = 1 << 4;
export const TIF_RESTORE_SIGMASK = 1 << 9;
export const EXIT_TO_USERMODE_LOOP_FLAGS = TIF_SIGPENDING | TIF_NOTIFY_RESUME | TIF_NEED_RESCHED;

/** What is looked at once on the way out of a system call. */
export const SYSCALL_EXIT_WORK_FLAGS = TIF_SYSCALL_TRACE | TIF_SINGLESTEP;

export const SIGNAL_STOP_STOPPED = 0x00000001;
export const SIGNAL_STOP_CONTINUED = 0x00000002;
export const SIGNAL_GROUP_EXIT = 0x00000004;
export const SIGNAL_GROUP_COREDUMP = 0x00000008;
export const SIGNAL_CLD_STOPPED = 0x00000010;
export const SIGNAL_CLD_CONTINUED = 0x00000020;
export const SIGNAL_CLD_MASK = SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED;
export const SIGNAL_UNKILLABLE = 0x00000040;
export const SIGNAL_STOP_MASK = SIGNAL_CLD_MASK | SIGNAL_STOP_STOPPED | SIGNAL_STOP_CONTINUED;

/** In `task_struct.mm`: it uses its memory; it does not any more; a dump waits for it. */
export const MM_IN_USE = 0;
export const MM_GONE = 1;
export const MM_COUNTED = 2;
/** `RLIMIT_CORE` below this is too small for any core file: `ELF_EXEC_PAGESIZE`. */
export const ELF_MIN_COREDUMP = 4096;

export const JOBCTL_STOP_SIGMASK = 0xffff;
export const JOBCTL_STOP_DEQUEUED = 1 << 16;
export const JOBCTL_STOP_PENDING = 1 << 17;
export const JOBCTL_STOP_CONSUME = 1 << 18;
export const JOBCTL_TRAP_STOP = 1 << 19;
export const JOBCTL_TRAP_NOTIFY = 1 << 20;
export const JOBCTL_TRAPPING = 1 << 21;
export const JOBCTL_LISTENING = 1 << 22;
export const JOBCTL_TRAP_MASK = JOBCTL_TRAP_STOP | JOBCTL_TRAP_NOTIFY;
export const JOBCTL_PENDING_MASK = JOBCTL_STOP_PENDING | JOBCTL_TRAP_MASK;

/** The number that a user has where a namespace has none for it: `/proc/sys/kernel/overflowuid`. */
export const OVERFLOW_ID = 65534;

/** The bytes of a task's name, with the zero at its end. */
export const TASK_COMM_LEN = 16;

export const PIDTYPE_PID = 0;
export const PIDTYPE_TGID = 1;
export const PIDTYPE_PGID = 2;
export const PIDTYPE_SID = 3;
export const PIDTYPE_MAX = 4;

/** In `pid_namespace.pid_allocated`: the namespace's init is alive, new pids may be made. */
export const PIDNS_ADDING = 1 << 30;
export const RESERVED_PIDS = 300;

export const CLONE_VM = 0x00000100;
export const CLONE_FS = 0x00000200;
export const CLONE_FILES = 0x00000400;
export const CLONE_SIGHAND = 0x00000800;
export const CLONE_PIDFD = 0x00001000;
export const CLONE_PTRACE = 0x00002000;
export const CLONE_VFORK = 0x00004000;
export const CLONE_PARENT = 0x00008000;
export const CLONE_THREAD = 0x00010000;
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
export const PR_SET_NO_NEW_PRIVS = 38;
export const PR_GET_NO_NEW_PRIVS = 39;
export const PR_SET_CHILD_SUBREAPER = 36;
export const PR_GET_CHILD_SUBREAPER = 37;

/** Whether a process's memory may be dumped, and so whether others of its user may look into it. */
export const SUID_DUMP_DISABLE = 0;
export const SUID_DUMP_USER = 1;

export const PTRACE_TRACEME = 0;
export const PTRACE_PEEKUSR = 3;
export const PTRACE_CONT = 7;
export const PTRACE_KILL = 8;
export const PTRACE_SINGLESTEP = 9;
export const PTRACE_GETREGS = 12;
export const PTRACE_ATTACH = 16;
export const PTRACE_DETACH = 17;
export const PTRACE_OLDSETOPTIONS = 21;
export const PTRACE_SYSCALL = 24;
export const PTRACE_SETOPTIONS = 0x4200;
export const PTRACE_GETEVENTMSG = 0x4201;
export const PTRACE_GETSIGINFO = 0x4202;
export const PTRACE_SETSIGINFO = 0x4203;
export const PTRACE_SEIZE = 0x4206;
export const PTRACE_INTERRUPT = 0x4207;
export const PTRACE_LISTEN = 0x4208;
export const PTRACE_GETSIGMASK = 0x420a;
export const PTRACE_SETSIGMASK = 0x420b;
export const PTRACE_EVENTMSG_SYSCALL_ENTRY = 1;
export const PTRACE_EVENTMSG_SYSCALL_EXIT = 2;
export const PTRACE_EVENT_FORK = 1;
export const PTRACE_EVENT_VFORK = 2;
export const PTRACE_EVENT_CLONE = 3;
export const PTRACE_EVENT_EXEC = 4;
export const PTRACE_EVENT_VFORK_DONE = 5;
export const PTRACE_EVENT_EXIT = 6;
export const PTRACE_EVENT_STOP = 128;
export const PTRACE_O_TRACESYSGOOD = 1;
export const PTRACE_O_TRACEFORK = 1 << PTRACE_EVENT_FORK;
export const PTRACE_O_TRACEVFORK = 1 << PTRACE_EVENT_VFORK;
export const PTRACE_O_TRACECLONE = 1 << PTRACE_EVENT_CLONE;
export const PTRACE_O_TRACEEXEC = 1 << PTRACE_EVENT_EXEC;
export const PTRACE_O_TRACEVFORKDONE = 1 << PTRACE_EVENT_VFORK_DONE;
export const PTRACE_O_TRACEEXIT = 1 << PTRACE_EVENT_EXIT;
export const PTRACE_O_EXITKILL = 1 << 20;
export const PTRACE_O_SUSPEND_SECCOMP = 1 << 21;
export const PTRACE_O_MASK = 0xff | PTRACE_O_EXITKILL | PTRACE_O_SUSPEND_SECCOMP;
/** In `task_struct.ptrace`. */
export const PT_PTRACED = 0x00000001;
export const PT_SEIZED = 0x00010000;
export const PT_OPT_FLAG_SHIFT = 3;
export const PT_TRACESYSGOOD = PTRACE_O_TRACESYSGOOD << PT_OPT_FLAG_SHIFT;
export const PT_EXITKILL = PTRACE_O_EXITKILL << PT_OPT_FLAG_SHIFT;
export const PTRACE_MODE_ATTACH = 0x02;
export const PTRACE_MODE_REALCREDS = 0x10;
export const PTRACE_MODE_ATTACH_REALCREDS = PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS;
/** Of a `SIGTRAP` for a step. */
export const TRAP_BRKPT = 1;
export const TRAP_TRACE = 2;
/** Where `PTRACE_PEEKUSR` finds a register: the place in `struct user`. */
export const RAX = 80;
export const ORIG_RAX = 120;
/** The size of `struct user`. */
export const USER_SIZE = 912;

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

/** The results of `trace_signal_generate`. */
export const TRACE_SIGNAL_DELIVERED = 0;
export const TRACE_SIGNAL_IGNORED = 1;
export const TRACE_SIGNAL_ALREADY_PENDING = 2;
export const TRACE_SIGNAL_OVERFLOW_FAIL = 3;
export const TRACE_SIGNAL_LOSE_INFO = 4;

export const __NR_rt_sigaction = 13;
export const __NR_rt_sigprocmask = 14;
export const __NR_rt_sigreturn = 15;
export const __NR_pause = 34;
export const __NR_nanosleep = 35;
export const __NR_getitimer = 36;
export const __NR_alarm = 37;
export const __NR_setitimer = 38;
export const __NR_getpid = 39;
export const __NR_clone = 56;
export const __NR_execve = 59;
export const __NR_exit = 60;
export const __NR_wait4 = 61;
export const __NR_kill = 62;
export const __NR_getrlimit = 97;
export const __NR_ptrace = 101;
export const __NR_getuid = 102;
export const __NR_getgid = 104;
export const __NR_setuid = 105;
export const __NR_setgid = 106;
export const __NR_geteuid = 107;
export const __NR_getegid = 108;
export const __NR_setpgid = 109;
export const __NR_getppid = 110;
export const __NR_getpgrp = 111;
export const __NR_setsid = 112;
export const __NR_setreuid = 113;
export const __NR_setregid = 114;
export const __NR_setresuid = 117;
export const __NR_getresuid = 118;
export const __NR_setresgid = 119;
export const __NR_getresgid = 120;
export const __NR_getpgid = 121;
export const __NR_setfsuid = 122;
export const __NR_setfsgid = 123;
export const __NR_getsid = 124;
export const __NR_capget = 125;
export const __NR_capset = 126;
export const __NR_rt_sigpending = 127;
export const __NR_rt_sigtimedwait = 128;
export const __NR_rt_sigqueueinfo = 129;
export const __NR_rt_sigsuspend = 130;
export const __NR_prctl = 157;
export const __NR_setrlimit = 160;
export const __NR_gettid = 186;
export const __NR_tkill = 200;
export const __NR_restart_syscall = 219;
export const __NR_timer_create = 222;
export const __NR_timer_settime = 223;
export const __NR_timer_gettime = 224;
export const __NR_timer_getoverrun = 225;
export const __NR_timer_delete = 226;
export const __NR_clock_gettime = 228;
export const __NR_clock_getres = 229;
export const __NR_clock_nanosleep = 230;
export const __NR_exit_group = 231;
export const __NR_waitid = 247;
export const __NR_tgkill = 234;
export const __NR_unshare = 272;
export const __NR_rt_tgsigqueueinfo = 297;
export const __NR_prlimit64 = 302;
/** Not system calls of the kernel: each stands for opening, writing and closing a file of `/proc/PID`. */
export const __NR_write_uid_map = 1001;
export const __NR_write_gid_map = 1002;
export const __NR_write_setgroups = 1003;

export const __NR_read = 0;
export const __NR_write = 1;
export const __NR_close = 3;
export const __NR_poll = 7;
export const __NR_pipe = 22;
export const __NR_dup = 32;
export const __NR_dup2 = 33;
export const __NR_fcntl = 72;
export const __NR_ppoll = 271;
export const __NR_signalfd = 282;
export const __NR_signalfd4 = 289;
export const __NR_dup3 = 292;
export const __NR_pipe2 = 293;
export const __NR_pidfd_send_signal = 424;
export const __NR_pidfd_open = 434;
export const __NR_vfork = 58;
export const __NR_sigaltstack = 131;

/** The system calls by number. Each name is that of the kernel function that does the call. */
export const SYSCALLS = {
  [__NR_rt_sigaction]: 'rt_sigaction',
  [__NR_rt_sigprocmask]: 'rt_sigprocmask',
  [__NR_rt_sigreturn]: 'rt_sigreturn',
  [__NR_pause]: 'pause',
  [__NR_nanosleep]: 'nanosleep',
  [__NR_getitimer]: 'getitimer',
  [__NR_alarm]: 'alarm',
  [__NR_setitimer]: 'setitimer',
  [__NR_getpid]: 'getpid',
  [__NR_clone]: 'clone',
  [__NR_execve]: 'execve',
  [__NR_exit]: 'exit',
  [__NR_wait4]: 'wait4',
  [__NR_kill]: 'kill',
  [__NR_getrlimit]: 'getrlimit',
  [__NR_ptrace]: 'ptrace',
  [__NR_getuid]: 'getuid',
  [__NR_getgid]: 'getgid',
  [__NR_setuid]: 'setuid',
  [__NR_setgid]: 'setgid',
  [__NR_geteuid]: 'geteuid',
  [__NR_getegid]: 'getegid',
  [__NR_setpgid]: 'setpgid',
  [__NR_getppid]: 'getppid',
  [__NR_getpgrp]: 'getpgrp',
  [__NR_setsid]: 'setsid',
  [__NR_setreuid]: 'setreuid',
  [__NR_setregid]: 'setregid',
  [__NR_setresuid]: 'setresuid',
  [__NR_getresuid]: 'getresuid',
  [__NR_setresgid]: 'setresgid',
  [__NR_getresgid]: 'getresgid',
  [__NR_getpgid]: 'getpgid',
  [__NR_setfsuid]: 'setfsuid',
  [__NR_setfsgid]: 'setfsgid',
  [__NR_getsid]: 'getsid',
  [__NR_capget]: 'capget',
  [__NR_capset]: 'capset',
  [__NR_rt_sigpending]: 'rt_sigpending',
  [__NR_rt_sigtimedwait]: 'rt_sigtimedwait',
  [__NR_rt_sigqueueinfo]: 'rt_sigqueueinfo',
  [__NR_rt_sigsuspend]: 'rt_sigsuspend',
  [__NR_prctl]: 'prctl',
  [__NR_setrlimit]: 'setrlimit',
  [__NR_gettid]: 'gettid',
  [__NR_tkill]: 'tkill',
  [__NR_clock_gettime]: 'clock_gettime',
  [__NR_clock_getres]: 'clock_getres',
  [__NR_clock_nanosleep]: 'clock_nanosleep',
  [__NR_timer_create]: 'timer_create',
  [__NR_timer_settime]: 'timer_settime',
  [__NR_timer_gettime]: 'timer_gettime',
  [__NR_timer_getoverrun]: 'timer_getoverrun',
  [__NR_timer_delete]: 'timer_delete',
  [__NR_exit_group]: 'exit_group',
  [__NR_waitid]: 'waitid',
  [__NR_tgkill]: 'tgkill',
  [__NR_unshare]: 'unshare',
  [__NR_rt_tgsigqueueinfo]: 'rt_tgsigqueueinfo',
  [__NR_read]: 'read',
  [__NR_write]: 'write',
  [__NR_close]: 'close',
  [__NR_poll]: 'poll',
  [__NR_pipe]: 'pipe',
  [__NR_dup]: 'dup',
  [__NR_dup2]: 'dup2',
  [__NR_fcntl]: 'fcntl',
  [__NR_ppoll]: 'ppoll',
  [__NR_signalfd]: 'signalfd',
  [__NR_signalfd4]: 'signalfd4',
  [__NR_dup3]: 'dup3',
  [__NR_pipe2]: 'pipe2',
  [__NR_pidfd_send_signal]: 'pidfd_send_signal',
  [__NR_pidfd_open]: 'pidfd_open',
  [__NR_vfork]: 'vfork',
  [__NR_sigaltstack]: 'sigaltstack',
  [__NR_prlimit64]: 'prlimit64',
  [__NR_write_uid_map]: 'proc_uid_map_write',
  [__NR_write_gid_map]: 'proc_gid_map_write',
  [__NR_write_setgroups]: 'proc_setgroups_write',
} as const;

/** The same for a number that may be none of them. */
export const SYSCALL_NAMES: Readonly<Record<number, string>> = SYSCALLS;
