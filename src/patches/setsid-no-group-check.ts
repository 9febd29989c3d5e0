import { EPERM } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { globals, signal_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const setsidNoGroupCheck: Patch = {
  name: 'setsid-no-group-check',
  title: 'setsid does not look whether a process group has its number',
  story:
    'The caller of setsid gets a session and a group with its own number. If that number is a group already, others may be in ' +
    'it, and a group would have members in two sessions.',
  functions: {
    *setsid() {
      const group_leader = this.get(this.current, task_struct.group_leader);
      const sid = this.get(group_leader, task_struct.thread_pid);
      const session = this.pid_vnr(sid);
      const lock = addr(this.globals, globals.tasklist_lock);
      let err = -EPERM;
      if (this.write_lock_irq(lock)) yield;
      const signal = this.get(group_leader, task_struct.signal);
      if (this.get(signal, signal_struct.leader) === 0) {
        this.set(signal, signal_struct.leader, 1);
        yield* this.set_special_pids(sid);
        err = session;
      }
      this.write_unlock_irq(lock);
      return err;
    },
  },
};
