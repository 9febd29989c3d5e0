import { PIDTYPE_PID, POLLIN, POLLRDNORM } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { file, pid, task_struct } from '../kernel/structs.js';
import { addr, type Ptr } from '../memory/layout.js';

export const pidfdPollWithoutRcu: Patch = {
  name: 'pidfd-poll-without-rcu',
  title: 'pidfd_poll looks at the task of a pid without a read-side section',
  story:
    'A pidfd keeps the pid, and not the task. The task may be released and freed between the look-up and the look at its state.',
  functions: {
    *pidfd_poll(f, wait) {
      const p = this.get(f, file.private_data) as Ptr<'pid'>;
      yield* this.poll_wait(f, addr(p, pid.wait_pidfd), wait);
      let dead = true;
      if (this.pid_task(p, PIDTYPE_PID)) yield;
      const task = this.foundTask(PIDTYPE_PID);
      if (task) {
        if (this.READ_ONCE(task, task_struct.exit_state)) yield;
        dead = this.value(task_struct.exit_state) !== 0 && this.thread_group_empty(task);
      }
      return dead ? POLLIN | POLLRDNORM : 0;
    },
  },
};
