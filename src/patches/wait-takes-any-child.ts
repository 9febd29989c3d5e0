import { EXIT_DEAD, EXIT_TRACE, EXIT_ZOMBIE, WCONTINUED, WEXITED } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { task_struct } from '../kernel/structs.js';

export const waitTakesAnyChild: Patch = {
  name: 'wait-takes-any-child',
  title: 'a waiter does not look whether a child is the one that it waits for',
  story: 'A thread that is woken, or has just come, takes the first child that has something to tell.',
  functions: {
    *wait_consider_task(wo, ptrace, p) {
      if (this.READ_ONCE(p, task_struct.exit_state)) yield;
      const exit_state = this.value(task_struct.exit_state);
      if (exit_state === EXIT_DEAD) return 0;
      if (exit_state === EXIT_TRACE) {
        // Its tracer waits for it just now: the parent will be told.
        if (!ptrace) wo.notask_error = 0;
        return 0;
      }
      const traced = this.get(p, task_struct.ptrace) !== 0;
      // A child that is traced by a thread of its parent has one kind of stop only.
      const asTracer = ptrace || (traced && !this.ptrace_reparented(p));
      if (exit_state === EXIT_ZOMBIE) {
        if (!this.delay_group_leader(p) && (asTracer || !traced)) return yield* this.wait_task_zombie(wo, p);
        // Also of a zombie leader whose threads live: its process can still stop and go on. A zombie thread cannot.
        if (!asTracer || (wo.wo_flags & (WCONTINUED | WEXITED)) !== 0) wo.notask_error = 0;
      } else {
        wo.notask_error = 0;
      }
      return (yield* this.wait_task_stopped(wo, asTracer, p)) || (yield* this.wait_task_continued(wo, p));
    },
  },
};
