/**
 * Functions of a C library that programs of the signal path call: each makes the system calls that the GNU C library
 * makes for it. Unlike that, they give a negative errno.
 */

import type { Coroutine } from '../../sync/gate.js';
import { EINTR, EINVAL, SA_RESTART, SIG_BLOCK, SIG_DFL, type SIG_IGN, SIG_UNBLOCK, SIGABRT } from '../constants.js';
import { type SigMask, sigmask } from '../sigset.js';
import type { IdentityCalls } from './identity.js';
import type { ProcessCalls, WaitResult } from './processes.js';
import type { SignalCalls } from './signals.js';
import type { TimeCalls } from './time.js';

export interface LibcCalls {
  /** `raise(3)`: to the calling thread. */
  raise(sig: number): Coroutine<number>;
  /** `abort(3)`: by `SIGABRT`, blocked, ignored or handled as it may be. Does not return. */
  abort(): Coroutine<void>;
  /** `killpg(3)`. */
  killpg(pgrp: number, sig: number): Coroutine<number>;
  /** `signal(3)`: with `SA_RESTART`, as BSD has it. */
  signal(sig: number, handler: string | typeof SIG_DFL | typeof SIG_IGN): Coroutine<number>;
  /** `sigwait(3)`: takes one of a set of signals, whatever handlers run meanwhile. @param sig gets it */
  sigwait(set: SigMask, sig?: { sig: number }): Coroutine<number>;
  /** `sleep(3)`: the whole seconds that were left when a handler ran. */
  sleep(seconds: number): Coroutine<number>;
  /** `usleep(3)`. */
  usleep(usec: number): Coroutine<number>;
  /** `_exit(2)`: ends the process, as the C library has it. */
  _exit(code: number): Coroutine<number>;
  /** `wait3(2)`. */
  wait3(options: number): Coroutine<WaitResult>;
  /** `setegid(2)`. */
  setegid(egid: number): Coroutine<number>;
  /** `pthread_create(3)`: another name of `thread`. */
  pthread_create: ProcessCalls['thread'];
  /** `pthread_kill(3)`: to a thread of this process. */
  pthread_kill(tid: number, sig: number): Coroutine<number>;
  /** `pthread_sigmask(3)`. */
  pthread_sigmask: SignalCalls['sigprocmask'];
}

export function libcCalls(sys: ProcessCalls & SignalCalls & TimeCalls & IdentityCalls): LibcCalls {
  function* raise(sig: number): Coroutine<number> {
    return yield* sys.tgkill(yield* sys.getpid(), yield* sys.gettid(), sig);
  }
  return {
    raise,
    *abort() {
      yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGABRT));
      yield* raise(SIGABRT);
      // It was ignored, or its handler has returned.
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGABRT));
      yield* sys.sigaction(SIGABRT, SIG_DFL);
      yield* raise(SIGABRT);
      yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGABRT));
    },
    *killpg(pgrp, sig) {
      if (pgrp < 0) return -EINVAL;
      return yield* sys.kill(-pgrp, sig);
    },
    signal: (sig, handler) => sys.sigaction(sig, handler, { flags: SA_RESTART }),
    *sigwait(set, out) {
      let sig: number;
      do {
        sig = yield* sys.sigwaitinfo(set);
      } while (sig === -EINTR);
      if (out !== undefined) out.sig = sig;
      return 0;
    },
    *sleep(seconds) {
      const left = { tv_sec: 0, tv_nsec: 0 };
      const result = yield* sys.nanosleep({ tv_sec: seconds, tv_nsec: 0 }, left);
      return result < 0 ? left.tv_sec : 0;
    },
    usleep: (usec) => sys.nanosleep({ tv_sec: Math.floor(usec / 1_000_000), tv_nsec: (usec % 1_000_000) * 1000 }),
    _exit: (code) => sys.exit_group(code),
    wait3: (options) => sys.wait4(-1, options),
    setegid: (egid) => sys.setresgid(-1, egid, -1),
    pthread_create: sys.thread,
    *pthread_kill(tid, sig) {
      return yield* sys.tgkill(yield* sys.getpid(), tid, sig);
    },
    pthread_sigmask: sys.sigprocmask,
  };
}
