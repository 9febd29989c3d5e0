import { EXIT_DEAD, SIGCHLD } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const reparentWithoutStateCheck: Patch = {
  name: 'reparent-without-state-check',
  title: 'reparent_leader does not ask whether the child is a zombie',
  story:
    'The new parent is told of the death of a child that lives. If it does not want to wait for its children the child is ' +
    'released while it runs, and once more when it exits.',
  functions: {
    *reparent_leader(father, p, dead) {
      if (this.get(p, task_struct.exit_state) === EXIT_DEAD) return;
      this.set(p, task_struct.exit_signal, SIGCHLD);
      if (
        this.get(p, task_struct.ptrace) === 0 &&
        this.thread_group_empty(p) &&
        (yield* this.do_notify_parent(p, SIGCHLD))
      ) {
        this.set(p, task_struct.exit_state, EXIT_DEAD);
        this.list_add(addr(p, task_struct.ptrace_entry), dead);
      }
      yield* this.kill_orphaned_pgrp(p, father);
    },
  },
};
