/** Programs made at random, as data that shrinks, and the scenario that runs them. */

import fc from 'fast-check';
import {
  CLONE_FILES,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  MINSIGSTKSZ,
  P_ALL,
  POLLIN,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_PDEATHSIG,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTART,
  SA_SIGINFO,
  SEGV_MAPERR,
  SFD_NONBLOCK,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGRTMIN,
  SIGSEGV,
  SIGSTOP,
  SIGTERM,
  SIGTSTP,
  SIGUSR1,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import type { Scenario } from '../../src/kernel/scenario.js';
import { type SigMask, sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { scenarioOf } from './programs.js';

/** One step of a program. */
export type Step =
  | { readonly do: 'kill'; readonly pid: number; readonly sig: number }
  | { readonly do: 'tkill'; readonly pid: number; readonly sig: number }
  | { readonly do: 'sigqueue'; readonly pid: number; readonly sig: number }
  | { readonly do: 'sigaction'; readonly sig: number; readonly handler: number | string; readonly flags: number }
  | { readonly do: 'sigprocmask'; readonly how: number; readonly set: readonly number[] }
  | { readonly do: 'sigsuspend' | 'sigwait'; readonly set: readonly number[] }
  | { readonly do: 'fork' | 'vfork' | 'thread' | 'exec'; readonly ahead: number }
  | { readonly do: 'wait4'; readonly pid: number; readonly options: number }
  | { readonly do: 'waitid'; readonly options: number }
  | { readonly do: 'setpgid'; readonly pid: number; readonly pgid: number }
  | { readonly do: 'setsid' | 'pause' | 'store' | 'fault' | 'sigaltstack' }
  | { readonly do: 'sleep' | 'alarm'; readonly time: number }
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
const set = fc.uniqueArray(signal, { maxLength: 3 });
/** A pid as kill and wait4 take it: the first few processes, the caller's group, everybody. */
const target = fc.constantFrom(100, 101, 102, 103, 104, 0, -1, -100, -101);
const one = fc.constantFrom(100, 101, 102, 103, 104);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('kill'), pid: target, sig: sent }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tkill'), pid: one, sig: sent }) },
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
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('sleep', 'alarm'), time: fc.integer({ min: 0, max: 2 }) }) },
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

function maskOf(signals: readonly number[]): SigMask {
  return sigmask(...signals);
}

function* perform(sys: Sys, step: Step, number: number, count: number): Coroutine<void> {
  switch (step.do) {
    case 'kill':
      yield* sys.kill(step.pid, step.sig);
      break;
    case 'tkill':
      yield* sys.tkill(step.pid, step.sig);
      break;
    case 'sigqueue':
      yield* sys.sigqueue(step.pid, step.sig, 1);
      break;
    case 'sigaction':
      yield* sys.sigaction(step.sig, step.handler as string, { flags: step.flags });
      break;
    case 'sigprocmask':
      yield* sys.sigprocmask(step.how, maskOf(step.set));
      break;
    case 'sigsuspend':
      yield* sys.sigsuspend(maskOf(step.set));
      break;
    case 'sigwait':
      yield* sys.sigtimedwait(maskOf(step.set), null, { tv_sec: 0, tv_nsec: 1000 });
      break;
    case 'fork':
    case 'vfork':
    case 'thread':
    case 'exec': {
      const next = number + 1 + step.ahead;
      if (next >= count) break;
      if (step.do === 'exec') yield* sys.execve(`p${next}`);
      else if (step.do === 'vfork') yield* sys.vfork(`p${next}`, 0, next % 2);
      else yield* step.do === 'fork' ? sys.fork(`p${next}`, 0, next % 2) : sys.thread(`p${next}`, 0, next % 2);
      break;
    }
    case 'wait4':
      yield* sys.wait4(step.pid, step.options);
      break;
    case 'waitid':
      yield* sys.waitid(P_ALL, 0, null, step.options);
      break;
    case 'setpgid':
      yield* sys.setpgid(step.pid, step.pgid);
      break;
    case 'setsid':
      yield* sys.setsid();
      break;
    case 'pause':
      yield* sys.pause();
      break;
    case 'fault':
      yield* sys.fault(SIGSEGV, SEGV_MAPERR);
      break;
    case 'sigaltstack':
      yield* sys.sigaltstack({ ss_sp: 0x10000, ss_flags: 0, ss_size: MINSIGSTKSZ });
      break;
    case 'store':
      yield* sys.store(0, number);
      break;
    case 'sleep':
      yield* sys.nanosleep({ tv_sec: step.time, tv_nsec: 0 });
      break;
    case 'alarm':
      yield* sys.alarm(step.time);
      break;
    case 'exit':
      yield* sys.exit(step.code);
      break;
    case 'exit_group':
      yield* sys.exit_group(step.code);
      break;
    case 'pipe':
      yield* sys.pipe([]);
      break;
    case 'read':
      yield* sys.read(step.fd, new Uint8Array(128));
      break;
    case 'write':
      yield* sys.write(step.fd, 'x');
      break;
    case 'close':
      yield* sys.close(step.fd);
      break;
    case 'poll':
      yield* sys.poll([{ fd: step.fd, events: POLLIN, revents: 0 }], 1, 1);
      break;
    case 'dup2':
      yield* sys.dup2(step.fd, step.to);
      break;
    case 'signalfd':
      yield* sys.signalfd(-1, maskOf(step.set), SFD_NONBLOCK);
      break;
    case 'pidfd_open':
      yield* sys.pidfd_open(step.pid, 0);
      break;
    case 'pidfd_send_signal':
      yield* sys.pidfd_send_signal(step.fd, step.sig, null, 0);
      break;
    case 'setuid':
      yield* sys.setuid(step.uid);
      break;
    case 'unshare':
      yield* sys.unshare(step.flags);
      break;
    case 'container': {
      const next = number + 1 + step.ahead;
      if (next < count) yield* sys.clone(CLONE_NEWPID, `p${next}`, { cpu: next % 2 });
      break;
    }
    case 'pdeathsig':
      yield* sys.prctl(PR_SET_PDEATHSIG, step.sig);
      break;
    case 'subreaper':
      yield* sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
      break;
  }
}

/** Whether some program makes a step. */
export function makes(programs: Made, kind: Step['do']): boolean {
  return programs.programs.some(({ steps }) => steps.some((made) => made.do === kind));
}

/** The scenario of generated programs: two processes of the first one race. */
export function generatedScenario({ uid, handled, programs }: Made): Scenario {
  const runs = programs.map(({ steps, ending }, number): [string, (sys: Sys) => Coroutine<void>] => [
    `p${number}`,
    function* (sys) {
      for (const next of steps) yield* perform(sys, next, number, programs.length);
      while (ending === 'pause') yield* sys.pause();
      if (ending === 'stay') yield* sys.stay();
    },
  ]);
  return scenarioOf({
    cpus: 2,
    programs: Object.fromEntries(runs),
    handlers: {
      *nothing() {},
      *reaps(sys) {
        while ((yield* sys.wait4(-1, WNOHANG)).pid > 0);
      },
      *blocks(sys, sig) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(sig));
      },
      *exits(sys) {
        yield* sys.exit(1);
      },
    },
    results: [],
    setup(setup) {
      const first = setup.process('p0', { cpu: 0, uid });
      for (const sig of handled) setup.sigaction(first, sig, 'nothing');
      setup.process('p1', { parent: first, cpu: 1 });
    },
  });
}
