import type { Patch } from '../kernel/scenario.js';

export const exitNoNotifyPidfd: Patch = {
  name: 'exit-no-notify-pidfd',
  title: 'the death of a process does not wake those that poll its pidfds',
  story:
    'A watcher that came before the process was dead sleeps in the wait queue of its pid. The death is told to the parent, ' +
    'and to nobody else.',
  functions: {
    *do_notify_pidfd(_task) {},
  },
};
