/** Signals: their numbers, actions, codes and timers. */

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

/**
 * A signal's name: `SIGTERM`, `SIGRTMIN+3`.
 *
 * @param sig 1 to 64
 * @example
 * signalName(SIGTERM); // 'SIGTERM'
 * signalName(SIGRTMIN + 3); // 'SIGRTMIN+3'
 */
export function signalName(sig: number): string {
  const name = SIGNAL_NAMES[sig];
  if (name !== undefined) return name;
  return sig === SIGRTMIN ? 'SIGRTMIN' : `SIGRTMIN+${sig - SIGRTMIN}`;
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

/** Of a `SIGTRAP` for a step. */
export const TRAP_BRKPT = 1;
export const TRAP_TRACE = 2;

/** The results of `trace_signal_generate`. */
export const TRACE_SIGNAL_DELIVERED = 0;
export const TRACE_SIGNAL_IGNORED = 1;
export const TRACE_SIGNAL_ALREADY_PENDING = 2;
export const TRACE_SIGNAL_OVERFLOW_FAIL = 3;
export const TRACE_SIGNAL_LOSE_INFO = 4;
