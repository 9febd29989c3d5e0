/** `sigaltstack(2)`. */

import {
  EINVAL,
  ENOMEM,
  EPERM,
  MINSIGSTKSZ,
  SA_ONSTACK,
  SIGSTKSZ,
  SIGUSR1,
  SS_DISABLE,
  SS_ONSTACK,
} from '../../../src/kernel/constants.js';
import type { SigAltStack } from '../../../src/kernel/sigaltstack.js';
import type { Sys } from '../../../src/kernel/sys.js';
import type { Coroutine } from '../../../src/sync/gate.js';
import { checkCall, same } from '../../support/syscalls.js';

const STACK: SigAltStack = { ss_sp: 0x10000, ss_flags: 0, ss_size: SIGSTKSZ };

const handlers = {
  *asks(sys: Sys): Coroutine<void> {
    const old: SigAltStack = { ss_sp: 0, ss_flags: -1, ss_size: 0 };
    yield* sys.sigaltstack(null, old);
    yield* sys.store(0, old.ss_flags);
    yield* sys.store(1, yield* sys.sigaltstack(STACK));
  },
};

checkCall('sigaltstack', {
  'is where a handler with SA_ONSTACK runs, and cannot be changed there': {
    *main(sys) {
      same(sys, 'sigaltstack', yield* sys.sigaltstack(STACK), 0);
      yield* sys.sigaction(SIGUSR1, 'asks', { flags: SA_ONSTACK });
      yield* sys.raise(SIGUSR1);
      same(sys, 'flags in the handler', yield* sys.load(0), SS_ONSTACK);
      same(sys, 'changing it there', yield* sys.load(1), -EPERM);
      yield* sys.sigaction(SIGUSR1, 'asks');
      yield* sys.raise(SIGUSR1);
      same(sys, 'flags without SA_ONSTACK', yield* sys.load(0), 0);
      same(sys, 'changing it', yield* sys.load(1), 0);
    },
    handlers,
  },
  'is told, none at first, and none when it is disabled': {
    *main(sys) {
      const old: SigAltStack = { ss_sp: -1, ss_flags: -1, ss_size: -1 };
      same(sys, 'asking', yield* sys.sigaltstack(null, old), 0);
      same(sys, 'at first', old, { ss_sp: 0, ss_flags: SS_DISABLE, ss_size: 0 });
      yield* sys.sigaltstack(STACK, old);
      yield* sys.sigaltstack({ ss_sp: 0, ss_flags: SS_DISABLE, ss_size: 0 }, old);
      same(sys, 'set', old, STACK);
      yield* sys.sigaltstack(null, old);
      same(sys, 'disabled', old, { ss_sp: 0, ss_flags: SS_DISABLE, ss_size: 0 });
    },
  },
  'is inherited by fork, and not by a thread': {
    *main(sys) {
      yield* sys.sigaltstack(STACK);
      yield* sys.thread('asks', SS_DISABLE, 1);
      while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
      same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('asks', 0, 1))).status, 0);
    },
    programs: {
      *asks(sys) {
        const old: SigAltStack = { ss_sp: 0, ss_flags: -1, ss_size: 0 };
        yield* sys.sigaltstack(null, old);
        same(sys, 'flags', old.ss_flags, sys.arg);
        yield* sys.store(0, 1);
        yield* sys.exit(0);
      },
    },
  },
  'refuses flags that there are not, and stacks that are too small': {
    *main(sys) {
      same(sys, 'flags', yield* sys.sigaltstack({ ...STACK, ss_flags: 0x100 }), -EINVAL);
      same(sys, 'size', yield* sys.sigaltstack({ ...STACK, ss_size: MINSIGSTKSZ - 1 }), -ENOMEM);
      same(sys, 'the smallest', yield* sys.sigaltstack({ ...STACK, ss_size: MINSIGSTKSZ }), 0);
    },
  },
});
