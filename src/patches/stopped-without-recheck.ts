import { CLD_STOPPED, CLD_TRAPPED, WNOWAIT, WUNTRACED } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { globals, sighand_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const stoppedWithoutRecheck: Patch = {
  name: 'stopped-without-recheck',
  title: 'a waiter that finds a child stopped does not look whether the stop was told already',
  story:
    'Two waiters have seen that the child has stopped, with tasklist_lock held for reading. The first takes the code of the stop ' +
    'away; the second reports a stop by signal 0.',
  functions: {
    *wait_task_stopped(wo, ptrace, p) {
      if (!ptrace && (wo.wo_flags & WUNTRACED) === 0) return 0;
      if (this.task_stopped_code(p, ptrace) === 0) return 0;
      const lock = addr(this.get(p, task_struct.sighand), sighand_struct.siglock);
      if (this.spin_lock_irq(lock)) yield;
      const p_code = this.task_stopped_code(p, ptrace);
      const exit_code = p_code === 0 ? 0 : this.load(p_code);
      if (exit_code !== 0 && (wo.wo_flags & WNOWAIT) === 0) this.store(p_code, 0);
      const uid = this.task_uid(p);
      this.spin_unlock_irq(lock);
      const pid = this.task_pid_vnr(p);
      this.read_unlock(addr(this.globals, globals.tasklist_lock));
      if ((wo.wo_flags & WNOWAIT) === 0) wo.wo_stat = (exit_code << 8) | 0x7f;
      if (wo.wo_info !== null) {
        const si_code = ptrace ? CLD_TRAPPED : CLD_STOPPED;
        Object.assign(wo.wo_info, { si_code, si_pid: pid, si_uid: uid, si_status: exit_code });
      }
      return pid;
    },
  },
};
