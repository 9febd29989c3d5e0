import { SIGKILL } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The process group: its leader is the second process that the setup makes. */
const GROUP = 101;

export const forkVsGroupKill: Scenario = {
  name: 'fork-vs-group-kill',
  subject: 'fork and clone',
  title: 'kill(-pgrp, SIGKILL) while a member of the group forks',
  story:
    'A supervisor kills a process group with SIGKILL, while the one process in it forks. kill goes through the members that ' +
    'there are and holds tasklist_lock meanwhile; fork adds the child with the same lock held. So either kill finds the ' +
    'child, or the child is added after kill has gone through. In the second case its parent has the signal already, and ' +
    'the child would be born after the massacre. That is why fork looks for signals: at its start, when it begins to ' +
    'collect those that come from then on for the child, and again before it adds the child.',
  cast: [
    'CPU 0: process 100, the supervisor and subreaper: kill(-101, SIGKILL), then wait4(-1) until it has no children',
    'CPU 1: process 101, alone in its group: fork()',
    'CPU 1: process 102, if it comes to life: stays in user mode',
  ],
  claim: 'after a fatal signal to the group no member of it survives.',
  watch: [
    '__kill_pgrp_info',
    'signalBeforeFork',
    'signalEndsFork',
    'publishTask',
    'delayMultiprocess',
    'complete_signal',
  ],
  patches: [
    {
      name: 'no-fork-signal-check',
      breaks: 'the child is born after kill has gone through, and lives',
      kind: 'hung-task',
    },
  ],
  possible: [
    { outcome: 'one process died', because: 'the parent was killed before it had a child: fork gave up.' },
    {
      outcome: 'two processes died',
      because: 'the child was there when the signal came, or got it with its first breath.',
    },
  ],
  learn:
    'To do something to all members of a set while members are added takes two agreements: with those who add, that they ' +
    'look whether it has happened, and a lock, so that the look and the addition are one.',
  reading: [
    'kernel/fork.c: copy_process, at "recalc_sigpending" and at "fatal_signal_pending"',
    'kernel/signal.c: __kill_pgrp_info, __send_signal where it goes through signal->multiprocess',
  ],
  cpus: 2,
  results: ['died'],

  programs: {
    *supervisor(sys) {
      const error = yield* sys.kill(-GROUP, SIGKILL);
      sys.check(error === 0, `kill(-${GROUP}, SIGKILL) gave ${error}`);
      let died = 0;
      while ((yield* sys.wait4(-1)).pid > 0) died++;
      sys.result('died', died);
    },
    *member(sys) {
      yield* sys.fork('child');
      yield* sys.stay();
    },
    *child(sys) {
      yield* sys.stay();
    },
  },

  setup(setup) {
    const supervisor = setup.process('supervisor', { cpu: 0, subreaper: true });
    setup.process('member', { parent: supervisor, cpu: 1, group: true });
  },

  unfinished: ({ died }) => (died === null ? `a member of group ${GROUP} has survived SIGKILL` : null),

  outcome: ({ died }) => `${died === 1 ? 'one process' : died === 2 ? 'two processes' : `${died ?? 'not all'}`} died`,
};
