import { ESRCH, INT_MIN, PIDTYPE_PGID } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { globals } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const noRcuReadLock: Patch = {
  name: 'no-rcu-read-lock',
  title: 'kill_something_info looks the pid up outside of any RCU read-side section',
  story:
    'What a lookup without a lock has found stays there as long as the reader is inside a read-side section, and no longer. ' +
    'On a kernel without preemption the code holds up grace periods all the same, by not giving up its CPU, and so nothing ' +
    'is freed early: the mistake does no harm until somebody builds the kernel with preemption.',
  functions: {
    *kill_something_info(sig, info, pid) {
      if (pid > 0) {
        if (this.find_vpid(pid)) yield;
        const error = yield* this.kill_pid_info(sig, info, this.foundPid());
        return error;
      }
      if (pid === INT_MIN) return -ESRCH;
      const lock = addr(this.globals, globals.tasklist_lock);
      if (this.read_lock(lock)) yield;
      let error: number;
      if (pid !== -1) {
        let group = this.task_pid_type(this.current, PIDTYPE_PGID);
        if (pid !== 0) {
          if (this.find_vpid(-pid)) yield;
          group = this.foundPid();
        }
        error = yield* this.__kill_pgrp_info(sig, info, group);
      } else {
        error = yield* this.killEverybody(sig, info);
      }
      this.read_unlock(lock);
      return error;
    },
  },
};
