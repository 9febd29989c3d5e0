import { ITIMER_REAL, SIG_IGN, SIGALRM } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** Seconds: what the timer is set to before the race, and in it. */
const BEFORE = 100;
const AFTER = 200;

export const setitimerVsGetitimer: Scenario = {
  name: 'setitimer-vs-getitimer',
  subject: 'limits and queues',
  title: 'one thread sets a timer while another reads it',
  story:
    'A timer has an interval and a time that is left, and a process has one for all its threads. While one thread sets both, ' +
    'another reads both. Each does it with the siglock held, so that the reader gets a pair that somebody has set, and not the ' +
    'interval of one setting with the time of another.',
  cast: [
    `CPU 0: thread 100, the leader: setitimer(ITIMER_REAL, every ${AFTER} s)`,
    `CPU 1: thread 101: getitimer(ITIMER_REAL), where it was every ${BEFORE} s`,
  ],
  claim: 'interval and time left are of one setting.',
  watch: ['do_setitimer', 'setRealItimer', 'do_getitimer'],
  patches: [
    { name: 'getitimer-without-siglock', breaks: 'the reader looks while the writer writes', kind: 'data-race' },
  ],
  possible: [
    { outcome: `every ${BEFORE} s`, because: 'it is read before it is set, and what is left is at most that.' },
    { outcome: `every ${AFTER} s`, because: 'it is read afterwards.' },
  ],
  learn:
    'Two words that mean something together are read together, under the lock that they are written with. That each of ' +
    'them is read in one piece is not enough.',
  reading: ['kernel/time/itimer.c: do_getitimer, do_setitimer', 'man 2 getitimer'],
  cpus: 2,
  results: ['interval'],

  programs: {
    *setter(sys) {
      const every = { tv_sec: AFTER, tv_usec: 0 };
      yield* sys.setitimer(ITIMER_REAL, { it_interval: every, it_value: every });
      yield* sys.stay();
    },
    *reader(sys) {
      const zero = { tv_sec: 0, tv_usec: 0 };
      const now = { it_interval: { ...zero }, it_value: { ...zero } };
      yield* sys.getitimer(ITIMER_REAL, now);
      sys.check(now.it_value.tv_sec <= now.it_interval.tv_sec, 'more time is left than the interval that was read');
      sys.result('interval', now.it_interval.tv_sec);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const setter = setup.process('setter', { cpu: 0 });
    setup.thread(setter, 'reader', { cpu: 1 });
    setup.sigaction(setter, SIGALRM, SIG_IGN);
    setup.run(setter, function* (sys) {
      const every = { tv_sec: BEFORE, tv_usec: 0 };
      yield* sys.setitimer(ITIMER_REAL, { it_interval: every, it_value: every });
    });
  },

  unfinished: ({ interval }) => (interval === null ? 'getitimer does not return' : null),

  outcome: ({ interval }) => (interval === null ? 'getitimer does not return' : `every ${interval} s`),
};
