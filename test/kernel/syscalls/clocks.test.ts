/** Clocks, sleep and what is left of it, and timers whose signals are ignored, changed or read from a file. */

import {
  EFAULT,
  EINTR,
  EINVAL,
  EOPNOTSUPP,
  SFD_NONBLOCK,
  SI_TIMER,
  SIG_BLOCK,
  SIG_IGN,
  SIGCONT,
  SIGEV_SIGNAL,
  SIGRTMIN,
  SIGSTOP,
  SIGUSR1,
  SIGWINCH,
  WUNTRACED,
} from '../../../src/kernel/constants.js';
import {
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_REALTIME_COARSE,
} from '../../../src/kernel/hrtimer.js';
import type { Itimerspec } from '../../../src/kernel/posix-timers.js';
import { SIGNALFD_SIGINFO_SIZE, signalfdSiginfo } from '../../../src/kernel/signalfd.js';
import { sigmask } from '../../../src/kernel/sigset.js';
import type { ReceivedSiginfo, Sys } from '../../../src/kernel/sys.js';
import type { Coroutine } from '../../../src/sync/gate.js';
import { checkCall, same } from '../../support/syscalls.js';
import { itimerspec, seconds } from '../../support/time.js';

/** A timer that sends a real-time signal, set. */
function* timerOf(sys: Sys, sig: number, setting: Itimerspec): Coroutine<number> {
  const out = { timerid: -1 };
  const event = { sigev_notify: SIGEV_SIGNAL, sigev_signo: sig, sigev_value: 9 };
  same(sys, 'timer_create', yield* sys.timer_create(CLOCK_MONOTONIC, event, out), 0);
  same(sys, 'timer_settime', yield* sys.timer_settime(out.timerid, 0, setting), 0);
  return out.timerid;
}

checkCall('clock_gettime', {
  'tells the time of each clock, and refuses numbers of none and null': {
    *main(sys) {
      yield* sys.nanosleep({ tv_sec: 3, tv_nsec: 7 });
      for (const clock of [CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE]) {
        const now = { tv_sec: 0, tv_nsec: 0 };
        same(sys, `clock ${clock}`, yield* sys.clock_gettime(clock, now), 0);
        same(sys, 'the time', now, { tv_sec: 3, tv_nsec: 7 });
        const id = { timerid: -1 };
        same(sys, 'a timer on it', yield* sys.timer_create(clock, null, id), -EOPNOTSUPP);
      }
      same(sys, 'clock 99', yield* sys.clock_gettime(99, { tv_sec: 0, tv_nsec: 0 }), -EINVAL);
      same(sys, 'null', yield* sys.clock_gettime(CLOCK_MONOTONIC, null), -EFAULT);
    },
  },
});

checkCall('clock_getres', {
  'is a nanosecond, with or without a place for it': {
    *main(sys) {
      const res = { tv_sec: 7, tv_nsec: 7 };
      same(sys, 'clock_getres', yield* sys.clock_getres(CLOCK_MONOTONIC, res), 0);
      same(sys, 'the resolution', res, { tv_sec: 0, tv_nsec: 1 });
      same(sys, 'null', yield* sys.clock_getres(CLOCK_MONOTONIC, null), 0);
      same(sys, 'clock 99', yield* sys.clock_getres(99, res), -EINVAL);
    },
  },
});

checkCall('sleep', {
  'that a handler ends gives the seconds that were left': {
    *main(sys) {
      yield* sys.sigaction(SIGUSR1, 'onUsr1');
      yield* sys.fork('sends', yield* sys.getpid(), 1);
      const left = yield* sys.sleep(1000);
      sys.check(left === 0 || left === 1000, `${left} s were left`);
      yield* sys.wait();
    },
    programs: {
      *sends(sys) {
        yield* sys.kill(sys.arg, SIGUSR1);
      },
    },
    handlers: { *onUsr1() {} },
  },
  'over a stop is restarted, unless a handler comes first': {
    *main(sys) {
      const child = yield* sys.fork('sleeps', 0, 1);
      yield* sys.kill(child, SIGSTOP);
      yield* sys.waitpid(child, WUNTRACED);
      yield* sys.kill(child, SIGUSR1);
      yield* sys.kill(child, SIGCONT);
      same(sys, 'status', (yield* sys.waitpid(child)).status, 0);
    },
    programs: {
      *sleeps(sys) {
        yield* sys.sigaction(SIGUSR1, 'onUsr1');
        const slept = yield* sys.nanosleep({ tv_sec: 5, tv_nsec: 0 });
        sys.check(slept === 0 || slept === -EINTR, `nanosleep gave ${slept}`);
        return 0;
      },
    },
    handlers: { *onUsr1() {} },
  },
});

checkCall('sigwait', {
  'needs no place for the signal': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      yield* sys.raise(SIGUSR1);
      same(sys, 'sigwait', yield* sys.sigwait(sigmask(SIGUSR1)), 0);
      const set = { lo: 0, hi: 0 };
      yield* sys.sigpending(set);
      same(sys, 'pending', set, { lo: 0, hi: 0 });
    },
  },
});

checkCall('a timer', {
  'whose signal is ignored goes on by itself, once a millisecond at most': {
    *main(sys) {
      yield* sys.sigaction(SIGUSR1, SIG_IGN);
      const id = yield* timerOf(sys, SIGUSR1, itimerspec(seconds(1), seconds(0, 1000)));
      yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 5_000_000 });
      const now = { it_value: { tv_sec: 0, tv_nsec: 0 }, it_interval: { tv_sec: 0, tv_nsec: 0 } };
      same(sys, 'timer_gettime', yield* sys.timer_gettime(id, now), 0);
      same(sys, 'interval', now.it_interval, { tv_sec: 0, tv_nsec: 1000 });
      sys.check(now.it_value.tv_nsec > 0 && now.it_value.tv_sec === 0, `it is due in ${JSON.stringify(now.it_value)}`);
    },
  },
  'deleted while its signal waits: the signal is still taken, and nothing is armed': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN));
      const id = yield* timerOf(sys, SIGRTMIN, itimerspec(seconds(1), seconds(1)));
      yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 1 });
      same(sys, 'timer_delete', yield* sys.timer_delete(id), 0);
      const info: ReceivedSiginfo = {};
      same(sys, 'sigtimedwait', yield* sys.sigtimedwait(sigmask(SIGRTMIN), info, { tv_sec: 0, tv_nsec: 0 }), SIGRTMIN);
      same(sys, 'si_value', info.si_value, 9);
      yield* sys.nanosleep({ tv_sec: 5, tv_nsec: 0 });
      const set = { lo: 0, hi: 0 };
      yield* sys.sigpending(set);
      same(sys, 'pending', set, { lo: 0, hi: 0 });
    },
  },
  'set anew while its signal waits has the new time, and is not armed by that signal': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN));
      const id = yield* timerOf(sys, SIGRTMIN, itimerspec(seconds(1), seconds(1)));
      yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 1 });
      same(sys, 'timer_settime', yield* sys.timer_settime(id, 0, itimerspec(seconds(100), seconds(50))), 0);
      same(sys, 'sigwaitinfo', yield* sys.sigwaitinfo(sigmask(SIGRTMIN)), SIGRTMIN);
      // As the old signal found it.
      same(sys, 'sigwaitinfo', yield* sys.sigwaitinfo(sigmask(SIGRTMIN)), SIGRTMIN);
      const to = { tv_sec: 0, tv_nsec: 0 };
      yield* sys.clock_gettime(CLOCK_MONOTONIC, to);
      sys.check(to.tv_sec >= 101, `it came at ${to.tv_sec} s`);
      same(sys, 'timer_delete', yield* sys.timer_delete(id), 0);
    },
  },
  'whose signals are read from a file is armed again by the read': {
    *main(sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN));
      const waits = yield* sys.signalfd(-1, sigmask(SIGRTMIN));
      const looks = yield* sys.signalfd(-1, sigmask(SIGRTMIN), SFD_NONBLOCK);
      const id = yield* timerOf(sys, SIGRTMIN, itimerspec(seconds(1), seconds(2)));
      const buf = new Uint8Array(SIGNALFD_SIGINFO_SIZE);
      for (const [fd, due] of [
        [waits, 1],
        [looks, 3],
        [waits, 5],
      ] as const) {
        if (fd === looks) yield* sys.nanosleep({ tv_sec: 2, tv_nsec: 0 });
        same(sys, 'read', yield* sys.read(fd, buf), SIGNALFD_SIGINFO_SIZE);
        const { ssi_signo, ssi_code } = signalfdSiginfo(buf);
        same(sys, 'signal', ssi_signo, SIGRTMIN);
        same(sys, 'code', ssi_code, SI_TIMER);
        const now = { tv_sec: 0, tv_nsec: 0 };
        yield* sys.clock_gettime(CLOCK_MONOTONIC, now);
        sys.check(now.tv_sec >= due, `it came at ${now.tv_sec} s, and was due at ${due} s`);
      }
      same(sys, 'timer_delete', yield* sys.timer_delete(id), 0);
    },
  },
  'that sends SIGCONT has its process go on, stopped as it is': {
    *main(sys) {
      const child = yield* sys.fork('stops', 0, 1);
      same(sys, 'status', (yield* sys.waitpid(child)).status, 7 << 8);
    },
    programs: {
      *stops(sys) {
        // Over and over: the first may come before the stop.
        yield* timerOf(sys, SIGCONT, itimerspec(seconds(1), seconds(1)));
        yield* sys.raise(SIGSTOP);
        return 7;
      },
    },
  },
  'without a reader wakes nobody: SIGWINCH that nobody handles': {
    *main(sys) {
      yield* timerOf(sys, SIGWINCH, itimerspec(seconds(1)));
      same(sys, 'nanosleep', yield* sys.nanosleep({ tv_sec: 2, tv_nsec: 0 }), 0);
    },
  },
});

checkCall('read and write', {
  'without a buffer say so': {
    *main(sys) {
      const fds: [number, number] = [0, 0];
      yield* sys.pipe(fds);
      yield* sys.write(fds[1], 'x');
      same(sys, 'read null', yield* sys.read(fds[0], null, 1), -EFAULT);
      same(sys, 'read null, of nothing', yield* sys.read(fds[0], null), 0);
      same(sys, 'write null, of nothing', yield* sys.write(fds[1], null), 0);
    },
  },
});
