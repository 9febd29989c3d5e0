import type { Patch } from '../kernel/scenario.js';

export const noForkSignalCheck: Patch = {
  name: 'no-fork-signal-check',
  title: 'copy_process does not look for signals',
  story:
    'A process, or all its threads, may have been told to die when fork begins, or while it is under way. The new task was ' +
    'not there to be told. Without the looks at the start and before it is added, it is born, and nobody tells it later.',
  functions: {
    *signalBeforeFork() {
      return 0;
    },

    signalEndsFork() {
      return 0;
    },
  },
};
