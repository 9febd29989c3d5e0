import { ECHILD, SIGUSR1, WNOHANG } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The process that forks, and its group: the first that the setup makes. */
const PARENT = 100;
/** What a handler found: whether its process has a child. */
const CHILDLESS = 1;
const HAS_CHILD = 2;

export const forkVsHandledSignal: Scenario = {
  name: 'fork-vs-handled-signal',
  subject: 'fork and clone',
  title: 'a signal to a process group, with a handler, while a member forks',
  story:
    'A process forks while another one sends SIGUSR1 to its group, and it has a handler for SIGUSR1. To those who look ' +
    'from outside a fork happens at one moment. If the signal came before it the parent takes the signal and then has a ' +
    'child, which has nothing to do with it. If it came after, both are members of the group, and both take it. But fork ' +
    'takes its time. A signal that comes in between reaches only the parent, for there is no child yet in any list; when ' +
    'the parent runs its handler it has a child. So the kernel collects what comes for more than one process while a ' +
    'fork is under way, and gives it to the child as well: as if the signal had come after the fork.',
  cast: [
    'CPU 0: process 100, alone in its group: fork(); its handler looks whether it has a child',
    'CPU 0: process 102, the child, with the same handler',
    'CPU 1: process 101, the sender: kill(-100, SIGUSR1)',
  ],
  claim: 'each child appears to be forked before the signal or after it, never in between.',
  watch: ['copy_process', 'publishTask', 'delayMultiprocess', '__kill_pgrp_info'],
  patches: [
    {
      name: 'no-multiprocess',
      breaks: 'the parent takes the signal and has a child by then, and the child never gets it',
      kind: 'invariant',
    },
  ],
  possible: [
    {
      outcome: 'taken before the fork, by the parent',
      because: 'it came first: fork started over, and took it first.',
    },
    {
      outcome: 'taken after the fork, by both',
      because: 'the child was a member of the group, or got what was collected while it was made.',
    },
  ],
  impossible: [
    {
      outcome: 'taken after the fork, by the parent alone',
      because: 'the child would not know of what its group was told.',
    },
    {
      outcome: 'taken before the fork, by both',
      because: 'the child would take a signal that came before it was made.',
    },
  ],
  learn:
    'What takes time must look as if it took none: choose the moment at which it happens, and see to it that whatever ' +
    'comes meanwhile is put on one side of it.',
  reading: [
    'kernel/fork.c: copy_process, at "multiprocess" and "delayed"',
    'kernel/signal.c: __send_signal, at "Let multiprocess signals appear after on-going forks"',
  ],
  cpus: 2,
  results: ['parent', 'child'],

  programs: {
    *parent(sys) {
      yield* sys.fork('child');
      yield* sys.stay();
    },
    *child(sys) {
      yield* sys.stay();
    },
    *sender(sys) {
      yield* sys.kill(-PARENT, SIGUSR1);
    },
  },

  handlers: {
    *onUsr1(sys) {
      if (sys.tid !== PARENT) {
        sys.result('child', 1);
        return;
      }
      const children = yield* sys.wait4(-1, WNOHANG);
      sys.result('parent', children.pid === -ECHILD ? CHILDLESS : HAS_CHILD);
    },
  },

  setup(setup) {
    const parent = setup.process('parent', { cpu: 0, group: true });
    setup.sigaction(parent, SIGUSR1, 'onUsr1');
    setup.process('sender', { cpu: 1 });
  },

  unfinished: ({ parent }) => (parent === null ? 'the parent never took the signal' : null),

  outcome: ({ parent, child }) =>
    `taken ${parent === HAS_CHILD ? 'after' : 'before'} the fork, by ${child !== null ? 'both' : parent === HAS_CHILD ? 'the parent alone' : 'the parent'}`,
};
