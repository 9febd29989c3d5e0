import { EXIT_DEAD, EXIT_ZOMBIE } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { task_struct } from '../kernel/structs.js';

export const detachWakesNoParent: Patch = {
  name: 'detach-wakes-no-parent',
  title: 'a tracer that releases a zombie of its own process wakes nobody',
  story:
    'A thread of the process that waits for its own children alone has not heard of the end of one that another thread traces. If it is ' +
    'not woken when that is released either, it waits for nobody.',
  functions: {
    *__ptrace_detach(tracer, p) {
      yield* this.__ptrace_unlink(p);
      if (this.get(p, task_struct.exit_state) !== EXIT_ZOMBIE) return false;
      let dead = !this.thread_group_leader(p);
      if (!dead && this.thread_group_empty(p)) {
        if (!this.same_thread_group(this.get(p, task_struct.real_parent), tracer)) {
          dead = yield* this.do_notify_parent(p, this.get(p, task_struct.exit_signal));
        } else if (yield* this.ignoring_children(this.get(tracer, task_struct.sighand))) {
          dead = true;
        }
      }
      if (dead) this.set(p, task_struct.exit_state, EXIT_DEAD);
      return dead;
    },
  },
};
