/** What a program sees of the machine it runs on: its system calls, and memory that it shares with others. */

import { nth } from '../memory/layout.js';
import { cpu_data } from '../sync/cpu.js';
import { type Coroutine, OP_READ, OP_WRITE } from '../sync/gate.js';
import type { CapUserData, CapUserHeader } from './capability.js';
import {
  __NR_alarm,
  __NR_capget,
  __NR_capset,
  __NR_clock_getres,
  __NR_clock_gettime,
  __NR_clock_nanosleep,
  __NR_clone,
  __NR_close,
  __NR_dup,
  __NR_dup2,
  __NR_dup3,
  __NR_execve,
  __NR_exit,
  __NR_exit_group,
  __NR_fcntl,
  __NR_getegid,
  __NR_geteuid,
  __NR_getgid,
  __NR_getitimer,
  __NR_getpgid,
  __NR_getpgrp,
  __NR_getpid,
  __NR_getppid,
  __NR_getresgid,
  __NR_getresuid,
  __NR_getrlimit,
  __NR_getsid,
  __NR_gettid,
  __NR_getuid,
  __NR_kill,
  __NR_nanosleep,
  __NR_pause,
  __NR_pidfd_open,
  __NR_pidfd_send_signal,
  __NR_pipe,
  __NR_pipe2,
  __NR_poll,
  __NR_ppoll,
  __NR_prctl,
  __NR_prlimit64,
  __NR_ptrace,
  __NR_read,
  __NR_rt_sigaction,
  __NR_rt_sigpending,
  __NR_rt_sigprocmask,
  __NR_rt_sigqueueinfo,
  __NR_rt_sigsuspend,
  __NR_rt_sigtimedwait,
  __NR_rt_tgsigqueueinfo,
  __NR_setfsgid,
  __NR_setfsuid,
  __NR_setgid,
  __NR_setitimer,
  __NR_setpgid,
  __NR_setregid,
  __NR_setresgid,
  __NR_setresuid,
  __NR_setreuid,
  __NR_setrlimit,
  __NR_setsid,
  __NR_setuid,
  __NR_sigaltstack,
  __NR_signalfd,
  __NR_signalfd4,
  __NR_tgkill,
  __NR_timer_create,
  __NR_timer_delete,
  __NR_timer_getoverrun,
  __NR_timer_gettime,
  __NR_timer_settime,
  __NR_tkill,
  __NR_unshare,
  __NR_vfork,
  __NR_wait4,
  __NR_waitid,
  __NR_write,
  __NR_write_gid_map,
  __NR_write_setgroups,
  __NR_write_uid_map,
  CLONE_PTHREAD,
  SI_QUEUE,
  SIG_DFL,
  SIG_HANDLER_BASE,
  type SIG_IGN,
  SIGCHLD,
  TIF_SINGLESTEP,
} from './constants.js';
import type { Timespec } from './hrtimer.js';
import type { Itimerval } from './itimer.js';
import type { Kernel } from './kernel.js';
import type { PidfdSiginfo } from './pidfd.js';
import type { Itimerspec, Sigevent, TimerIdOut } from './posix-timers.js';
import type { PrctlArg } from './prctl.js';
import type { PtraceData } from './ptrace.js';
import type { Rlimit } from './rlimit.js';
import type { Scenario } from './scenario.js';
import type { Pollfd } from './select.js';
import type { IdOut } from './setid.js';
import type { SigAltStack } from './sigaltstack.js';
import type { Sigaction } from './signal/sigaction.js';
import type { KernelSiginfo, SiginfoOut, UserSiginfo } from './signal/siginfo.js';
import type { SigMaskOut } from './signal/sigprocmask.js';
import { EMPTY_MASK, SIGSET_SIZE, type SigMask } from './sigset.js';
import { task_struct, user_memory } from './structs.js';
import { TRACE_USER_RESULT } from './trace.js';
import type { IdExtent } from './user-namespace.js';
import type { WaitidInfo } from './wait.js';

/** What a result holds before a program has reported it. */
export const NO_RESULT = -0x80000000;

/** `siginfo_t`, as a handler installed with `SA_SIGINFO` gets it. */
export interface Siginfo {
  readonly si_signo: number;
  readonly si_errno: number;
  /** `SI_USER`, `SI_QUEUE`, `CLD_EXITED`, … */
  readonly si_code: number;
  /** The sender, or the child; of a timer its number. */
  readonly si_pid: number;
  /** The sender's real user id, or the child's; of a timer the overrun count. */
  readonly si_uid: number;
  /** Of `SIGCHLD` the exit status or the signal. */
  readonly si_status: number;
  /** The value given to `sigqueue(3)` or with a timer. The same place as `si_status`. */
  readonly si_value: number;
  /** Of a fault the address. The same place as `si_pid`. */
  readonly si_addr: number;
}

/** A siginfo as a program sees it. */
export function userSiginfo(info: KernelSiginfo): Siginfo {
  const { si_signo, si_errno, si_code, si_pid, si_uid, si_status } = info;
  return { si_signo, si_errno, si_code, si_pid, si_uid, si_status, si_value: si_status, si_addr: si_pid };
}

/** What `wait4` found. */
export interface WaitResult {
  /** The child's pid, 0, or a negative errno. */
  readonly pid: number;
  /** The status word, as `WIFEXITED` and the like take it. Meaningful where `pid` is above 0. */
  readonly status: number;
}

/** Where a program wants the siginfo of the signal that it waited for. */
export type ReceivedSiginfo = { -readonly [F in keyof Siginfo]?: Siginfo[F] };

/** Where a program wants an action. */
export interface OldAction {
  /** The handler's name, `SIG_DFL` or `SIG_IGN`. */
  handler?: string | number;
  flags?: number;
  mask?: SigMask;
}

/** How a handler is installed. */
export interface HandlerOptions {
  /** `SA_…`. */
  readonly flags?: number;
  readonly mask?: SigMask;
}

/** How a task is made, besides the flags. */
export interface CloneOptions {
  /** What its parent is sent when it dies: `SIGCHLD` if not given. */
  readonly exit_signal?: number;
  readonly arg?: number;
  readonly cpu?: number;
  /** Gets the pidfd with `CLONE_PIDFD`. */
  readonly pidfd?: { pidfd: number } | null;
}

/** What a program sees of the machine it runs on. Each system call is a coroutine: call it with `yield*`. */
export interface Sys {
  /** The number given to `fork`, `thread` or `execve`. */
  readonly arg: number;
  /** This task's number, as a C library remembers it: no system call. */
  readonly tid: number;
  /** `kill(2)`: 0 or a negative errno. */
  kill(pid: number, sig: number): Coroutine<number>;
  /** `wait4(2)`. */
  wait4(pid: number, options?: number): Coroutine<WaitResult>;
  /** `waitpid(2)`: the same. */
  waitpid(pid: number, options?: number): Coroutine<WaitResult>;
  /** `wait(2)`: for any child. */
  wait(): Coroutine<WaitResult>;
  /**
   * `waitid(2)`.
   *
   * @param idtype `P_ALL`, `P_PID`, `P_PGID` or `P_PIDFD`
   * @param info gets what was found
   */
  waitid(idtype: number, id: number, info: WaitidInfo | null, options: number): Coroutine<number>;
  /** `pause(2)`. */
  pause(): Coroutine<number>;
  /** `execve(2)`: the process goes on with another of the scenario's programs. Returns only on failure. */
  execve(program: string, arg?: number): Coroutine<number>;
  /** `fork(2)`: the child runs a program, on this CPU or the one named. The child's pid or a negative errno. */
  fork(program: string, arg?: number, cpu?: number): Coroutine<number>;
  /**
   * `vfork(2)`: the parent goes on when the child has called `execve` or is gone. In C the child begins as a copy of the
   * parent and on its stack; here it runs a program of its own.
   */
  vfork(program: string, arg?: number, cpu?: number): Coroutine<number>;
  /** `pthread_create(3)`: a thread of this process. Its tid or a negative errno. */
  thread(program: string, arg?: number, cpu?: number): Coroutine<number>;
  /** `tkill(2)`: to one thread. */
  tkill(tid: number, sig: number): Coroutine<number>;
  /** `tgkill(2)`: to one thread of a process. */
  tgkill(tgid: number, tid: number, sig: number): Coroutine<number>;
  /** `rt_sigqueueinfo(2)`. */
  rt_sigqueueinfo(pid: number, sig: number, info: UserSiginfo | null): Coroutine<number>;
  /** `rt_tgsigqueueinfo(2)`. */
  rt_tgsigqueueinfo(tgid: number, tid: number, sig: number, info: UserSiginfo | null): Coroutine<number>;
  /** `sigqueue(3)`: a signal with a value, which the receiver finds in `si_value`. */
  sigqueue(pid: number, sig: number, value: number): Coroutine<number>;
  /**
   * `sigaction(2)`: one of the scenario's handlers by name, `SIG_DFL` or `SIG_IGN`; null only asks.
   *
   * @param old gets the action before
   * @param sigsetsize 8, as the kernel wants it of this and the next calls
   */
  sigaction(
    sig: number,
    handler: string | typeof SIG_DFL | typeof SIG_IGN | null,
    options?: HandlerOptions,
    old?: OldAction,
    sigsetsize?: number,
  ): Coroutine<number>;
  /**
   * `sigprocmask(2)`.
   *
   * @param set null only asks
   * @param old gets the mask before
   */
  sigprocmask(how: number, set: SigMask | null, old?: SigMaskOut, sigsetsize?: number): Coroutine<number>;
  /**
   * `sigaltstack(2)`.
   *
   * @param ss null only asks
   * @param old gets the stack before
   */
  sigaltstack(ss: Readonly<SigAltStack> | null, old?: SigAltStack | null): Coroutine<number>;
  /**
   * Executes an instruction that faults: the kernel sends `SIGSEGV`, `SIGBUS`, `SIGILL`, `SIGFPE` or `SIGTRAP` so that it
   * cannot be ignored. When a handler has run the program goes on, as if the handler had stepped over the instruction.
   *
   * @param code `SEGV_MAPERR`, `FPE_INTDIV`, …
   * @param addr for `si_addr`
   */
  fault(sig: number, code: number, addr?: number): Coroutine<void>;
  /** `sigpending(2)`: what is pending and blocked. */
  sigpending(set: SigMaskOut | null, sigsetsize?: number): Coroutine<number>;
  /** `sigsuspend(2)`. */
  sigsuspend(set: SigMask | null, sigsetsize?: number): Coroutine<number>;
  /** `sigwaitinfo(2)`: takes one of a set of signals. The signal or a negative errno. */
  sigwaitinfo(set: SigMask | null, info?: ReceivedSiginfo): Coroutine<number>;
  /** `sigtimedwait(2)`: the same, for a time. −EAGAIN when it is over. */
  sigtimedwait(
    set: SigMask | null,
    info: ReceivedSiginfo | null,
    timeout: Timespec | null,
    sigsetsize?: number,
  ): Coroutine<number>;
  /**
   * `nanosleep(2)`.
   *
   * @param rem gets the time that is left when a signal comes first
   */
  nanosleep(req: Timespec | null, rem?: Timespec): Coroutine<number>;
  /** `clock_gettime(2)` of the simulated clock. */
  clock_gettime(clock: number, tp: Timespec | null): Coroutine<number>;
  /** `clock_getres(2)`. */
  clock_getres(clock: number, res: Timespec | null): Coroutine<number>;
  /**
   * `clock_nanosleep(2)`. Unlike the C library's it gives a negative errno.
   *
   * @param flags 0, or `TIMER_ABSTIME`: until a time
   */
  clock_nanosleep(clock: number, flags: number, req: Timespec | null, rem?: Timespec): Coroutine<number>;
  /**
   * `timer_create(2)`.
   *
   * @param sevp how it tells of an expiry; null is SIGALRM with the timer's number as its value
   * @param timerid gets the timer's number
   */
  timer_create(clock: number, sevp: Sigevent | null, timerid: TimerIdOut | null): Coroutine<number>;
  /** `timer_settime(2)`. */
  timer_settime(timerid: number, flags: number, value: Itimerspec | null, old?: Itimerspec): Coroutine<number>;
  /** `timer_gettime(2)`. */
  timer_gettime(timerid: number, value: Itimerspec | null): Coroutine<number>;
  /** `timer_getoverrun(2)`. */
  timer_getoverrun(timerid: number): Coroutine<number>;
  /** `timer_delete(2)`. */
  timer_delete(timerid: number): Coroutine<number>;
  /** `alarm(2)`: the seconds that were left of the last one. */
  alarm(seconds: number): Coroutine<number>;
  /** `setitimer(2)` with `ITIMER_REAL`. */
  setitimer(which: number, value: Itimerval | null, old?: Itimerval): Coroutine<number>;
  /** `getitimer(2)`. */
  getitimer(which: number, value: Itimerval | null): Coroutine<number>;
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
  /** `clone(2)`: a task with what the flags (`CLONE_…`) say, that runs one of the scenario's programs. */
  clone(flags: number, program: string, options?: CloneOptions): Coroutine<number>;
  getpid(): Coroutine<number>;
  gettid(): Coroutine<number>;
  getppid(): Coroutine<number>;
  /** `setpgid(2)`: moves a process to a group; 0 stands for the caller, and for its own number. */
  setpgid(pid: number, pgid: number): Coroutine<number>;
  getpgid(pid: number): Coroutine<number>;
  getpgrp(): Coroutine<number>;
  /** `setsid(2)`: a session of its own. Its number or a negative errno. */
  setsid(): Coroutine<number>;
  getsid(pid: number): Coroutine<number>;
  getuid(): Coroutine<number>;
  geteuid(): Coroutine<number>;
  getgid(): Coroutine<number>;
  getegid(): Coroutine<number>;
  setuid(uid: number): Coroutine<number>;
  /** `seteuid(3)`. */
  seteuid(euid: number): Coroutine<number>;
  /** `setreuid(2)`; −1 leaves an id as it is. */
  setreuid(ruid: number, euid: number): Coroutine<number>;
  setresuid(ruid: number, euid: number, suid: number): Coroutine<number>;
  getresuid(ruid: IdOut | null, euid: IdOut | null, suid: IdOut | null): Coroutine<number>;
  /** `setfsuid(2)`: the id before. */
  setfsuid(uid: number): Coroutine<number>;
  setgid(gid: number): Coroutine<number>;
  setregid(rgid: number, egid: number): Coroutine<number>;
  setresgid(rgid: number, egid: number, sgid: number): Coroutine<number>;
  getresgid(rgid: IdOut | null, egid: IdOut | null, sgid: IdOut | null): Coroutine<number>;
  setfsgid(gid: number): Coroutine<number>;
  /** `capget(2)`: the sets of a process; pid 0 is the caller. */
  capget(header: CapUserHeader | null, data: CapUserData | null): Coroutine<number>;
  /** `capset(2)`: those of the caller. */
  capset(header: CapUserHeader | null, data: CapUserData | null): Coroutine<number>;
  getrlimit(resource: number, rlim: Rlimit | null): Coroutine<number>;
  setrlimit(resource: number, rlim: Rlimit | null): Coroutine<number>;
  /** `prlimit(2)`: of any process; pid 0 is the caller. */
  prlimit(pid: number, resource: number, rlim: Rlimit | null, old?: Rlimit | null): Coroutine<number>;
  /** `unshare(2)`: `CLONE_NEWPID` is for the children, `CLONE_NEWUSER` for the caller. */
  unshare(flags: number): Coroutine<number>;
  /** Opens, writes and closes `/proc/PID/uid_map`. 0 or a negative errno. */
  write_uid_map(pid: number, extents: readonly IdExtent[]): Coroutine<number>;
  /** Opens, writes and closes `/proc/PID/gid_map`. */
  write_gid_map(pid: number, extents: readonly IdExtent[]): Coroutine<number>;
  /** Opens, writes and closes `/proc/PID/setgroups`: `allow` or `deny`. */
  write_setgroups(pid: number, allowed: boolean): Coroutine<number>;
  /**
   * `prctl(2)`.
   *
   * @param option `PR_…`
   * @param arg2 a number, a name, or where the answer goes
   */
  prctl(option: number, arg2?: PrctlArg): Coroutine<number>;
  /**
   * `ptrace(2)`, the system call itself.
   *
   * @param request `PTRACE_…`
   * @param data a number, or where what is asked for goes
   */
  ptrace(request: number, pid: number, addr?: number, data?: PtraceData): Coroutine<number>;
  /** `exit(2)`: ends this thread. */
  exit(code: number): Coroutine<number>;
  /** `exit_group(2)`: ends this process. */
  exit_group(code: number): Coroutine<number>;
  /** Stays in user mode doing nothing, for good: a signal can still end it. */
  stay(): Coroutine<never>;
  /** A moment in user mode at which a signal may be taken, as there is one before any instruction. */
  step(): Coroutine<void>;
  /** Loads a cell of memory that all programs share. */
  load(cell: number): Coroutine<number>;
  /** Stores to a cell of memory that all programs share. */
  store(cell: number, value: number): Coroutine<void>;
  /** Reports a value under one of the scenario's result names. */
  result(name: string, value: number): void;
  /** What was reported last under a name, by anybody; null if nothing was. For what only one task reports. */
  reported(name: string): number | null;
  /** Ends the run with a violation if a claim does not hold. */
  check(holds: boolean, message: string): void;
}

function numberOf(kind: string, names: readonly string[], name: string): number {
  const number = names.indexOf(name);
  if (number < 0) throw new Error(`the scenario has no ${kind} "${name}"; it has ${names.join(', ') || 'none'}`);
  return number;
}

/** The names of a scenario's programs, in the order of their numbers. */
export function programNames(scenario: Scenario): readonly string[] {
  return Object.keys(scenario.programs);
}

/** Makes a CPU's view of user mode. */
export function makeSys(k: Kernel, scenario: Scenario): Sys {
  const programs = programNames(scenario);
  const handlers = Object.keys(scenario.handlers ?? {});
  const memory = k.arena.static(user_memory);
  /**
   * Before an access of user mode: takes the interrupts that have come. The access that follows is a part of the same
   * step, so that an interrupt may come before it and after it.
   */
  function* beforeAccess(): Coroutine<void> {
    for (;;) {
      if (k.point(OP_READ, k.data + cpu_data.irq_pending, 0, 0)) yield;
      if (!k.irqsPending()) return;
      yield* k.interruptFromUser();
    }
  }
  function* wait4(pid: number, options = 0): Coroutine<WaitResult> {
    const status = { status: 0 };
    const result = yield* k.do_syscall_64({ nr: __NR_wait4, args: [pid, options, status] });
    return { pid: result, status: status.status };
  }
  function* sigtimedwait(
    set: SigMask | null,
    info: ReceivedSiginfo | null,
    timeout: Timespec | null,
    sigsetsize?: number,
  ): Coroutine<number> {
    const out: SiginfoOut = { info: null };
    const sig = yield* k.do_syscall_64({ nr: __NR_rt_sigtimedwait, args: [set, out, timeout, sigsetsize] });
    if (info !== null && out.info !== null) Object.assign(info, userSiginfo(out.info));
    return sig;
  }
  return {
    get arg() {
      return k.get(k.current, task_struct.arg);
    },
    get tid() {
      return k.get(k.current, task_struct.pid);
    },
    kill: (pid, sig) => k.do_syscall_64({ nr: __NR_kill, args: [pid, sig] }),
    wait4,
    waitpid: wait4,
    wait: () => wait4(-1),
    waitid: (idtype, id, info, options) => k.do_syscall_64({ nr: __NR_waitid, args: [idtype, id, info, options] }),
    pause: () => k.do_syscall_64({ nr: __NR_pause, args: [] }),
    execve: (program, arg = 0) =>
      k.do_syscall_64({ nr: __NR_execve, args: [numberOf('program', programs, program), arg] }),
    fork: (program, arg = 0, cpu = k.id) =>
      k.do_syscall_64({
        nr: __NR_clone,
        args: [{ flags: 0, exit_signal: SIGCHLD, program: numberOf('program', programs, program), arg, cpu }],
      }),
    vfork: (program, arg = 0, cpu = k.id) =>
      k.do_syscall_64({
        nr: __NR_vfork,
        args: [{ flags: 0, exit_signal: SIGCHLD, program: numberOf('program', programs, program), arg, cpu }],
      }),
    thread: (program, arg = 0, cpu = k.id) =>
      k.do_syscall_64({
        nr: __NR_clone,
        args: [{ flags: CLONE_PTHREAD, exit_signal: 0, program: numberOf('program', programs, program), arg, cpu }],
      }),
    tkill: (tid, sig) => k.do_syscall_64({ nr: __NR_tkill, args: [tid, sig] }),
    tgkill: (tgid, tid, sig) => k.do_syscall_64({ nr: __NR_tgkill, args: [tgid, tid, sig] }),
    rt_sigqueueinfo: (pid, sig, info) => k.do_syscall_64({ nr: __NR_rt_sigqueueinfo, args: [pid, sig, info] }),
    rt_tgsigqueueinfo: (tgid, tid, sig, info) =>
      k.do_syscall_64({ nr: __NR_rt_tgsigqueueinfo, args: [tgid, tid, sig, info] }),
    sigqueue(pid, sig, si_value) {
      const { si_pid, si_uid } = k.senderSiginfo(sig, SI_QUEUE);
      return k.do_syscall_64({
        nr: __NR_rt_sigqueueinfo,
        args: [pid, sig, { si_code: SI_QUEUE, si_pid, si_uid, si_value }],
      });
    },
    *sigaction(sig, handler, options = {}, old, sigsetsize) {
      const number = typeof handler === 'string' ? SIG_HANDLER_BASE + numberOf('handler', handlers, handler) : handler;
      const act =
        number === null ? null : { handler: number, flags: options.flags ?? 0, mask: options.mask ?? EMPTY_MASK };
      const before: Sigaction | null = old === undefined ? null : { handler: SIG_DFL, flags: 0, mask: EMPTY_MASK };
      const result = yield* k.do_syscall_64({ nr: __NR_rt_sigaction, args: [sig, act, before, sigsetsize] });
      if (old !== undefined && before !== null && result === 0) {
        old.handler = handlers[before.handler - SIG_HANDLER_BASE] ?? before.handler;
        old.flags = before.flags;
        old.mask = before.mask;
      }
      return result;
    },
    sigprocmask: (how, set, old, sigsetsize) =>
      k.do_syscall_64({ nr: __NR_rt_sigprocmask, args: [how, set, old ?? null, sigsetsize] }),
    sigaltstack: (ss, old) => k.do_syscall_64({ nr: __NR_sigaltstack, args: [ss, old ?? null] }),
    fault: (sig, code, address = 0) => k.exception(sig, code, address),
    sigpending: (set, sigsetsize) => k.do_syscall_64({ nr: __NR_rt_sigpending, args: [set, sigsetsize] }),
    sigsuspend: (set, sigsetsize) => k.do_syscall_64({ nr: __NR_rt_sigsuspend, args: [set, sigsetsize] }),
    sigwaitinfo: (set, info) => sigtimedwait(set, info ?? null, null),
    sigtimedwait,
    nanosleep: (req, rem) => k.do_syscall_64({ nr: __NR_nanosleep, args: [req, rem ?? null] }),
    clock_getres: (clock, res) => k.do_syscall_64({ nr: __NR_clock_getres, args: [clock, res] }),
    clock_nanosleep: (clock, flags, req, rem) =>
      k.do_syscall_64({ nr: __NR_clock_nanosleep, args: [clock, flags, req, rem ?? null] }),
    timer_create: (clock, sevp, timerid) => k.do_syscall_64({ nr: __NR_timer_create, args: [clock, sevp, timerid] }),
    timer_settime: (timerid, flags, value, old) =>
      k.do_syscall_64({ nr: __NR_timer_settime, args: [timerid, flags, value, old ?? null] }),
    timer_gettime: (timerid, value) => k.do_syscall_64({ nr: __NR_timer_gettime, args: [timerid, value] }),
    timer_getoverrun: (timerid) => k.do_syscall_64({ nr: __NR_timer_getoverrun, args: [timerid] }),
    timer_delete: (timerid) => k.do_syscall_64({ nr: __NR_timer_delete, args: [timerid] }),
    clock_gettime: (clock, tp) => k.do_syscall_64({ nr: __NR_clock_gettime, args: [clock, tp] }),
    alarm: (seconds) => k.do_syscall_64({ nr: __NR_alarm, args: [seconds] }),
    setitimer: (which, value, old) => k.do_syscall_64({ nr: __NR_setitimer, args: [which, value, old ?? null] }),
    getitimer: (which, value) => k.do_syscall_64({ nr: __NR_getitimer, args: [which, value] }),
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
    clone: (flags, program, { exit_signal = SIGCHLD, arg = 0, cpu = k.id, pidfd = null } = {}) =>
      k.do_syscall_64({
        nr: __NR_clone,
        args: [{ flags, exit_signal, program: numberOf('program', programs, program), arg, cpu, pidfd }],
      }),
    getpid: () => k.do_syscall_64({ nr: __NR_getpid, args: [] }),
    gettid: () => k.do_syscall_64({ nr: __NR_gettid, args: [] }),
    getppid: () => k.do_syscall_64({ nr: __NR_getppid, args: [] }),
    setpgid: (pid, pgid) => k.do_syscall_64({ nr: __NR_setpgid, args: [pid, pgid] }),
    getpgid: (pid) => k.do_syscall_64({ nr: __NR_getpgid, args: [pid] }),
    getpgrp: () => k.do_syscall_64({ nr: __NR_getpgrp, args: [] }),
    setsid: () => k.do_syscall_64({ nr: __NR_setsid, args: [] }),
    getsid: (pid) => k.do_syscall_64({ nr: __NR_getsid, args: [pid] }),
    getuid: () => k.do_syscall_64({ nr: __NR_getuid, args: [] }),
    geteuid: () => k.do_syscall_64({ nr: __NR_geteuid, args: [] }),
    getgid: () => k.do_syscall_64({ nr: __NR_getgid, args: [] }),
    getegid: () => k.do_syscall_64({ nr: __NR_getegid, args: [] }),
    setuid: (uid) => k.do_syscall_64({ nr: __NR_setuid, args: [uid] }),
    seteuid: (euid) => k.do_syscall_64({ nr: __NR_setresuid, args: [-1, euid, -1] }),
    setreuid: (ruid, euid) => k.do_syscall_64({ nr: __NR_setreuid, args: [ruid, euid] }),
    setresuid: (ruid, euid, suid) => k.do_syscall_64({ nr: __NR_setresuid, args: [ruid, euid, suid] }),
    getresuid: (ruid, euid, suid) => k.do_syscall_64({ nr: __NR_getresuid, args: [ruid, euid, suid] }),
    setfsuid: (uid) => k.do_syscall_64({ nr: __NR_setfsuid, args: [uid] }),
    setgid: (gid) => k.do_syscall_64({ nr: __NR_setgid, args: [gid] }),
    setregid: (rgid, egid) => k.do_syscall_64({ nr: __NR_setregid, args: [rgid, egid] }),
    setresgid: (rgid, egid, sgid) => k.do_syscall_64({ nr: __NR_setresgid, args: [rgid, egid, sgid] }),
    getresgid: (rgid, egid, sgid) => k.do_syscall_64({ nr: __NR_getresgid, args: [rgid, egid, sgid] }),
    setfsgid: (gid) => k.do_syscall_64({ nr: __NR_setfsgid, args: [gid] }),
    capget: (header, data) => k.do_syscall_64({ nr: __NR_capget, args: [header, data] }),
    capset: (header, data) => k.do_syscall_64({ nr: __NR_capset, args: [header, data] }),
    getrlimit: (resource, rlim) => k.do_syscall_64({ nr: __NR_getrlimit, args: [resource, rlim] }),
    setrlimit: (resource, rlim) => k.do_syscall_64({ nr: __NR_setrlimit, args: [resource, rlim] }),
    prlimit: (pid, resource, rlim, old = null) =>
      k.do_syscall_64({ nr: __NR_prlimit64, args: [pid, resource, rlim, old] }),
    unshare: (flags) => k.do_syscall_64({ nr: __NR_unshare, args: [flags] }),
    write_uid_map: (pid, extents) => k.do_syscall_64({ nr: __NR_write_uid_map, args: [pid, extents] }),
    write_gid_map: (pid, extents) => k.do_syscall_64({ nr: __NR_write_gid_map, args: [pid, extents] }),
    write_setgroups: (pid, allowed) => k.do_syscall_64({ nr: __NR_write_setgroups, args: [pid, allowed] }),
    prctl: (option, arg2 = 0) => k.do_syscall_64({ nr: __NR_prctl, args: [option, arg2] }),
    ptrace: (request, pid, addr = 0, data = 0) =>
      k.do_syscall_64({ nr: __NR_ptrace, args: [request, pid, addr, data] }),
    exit: (code) => k.do_syscall_64({ nr: __NR_exit, args: [code] }),
    exit_group: (code) => k.do_syscall_64({ nr: __NR_exit_group, args: [code] }),
    stay: () => k.stayInUserMode(),
    step: () => beforeAccess(),
    *load(cell) {
      yield* beforeAccess();
      const at = nth(user_memory.cells, cell) + memory;
      const value = k.peek(at);
      if (k.trace !== null) k.emit(OP_READ, at, value);
      if (k.test_tsk_thread_flag(k.current, TIF_SINGLESTEP)) yield* k.do_debug();
      return value;
    },
    *store(cell, value) {
      yield* beforeAccess();
      const at = nth(user_memory.cells, cell) + memory;
      k.atomicXchg(at, value);
      if (k.trace !== null) k.emit(OP_WRITE, at, value, value);
      if (k.test_tsk_thread_flag(k.current, TIF_SINGLESTEP)) yield* k.do_debug();
    },
    result(name, value) {
      const number = numberOf('result', scenario.results, name);
      k.store(memory + user_memory.results + number, value);
      if (k.trace !== null) k.emit(TRACE_USER_RESULT, number, value);
    },
    reported(name) {
      const value = k.load(memory + user_memory.results + numberOf('result', scenario.results, name));
      return value === NO_RESULT ? null : value;
    },
    check(holds, message) {
      if (!holds) k.violate('invariant', message);
    },
  };
}
