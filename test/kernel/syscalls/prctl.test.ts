/** `prctl(2)`. */

import {
  EFAULT,
  EINVAL,
  INT_MAX,
  PR_GET_CHILD_SUBREAPER,
  PR_GET_DUMPABLE,
  PR_GET_KEEPCAPS,
  PR_GET_NAME,
  PR_GET_NO_NEW_PRIVS,
  PR_GET_PDEATHSIG,
  PR_GET_TIMERSLACK,
  PR_GET_TIMING,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_DUMPABLE,
  PR_SET_KEEPCAPS,
  PR_SET_NAME,
  PR_SET_NO_NEW_PRIVS,
  PR_SET_PDEATHSIG,
  PR_SET_TIMERSLACK,
  PR_SET_TIMING,
  PR_TIMING_STATISTICAL,
  PR_TIMING_TIMESTAMP,
  SIGKILL,
  SIGRTMAX,
  SIGUSR1,
  SIGUSR2,
} from '../../../src/kernel/constants.js';
import type { PrctlOut } from '../../../src/kernel/prctl.js';
import type { Program } from '../../../src/kernel/scenario.js';
import { checkCall, same } from '../../support/syscalls.js';

/** Tells its effective user id and group id. */
const tells: Program = function* (sys) {
  yield* sys.store(0, yield* sys.geteuid());
  yield* sys.store(1, yield* sys.getegid());
};

checkCall('prctl', {
  'PR_SET_PDEATHSIG is told by PR_GET_PDEATHSIG, not inherited, and sent when the parent ends': {
    *main(sys) {
      const out: PrctlOut = {};
      for (const sig of [SIGUSR2, 0, SIGUSR1]) {
        same(sys, 'set', yield* sys.prctl(PR_SET_PDEATHSIG, sig), 0);
        same(sys, 'get', yield* sys.prctl(PR_GET_PDEATHSIG, out), 0);
        same(sys, 'value', out.value, sig);
      }
      yield* sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
      const child = yield* sys.fork('child', 0, 1);
      same(sys, 'the child', (yield* sys.waitpid(child)).status, 0);
      const { status } = yield* sys.wait();
      same(sys, 'the grandchild', status, SIGUSR2);
    },
    programs: {
      *child(sys) {
        const out: PrctlOut = {};
        yield* sys.prctl(PR_GET_PDEATHSIG, out);
        same(sys, 'inherited', out.value, 0);
        yield* sys.fork('grandchild', 0, 0);
        while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
      },
      *grandchild(sys) {
        yield* sys.prctl(PR_SET_PDEATHSIG, SIGUSR2);
        yield* sys.store(0, 1);
        yield* sys.stay();
      },
    },
  },
  'PR_SET_NAME is told by PR_GET_NAME, cut to 15 characters': {
    *main(sys) {
      const out: PrctlOut = {};
      for (const [name, told] of [
        ['short', 'short'],
        ['a name that is far too long', 'a name that is '],
      ] as const) {
        same(sys, 'set', yield* sys.prctl(PR_SET_NAME, name), 0);
        same(sys, 'get', yield* sys.prctl(PR_GET_NAME, out), 0);
        same(sys, 'name', out.name, told);
      }
    },
  },
  'PR_SET_CHILD_SUBREAPER is told, and not inherited': {
    *main(sys) {
      const out: PrctlOut = {};
      for (const value of [1, 0, 1]) {
        yield* sys.prctl(PR_SET_CHILD_SUBREAPER, value);
        yield* sys.prctl(PR_GET_CHILD_SUBREAPER, out);
        same(sys, 'value', out.value, value);
      }
      same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', 0, 1))).status, 0);
    },
    programs: {
      *child(sys) {
        const out: PrctlOut = {};
        yield* sys.prctl(PR_GET_CHILD_SUBREAPER, out);
        same(sys, 'inherited', out.value, 0);
      },
    },
  },
  'PR_SET_TIMERSLACK is told, inherited, and taken back by 0': {
    *main(sys) {
      same(sys, 'at first', yield* sys.prctl(PR_GET_TIMERSLACK), 50_000);
      for (const slack of [1, 70_000, INT_MAX]) {
        same(sys, 'set', yield* sys.prctl(PR_SET_TIMERSLACK, slack), 0);
        same(sys, 'get', yield* sys.prctl(PR_GET_TIMERSLACK), slack);
      }
      same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', 0, 1))).status, 0);
      yield* sys.prctl(PR_SET_TIMERSLACK, 0);
      same(sys, 'its default', yield* sys.prctl(PR_GET_TIMERSLACK), 50_000);
    },
    programs: {
      *child(sys) {
        same(sys, 'inherited', yield* sys.prctl(PR_GET_TIMERSLACK), INT_MAX);
        yield* sys.prctl(PR_SET_TIMERSLACK, 1);
        yield* sys.prctl(PR_SET_TIMERSLACK, 0);
        same(sys, 'its default', yield* sys.prctl(PR_GET_TIMERSLACK), INT_MAX);
      },
    },
  },
  'PR_SET_DUMPABLE, PR_SET_KEEPCAPS and PR_SET_TIMING take what they may': {
    *main(sys) {
      for (const value of [0, 1]) {
        same(sys, 'PR_SET_DUMPABLE', yield* sys.prctl(PR_SET_DUMPABLE, value), 0);
        same(sys, 'PR_GET_DUMPABLE', yield* sys.prctl(PR_GET_DUMPABLE), value);
        same(sys, 'PR_SET_KEEPCAPS', yield* sys.prctl(PR_SET_KEEPCAPS, value), 0);
        same(sys, 'PR_GET_KEEPCAPS', yield* sys.prctl(PR_GET_KEEPCAPS), value);
      }
      same(sys, 'PR_SET_TIMING', yield* sys.prctl(PR_SET_TIMING, PR_TIMING_STATISTICAL), 0);
      same(sys, 'PR_GET_TIMING', yield* sys.prctl(PR_GET_TIMING), PR_TIMING_STATISTICAL);
    },
  },
  'refuses options, values and addresses that there are not': {
    *main(sys) {
      for (const [option, value] of [
        [-1, 0],
        [PR_SET_PDEATHSIG, -1],
        [PR_SET_PDEATHSIG, SIGRTMAX + 1],
        [PR_SET_DUMPABLE, 2],
        [PR_SET_KEEPCAPS, 2],
        [PR_SET_TIMING, PR_TIMING_TIMESTAMP],
        [PR_SET_NO_NEW_PRIVS, 0],
        [PR_GET_NO_NEW_PRIVS, 1],
      ] as const) {
        same(sys, `option ${option}, ${value}`, yield* sys.prctl(option, value), -EINVAL);
      }
      same(sys, 'more arguments', yield* sys.prctl(PR_SET_NO_NEW_PRIVS, 1, 1), -EINVAL);
      for (const option of [PR_SET_NAME, PR_GET_NAME, PR_GET_PDEATHSIG, PR_GET_CHILD_SUBREAPER]) {
        same(sys, `option ${option}`, yield* sys.prctl(option, null), -EFAULT);
      }
    },
  },
  'PR_SET_NO_NEW_PRIVS stays set in children and programs, which gain nothing from then on': {
    *main(sys) {
      for (const [noNew, id] of [
        [0, 0],
        [1, 1000],
      ] as const) {
        same(sys, 'at first', yield* sys.prctl(PR_GET_NO_NEW_PRIVS), 0);
        same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('child', noNew, 1))).status, 0);
        same(sys, 'geteuid', yield* sys.load(0), id);
        same(sys, 'getegid', yield* sys.load(1), id);
      }
    },
    programs: {
      *child(sys) {
        if (sys.arg === 1) same(sys, 'set', yield* sys.prctl(PR_SET_NO_NEW_PRIVS, 1), 0);
        same(sys, 'status', (yield* sys.waitpid(yield* sys.fork('grandchild', sys.arg, 1))).status, 0);
      },
      *grandchild(sys) {
        same(sys, 'inherited', yield* sys.prctl(PR_GET_NO_NEW_PRIVS), sys.arg);
        yield* sys.execve('tells');
      },
      tells,
    },
    files: { tells: { setuid: 0, setgid: 0 } },
    as: { uid: 1000 },
  },
  'of SIGKILL for the death of the parent ends a child for sure': {
    *main(sys) {
      yield* sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
      yield* sys.waitpid(yield* sys.fork('child', 0, 1));
      same(sys, 'status', (yield* sys.wait()).status, SIGKILL);
    },
    programs: {
      *child(sys) {
        yield* sys.vfork('grandchild', 0, 0);
      },
      *grandchild(sys) {
        yield* sys.prctl(PR_SET_PDEATHSIG, SIGKILL);
        yield* sys.execve('stays');
      },
      stays: (sys) => sys.stay(),
    },
  },
});
