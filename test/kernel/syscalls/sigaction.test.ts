/** `rt_sigaction(2)` and `signal(3)`. */

import {
  ECHILD,
  EINTR,
  EINVAL,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_NODEFER,
  SA_RESETHAND,
  SA_RESTART,
  SA_SIGINFO,
  SI_TKILL,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGRTMAX,
  SIGRTMIN,
  SIGSTOP,
  SIGUSR1,
  SIGUSR2,
  SIGWINCH,
} from '../../../src/kernel/constants.js';
import { EMPTY_MASK, sigmask } from '../../../src/kernel/sigset.js';
import type { OldAction, Sys } from '../../../src/kernel/sys.js';
import type { Coroutine } from '../../../src/sync/gate.js';
import { checkCall, same } from '../../support/syscalls.js';
import { ends } from '../../support/tasks.js';

/** How deep handlers are nested, the deepest, and how often one has run. */
const DEPTH = 0;
const DEEPEST = 1;
const RUNS = 2;

const handlers = {
  *once(sys: Sys): Coroutine<void> {
    yield* sys.store(RUNS, (yield* sys.load(RUNS)) + 1);
  },
  /** Raises a signal inside the handler, the first time that it runs. */
  *raises(sys: Sys, sig: number): Coroutine<void> {
    const depth = (yield* sys.load(DEPTH)) + 1;
    yield* sys.store(DEPTH, depth);
    if (depth > (yield* sys.load(DEEPEST))) yield* sys.store(DEEPEST, depth);
    const run = (yield* sys.load(RUNS)) + 1;
    yield* sys.store(RUNS, run);
    if (run === 1) yield* sys.raise(sig);
    yield* sys.store(DEPTH, depth - 1);
  },
  *raisesOther(sys: Sys, sig: number): Coroutine<void> {
    if (sig === SIGUSR1) yield* sys.raise(SIGUSR2);
    yield* sys.store(RUNS, (yield* sys.load(RUNS)) * 10 + (sig === SIGUSR1 ? 1 : 2));
  },
  *tellsInfo(sys: Sys, sig: number, info: { readonly si_code: number } | null): Coroutine<void> {
    yield* sys.store(0, sig);
    yield* sys.store(1, info === null ? 1000 : info.si_code);
  },
};

checkCall('sigaction', {
  'installs a handler for every signal but SIGKILL and SIGSTOP': {
    *main(sys) {
      for (let sig = 1; sig <= SIGRTMAX; sig++) {
        const expected = sig === SIGKILL || sig === SIGSTOP ? -EINVAL : 0;
        for (const handler of ['once', SIG_IGN, SIG_DFL] as const) {
          same(sys, `sigaction of ${sig}`, yield* sys.sigaction(sig, handler), expected);
        }
        same(sys, `asking for ${sig}`, yield* sys.sigaction(sig, null, {}, {}), 0);
      }
    },
    handlers,
  },
  'refuses what is no signal, and a set of another size': {
    *main(sys) {
      for (const sig of [-1, 0, SIGRTMAX + 1, 2000]) {
        same(sys, `signal ${sig}`, yield* sys.sigaction(sig, 'once'), -EINVAL);
        same(sys, `asking for ${sig}`, yield* sys.sigaction(sig, null, {}, {}), -EINVAL);
      }
      same(sys, 'size', yield* sys.rt_sigaction(SIGUSR1, 'once', {}, {}, 16), -EINVAL);
    },
    handlers,
  },
  'tells the action before, and a null pointer changes nothing': {
    *main(sys) {
      const mask = sigmask(SIGUSR2);
      yield* sys.sigaction(SIGUSR1, 'once', { flags: SA_RESTART | SA_NODEFER, mask });
      for (let asked = 0; asked < 2; asked++) {
        const old: OldAction = {};
        yield* sys.sigaction(SIGUSR1, null, {}, old);
        same(sys, 'handler', old.handler, 'once');
        same(sys, 'flags', old.flags, SA_RESTART | SA_NODEFER);
        same(sys, 'mask', old.mask, mask);
      }
    },
    handlers,
  },
  'drops what is pending of a signal that is ignored now': {
    *main(sys) {
      const pending = { lo: 0, hi: 0 };
      for (const [sig, handler] of [
        [SIGUSR1, SIG_IGN],
        [SIGCHLD, SIG_DFL],
        [SIGWINCH, SIG_DFL],
        [SIGCONT, SIG_DFL],
      ] as const) {
        yield* sys.sigaction(sig, 'once');
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(sig));
        yield* sys.raise(sig);
        yield* sys.sigpending(pending);
        same(sys, 'pending', pending, sigmask(sig));
        yield* sys.sigaction(sig, handler);
        yield* sys.sigpending(pending);
        same(sys, 'pending after', pending, EMPTY_MASK);
      }
      yield* sys.sigprocmask(SIG_SETMASK, EMPTY_MASK);
      same(sys, 'handlers run', yield* sys.load(RUNS), 0);
    },
    handlers,
  },
  'blocks the signal while its handler runs': {
    *main(sys) {
      yield* sys.sigaction(SIGUSR1, 'raises');
      yield* sys.raise(SIGUSR1);
      same(sys, 'runs', yield* sys.load(RUNS), 2);
      same(sys, 'deepest', yield* sys.load(DEEPEST), 1);
    },
    handlers,
  },
  'does not block it with SA_NODEFER': {
    *main(sys) {
      yield* sys.sigaction(SIGUSR1, 'raises', { flags: SA_NODEFER });
      yield* sys.raise(SIGUSR1);
      same(sys, 'runs', yield* sys.load(RUNS), 2);
      same(sys, 'deepest', yield* sys.load(DEEPEST), 2);
    },
    handlers,
  },
  'blocks the signals of its mask while the handler runs': {
    *main(sys) {
      for (const [mask, order] of [
        [EMPTY_MASK, 21],
        [sigmask(SIGUSR2), 12],
      ] as const) {
        yield* sys.store(RUNS, 0);
        yield* sys.sigaction(SIGUSR1, 'raisesOther', { mask });
        yield* sys.sigaction(SIGUSR2, 'raisesOther');
        yield* sys.raise(SIGUSR1);
        same(sys, 'order', yield* sys.load(RUNS), order);
      }
    },
    handlers,
  },
  'goes back to the default action with SA_RESETHAND, and keeps its flags': {
    *main(sys) {
      yield* sys.sigaction(SIGUSR1, 'once', { flags: SA_RESETHAND });
      yield* sys.raise(SIGUSR1);
      const old: OldAction = {};
      yield* sys.sigaction(SIGUSR1, null, {}, old);
      same(sys, 'handler', old.handler, SIG_DFL);
      same(sys, 'flags', old.flags, SA_RESETHAND);
      same(sys, 'runs', yield* sys.load(RUNS), 1);
    },
    handlers,
  },
  'hands a siginfo over with SA_SIGINFO only': {
    *main(sys) {
      for (const [flags, code] of [
        [0, 1000],
        [SA_SIGINFO, SI_TKILL],
      ] as const) {
        yield* sys.sigaction(SIGRTMIN, 'tellsInfo', { flags });
        yield* sys.raise(SIGRTMIN);
        same(sys, 'sig', yield* sys.load(0), SIGRTMIN);
        same(sys, 'si_code', yield* sys.load(1), code);
      }
    },
    handlers,
  },
  'with SA_NOCLDWAIT, or ignoring SIGCHLD, leaves no zombies': {
    *main(sys) {
      for (const [handler, flags] of [
        [SIG_IGN, 0],
        [SIG_DFL, SA_NOCLDWAIT],
      ] as const) {
        yield* sys.sigaction(SIGCHLD, handler, { flags });
        yield* sys.fork('child', 0, 1);
        same(sys, 'wait', (yield* sys.wait()).pid, -ECHILD);
      }
    },
    programs: { child: ends },
  },
  'restarts a system call with SA_RESTART, and ends it by EINTR without': {
    *main(sys) {
      for (const [flags, restarts] of [
        [SA_RESTART, true],
        [0, false],
      ] as const) {
        yield* sys.sigaction(SIGUSR1, 'once', { flags });
        const child = yield* sys.fork('child', yield* sys.getpid(), 1);
        let { pid } = yield* sys.waitpid(child);
        // It may have waited only after the handler ran.
        if (pid === -EINTR) {
          sys.check(!restarts, 'not restarted');
          ({ pid } = yield* sys.waitpid(child));
        }
        same(sys, 'waitpid', pid, child);
      }
    },
    programs: {
      *child(sys) {
        yield* sys.kill(sys.arg, SIGUSR1);
      },
    },
    handlers,
  },
  'is inherited by fork': {
    *main(sys) {
      yield* sys.sigaction(SIGUSR1, 'once', { flags: SA_NOCLDSTOP });
      same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', 0, 1))).status, 0);
      same(sys, 'runs', yield* sys.load(RUNS), 1);
    },
    programs: {
      *child(sys) {
        yield* sys.raise(SIGUSR1);
      },
    },
    handlers,
  },
});
