import { ESRCH, PIDTYPE_PID } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { task_struct } from '../kernel/structs.js';

export const tgkillWithoutRcu: Patch = {
  name: 'tgkill-without-rcu',
  title: 'do_send_specific looks a thread up without a read-side section',
  story:
    'A thread may die and be released between the look-up of its number and the signal. Without the read-side section nothing ' +
    'keeps what the number led to.',
  functions: {
    *do_send_specific(tgid, pid, sig, info) {
      let error = -ESRCH;
      if (this.find_vpid(pid)) yield;
      if (this.pid_task(this.foundPid(), PIDTYPE_PID)) yield;
      const p = this.foundTask(PIDTYPE_PID);
      if (p && (tgid <= 0 || this.task_tgid_nr_ns(p, this.task_active_pid_ns(this.current)) === tgid)) {
        if (this.credToCheck(sig, info, p)) yield;
        error = this.check_kill_permission(sig, info, p, this.value(task_struct.real_cred));
        if (error === 0 && sig !== 0) {
          error = yield* this.do_send_sig_info(sig, info, p, PIDTYPE_PID);
          if (error === -ESRCH) error = 0;
        }
      }
      return error;
    },
  },
};
