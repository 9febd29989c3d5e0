/** Programs made at random, as data that shrinks. */

import fc from 'fast-check';
import {
  CLONE_FILES,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_PARENT,
  CLONE_PIDFD,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
  P_ALL,
  P_PGID,
  P_PID,
  P_PIDFD,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTART,
  SA_SIGINFO,
  SI_KERNEL,
  SI_QUEUE,
  SI_TKILL,
  SI_USER,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SIGCHLD,
  SIGCONT,
  SIGEV_NONE,
  SIGEV_SIGNAL,
  SIGEV_THREAD_ID,
  SIGKILL,
  SIGRTMIN,
  SIGSEGV,
  SIGSTOP,
  SIGTERM,
  SIGTSTP,
  SIGUSR1,
  TIMER_ABSTIME,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
  WUNTRACED,
} from '../../src/kernel/constants.js';

/** One step of a program. */
export type Step =
  | { readonly do: 'kill'; readonly pid: number; readonly sig: number }
  | { readonly do: 'tkill' | 'tgkill'; readonly pid: number; readonly sig: number }
  | {
      readonly do: 'sigqueueinfo' | 'tgsigqueueinfo';
      readonly pid: number;
      readonly sig: number;
      readonly code: number;
    }
  | { readonly do: 'sigqueue'; readonly pid: number; readonly sig: number }
  | { readonly do: 'sigaction'; readonly sig: number; readonly handler: number | string; readonly flags: number }
  | { readonly do: 'sigprocmask'; readonly how: number; readonly set: readonly number[] }
  | { readonly do: 'sigsuspend' | 'sigwait'; readonly set: readonly number[] }
  | { readonly do: 'fork' | 'vfork' | 'thread' | 'exec'; readonly ahead: number }
  | { readonly do: 'clone'; readonly ahead: number; readonly flags: number; readonly exit_signal: number }
  | { readonly do: 'wait4'; readonly pid: number; readonly options: number }
  | { readonly do: 'waitid'; readonly idtype: number; readonly id: number; readonly options: number }
  | { readonly do: 'setpgid'; readonly pid: number; readonly pgid: number }
  | { readonly do: 'setsid' | 'pause' | 'store' | 'fault' | 'sigaltstack' }
  | { readonly do: 'sleep' | 'sleep_until' | 'alarm'; readonly time: number }
  | { readonly do: 'setitimer'; readonly which: number; readonly time: number }
  | { readonly do: 'getitimer'; readonly which: number }
  | { readonly do: 'timer_create'; readonly notify: number; readonly sig: number }
  | { readonly do: 'timer_settime'; readonly timer: number; readonly time: number; readonly flags: number }
  | { readonly do: 'timer_repeat' }
  | { readonly do: 'timer_gettime' | 'timer_getoverrun' | 'timer_delete'; readonly timer: number }
  | { readonly do: 'exit' | 'exit_group'; readonly code: number }
  | { readonly do: 'pipe' }
  | { readonly do: 'read' | 'write' | 'close' | 'poll'; readonly fd: number }
  | { readonly do: 'dup2'; readonly fd: number; readonly to: number }
  | { readonly do: 'signalfd'; readonly set: readonly number[] }
  | { readonly do: 'pidfd_open'; readonly pid: number }
  | { readonly do: 'pidfd_send_signal'; readonly fd: number; readonly sig: number }
  | { readonly do: 'setuid'; readonly uid: number }
  | { readonly do: 'unshare'; readonly flags: number }
  | { readonly do: 'container'; readonly ahead: number }
  | { readonly do: 'pdeathsig'; readonly sig: number }
  | { readonly do: 'subreaper' };

const SIGNALS = [SIGUSR1, SIGTERM, SIGCHLD, SIGRTMIN, SIGSEGV, SIGKILL, SIGSTOP, SIGTSTP, SIGCONT] as const;
const HANDLERS = ['nothing', 'reaps', 'blocks', 'exits'] as const;

const signal = fc.constantFrom(...SIGNALS);
/** Signal 0 only asks. */
const sent = fc.constantFrom(0, ...SIGNALS);
/**
 * What timers with an interval send. It has no handler and is not ignored: it ends the process, or waits to be taken, and
 * only then does its timer go on. So such a timer does not keep a program busy for ever.
 */
export const REPEATED = SIGRTMIN + 1;
const set = fc.uniqueArray(fc.constantFrom(...SIGNALS, REPEATED), { maxLength: 3 });
/** A pid as kill and wait4 take it: the first few processes, the caller's group, everybody. */
const target = fc.constantFrom(100, 101, 102, 103, 104, 0, -1, -100, -101);
const one = fc.constantFrom(100, 101, 102, 103, 104);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('kill'), pid: target, sig: sent }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('tkill', 'tgkill'), pid: one, sig: sent }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('sigqueueinfo', 'tgsigqueueinfo'),
      pid: one,
      sig: sent,
      code: fc.constantFrom(SI_QUEUE, SI_USER, SI_TKILL, SI_KERNEL),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sigqueue'), pid: one, sig: signal }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('sigaction'),
      sig: signal,
      handler: fc.constantFrom<number | string>(SIG_DFL, SIG_IGN, ...HANDLERS),
      flags: fc
        .subarray([SA_RESTART, SA_SIGINFO, SA_NODEFER, SA_ONSTACK, SA_NOCLDSTOP, SA_NOCLDWAIT, SA_RESETHAND])
        .map((flags) => flags.reduce((sum, flag) => sum | flag, 0)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('sigprocmask'),
      how: fc.constantFrom(SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK),
      set,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('sigsuspend', 'sigwait'), set }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('fork', 'fork', 'thread', 'thread', 'exec', 'vfork'),
      ahead: fc.nat(2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('clone'),
      ahead: fc.nat(2),
      flags: fc.constantFrom(
        CLONE_PARENT,
        CLONE_VM,
        CLONE_FILES,
        CLONE_PIDFD,
        CLONE_VFORK,
        CLONE_VM | CLONE_VFORK,
        CLONE_VM | CLONE_SIGHAND,
        CLONE_VM | CLONE_SIGHAND | CLONE_PARENT,
        CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
        // These do not go together.
        CLONE_SIGHAND,
      ),
      exit_signal: fc.constantFrom(SIGCHLD, SIGCHLD, SIGUSR1, 0),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait4'),
      pid: target,
      options: fc.subarray([WNOHANG, WUNTRACED, WCONTINUED]).map((flags) => flags.reduce((sum, flag) => sum | flag, 0)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('waitid'),
      idtype: fc.constantFrom(P_ALL, P_ALL, P_PID, P_PGID, P_PIDFD),
      id: fc.constantFrom(0, 1, 100, 101, 102),
      options: fc
        .subarray([WNOHANG, WNOWAIT, WSTOPPED, WCONTINUED])
        .map((flags) => flags.reduce((sum, flag) => sum | flag, WEXITED)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('setpgid'),
      pid: fc.constantFrom(0, 101),
      pgid: fc.constantFrom(0, 100, 101),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('setsid', 'pause', 'store', 'fault', 'sigaltstack') }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('sleep', 'sleep_until', 'alarm'), time: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('setitimer'), which: fc.nat(3), time: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('timer_repeat') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('getitimer'), which: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('timer_create'),
      notify: fc.constantFrom(SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD_ID),
      sig: fc.constantFrom(...SIGNALS, REPEATED, REPEATED),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('timer_settime'),
      timer: fc.nat(2),
      time: fc.nat(2),
      flags: fc.constantFrom(0, TIMER_ABSTIME),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('timer_gettime', 'timer_getoverrun', 'timer_delete'),
      timer: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('exit', 'exit_group'), code: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pipe') }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('read', 'write', 'write', 'close', 'poll'), fd: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('dup2'), fd: fc.nat(3), to: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('signalfd'), set }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pidfd_open'), pid: one }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pidfd_send_signal'), fd: fc.nat(3), sig: sent }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('setuid'), uid: fc.constantFrom(0, 1000, 1001) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('unshare'),
      flags: fc.constantFrom(CLONE_FILES, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWPID),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('container'), ahead: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pdeathsig'), sig: sent }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('subreaper') }) },
);

/** A program: its steps, and whether it then ends, or waits for signals for ever, in the kernel or in user mode. */
export interface MadeProgram {
  readonly steps: readonly Step[];
  readonly ending: 'exit' | 'pause' | 'stay';
}

export interface Made {
  /** Who runs them: root may do more. */
  readonly uid: number;
  /** The signals that the first process has a handler for. Forks inherit it. */
  readonly handled: readonly number[];
  /** In order: each starts only later ones, so that every run has an end. */
  readonly programs: readonly MadeProgram[];
}

export const made: fc.Arbitrary<Made> = fc.record({
  uid: fc.constantFrom(0, 1000),
  handled: fc.uniqueArray(fc.constantFrom(SIGUSR1, SIGTERM, SIGCHLD, SIGRTMIN, SIGTSTP, SIGCONT), { maxLength: 4 }),
  programs: fc.array(
    fc.record({ steps: fc.array(step, { maxLength: 6 }), ending: fc.constantFrom('exit', 'pause', 'stay') }),
    { minLength: 2, maxLength: 5 },
  ),
});

/** Whether some program makes a step of a kind. */
export function makes(programs: Made, is: (step: Step) => boolean): boolean {
  return programs.programs.some(({ steps }) => steps.some(is));
}

/** Whether a step starts another thread. */
export function startsThread(step: Step): boolean {
  return step.do === 'thread' || (step.do === 'clone' && (step.flags & CLONE_THREAD) !== 0);
}
