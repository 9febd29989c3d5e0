import {
  __TASK_STOPPED,
  EPERM,
  JOBCTL_TRAP_STOP,
  PIDTYPE_PID,
  PT_SEIZED,
  SEND_SIG_PRIV,
  SIGSTOP,
} from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const attachWithoutTrapping: Patch = {
  name: 'attach-without-trapping',
  title: 'ptrace_attach does not wait until a stopped process is in its trap',
  story:
    'A stopped process is woken so that it goes to its trap. Without JOBCTL_TRAPPING the tracer goes on meanwhile, and finds a ' +
    'process that runs where it has been told that one stands still.',
  functions: {
    *attachLocked(task, flags) {
      if (this.get(task, task_struct.exit_state) !== 0 || this.get(task, task_struct.ptrace) !== 0) return -EPERM;
      this.set(task, task_struct.ptrace, flags);
      this.ptrace_link(task, this.current);
      if ((flags & PT_SEIZED) === 0) yield* this.do_send_sig_info(SIGSTOP, SEND_SIG_PRIV, task, PIDTYPE_PID);
      const lock = addr(this.get(task, task_struct.sighand), sighand_struct.siglock);
      if (this.spin_lock(lock)) yield;
      if (this.task_is_stopped(task) && this.task_set_jobctl_pending(task, JOBCTL_TRAP_STOP)) {
        yield* this.signal_wake_up_state(task, __TASK_STOPPED);
      }
      this.spin_unlock(lock);
      return 0;
    },
  },
};
