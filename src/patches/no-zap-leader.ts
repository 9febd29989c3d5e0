import type { Patch } from '../kernel/scenario.js';
import { cred, globals, task_struct, user_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const noZapLeader: Patch = {
  name: 'no-zap-leader',
  title: 'release_task does not look whether it has left a dead leader alone',
  story:
    'A leader that exits before other threads tells nobody. If the last thread does not tell the parent in its place, nobody ' +
    'ever does, and the process stays a zombie.',
  functions: {
    *release_task(dead) {
      const lock = addr(this.globals, globals.tasklist_lock);
      const p = dead;
      this.rcu_read_lock();
      if (this.__task_cred(p)) yield;
      const c = this.value(task_struct.real_cred);
      this.atomic_dec(this.get(c, cred.user), user_struct.processes);
      this.rcu_read_unlock();
      // Left out: proc_flush_task and cgroup_release.
      if (this.write_lock_irq(lock)) yield;
      yield* this.ptrace_release_task(p);
      yield* this.__exit_signal(p);
      this.write_unlock_irq(lock);
      this.call_rcu(addr(p, task_struct.rcu), this.rcuCallbacks.delayed_put_task_struct);
    },
  },
};
