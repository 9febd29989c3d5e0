import { EXIT_DEAD, EXIT_ZOMBIE } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { task_struct } from '../kernel/structs.js';

export const giveToParentWithoutTasklist: Patch = {
  name: 'give-to-parent-without-tasklist',
  title: 'a tracer hands a zombie to its parent without tasklist_lock',
  story:
    'The parent is told of the zombie before that is one again. Without the lock the parent looks in between, sees that the tracer has ' +
    'it still, and sleeps; nobody tells it a second time.',
  functions: {
    *giveToParent(p) {
      if (this.get(p, task_struct.ptrace) !== 0) yield* this.__ptrace_unlink(p);
      const dead = yield* this.do_notify_parent(p, this.get(p, task_struct.exit_signal));
      if (this.WRITE_ONCE(p, task_struct.exit_state, dead ? EXIT_DEAD : EXIT_ZOMBIE)) yield;
      return dead;
    },
  },
};
