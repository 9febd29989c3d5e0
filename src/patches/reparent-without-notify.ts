import { EXIT_DEAD, SIGCHLD } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { task_struct } from '../kernel/structs.js';

export const reparentWithoutNotify: Patch = {
  name: 'reparent-without-notify',
  title: 'reparent_leader does not tell the new parent of a zombie',
  story:
    'A child that died before its parent did has told only the parent, which is gone. Nobody tells the new one: the zombie ' +
    'is never released, or waits until the new parent happens to look.',
  functions: {
    *reparent_leader(father, p) {
      if (this.get(p, task_struct.exit_state) === EXIT_DEAD) return;
      this.set(p, task_struct.exit_signal, SIGCHLD);
      yield* this.kill_orphaned_pgrp(p, father);
    },
  },
};
