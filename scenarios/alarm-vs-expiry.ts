import { SIG_BLOCK, SIGALRM } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { sigmask } from '../src/kernel/sigset.js';
import { sigismember, sigset } from '../src/kernel/sys/sigset.js';

export const alarmVsExpiry: Scenario = {
  name: 'alarm-vs-expiry',
  subject: 'delivery',
  title: 'alarm(0) takes an alarm back while it goes off on another CPU',
  story:
    'A thread takes back an alarm with alarm(0). At that moment the alarm goes off: on another CPU an interrupt has come, and ' +
    'the function of the timer is about to send SIGALRM, for which it needs the siglock. alarm holds the siglock, and finds ' +
    'that the timer cannot be cancelled, because its function runs. It must not wait for it with the lock held: each would ' +
    'wait for the other. It must not go on either: the caller was to hear no more of that alarm. So it releases the lock, ' +
    'waits until the function has come to its end, and begins again.',
  cast: [
    'CPU 0: thread 100, the leader, in user mode; the interrupt of the timer comes here',
    'CPU 1: thread 101: alarm(0), then sigpending() twice',
  ],
  claim: 'when alarm(0) has returned, SIGALRM is pending or it never comes.',
  watch: ['do_setitimer', 'hrtimer_try_to_cancel', 'it_real_fn', 'kill_pid_info'],
  patches: [
    {
      name: 'setitimer-no-retry',
      breaks: 'SIGALRM comes after the alarm has been taken back',
      kind: 'invariant',
    },
  ],
  possible: [
    { outcome: 'taken back in time', because: 'the timer had not gone off.' },
    { outcome: 'too late, SIGALRM is pending', because: 'the function of the timer had sent it, or was waited for.' },
  ],
  impossible: [
    {
      outcome: 'taken back in time, SIGALRM is pending',
      because: 'the time that was left is read again after the wait, and by then nothing is left.',
    },
  ],
  learn:
    'To cancel what may be running is to wait for it, and never with a lock that it needs. After the wait look again at ' +
    'everything: it was the old state.',
  reading: [
    'kernel/time/itimer.c: do_setitimer, at "again"; it_real_fn',
    'kernel/time/hrtimer.c: hrtimer_try_to_cancel',
    'man 2 alarm; man 2 setitimer',
  ],
  cpus: 2,
  results: ['left', 'pending'],

  programs: {
    *leader(sys) {
      yield* sys.stay();
    },
    *canceller(sys) {
      sys.result('left', yield* sys.alarm(0));
      const before = sigset();
      yield* sys.sigpending(before);
      const after = sigset();
      yield* sys.sigpending(after);
      const pending = sigismember(after, SIGALRM);
      sys.check(sigismember(before, SIGALRM) === pending, 'SIGALRM came after alarm(0) had returned');
      sys.result('pending', pending);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const leader = setup.process('leader', { cpu: 0 });
    setup.run(leader, function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGALRM));
      yield* sys.alarm(1);
    });
    // It inherits the mask.
    setup.thread(leader, 'canceller', { cpu: 1 });
  },

  unfinished: ({ pending }) => (pending === null ? 'alarm(0) does not return' : null),

  outcome: ({ left, pending }) =>
    `${left === 0 ? 'too late' : 'taken back in time'}${pending === 1 ? ', SIGALRM is pending' : ''}`,
};
