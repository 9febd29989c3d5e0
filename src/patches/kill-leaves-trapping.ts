import { JOBCTL_PENDING_MASK } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';

export const killLeavesTrapping: Patch = {
  name: 'kill-leaves-trapping',
  title: 'a task that is to die keeps JOBCTL_TRAPPING',
  story:
    'Who kills a task clears what it was to stop for: it will not stop any more. A tracer that waits for its trap is not told, ' +
    'and the trap never comes.',
  functions: {
    *clearJobctl(t) {
      this.task_clear_jobctl_pending(t, JOBCTL_PENDING_MASK);
    },
  },
};
