import { errorName, SIGCONT, SIGSTOP, WCONTINUED, WUNTRACED } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';
import { WIFCONTINUED, WIFSTOPPED } from '../src/kernel/waitstatus.js';

const CHILD = 102;

export const twoStopWaiters: Scenario = {
  name: 'two-stop-waiters',
  subject: 'stop and continue',
  title: 'two threads wait for the stop of one child',
  story:
    'Two threads of a process wait for the same child to stop or to go on. Both find it stopped: they look through the ' +
    'children with tasklist_lock held for reading, which lets both in. A stop is to be told once. So each that finds the child ' +
    'stopped takes the siglock of the child, looks once more, and takes the code of the stop away: the second finds none. It is ' +
    'the same for SIGCONT.',
  cast: [
    `CPU 0: thread 100, the leader: wait4(${CHILD}, WUNTRACED | WCONTINUED) until it ends; kill(${CHILD}, SIGCONT) when it has stopped`,
    'CPU 1: thread 101: the same',
    `CPU 1: process ${CHILD}, the child, runs when 101 sleeps: kill(${CHILD}, SIGSTOP), exit(0)`,
  ],
  claim: 'the stop is told once, that it goes on at most once, and its end once.',
  watch: ['do_wait', 'wait_task_stopped', 'task_stopped_code', 'wait_task_continued', 'wait_task_zombie'],
  patches: [
    {
      name: 'stopped-without-recheck',
      breaks: 'both threads are told of the same stop',
      kind: 'invariant',
    },
  ],
  learn:
    'A look under a lock that others share is a guess. Take the lock that the change needs, and look again: whoever is second ' +
    'has to see that there is nothing left.',
  reading: ['kernel/exit.c: wait_task_stopped, at "unlock_sig"; wait_task_continued, at "Re-check with the lock held"'],
  bound: { preemptions: 3 },
  cpus: 2,
  results: ['stops', 'stops2', 'conts', 'conts2', 'ends', 'ends2'],

  programs: {
    *waiter(sys) {
      let stops = 0;
      let conts = 0;
      let ends = 0;
      for (;;) {
        const { pid, status } = yield* sys.wait4(CHILD, WUNTRACED | WCONTINUED);
        if (pid < 0) {
          sys.check(errorName(pid) === '-ECHILD', `wait4 gave ${errorName(pid)}`);
          break;
        }
        if (WIFSTOPPED(status)) {
          stops++;
          yield* sys.kill(CHILD, SIGCONT);
        } else if (WIFCONTINUED(status)) conts++;
        else ends++;
      }
      const mine = sys.arg === 0 ? '' : '2';
      sys.result(`stops${mine}`, stops);
      sys.result(`conts${mine}`, conts);
      sys.result(`ends${mine}`, ends);
      yield* sys.stay();
    },
    *child(sys) {
      yield* sys.kill(CHILD, SIGSTOP);
      return 0;
    },
  },

  setup(setup) {
    const leader = setup.process('waiter', { cpu: 0 });
    setup.thread(leader, 'waiter', { cpu: 1, arg: 1 });
    setup.process('child', { parent: leader, cpu: 1 });
  },

  possible: [
    { outcome: 'stopped, continued, ended', because: 'somebody waits again before the child ends.' },
    { outcome: 'stopped, ended', because: 'the child ends before anybody waits again, and the end is what is told.' },
  ],

  unfinished: ({ ends, ends2 }) => (ends === null || ends2 === null ? 'a thread waits for ever' : null),

  outcome({ stops, stops2, conts, conts2, ends, ends2 }) {
    const told = (what: string, count: number): string[] =>
      count === 0 ? [] : [count === 1 ? what : `${what} ${count} times`];
    return [
      ...told('stopped', (stops ?? 0) + (stops2 ?? 0)),
      ...told('continued', (conts ?? 0) + (conts2 ?? 0)),
      ...told('ended', (ends ?? 0) + (ends2 ?? 0)),
    ].join(', ');
  },
};
