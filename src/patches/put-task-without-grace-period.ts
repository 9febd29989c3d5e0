import { EXIT_DEAD, EXIT_ZOMBIE } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { cred, globals, task_struct, user_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const putTaskWithoutGracePeriod: Patch = {
  name: 'put-task-without-grace-period',
  title: 'release_task drops its reference to the task at once',
  story:
    'Nobody finds a task that has been unhashed. But whoever had found it before under RCU, and took no reference, still ' +
    'reads it when its memory is freed.',
  functions: {
    *release_task(dead) {
      const lock = addr(this.globals, globals.tasklist_lock);
      let p = dead;
      for (;;) {
        this.rcu_read_lock();
        if (this.__task_cred(p)) yield;
        const c = this.value(task_struct.real_cred);
        this.atomic_dec(this.get(c, cred.user), user_struct.processes);
        this.rcu_read_unlock();
        // Left out: proc_flush_task and cgroup_release.
        if (this.write_lock_irq(lock)) yield;
        yield* this.ptrace_release_task(p);
        yield* this.__exit_signal(p);
        let zap_leader = false;
        const leader = this.get(p, task_struct.group_leader);
        if (
          leader !== p &&
          this.thread_group_empty(leader) &&
          this.get(leader, task_struct.exit_state) === EXIT_ZOMBIE
        ) {
          zap_leader = yield* this.do_notify_parent(leader, this.get(leader, task_struct.exit_signal));
          if (zap_leader) this.set(leader, task_struct.exit_state, EXIT_DEAD);
        }
        this.write_unlock_irq(lock);
        this.delayed_put_task_struct(p);
        if (!zap_leader) return;
        p = leader;
      }
    },
  },
};
