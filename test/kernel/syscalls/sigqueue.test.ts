/** `rt_sigqueueinfo(2)`, `rt_tgsigqueueinfo(2)` and `sigqueue(3)`. */

import {
  EAGAIN,
  EFAULT,
  EINVAL,
  EPERM,
  ESRCH,
  RLIMIT_SIGPENDING,
  SA_SIGINFO,
  SI_KERNEL,
  SI_QUEUE,
  SI_TKILL,
  SI_USER,
  SIG_BLOCK,
  SIG_UNBLOCK,
  SIGKILL,
  SIGRTMAX,
  SIGRTMIN,
  SIGUSR1,
} from '../../../src/kernel/constants.js';
import { sigmask } from '../../../src/kernel/sigset.js';
import type { ReceivedSiginfo } from '../../../src/kernel/sys.js';
import { checkCall, same } from '../../support/syscalls.js';
import { pauses } from '../../support/tasks.js';

checkCall('sigqueue', {
  'brings its value, its code and the sender to the handler': {
    *main(sys) {
      yield* sys.sigaction(SIGUSR1, 'onSignal', { flags: SA_SIGINFO });
      same(sys, 'sigqueue', yield* sys.sigqueue(yield* sys.getpid(), SIGUSR1, 1234), 0);
      same(sys, 'si_value', yield* sys.load(0), 1234);
      same(sys, 'si_code', yield* sys.load(1), SI_QUEUE);
      same(sys, 'si_pid', yield* sys.load(2), yield* sys.getpid());
      same(sys, 'si_uid', yield* sys.load(3), 0);
    },
    handlers: {
      *onSignal(sys, _, info) {
        yield* sys.store(0, info?.si_value ?? -1);
        yield* sys.store(1, info?.si_code ?? 0);
        yield* sys.store(2, info?.si_pid ?? -1);
        yield* sys.store(3, info?.si_uid ?? -1);
      },
    },
  },
  'queues real-time signals, lowest number first and each number in the order sent; others once': {
    *main(sys) {
      const pid = yield* sys.getpid();
      yield* sys.sigprocmask(SIG_BLOCK, { lo: -1, hi: -1 });
      for (const sig of [SIGRTMIN + 2, SIGRTMIN + 1]) {
        for (let value = 1; value <= 3; value++) same(sys, 'sigqueue', yield* sys.sigqueue(pid, sig, value), 0);
      }
      for (let value = 1; value <= 3; value++) yield* sys.sigqueue(pid, SIGUSR1, value);
      const taken: string[] = [];
      const info: ReceivedSiginfo = {};
      for (;;) {
        const sig = yield* sys.sigtimedwait({ lo: -1, hi: -1 }, info, { tv_sec: 0, tv_nsec: 0 });
        if (sig === -EAGAIN) break;
        taken.push(`${sig}:${info.si_value}`);
      }
      same(sys, 'taken', taken, ['10:1', '33:1', '33:2', '33:3', '34:1', '34:2', '34:3']);
    },
  },
  'refuses a signal that is none, a process that is not there, and one of another user': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      const pid = yield* sys.getpid();
      for (const sig of [-1, SIGRTMAX + 1]) same(sys, 'signal', yield* sys.sigqueue(pid, sig, 0), -EINVAL);
      same(sys, 'signal 0', yield* sys.sigqueue(pid, 0, 0), 0);
      same(sys, 'unknown', yield* sys.sigqueue(999, SIGUSR1, 0), -ESRCH);
      same(sys, 'pid 0', yield* sys.sigqueue(0, SIGUSR1, 0), -ESRCH);
      yield* sys.setresuid(1000, 1000, 0);
      same(sys, 'another user', yield* sys.sigqueue(child, SIGUSR1, 0), -EPERM);
      yield* sys.seteuid(0);
      yield* sys.kill(child, SIGKILL);
      yield* sys.wait();
    },
    programs: { child: pauses },
  },
  'gives EAGAIN where as many are queued as the limit allows': {
    *main(sys) {
      const pid = yield* sys.getpid();
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN));
      yield* sys.setrlimit(RLIMIT_SIGPENDING, { rlim_cur: 2, rlim_max: 2 });
      same(sys, 'the first', yield* sys.sigqueue(pid, SIGRTMIN, 1), 0);
      same(sys, 'the second', yield* sys.sigqueue(pid, SIGRTMIN, 2), 0);
      same(sys, 'the third', yield* sys.sigqueue(pid, SIGRTMIN, 3), -EAGAIN);
      same(sys, 'by kill', yield* sys.kill(pid, SIGRTMIN), 0);
      same(sys, 'sigwaitinfo', yield* sys.sigwaitinfo(sigmask(SIGRTMIN)), SIGRTMIN);
      same(sys, 'again', yield* sys.sigqueue(pid, SIGRTMIN, 4), 0);
    },
    as: { uid: 1000 },
  },
});

checkCall('rt_sigqueueinfo', {
  'may not look like kill or the kernel to others, but to oneself it may': {
    *main(sys) {
      const child = yield* sys.fork('child', 0, 1);
      const pid = yield* sys.getpid();
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      for (const si_code of [SI_USER, SI_TKILL, SI_KERNEL, 1]) {
        same(sys, `code ${si_code}`, yield* sys.rt_sigqueueinfo(child, SIGUSR1, { si_code }), -EPERM);
        const info: ReceivedSiginfo = {};
        same(sys, 'to itself', yield* sys.rt_sigqueueinfo(pid, SIGUSR1, { si_code }), 0);
        yield* sys.sigwaitinfo(sigmask(SIGUSR1), info);
        same(sys, 'si_code', info.si_code, si_code);
      }
      same(sys, 'no info', yield* sys.rt_sigqueueinfo(pid, SIGUSR1, null), -EFAULT);
      yield* sys.kill(child, SIGKILL);
      yield* sys.wait();
    },
    programs: { child: pauses },
  },
});

checkCall('rt_tgsigqueueinfo', {
  'reaches one thread with its value': {
    *main(sys) {
      const pid = yield* sys.getpid();
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
      const tid = yield* sys.thread('thread', 0, 1);
      const info = { si_code: SI_QUEUE, si_pid: pid, si_value: 77 };
      same(sys, 'the call', yield* sys.rt_tgsigqueueinfo(pid, tid, SIGUSR1, info), 0);
      const pending = { lo: 0, hi: 0 };
      yield* sys.sigpending(pending);
      same(sys, 'pending here', pending.lo, 0);
      while ((yield* sys.load(0)) === 0) yield* sys.nanosleep({ tv_sec: 0, tv_nsec: 1 });
      same(sys, 'si_value', yield* sys.load(0), 77);
    },
    programs: {
      *thread(sys) {
        const info: ReceivedSiginfo = {};
        yield* sys.sigwaitinfo(sigmask(SIGUSR1), info);
        yield* sys.store(0, info.si_value ?? -1);
        yield* sys.exit(0);
      },
    },
  },
  'refuses numbers below 1, unknown threads, what is no signal and a null pointer': {
    *main(sys) {
      const pid = yield* sys.getpid();
      const info = { si_code: SI_QUEUE };
      same(sys, 'tgid', yield* sys.rt_tgsigqueueinfo(0, pid, SIGUSR1, info), -EINVAL);
      same(sys, 'tid', yield* sys.rt_tgsigqueueinfo(pid, -1, SIGUSR1, info), -EINVAL);
      same(sys, 'unknown', yield* sys.rt_tgsigqueueinfo(pid, 999, SIGUSR1, info), -ESRCH);
      same(sys, 'another process', yield* sys.rt_tgsigqueueinfo(999, pid, SIGUSR1, info), -ESRCH);
      same(sys, 'signal', yield* sys.rt_tgsigqueueinfo(pid, pid, SIGRTMAX + 1, info), -EINVAL);
      same(sys, 'no info', yield* sys.rt_tgsigqueueinfo(pid, pid, SIGUSR1, null), -EFAULT);
      same(sys, 'unblock', yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGUSR1)), 0);
    },
  },
});
