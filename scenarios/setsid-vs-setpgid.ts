import { errorName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The child. */
const CHILD = 101;

export const setsidVsSetpgid: Scenario = {
  name: 'setsid-vs-setpgid',
  subject: 'programs',
  title: 'a shell puts its child into a group while the child begins a session',
  story:
    'A shell puts each child into a process group of its own with setpgid(child, child). The child is a program that becomes a ' +
    'daemon and calls setsid. If the shell comes first the child leads a group, and who leads a group cannot begin a session: ' +
    'setsid says EPERM, and the daemon stays in the session of the shell, to be ended with it. If the child comes first it is ' +
    'in another session, and the shell gets EPERM. This is why daemons fork once more before setsid: a process that has just ' +
    'been made leads no group.',
  cast: [`CPU 0: process 100, the shell: setpgid(${CHILD}, ${CHILD})`, `CPU 1: process ${CHILD}, the child: setsid()`],
  claim: 'exactly one of the two succeeds, and the other says EPERM.',
  watch: ['setpgid', 'setsid', 'set_special_pids', 'change_pid'],
  patches: [
    {
      name: 'setsid-no-group-check',
      breaks: 'the leader of a process group begins a session',
      kind: 'invariant',
    },
  ],
  possible: [
    { outcome: 'setpgid 0, setsid -EPERM', because: 'the shell comes first, and the child leads a group.' },
    { outcome: `setpgid -EPERM, setsid ${CHILD}`, because: 'the child comes first, and is in a session of its own.' },
  ],
  impossible: [
    {
      outcome: `setpgid 0, setsid ${CHILD}`,
      because: 'tasklist_lock lets one come after the other, and whichever is second finds what the first has done.',
    },
  ],
  learn:
    'A call that is refused because of what another process did is not an error to be ignored. Fork before setsid, and the ' +
    'number is one that nobody can have made a group of.',
  reading: [
    'kernel/sys.c: ksys_setsid, at "Fail if a process group id already exists"; setpgid',
    'man 2 setsid: NOTES',
  ],
  cpus: 2,
  results: ['setpgid', 'setsid'],

  programs: {
    *shell(sys) {
      sys.result('setpgid', yield* sys.setpgid(CHILD, CHILD));
      yield* sys.stay();
    },
    *child(sys) {
      sys.result('setsid', yield* sys.setsid());
      yield* sys.stay();
    },
  },

  setup(setup) {
    const shell = setup.process('shell', { cpu: 0, group: true });
    setup.process('child', { parent: shell, cpu: 1 });
  },

  unfinished: ({ setpgid, setsid }) => (setpgid === null || setsid === null ? 'a call does not return' : null),

  outcome: ({ setpgid, setsid }) =>
    setpgid === null || setsid === null
      ? 'a call does not return'
      : `setpgid ${errorName(setpgid)}, setsid ${errorName(setsid)}`,
};
