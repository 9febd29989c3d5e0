import type { Patch } from '../kernel/scenario.js';

export const signalfdNoNotify: Patch = {
  name: 'signalfd-no-notify',
  title: 'a sender does not wake those that wait for a signalfd',
  story:
    'A signal that its target blocks wakes nobody. Who waits for it in a signalfd sleeps in the wait queue of the sighand, ' +
    'and without signalfd_notify nobody looks there.',
  functions: {
    *signalfd_notify(_tsk, _sig) {},
  },
};
