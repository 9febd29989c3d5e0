/** The states and flags of tasks, threads and thread groups. */

/** Of the preempt count: an interrupt is being handled. */
export const HARDIRQ_OFFSET = 1 << 16;

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

/** The bytes of a task's name, with the zero at its end. */
export const TASK_COMM_LEN = 16;
