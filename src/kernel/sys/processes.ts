/** System calls of programs: how processes are made, end, and are waited for; groups, sessions, and tracing. */

import type { Coroutine } from '../../sync/gate.js';
import {
  __NR_clone,
  __NR_execve,
  __NR_exit,
  __NR_exit_group,
  __NR_getpgid,
  __NR_getpgrp,
  __NR_getpid,
  __NR_getppid,
  __NR_getsid,
  __NR_gettid,
  __NR_prctl,
  __NR_ptrace,
  __NR_setpgid,
  __NR_setsid,
  __NR_unshare,
  __NR_vfork,
  __NR_wait4,
  __NR_waitid,
  CLONE_PTHREAD,
  CSIGNAL,
  SIGCHLD,
} from '../constants.js';
import type { PrctlArg } from '../prctl.js';
import type { PtraceData } from '../ptrace-request.js';
import type { WaitidInfo } from '../wait.js';
import type { Caller } from './caller.js';

/** What `wait4` found. */
export interface WaitResult {
  /** The child's pid, 0, or a negative errno. */
  readonly pid: number;
  /** The status word, as `WIFEXITED` and the like take it. Meaningful where `pid` is above 0. */
  readonly status: number;
}

/** How a task is made, besides the flags. */
export interface CloneOptions {
  /** What its parent is sent when it dies: if not given the signal in the flags, and `SIGCHLD` if there is none either. */
  readonly exit_signal?: number;
  readonly arg?: number;
  readonly cpu?: number;
  /** Gets the pidfd with `CLONE_PIDFD`. */
  readonly pidfd?: { pidfd: number } | null;
}

export interface ProcessCalls {
  /** `fork(2)`: the child runs a program, on this CPU or the one named. The child's pid or a negative errno. */
  fork(program: string, arg?: number, cpu?: number): Coroutine<number>;
  /**
   * `vfork(2)`: the parent goes on when the child has called `execve` or is gone. In C the child begins as a copy of the
   * parent and on its stack; here it runs a program of its own.
   */
  vfork(program: string, arg?: number, cpu?: number): Coroutine<number>;
  /** `pthread_create(3)`: a thread of this process. Its tid or a negative errno. */
  thread(program: string, arg?: number, cpu?: number): Coroutine<number>;
  /** `clone(2)`: a task with what the flags (`CLONE_…`) say, that runs one of the scenario's programs. */
  clone(flags: number, program: string, options?: CloneOptions): Coroutine<number>;
  /** `execve(2)`: the process goes on with another of the scenario's programs. Returns only on failure. */
  execve(program: string, arg?: number): Coroutine<number>;
  /** `exit(2)`: ends this thread. */
  exit(code: number): Coroutine<number>;
  /** `exit_group(2)`: ends this process. */
  exit_group(code: number): Coroutine<number>;
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
  /** `unshare(2)`: `CLONE_NEWPID` is for the children, `CLONE_NEWUSER` for the caller. */
  unshare(flags: number): Coroutine<number>;
  /**
   * `prctl(2)`.
   *
   * @param option `PR_…`
   * @param arg2 a number, a name, or where the answer goes
   */
  prctl(option: number, arg2?: PrctlArg, arg3?: number, arg4?: number, arg5?: number): Coroutine<number>;
  /**
   * `ptrace(2)`, the system call itself.
   *
   * @param request `PTRACE_…`
   * @param data a number, or where what is asked for goes
   */
  ptrace(request: number, pid: number, addr?: number, data?: PtraceData): Coroutine<number>;
}

export function processCalls(caller: Caller): ProcessCalls {
  const { k } = caller;
  function* wait4(pid: number, options = 0): Coroutine<WaitResult> {
    const status = { status: 0 };
    const result = yield* k.do_syscall_64({ nr: __NR_wait4, args: [pid, status, options] });
    return { pid: result, status: status.status };
  }
  return {
    fork: (program, arg = 0, cpu = k.id) =>
      k.do_syscall_64({
        nr: __NR_clone,
        args: [{ flags: 0, exit_signal: SIGCHLD, program: caller.program(program), arg, cpu }],
      }),
    vfork: (program, arg = 0, cpu = k.id) =>
      k.do_syscall_64({
        nr: __NR_vfork,
        args: [{ flags: 0, exit_signal: SIGCHLD, program: caller.program(program), arg, cpu }],
      }),
    thread: (program, arg = 0, cpu = k.id) =>
      k.do_syscall_64({
        nr: __NR_clone,
        args: [{ flags: CLONE_PTHREAD, exit_signal: 0, program: caller.program(program), arg, cpu }],
      }),
    clone: (flags, program, { exit_signal = flags & CSIGNAL || SIGCHLD, arg = 0, cpu = k.id, pidfd = null } = {}) =>
      k.do_syscall_64({
        nr: __NR_clone,
        args: [{ flags: flags & ~CSIGNAL, exit_signal, program: caller.program(program), arg, cpu, pidfd }],
      }),
    execve: (program, arg = 0) => k.do_syscall_64({ nr: __NR_execve, args: [caller.program(program), arg] }),
    exit: (code) => k.do_syscall_64({ nr: __NR_exit, args: [code] }),
    exit_group: (code) => k.do_syscall_64({ nr: __NR_exit_group, args: [code] }),
    wait4,
    waitpid: wait4,
    wait: () => wait4(-1),
    waitid: (idtype, id, info, options) => k.do_syscall_64({ nr: __NR_waitid, args: [idtype, id, info, options] }),
    getpid: () => k.do_syscall_64({ nr: __NR_getpid, args: [] }),
    gettid: () => k.do_syscall_64({ nr: __NR_gettid, args: [] }),
    getppid: () => k.do_syscall_64({ nr: __NR_getppid, args: [] }),
    setpgid: (pid, pgid) => k.do_syscall_64({ nr: __NR_setpgid, args: [pid, pgid] }),
    getpgid: (pid) => k.do_syscall_64({ nr: __NR_getpgid, args: [pid] }),
    getpgrp: () => k.do_syscall_64({ nr: __NR_getpgrp, args: [] }),
    setsid: () => k.do_syscall_64({ nr: __NR_setsid, args: [] }),
    getsid: (pid) => k.do_syscall_64({ nr: __NR_getsid, args: [pid] }),
    unshare: (flags) => k.do_syscall_64({ nr: __NR_unshare, args: [flags] }),
    prctl: (option, arg2 = 0, arg3, arg4, arg5) =>
      k.do_syscall_64({ nr: __NR_prctl, args: [option, arg2, arg3, arg4, arg5] }),
    ptrace: (request, pid, addr = 0, data = 0) =>
      k.do_syscall_64({ nr: __NR_ptrace, args: [request, pid, addr, data] }),
  };
}
