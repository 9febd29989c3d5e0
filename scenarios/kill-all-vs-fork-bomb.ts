import { errorName, SIGKILL } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

export const killAllVsForkBomb: Scenario = {
  name: 'kill-all-vs-fork-bomb',
  subject: 'fork and clone',
  title: 'kill(-1, SIGKILL) while a process forks',
  story:
    'A process that forks and forks is to be stopped for good: kill(-1, SIGKILL) walks the list of all processes under ' +
    'tasklist_lock and kills each. The child of a fork that is under way is not in the list yet. So fork looks twice ' +
    'whether its parent has a signal to take: at the beginning, before there is a child, and at the end, under ' +
    'tasklist_lock and siglock, before the child joins the list. What is sent to several processes between the two is ' +
    'noted for the child as well. Either the walk finds the child, or fork finds the signal.',
  cast: [
    'CPU 0: process 100, a subreaper: kill(-1, SIGKILL), then wait4(-1) until there is nobody left',
    'CPU 1: process 101, its child, the bomb: fork(), whose child is to fork as well',
  ],
  claim: 'nothing survives: wait4 comes to ECHILD.',
  watch: ['kill_something_info', 'complete_signal', 'copy_process', 'signalEndsFork'],
  patches: [
    {
      name: 'no-fork-signal-check',
      breaks: 'the child is put into the list after the walk, and the bomb goes on',
      kind: 'hung-task',
    },
  ],
  possible: [
    { outcome: 'kill 0, 1 reaped', because: 'the bomb is killed before it has forked, or in the middle of it.' },
    {
      outcome: 'kill 0, 2 reaped',
      because: "the child is in the list when kill walks it, or gets the signal with its parent's fork.",
    },
  ],
  learn:
    'Whoever walks a list to reach everybody needs all who join it to look, under the same lock, whether a walk has missed ' +
    'them. The lock alone does not help those that are not in the list yet.',
  reading: [
    'kernel/fork.c: copy_process, the two looks for signals and "delayed"',
    'kernel/signal.c: kill_something_info, __send_signal (multiprocess)',
    'man 2 kill: on pid -1',
  ],
  cpus: 2,
  results: ['kill', 'reaped', 'end'],

  programs: {
    *killer(sys) {
      sys.result('kill', yield* sys.kill(-1, SIGKILL));
      let reaped = 0;
      for (;;) {
        const { pid, status } = yield* sys.wait();
        if (pid < 0) break;
        sys.check(status === SIGKILL, `process ${pid} ended with status ${status}`);
        reaped++;
      }
      sys.result('reaped', reaped);
      sys.result('end', 1);
      yield* sys.stay();
    },
    *bomb(sys) {
      if (sys.arg > 0) yield* sys.fork('bomb', sys.arg - 1);
      yield* sys.stay();
    },
  },

  setup(setup) {
    const killer = setup.process('killer', { cpu: 0, subreaper: true });
    setup.process('bomb', { parent: killer, cpu: 1, arg: 1 });
  },

  unfinished: ({ end }) => (end === null ? 'a process has survived kill(-1, SIGKILL)' : null),

  outcome: ({ kill, reaped }) => `kill ${errorName(kill ?? 1)}, ${reaped ?? 'not all'} reaped`,
};
