/** `ptrace(2)`. */

import {
  __NR_getpid,
  EFAULT,
  EINVAL,
  EIO,
  EPERM,
  ESRCH,
  ORIG_RAX,
  PTRACE_ATTACH,
  PTRACE_CONT,
  PTRACE_DETACH,
  PTRACE_EVENT_EXEC,
  PTRACE_EVENT_FORK,
  PTRACE_GETEVENTMSG,
  PTRACE_GETREGS,
  PTRACE_GETSIGINFO,
  PTRACE_INTERRUPT,
  PTRACE_KILL,
  PTRACE_O_EXITKILL,
  PTRACE_O_TRACEEXEC,
  PTRACE_O_TRACEFORK,
  PTRACE_PEEKDATA,
  PTRACE_PEEKTEXT,
  PTRACE_PEEKUSR,
  PTRACE_POKEDATA,
  PTRACE_POKETEXT,
  PTRACE_SEIZE,
  PTRACE_SETOPTIONS,
  PTRACE_SINGLESTEP,
  PTRACE_SYSCALL,
  PTRACE_TRACEME,
  SIGCONT,
  SIGKILL,
  SIGRTMAX,
  SIGSTOP,
  SIGTRAP,
  SIGUSR1,
  WUNTRACED,
} from '../../../src/kernel/constants.js';
import type { PtraceSiginfo, PtraceWord } from '../../../src/kernel/ptrace-request.js';
import type { Program } from '../../../src/kernel/scenario.js';
import type { Sys } from '../../../src/kernel/sys.js';
import { WIFSTOPPED, WSTOPSIG } from '../../../src/kernel/waitstatus.js';
import type { Coroutine } from '../../../src/sync/gate.js';
import { checkCall, same } from '../../support/syscalls.js';
import { pauses } from '../../support/tasks.js';

/** Has itself traced, and stops. Ends with 7 when it goes on. */
const traced: Program = function* (sys) {
  same(sys, 'PTRACE_TRACEME', yield* sys.ptrace(PTRACE_TRACEME, 0), 0);
  yield* sys.raise(sys.arg === 0 ? SIGSTOP : sys.arg);
  yield* sys.getpid();
  return 7;
};

/** Waits for a stop. */
function* stopOf(sys: Sys, pid: number, sig: number): Coroutine<number> {
  const found = yield* sys.waitpid(pid, WUNTRACED);
  same(sys, 'waitpid', found.pid, pid);
  sys.check(WIFSTOPPED(found.status), `status ${found.status}`);
  same(sys, 'the signal', WSTOPSIG(found.status) & 0x7f, sig);
  return found.status >> 16;
}

checkCall('ptrace', {
  'PTRACE_TRACEME stops the child at a signal; PTRACE_CONT lets it go on': {
    *main(sys) {
      const child = yield* sys.fork('traced', 0, 1);
      yield* stopOf(sys, child, SIGSTOP);
      same(sys, 'PTRACE_CONT', yield* sys.ptrace(PTRACE_CONT, child), 0);
      same(sys, 'status', (yield* sys.waitpid(child)).status, 7 << 8);
    },
    programs: { traced },
  },
  'PTRACE_KILL ends it': {
    *main(sys) {
      const child = yield* sys.fork('traced', 0, 1);
      yield* stopOf(sys, child, SIGSTOP);
      same(sys, 'PTRACE_KILL', yield* sys.ptrace(PTRACE_KILL, child), 0);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGKILL);
    },
    programs: { traced },
  },
  'every signal but SIGKILL stops a tracee, handled or not': {
    *main(sys) {
      for (let sig = 1; sig <= SIGRTMAX; sig += 1) {
        if (sig > 20 && sig < SIGRTMAX) continue;
        const child = yield* sys.fork('traced', sig, 1);
        if (sig !== SIGKILL) {
          yield* stopOf(sys, child, sig);
          same(sys, 'PTRACE_KILL', yield* sys.ptrace(PTRACE_KILL, child), 0);
        }
        same(sys, 'status', (yield* sys.waitpid(child)).status, SIGKILL);
      }
    },
    programs: { traced },
  },
  'PTRACE_ATTACH stops the process, and PTRACE_DETACH lets it go': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'PTRACE_ATTACH', yield* sys.ptrace(PTRACE_ATTACH, child), 0);
      yield* stopOf(sys, child, SIGSTOP);
      same(sys, 'again', yield* sys.ptrace(PTRACE_ATTACH, child), -EPERM);
      same(sys, 'PTRACE_DETACH', yield* sys.ptrace(PTRACE_DETACH, child, 0, SIGUSR1), 0);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGUSR1);
    },
    programs: { child: pauses },
  },
  'refuses processes that are not there, not traced, of another user, and oneself': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      for (const request of [PTRACE_ATTACH, PTRACE_CONT, PTRACE_DETACH]) {
        same(sys, 'nobody', yield* sys.ptrace(request, 999), -ESRCH);
      }
      for (const request of [PTRACE_CONT, PTRACE_KILL, PTRACE_PEEKUSR, PTRACE_SYSCALL]) {
        same(sys, 'not traced', yield* sys.ptrace(request, child), -ESRCH);
      }
      same(sys, 'oneself', yield* sys.ptrace(PTRACE_ATTACH, yield* sys.getpid()), -EPERM);
      yield* sys.setresuid(1000, 1000, 0);
      same(sys, 'another user', yield* sys.ptrace(PTRACE_ATTACH, child), -EPERM);
      yield* sys.seteuid(0);
      yield* sys.kill(child, SIGKILL);
      yield* sys.wait();
    },
    programs: { child: pauses },
  },
  'refuses requests, signals, options and addresses that there are not': {
    *main(sys) {
      const child = yield* sys.fork('traced', 0, 1);
      yield* stopOf(sys, child, SIGSTOP);
      same(sys, 'request', yield* sys.ptrace(0x7777, child), -EIO);
      same(sys, 'signal', yield* sys.ptrace(PTRACE_CONT, child, 0, SIGRTMAX + 1), -EIO);
      same(sys, 'option', yield* sys.ptrace(PTRACE_SETOPTIONS, child, 0, -1), -EINVAL);
      same(sys, 'address', yield* sys.ptrace(PTRACE_PEEKUSR, child, 1, { value: 0 }), -EIO);
      same(sys, 'address', yield* sys.ptrace(PTRACE_PEEKUSR, child, 1 << 20, { value: 0 }), -EIO);
      for (const request of [PTRACE_PEEKTEXT, PTRACE_PEEKDATA, PTRACE_POKETEXT, PTRACE_POKEDATA]) {
        same(sys, 'memory', yield* sys.ptrace(request, child, 0, { value: 0 }), -EIO);
      }
      same(sys, 'nowhere', yield* sys.ptrace(PTRACE_GETREGS, child, 0, null), -EFAULT);
      same(sys, 'not seized', yield* sys.ptrace(PTRACE_INTERRUPT, child), -EIO);
      same(sys, 'PTRACE_CONT', yield* sys.ptrace(PTRACE_CONT, child), 0);
      yield* sys.wait();
    },
    programs: { traced },
  },
  'PTRACE_SYSCALL stops before and after a system call, and its registers can be read': {
    *main(sys) {
      const child = yield* sys.fork('traced', 0, 1);
      yield* stopOf(sys, child, SIGSTOP);
      for (let stop = 0; stop < 2; stop++) {
        // The end of tgkill, which raised the signal, comes first.
        yield* sys.ptrace(PTRACE_SYSCALL, child);
        yield* stopOf(sys, child, SIGTRAP);
      }
      const word: PtraceWord = { value: -1 };
      same(sys, 'PTRACE_PEEKUSR', yield* sys.ptrace(PTRACE_PEEKUSR, child, ORIG_RAX, word), 0);
      const regs = { orig_ax: -1, ax: -1 };
      same(sys, 'PTRACE_GETREGS', yield* sys.ptrace(PTRACE_GETREGS, child, 0, regs), 0);
      same(sys, 'orig_ax', regs.orig_ax, word.value);
      yield* sys.ptrace(PTRACE_CONT, child);
      same(sys, 'status', (yield* sys.waitpid(child)).status, 7 << 8);
    },
    programs: { traced },
  },
  'PTRACE_SINGLESTEP stops after a step': {
    *main(sys) {
      const child = yield* sys.fork('traced', 0, 1);
      yield* stopOf(sys, child, SIGSTOP);
      same(sys, 'PTRACE_SINGLESTEP', yield* sys.ptrace(PTRACE_SINGLESTEP, child), 0);
      yield* stopOf(sys, child, SIGTRAP);
      yield* sys.ptrace(PTRACE_CONT, child);
      same(sys, 'status', (yield* sys.waitpid(child)).status, 7 << 8);
    },
    programs: { traced },
  },
  'PTRACE_GETSIGINFO tells the signal, and PTRACE_CONT may put another in its place': {
    *main(sys) {
      const child = yield* sys.fork('traced', SIGUSR1, 1);
      yield* stopOf(sys, child, SIGUSR1);
      const info: PtraceSiginfo = {};
      same(sys, 'PTRACE_GETSIGINFO', yield* sys.ptrace(PTRACE_GETSIGINFO, child, 0, info), 0);
      same(sys, 'si_signo', info.si_signo, SIGUSR1);
      same(sys, 'si_pid', info.si_pid, child);
      yield* sys.ptrace(PTRACE_CONT, child, 0, SIGKILL);
      same(sys, 'status', (yield* sys.waitpid(child)).status, SIGKILL);
    },
    programs: { traced },
  },
  'options have it tell of forks and execs': {
    *main(sys) {
      const child = yield* sys.fork('forks', 0, 1);
      yield* stopOf(sys, child, SIGSTOP);
      same(sys, 'options', yield* sys.ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXEC), 0);
      yield* sys.ptrace(PTRACE_CONT, child);
      same(sys, 'event', yield* stopOf(sys, child, SIGTRAP), PTRACE_EVENT_FORK);
      const word: PtraceWord = { value: -1 };
      yield* sys.ptrace(PTRACE_GETEVENTMSG, child, 0, word);
      // The new one is traced, and stops.
      yield* stopOf(sys, word.value, SIGSTOP);
      yield* sys.ptrace(PTRACE_DETACH, word.value);
      yield* sys.ptrace(PTRACE_CONT, child);
      let event: number;
      do {
        const { status } = yield* sys.waitpid(child);
        event = status >> 16;
        if (event !== PTRACE_EVENT_EXEC) yield* sys.ptrace(PTRACE_CONT, child);
      } while (event !== PTRACE_EVENT_EXEC);
      let status: number;
      do {
        // SIGCHLD stops it as well.
        yield* sys.ptrace(PTRACE_CONT, child);
        ({ status } = yield* sys.waitpid(child));
      } while (WIFSTOPPED(status));
      same(sys, 'status', status, 8 << 8);
    },
    programs: {
      *forks(sys) {
        yield* sys.ptrace(PTRACE_TRACEME, 0);
        yield* sys.raise(SIGSTOP);
        yield* sys.fork('ends', 0, 0);
        yield* sys.execve('ends', 8);
      },
      *ends(sys) {
        yield* sys.exit(sys.arg);
      },
    },
  },
  'PTRACE_SEIZE does not stop, PTRACE_INTERRUPT does, and a tracer’s end with PTRACE_O_EXITKILL ends the tracee': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      const tracer = yield* sys.fork('tracer', child, 0);
      same(sys, 'the tracer', (yield* sys.waitpid(tracer)).status, 0);
      same(sys, 'the tracee', (yield* sys.waitpid(child)).status, SIGKILL);
    },
    programs: {
      child: pauses,
      *tracer(sys) {
        same(sys, 'PTRACE_SEIZE', yield* sys.ptrace(PTRACE_SEIZE, sys.arg, 0, PTRACE_O_EXITKILL), 0);
        same(sys, 'PTRACE_INTERRUPT', yield* sys.ptrace(PTRACE_INTERRUPT, sys.arg), 0);
        yield* stopOf(sys, sys.arg, SIGTRAP);
        same(sys, 'SIGCONT', yield* sys.kill(sys.arg, SIGCONT), 0);
      },
    },
  },
  'an exec of a traced child is a SIGTRAP': {
    *main(sys) {
      const child = yield* sys.fork('execs', 0, 1);
      yield* stopOf(sys, child, SIGTRAP);
      yield* sys.ptrace(PTRACE_CONT, child);
      same(sys, 'status', (yield* sys.waitpid(child)).status, __NR_getpid << 8);
    },
    programs: {
      *execs(sys) {
        yield* sys.ptrace(PTRACE_TRACEME, 0);
        yield* sys.execve('ends', __NR_getpid);
      },
      *ends(sys) {
        yield* sys.exit(sys.arg);
      },
    },
  },
});
