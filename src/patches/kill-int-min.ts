import { PIDTYPE_PGID } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { globals } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

/** `kill_something_info` as Linux 3.16 is quoted in the third seed document. */
export const killIntMin: Patch = {
  name: 'kill-int-min',
  title: 'kill(INT_MIN) is looked up like any other group',
  story:
    'The smallest int has no negative. Without the check for it kill looks for a process group of that very number, ' +
    'under tasklist_lock; there is none, and so the answer is ESRCH all the same.',
  functions: {
    *kill_something_info(sig, info, pid) {
      if (pid > 0) {
        this.rcu_read_lock();
        if (this.find_vpid(pid)) yield;
        const error = yield* this.kill_pid_info(sig, info, this.foundPid());
        this.rcu_read_unlock();
        return error;
      }
      const lock = addr(this.globals, globals.tasklist_lock);
      if (this.read_lock(lock)) yield;
      let error: number;
      if (pid !== -1) {
        let group = this.task_pid_type(this.current, PIDTYPE_PGID);
        if (pid !== 0) {
          if (this.find_vpid(-pid | 0)) yield;
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
