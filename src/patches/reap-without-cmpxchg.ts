import { EXIT_DEAD, EXIT_TRACE, WEXITED, WNOWAIT } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { globals, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const reapWithoutCmpxchg: Patch = {
  name: 'reap-without-cmpxchg',
  title: 'wait_task_zombie sets the exit state and does not look what it was',
  story:
    'Two waiters may both have found the child a zombie, as they hold tasklist_lock for reading only. Without the atomic ' +
    'exchange neither sees that the other has taken it.',
  functions: {
    *wait_task_zombie(wo, p) {
      const pid = this.task_pid_vnr(p);
      const tasklist = addr(this.globals, globals.tasklist_lock);
      if ((wo.wo_flags & WEXITED) === 0) return 0;
      if ((wo.wo_flags & WNOWAIT) !== 0) {
        // The task's own code, though the process may have been ended as a whole since.
        const status = this.get(p, task_struct.exit_code);
        const uid = this.task_uid(p);
        this.read_unlock(tasklist);
        this.reportExit(wo, pid, uid, status);
        return pid;
      }
      // Somebody else's child that is traced: its parent is to have it after its tracer.
      const state = this.ptrace_reparented(p) && this.thread_group_leader(p) ? EXIT_TRACE : EXIT_DEAD;
      if (this.WRITE_ONCE(p, task_struct.exit_state, state)) yield;
      this.read_unlock(tasklist);
      // Left out: adding the child's times to the parent's, under the parent's siglock.
      const uid = this.task_uid(p);
      const status = this.exitStatus(p);
      if (state !== EXIT_TRACE || (yield* this.giveToParent(p))) yield* this.release_task(p);
      this.reportExit(wo, pid, uid, status);
      return pid;
    },
  },
};
