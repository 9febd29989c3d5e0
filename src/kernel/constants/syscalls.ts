/** The system calls by number. */

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
