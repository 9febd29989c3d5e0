/** Requests, options and events of `ptrace(2)`. */

export const PTRACE_TRACEME = 0;
export const PTRACE_PEEKTEXT = 1;
export const PTRACE_PEEKDATA = 2;
export const PTRACE_PEEKUSR = 3;
export const PTRACE_POKETEXT = 4;
export const PTRACE_POKEDATA = 5;
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

/** Where `PTRACE_PEEKUSR` finds a register: the place in `struct user`. */
export const RAX = 80;
export const ORIG_RAX = 120;
/** The size of `struct user`. */
export const USER_SIZE = 912;
