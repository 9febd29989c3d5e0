import { ERESTARTNOINTR } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';

/** The check at the end of `copy_process` as Linux 3.16 has it. */
export const forkRestarts: Patch = {
  name: 'fork-restarts',
  title: 'fork starts over for any signal that came meanwhile',
  story:
    'Nobody collects signals for a fork that is under way. So that one to a whole group is never lost to the child, ' +
    'a fork that finds any signal pending at its end undoes everything, takes the signal, and starts again; a parent ' +
    'that gets them often enough never has a child.',
  functions: {
    signalEndsFork() {
      this.recalc_sigpending();
      return this.signal_pending(this.current) ? -ERESTARTNOINTR : 0;
    },
  },
};
