import type { Patch } from '../kernel/scenario.js';

export const scheduleIgnoresPending: Patch = {
  name: 'schedule-ignores-pending',
  title: '__schedule puts a task to sleep that has a signal pending',
  story:
    'A signal that comes after a task has looked for signals and before it has said that it sleeps wakes nobody: the ' +
    'task is awake. Without the look in __schedule the task then sleeps, and nothing wakes it.',
  functions: {
    signal_pending_state: () => false,
  },
};
