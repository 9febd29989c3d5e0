/** What the steps of generated programs do, and the scenario that runs these. */

import {
  CLONE_NEWPID,
  MINSIGSTKSZ,
  POLLIN,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_PDEATHSIG,
  SEGV_MAPERR,
  SFD_NONBLOCK,
  SIG_BLOCK,
  SIGEV_SIGNAL,
  SIGSEGV,
  TIMER_ABSTIME,
  WNOHANG,
} from '../../src/kernel/constants.js';
import { CLOCK_MONOTONIC } from '../../src/kernel/hrtimer.js';
import type { Itimerspec } from '../../src/kernel/posix-timers.js';
import type { Scenario } from '../../src/kernel/scenario.js';
import { type SigMask, sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { type Made, REPEATED, type Step } from './generate.js';
import { scenarioOf } from './programs.js';

function maskOf(signals: readonly number[]): SigMask {
  return sigmask(...signals);
}

const NEVER = { tv_sec: 0, tv_usec: 0 };

function setting(time: number, interval: number): Itimerspec {
  return { it_value: { tv_sec: time, tv_nsec: 0 }, it_interval: { tv_sec: interval, tv_nsec: 0 } };
}

/** Makes a timer with an interval: not where its signal is ignored, as it is by a namespace's init, for it would never rest. */
function* repeat(sys: Sys): Coroutine<void> {
  if ((yield* sys.getpid()) === 1) return;
  const out = { timerid: -1 };
  yield* sys.timer_create(CLOCK_MONOTONIC, { sigev_notify: SIGEV_SIGNAL, sigev_signo: REPEATED }, out);
  yield* sys.timer_settime(out.timerid, 0, setting(1, 1));
}

function* perform(sys: Sys, step: Step, number: number, count: number): Coroutine<void> {
  switch (step.do) {
    case 'kill':
      yield* sys.kill(step.pid, step.sig);
      break;
    case 'tkill':
      yield* sys.tkill(step.pid, step.sig);
      break;
    case 'tgkill':
      yield* sys.tgkill(step.pid, step.pid, step.sig);
      break;
    case 'sigqueueinfo':
      yield* sys.rt_sigqueueinfo(step.pid, step.sig, { si_code: step.code, si_value: 1 });
      break;
    case 'tgsigqueueinfo':
      yield* sys.rt_tgsigqueueinfo(100, step.pid, step.sig, { si_code: step.code, si_value: 1 });
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
    case 'clone': {
      const next = number + 1 + step.ahead;
      const { flags, exit_signal } = step;
      if (next < count) yield* sys.clone(flags, `p${next}`, { cpu: next % 2, exit_signal, pidfd: { pidfd: -1 } });
      break;
    }
    case 'wait4':
      yield* sys.wait4(step.pid, step.options);
      break;
    case 'waitid':
      yield* sys.waitid(step.idtype, step.id, null, step.options);
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
    case 'sleep_until':
      yield* sys.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, { tv_sec: step.time, tv_nsec: 0 });
      break;
    case 'setitimer':
      yield* sys.setitimer(step.which, { it_value: { tv_sec: step.time, tv_usec: 0 }, it_interval: NEVER });
      break;
    case 'getitimer':
      yield* sys.getitimer(step.which, { it_value: NEVER, it_interval: NEVER });
      break;
    case 'timer_create': {
      const event = { sigev_notify: step.notify, sigev_signo: step.sig, sigev_notify_thread_id: sys.tid };
      yield* sys.timer_create(CLOCK_MONOTONIC, event, { timerid: -1 });
      break;
    }
    case 'timer_settime':
      yield* sys.timer_settime(step.timer, step.flags, setting(step.time, 0));
      break;
    case 'timer_repeat':
      yield* repeat(sys);
      break;
    case 'timer_gettime':
      yield* sys.timer_gettime(step.timer, setting(0, 0));
      break;
    case 'timer_getoverrun':
      yield* sys.timer_getoverrun(step.timer);
      break;
    case 'timer_delete':
      yield* sys.timer_delete(step.timer);
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
