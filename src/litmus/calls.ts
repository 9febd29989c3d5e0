/** The system calls of the language: what each takes, what it gives, and how the model makes it. */

import { EINVAL, ITIMER_REAL } from '../kernel/constants.js';
import type { Timespec } from '../kernel/hrtimer.js';
import type { SigMask } from '../kernel/sigset.js';
import type { ReceivedSiginfo, Sys } from '../kernel/sys.js';
import type { WaitidInfo } from '../kernel/wait.js';
import type { Coroutine } from '../sync/gate.js';
import type { ValueKind } from './words.js';

/**
 * What an argument is: `value`, a number; `set`, `{SIGUSR1}`; `time`, `20us`; `action`, a handler, `SIG_DFL` or
 * `SIG_IGN`; `status`, `&s`; `info`, `&i`, which fills `i.si_code` and the like; `program`, what is started.
 */
export type ParamKind = 'value' | 'set' | 'time' | 'action' | 'status' | 'info' | 'program';

export interface Param {
  readonly name: string;
  readonly kind: ParamKind;
  readonly optional: boolean;
}

/** A call's arguments, by position. One that was left out is 0, empty or null. */
export interface Values {
  number(at: number): number;
  mask(at: number): SigMask;
  time(at: number): Timespec | null;
  action(at: number): string | number;
  /** What is started, the number that it gets as its argument, and its CPU. */
  start(at: number): readonly [program: string, arg: number, cpu: number];
  /** Puts a value where `&r` says, if anything was given there. */
  put(at: number, value: number, field?: string): void;
}

export interface Call {
  readonly params: readonly Param[];
  /** What its result stands for. */
  readonly gives: ValueKind;
  /** It ends at once whatever happens, and so may stand in a setup. */
  readonly inSetup: boolean;
  /** What it starts. */
  readonly starts: 'process' | 'thread' | 'image' | null;
  readonly run: (sys: Sys, values: Values) => Coroutine<number>;
}

/** What `&i` fills: the field, and what its value stands for. */
export const INFO_FIELDS: Readonly<Record<string, ValueKind>> = {
  si_signo: 'signal',
  si_code: 'code',
  si_pid: 'pid',
  si_uid: 'int',
  si_status: 'int',
  si_value: 'int',
};
/** Of those what `waitid` fills. */
const WAITID_FIELDS = ['si_signo', 'si_code', 'si_pid', 'si_status'] as const;
const SIGINFO_FIELDS = ['si_signo', 'si_code', 'si_pid', 'si_uid', 'si_status', 'si_value'] as const;

const SIGNALFD_SIGINFO_SIZE = 128;
const NSEC_PER_SEC = 1_000_000_000;
const NSEC_PER_USEC = 1_000;

export function timespecOf(nanoseconds: number): Timespec {
  return { tv_sec: Math.floor(nanoseconds / NSEC_PER_SEC), tv_nsec: nanoseconds % NSEC_PER_SEC };
}

interface Traits {
  readonly gives?: ValueKind;
  readonly waits?: boolean;
  readonly starts?: Call['starts'];
}

/** @param params like `pid, sig, flags?: value, set: set`: the kind is `value` if none is said */
function call(params: string, run: Call['run'], { gives = 'int', waits = false, starts = null }: Traits = {}): Call {
  const list = params === '' ? [] : params.split(', ');
  return {
    params: list.map((text) => {
      const [name = '', kind = 'value'] = text.split(': ');
      return { name: name.replace('?', ''), kind: kind as ParamKind, optional: name.endsWith('?') };
    }),
    gives,
    inSetup: !waits && starts === null,
    starts,
    run,
  };
}

function putInfo(values: Values, at: number, info: WaitidInfo | ReceivedSiginfo, fields: readonly string[]): void {
  const all: Readonly<Record<string, number>> = { ...info };
  for (const field of fields) values.put(at, all[field] ?? 0, field);
}

function* waitpid(sys: Sys, values: Values, pid: number, status: number, options: number): Coroutine<number> {
  const found = yield* sys.waitpid(pid, options);
  if (found.pid > 0) values.put(status, found.status);
  return found.pid;
}

function* waitid(sys: Sys, v: Values): Coroutine<number> {
  const info: WaitidInfo = { si_signo: 0, si_code: 0, si_pid: 0, si_uid: 0, si_status: 0 };
  const result = yield* sys.waitid(v.number(0), v.number(1), info, v.number(3));
  if (result === 0) putInfo(v, 2, info, WAITID_FIELDS);
  return result;
}

/** `killpg(3)`, as the C library has it. */
function* killpg(sys: Sys, pgrp: number, sig: number): Coroutine<number> {
  return pgrp < 0 ? -EINVAL : yield* sys.kill(-pgrp, sig);
}

/** Arms `ITIMER_REAL` once. */
function setitimer(sys: Sys, value: Timespec | null): Coroutine<number> {
  const { tv_sec, tv_nsec } = value ?? timespecOf(0);
  const it_value = { tv_sec, tv_usec: Math.ceil(tv_nsec / NSEC_PER_USEC) };
  return sys.setitimer(ITIMER_REAL, { it_value, it_interval: { tv_sec: 0, tv_usec: 0 } });
}

/** Longer reads and writes are of so many bytes, and those of less than none of none; so in the native program. */
const LONGEST_IO = 1 << 20;

/** Bytes to read or write, which do not matter. */
function bytesOf(count: number): Uint8Array {
  return new Uint8Array(Math.max(0, Math.min(count, LONGEST_IO)));
}

/** The signal that was read from a signalfd: one only. */
function* readSignal(sys: Sys, fd: number): Coroutine<number> {
  const buffer = new Uint8Array(SIGNALFD_SIGINFO_SIZE);
  const size = yield* sys.read(fd, buffer);
  return size === SIGNALFD_SIGINFO_SIZE ? (buffer[0] as number) : size;
}

/** Whether a signal is in the set that `sigpending(2)` gives. */
function* sigpending(sys: Sys, sig: number): Coroutine<number> {
  const set = { lo: 0, hi: 0 };
  const result = yield* sys.sigpending(set);
  if (result < 0) return result;
  const half = sig <= 32 ? set.lo : set.hi;
  return (half >>> ((sig - 1) % 32)) & 1;
}

function* sigtimedwait(sys: Sys, values: Values, timeout: Timespec | null, out: number): Coroutine<number> {
  const info: ReceivedSiginfo = {};
  const sig = yield* sys.sigtimedwait(values.mask(0), info, timeout);
  if (sig > 0) putInfo(values, out, info, SIGINFO_FIELDS);
  return sig;
}

const WAITS: Traits = { waits: true };
const GIVES_PID: Traits = { gives: 'pid' };

/** The calls by their names. */
export const CALLS: Readonly<Record<string, Call>> = {
  kill: call('pid, sig', (sys, v) => sys.kill(v.number(0), v.number(1))),
  tkill: call('tid, sig', (sys, v) => sys.tkill(v.number(0), v.number(1))),
  tgkill: call('tgid, tid, sig', (sys, v) => sys.tgkill(v.number(0), v.number(1), v.number(2))),
  sigqueue: call('pid, sig, value', (sys, v) => sys.sigqueue(v.number(0), v.number(1), v.number(2))),
  killpg: call('pgrp, sig', (sys, v) => killpg(sys, v.number(0), v.number(1))),
  sigaction: call('sig, action: action, flags?, mask?: set', (sys, v) =>
    sys.sigaction(v.number(0), v.action(1) as string, { flags: v.number(2), mask: v.mask(3) }),
  ),
  sigprocmask: call('how, set: set', (sys, v) => sys.sigprocmask(v.number(0), v.mask(1))),
  sigpending: call('sig', (sys, v) => sigpending(sys, v.number(0))),
  sigsuspend: call('mask: set', (sys, v) => sys.sigsuspend(v.mask(0)), WAITS),
  pause: call('', (sys) => sys.pause(), WAITS),
  sigwaitinfo: call('set: set, info?: info', (sys, v) => sigtimedwait(sys, v, null, 1), {
    gives: 'signal',
    waits: true,
  }),
  sigtimedwait: call('set: set, timeout: time, info?: info', (sys, v) => sigtimedwait(sys, v, v.time(1), 2), {
    gives: 'signal',
    waits: true,
  }),
  fork: call('program: program', (sys, v) => sys.fork(...v.start(0)), { gives: 'pid', starts: 'process' }),
  vfork: call('program: program', (sys, v) => sys.vfork(...v.start(0)), { gives: 'pid', starts: 'process' }),
  thread: call('program: program', (sys, v) => sys.thread(...v.start(0)), { gives: 'pid', starts: 'thread' }),
  execve: call('program: program', (sys, v) => sys.execve(v.start(0)[0], v.start(0)[1]), { starts: 'image' }),
  exit: call('code', (sys, v) => sys.exit(v.number(0)), WAITS),
  exit_group: call('code', (sys, v) => sys.exit_group(v.number(0)), WAITS),
  wait: call('status?: status', (sys, v) => waitpid(sys, v, -1, 0, 0), { gives: 'pid', waits: true }),
  waitpid: call('pid, status?: status, options?', (sys, v) => waitpid(sys, v, v.number(0), 1, v.number(2)), {
    gives: 'pid',
    waits: true,
  }),
  waitid: call('idtype, id, info: info, options', waitid, WAITS),
  getpid: call('', (sys) => sys.getpid(), GIVES_PID),
  gettid: call('', (sys) => sys.gettid(), GIVES_PID),
  getppid: call('', (sys) => sys.getppid(), GIVES_PID),
  getpgrp: call('', (sys) => sys.getpgrp(), GIVES_PID),
  getpgid: call('pid', (sys, v) => sys.getpgid(v.number(0)), GIVES_PID),
  getsid: call('pid', (sys, v) => sys.getsid(v.number(0)), GIVES_PID),
  setpgid: call('pid, pgid', (sys, v) => sys.setpgid(v.number(0), v.number(1))),
  setsid: call('', (sys) => sys.setsid(), GIVES_PID),
  getuid: call('', (sys) => sys.getuid()),
  geteuid: call('', (sys) => sys.geteuid()),
  setuid: call('uid', (sys, v) => sys.setuid(v.number(0))),
  setreuid: call('ruid, euid', (sys, v) => sys.setreuid(v.number(0), v.number(1))),
  setresuid: call('ruid, euid, suid', (sys, v) => sys.setresuid(v.number(0), v.number(1), v.number(2))),
  alarm: call('seconds', (sys, v) => sys.alarm(v.number(0)), WAITS),
  setitimer: call('value: time', (sys, v) => setitimer(sys, v.time(0)), WAITS),
  nanosleep: call('time: time', (sys, v) => sys.nanosleep(v.time(0)), WAITS),
  read: call('fd, count', (sys, v) => sys.read(v.number(0), bytesOf(v.number(1))), WAITS),
  write: call('fd, count', (sys, v) => sys.write(v.number(0), bytesOf(v.number(1)))),
  close: call('fd', (sys, v) => sys.close(v.number(0))),
  dup2: call('oldfd, newfd', (sys, v) => sys.dup2(v.number(0), v.number(1))),
  signalfd: call('mask: set, flags?', (sys, v) => sys.signalfd(-1, v.mask(0), v.number(1)), { gives: 'descriptor' }),
  read_signal: call('fd', (sys, v) => readSignal(sys, v.number(0)), { gives: 'signal', waits: true }),
  pidfd_open: call('pid', (sys, v) => sys.pidfd_open(v.number(0), 0), { gives: 'descriptor' }),
  pidfd_send_signal: call('pidfd, sig', (sys, v) => sys.pidfd_send_signal(v.number(0), v.number(1), null, 0)),
  prctl: call('option, value', (sys, v) => sys.prctl(v.number(0), v.number(1))),
  ptrace: call('request, pid, data?', (sys, v) => sys.ptrace(v.number(0), v.number(1), 0, v.number(2))),
  setrlimit: call('resource, limit', (sys, v) =>
    sys.setrlimit(v.number(0), { rlim_cur: v.number(1), rlim_max: v.number(1) }),
  ),
};
