import type { Patch } from '../kernel/scenario.js';

export const noMultiprocess: Patch = {
  name: 'no-multiprocess',
  title: '__send_signal does not collect signals for the forks that are under way',
  story:
    'A signal to several processes finds the parent and not yet the child. The parent does not start its fork over for a ' +
    'signal that it has a handler for, so the child is added after the signal has been sent, and misses it.',
  functions: {
    delayMultiprocess() {},
  },
};
