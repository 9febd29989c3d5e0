import { ESRCH, PIDTYPE_PID, PIDTYPE_TGID } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';

/** `kill_pid_info` as Linux 3.16 is quoted in the third seed document: one lookup, one try. */
export const noKillRetry: Patch = {
  name: 'no-kill-retry',
  title: 'kill_pid_info tries once',
  story:
    'The task that the pid led to may lose its sighand before kill locks it. Without a second lookup kill takes that ' +
    'for the death of the process, though a thread that is in exec has taken its pid over.',
  functions: {
    *kill_pid_info(sig, info, pid) {
      let error = -ESRCH;
      this.rcu_read_lock();
      if (this.pid_task(pid, PIDTYPE_PID)) yield;
      const p = this.foundTask(PIDTYPE_PID);
      if (p) error = yield* this.group_send_sig_info(sig, info, p, PIDTYPE_TGID);
      this.rcu_read_unlock();
      return error;
    },
  },
};
