import type { Patch } from '../kernel/scenario.js';

export const noRetarget: Patch = {
  name: 'no-retarget',
  title: 'a thread that will not take a signal of its process tells nobody',
  story:
    'The thread that was chosen for a signal blocks it, or exits. The signal is still in the queue of the process, and the ' +
    'other threads, which would take it, were never told.',
  functions: {
    *retarget_shared_pending() {},
  },
};
