import { CAP_SETUID, errorName, SIGUSR1 } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the target: the second process that the setup makes. */
const TARGET = 101;
const BEFORE = 1000;
const AFTER = 2000;

export const setuidVsKill: Scenario = {
  name: 'setuid-vs-kill',
  subject: 'credentials and containers',
  title: 'the target of a kill changes its user',
  story:
    'A process of user 1000 sends a signal to one of the same user, which just becomes user 2000. kill compares the ' +
    'credentials under RCU, and sends then: no lock spans the two. So the signal may arrive at a process that the sender ' +
    'may not signal any more. That is allowed: it is as if the signal had been sent a moment earlier and had been slow. But ' +
    'the old credentials, which kill may be looking at, are not freed before it has looked.',
  cast: [
    `CPU 0: process 100, user ${BEFORE}: kill(${TARGET}, SIGUSR1)`,
    `CPU 1: process ${TARGET}, user ${BEFORE} with CAP_SETUID: setuid(${AFTER}), with a handler for SIGUSR1`,
  ],
  claim:
    'the signal is sent, and arrives before or after the change, or kill says EPERM; credentials are read only while they exist.',
  watch: ['group_send_sig_info', 'check_kill_permission', 'commit_creds', 'put_cred', 'do_send_sig_info'],
  patches: [
    {
      name: 'cred-without-rcu',
      breaks: 'kill reads credentials that are freed',
      kind: 'use-after-free',
    },
  ],
  possible: [
    { outcome: 'sent, handled as user 1000', because: 'the signal arrives before the change.' },
    {
      outcome: 'sent, handled as user 2000',
      because: 'kill has compared the credentials before the change, and the signal is taken after it.',
    },
    { outcome: 'kill -EPERM', because: 'kill has found the new credentials.' },
  ],
  impossible: [{ outcome: 'kill -EPERM, but handled', because: 'nothing is sent where the check fails.' }],
  learn:
    'A check and what it allows are two steps. Where the second can come late, ask whether a late one is a harm; here it is ' +
    'none. The memory that the check reads is another matter: RCU keeps it for as long as somebody reads.',
  reading: [
    'kernel/signal.c: group_send_sig_info, check_kill_permission, kill_ok_by_cred',
    'kernel/cred.c: commit_creds, put_cred_rcu',
    "Documentation/security/credentials.rst: Accessing another task's credentials",
  ],
  cpus: 2,
  results: ['kill', 'handler'],

  programs: {
    *sender(sys) {
      sys.result('kill', yield* sys.kill(TARGET, SIGUSR1));
      yield* sys.stay();
    },
    *target(sys) {
      yield* sys.setuid(AFTER);
      yield* sys.stay();
    },
  },

  handlers: {
    *onSignal(sys) {
      sys.result('handler', yield* sys.getuid());
    },
  },

  setup(setup) {
    setup.process('sender', { cpu: 0, uid: BEFORE });
    const target = setup.process('target', { cpu: 1, uid: BEFORE, capabilities: CAP_SETUID });
    setup.sigaction(target, SIGUSR1, 'onSignal');
  },

  unfinished: ({ kill, handler }) => (kill === 0 && handler === null ? 'the signal was sent, and not handled' : null),

  outcome: ({ kill, handler }) =>
    kill === 0
      ? `sent, handled as user ${handler}`
      : `kill ${errorName(kill ?? 1)}${handler === null ? '' : ', but handled'}`,
};
