import { PTRACE_TRACEME } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the child: the second process that the setup makes. */
const CHILD = 101;

export const tracemeVsExit: Scenario = {
  name: 'traceme-vs-exit',
  subject: 'tracing',
  title: 'a child asks its parent to trace it, and the parent exits',
  story:
    'A debugger forks, and its child calls ptrace(PTRACE_TRACEME): be my tracer. At that moment the debugger is killed. A task that ' +
    'dies lets go of all that it traces, once; who is put on its list after that stays there, traced by a task that is dead, and ' +
    'would stop for it for ever. So the child looks whether its parent has begun to exit, and holds tasklist_lock from that ' +
    'look until it is on the list; the parent takes that lock to empty the list.',
  cast: [
    'CPU 1: process 100, the debugger: exit(0)',
    `CPU 0: process ${CHILD}, its child: ptrace(PTRACE_TRACEME), then exits`,
  ],
  claim: 'the child goes on: nobody who is dead traces it.',
  watch: ['ptrace_traceme', 'ptrace_link', 'exit_ptrace', 'forget_original_parent', 'ptrace_release_task'],
  patches: [
    { name: 'traceme-without-tasklist', breaks: 'the child is traced by a task that is gone', kind: 'use-after-free' },
  ],
  possible: [{ outcome: 'the child went on', because: 'it was let go of, or was not traced at all.' }],
  learn:
    'A list that is emptied once for all must be closed by the same step: whoever comes later has to find it closed.',
  reading: ['kernel/ptrace.c: ptrace_traceme, exit_ptrace', 'kernel/exit.c: forget_original_parent'],
  cpus: 2,
  results: ['on'],

  programs: {
    *debugger() {
      return 0;
    },
    *child(sys) {
      const traced = yield* sys.ptrace(PTRACE_TRACEME, 0);
      sys.check(traced === 0, `PTRACE_TRACEME gave ${traced}`);
      sys.result('on', 1);
    },
  },

  setup(setup) {
    const parent = setup.process('debugger', { cpu: 1 });
    setup.process('child', { parent, cpu: 0 });
  },

  unfinished: ({ on }) => (on === null ? 'the child does not go on' : null),

  outcome: ({ on }) => (on === 1 ? 'the child went on' : 'the child did not go on'),
};
