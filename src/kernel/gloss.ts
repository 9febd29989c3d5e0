/** System calls, signals and errors for a reader who has never seen the kernel: what each is for, in a phrase. */

import * as constants from './constants.js';
import { errorName, SIGCONT, SYSCALL_NAMES, signalName } from './constants.js';
import { sig_kernel_coredump, sig_kernel_ignore, sig_kernel_stop, valid_signal } from './sigset.js';

type Args = readonly [number, number, number];

function target(pid: number): string {
  if (pid > 0) return `process ${pid}`;
  if (pid === 0) return 'every process of its own group';
  return pid === -1 ? 'every process that it may signal' : `every process of group ${-pid}`;
}

function send(sig: number, to: string): string {
  if (sig === 0) return `asks whether ${to} is there`;
  const signal = valid_signal(sig) ? signalName(sig) : `signal ${sig}, which there is not,`;
  return `asks the kernel to send ${signal} to ${to}`;
}

function child(pid: number): string {
  if (pid > 0) return `its child ${pid}`;
  return pid === -1 ? 'any of its children' : 'one of a group of its children';
}

/** The call with its arguments, as far as they are numbers that mean something, and what it is for. */
type Gloss = (args: Args) => readonly [call: string, purpose: string];

const SYSCALLS: Readonly<Record<string, Gloss>> = {
  kill: ([pid, sig]) => [`kill(${pid}, ${signalOr0(sig)})`, send(sig, target(pid))],
  tkill: ([tid, sig]) => [`tkill(${tid}, ${signalOr0(sig)})`, send(sig, `thread ${tid}`)],
  tgkill: ([tgid, tid, sig]) => [`tgkill(${tgid}, ${tid}, ${signalOr0(sig)})`, send(sig, `thread ${tid} of ${tgid}`)],
  rt_sigqueueinfo: ([pid, sig]) => [`sigqueue(${pid}, ${signalOr0(sig)})`, `${send(sig, target(pid))}, with a value`],
  rt_tgsigqueueinfo: ([tgid, tid, sig]) => [
    `rt_tgsigqueueinfo(${tgid}, ${tid}, ${signalOr0(sig)})`,
    `${send(sig, `thread ${tid} of ${tgid}`)}, with a value`,
  ],
  pidfd_send_signal: ([fd, sig]) => [
    `pidfd_send_signal(${fd}, ${signalOr0(sig)})`,
    send(sig, `the process that descriptor ${fd} stands for`),
  ],
  pidfd_open: ([pid]) => [`pidfd_open(${pid})`, `asks for a descriptor that stands for process ${pid} and no other`],
  rt_sigaction: ([sig]) => [`sigaction(${signalName(sig)})`, `says what is to be done when ${signalName(sig)} comes`],
  rt_sigprocmask: () => ['sigprocmask()', 'changes which signals it blocks: those have to wait'],
  rt_sigpending: () => ['sigpending()', 'asks which signals wait for it'],
  rt_sigsuspend: () => ['sigsuspend()', 'lets some signals through and waits for one, in one step'],
  rt_sigtimedwait: () => ['sigtimedwait()', 'waits for a signal and takes it itself, without a handler'],
  pause: () => ['pause()', 'waits until a signal comes'],
  rt_sigreturn: () => ['sigreturn()', 'has ended its handler, and goes back to where the signal found it'],
  fork: () => ['fork()', 'makes a child process, a copy of itself'],
  vfork: () => ['vfork()', 'makes a child process, and waits until that runs a program of its own'],
  clone: () => ['clone()', 'makes a new thread or process'],
  execve: () => ['execve()', 'replaces the program that its process runs; the other threads of the process must go'],
  exit: () => ['exit()', 'ends this thread'],
  exit_group: ([code]) => [`exit_group(${code})`, 'ends its whole process, with all threads'],
  wait4: ([pid, , options]) =>
    (options & constants.WNOHANG) === 0
      ? [`wait4(${pid})`, `waits for ${child(pid)} to end, and takes note of how it did`]
      : [`wait4(${pid}, WNOHANG)`, `looks whether ${child(pid)} has ended, and does not wait for it`],
  waitid: () => ['waitid()', 'waits until something happens to a child'],
  setpgid: ([pid, pgid]) => [`setpgid(${pid}, ${pgid})`, 'puts a process into a group'],
  setsid: () => ['setsid()', 'begins a session and a group of its own'],
  setuid: ([uid]) => [`setuid(${uid})`, `becomes user ${uid}`],
  setresuid: () => ['setresuid()', 'becomes another user'],
  setreuid: () => ['setreuid()', 'becomes another user'],
  alarm: ([seconds]) => [`alarm(${seconds})`, `asks for SIGALRM in ${seconds} s`],
  setitimer: () => ['setitimer()', 'sets a timer that sends it a signal'],
  timer_create: () => ['timer_create()', 'makes a timer that sends signals'],
  timer_settime: () => ['timer_settime()', 'sets the timer'],
  timer_delete: () => ['timer_delete()', 'deletes the timer'],
  nanosleep: () => ['nanosleep()', 'sleeps for a while'],
  clock_nanosleep: () => ['clock_nanosleep()', 'sleeps for a while'],
  ptrace: ([request, pid]) => {
    const [name, purpose] = PTRACE_REQUESTS[request] ?? [
      String(request),
      (tracee) => `acts as the tracer of ${tracee}`,
    ];
    return request === constants.PTRACE_TRACEME
      ? [`ptrace(${name})`, purpose('')]
      : [`ptrace(${name}, ${pid})`, purpose(`task ${pid}`)];
  },
  prctl: ([option]) => {
    const [name, purpose] = PRCTL_OPTIONS[option] ?? [
      String(option),
      'asks for a setting of its process, or changes it',
    ];
    return [`prctl(${name})`, purpose];
  },
  read: ([fd]) => [`read(${fd})`, `reads from descriptor ${fd}`],
  write: ([fd]) => [`write(${fd})`, `writes to descriptor ${fd}`],
  close: ([fd]) => [`close(${fd})`, `closes descriptor ${fd}`],
  pipe: () => ['pipe()', 'makes a pipe'],
  pipe2: () => ['pipe2()', 'makes a pipe'],
  signalfd: () => ['signalfd()', 'makes a descriptor from which its signals can be read'],
  signalfd4: () => ['signalfd()', 'makes a descriptor from which its signals can be read'],
  poll: () => ['poll()', 'waits until a descriptor has something for it'],
  ppoll: () => ['ppoll()', 'waits until a descriptor has something for it, or a signal comes'],
  getpid: () => ['getpid()', 'asks for its own number'],
  getppid: () => ['getppid()', "asks for its parent's number"],
  gettid: () => ['gettid()', 'asks for its own number'],
};

/** What a tracer, or debugger, asks for: the name of the request, and what it does to the tracee. */
const PTRACE_REQUESTS: Readonly<Record<number, readonly [name: string, purpose: (tracee: string) => string]>> = {
  [constants.PTRACE_TRACEME]: ['PTRACE_TRACEME', () => 'makes its parent its tracer, or debugger'],
  [constants.PTRACE_PEEKUSR]: ['PTRACE_PEEKUSER', (tracee) => `reads a register of ${tracee}, which it traces`],
  [constants.PTRACE_CONT]: ['PTRACE_CONT', (tracee) => `lets ${tracee} go on, which stopped for it`],
  [constants.PTRACE_KILL]: ['PTRACE_KILL', (tracee) => `kills ${tracee}, which stopped for it`],
  [constants.PTRACE_SINGLESTEP]: ['PTRACE_SINGLESTEP', (tracee) => `lets ${tracee} go on for one instruction`],
  [constants.PTRACE_GETREGS]: ['PTRACE_GETREGS', (tracee) => `reads the registers of ${tracee}, which it traces`],
  [constants.PTRACE_ATTACH]: ['PTRACE_ATTACH', (tracee) => `becomes the tracer of ${tracee}, and stops it`],
  [constants.PTRACE_DETACH]: ['PTRACE_DETACH', (tracee) => `traces ${tracee} no longer, and lets it go on`],
  [constants.PTRACE_SYSCALL]: [
    'PTRACE_SYSCALL',
    (tracee) => `lets ${tracee} go on to its next system call, or its end`,
  ],
  [constants.PTRACE_OLDSETOPTIONS]: ['PTRACE_OLDSETOPTIONS', (tracee) => `says when ${tracee} is to stop for it`],
  [constants.PTRACE_SETOPTIONS]: ['PTRACE_SETOPTIONS', (tracee) => `says when ${tracee} is to stop for it`],
  [constants.PTRACE_GETEVENTMSG]: ['PTRACE_GETEVENTMSG', (tracee) => `asks what ${tracee} stopped for`],
  [constants.PTRACE_GETSIGINFO]: ['PTRACE_GETSIGINFO', (tracee) => `reads the signal that ${tracee} stopped at`],
  [constants.PTRACE_SETSIGINFO]: ['PTRACE_SETSIGINFO', (tracee) => `changes the signal that ${tracee} stopped at`],
  [constants.PTRACE_SEIZE]: ['PTRACE_SEIZE', (tracee) => `becomes the tracer of ${tracee}, and does not stop it`],
  [constants.PTRACE_INTERRUPT]: ['PTRACE_INTERRUPT', (tracee) => `stops ${tracee}, which it traces`],
  [constants.PTRACE_LISTEN]: [
    'PTRACE_LISTEN',
    (tracee) => `leaves ${tracee} stopped, and asks to be told when that ends`,
  ],
  [constants.PTRACE_GETSIGMASK]: ['PTRACE_GETSIGMASK', (tracee) => `asks which signals ${tracee} blocks`],
  [constants.PTRACE_SETSIGMASK]: ['PTRACE_SETSIGMASK', (tracee) => `changes which signals ${tracee} blocks`],
};

const PRCTL_OPTIONS: Readonly<Record<number, readonly [name: string, purpose: string]>> = {
  [constants.PR_SET_PDEATHSIG]: ['PR_SET_PDEATHSIG', 'asks for a signal when its parent dies'],
  [constants.PR_GET_PDEATHSIG]: ['PR_GET_PDEATHSIG', 'asks which signal it gets when its parent dies'],
  [constants.PR_SET_CHILD_SUBREAPER]: [
    'PR_SET_CHILD_SUBREAPER',
    'says whether it takes the place of init for the orphans among its descendants',
  ],
  [constants.PR_GET_CHILD_SUBREAPER]: [
    'PR_GET_CHILD_SUBREAPER',
    'asks whether it takes the place of init for the orphans among its descendants',
  ],
  [constants.PR_SET_NAME]: ['PR_SET_NAME', 'gives its thread a name'],
  [constants.PR_GET_NAME]: ['PR_GET_NAME', 'asks for the name of its thread'],
};

/** A signal, or a number that is none, as an argument. */
function signalOr0(sig: number): string {
  return sig !== 0 && valid_signal(sig) ? signalName(sig) : String(sig);
}

/** A system call in words: `calls pause(): waits until a signal comes`. */
export function glossCall(nr: number, args: Args): string {
  const name = SYSCALL_NAMES[nr] as string;
  const gloss = SYSCALLS[name];
  if (gloss === undefined) return `calls ${name}()`;
  const [call, purpose] = gloss(args);
  return `calls ${call}: it ${purpose}`;
}

const ERRORS: Readonly<Record<string, string>> = {
  EPERM: 'not permitted',
  ENOENT: 'there is nothing of that name',
  ESRCH: 'there is no such process',
  EINTR: 'interrupted by a signal',
  EBADF: 'no such descriptor',
  ECHILD: 'there is no such child to wait for',
  EAGAIN: 'not now, a limit is reached or nothing is there yet',
  ENOMEM: 'out of memory',
  EINVAL: 'a wrong argument',
  EPIPE: 'nobody reads from the pipe any more',
};

/** What a system call returned, in words; null for the results that only the kernel sees. */
export function glossResult(nr: number, result: number): string | null {
  const name = SYSCALL_NAMES[nr] as string;
  // What it returns is what the interrupted code had in that register.
  if (name === 'rt_sigreturn') return null;
  if (result >= 0) return `${name} returns ${result}`;
  const error = errorName(result).slice(1);
  if (error.startsWith('ERESTART')) return null;
  const meaning = ERRORS[error];
  return `${name} fails with ${error}${meaning === undefined ? '' : ` (${meaning})`}`;
}

/** What a signal does to a process that has no handler for it. */
export function glossDefault(sig: number): string {
  if (sig === SIGCONT) return 'it goes on if it was stopped';
  if (sig_kernel_ignore(sig)) return 'nothing happens';
  if (sig_kernel_stop(sig)) return 'the process stops';
  return sig_kernel_coredump(sig) ? 'the process dies, with a core dump' : 'the process dies';
}

/** How a task ended, from the code that `wait` would give. */
export function glossExit(code: number): string {
  const sig = code & 0x7f;
  return sig === 0 ? `with exit code ${(code >> 8) & 0xff}` : `killed by ${signalName(sig)}`;
}
