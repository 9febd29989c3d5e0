import {
  JOBCTL_STOP_PENDING,
  JOBCTL_STOP_SIGMASK,
  JOBCTL_TRAP_MASK,
  PF_EXITING,
  SIGNAL_STOP_STOPPED,
  SIGSTOP,
  TIF_SYSCALL_TRACE,
} from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, signal_struct, task_struct } from '../kernel/structs.js';
import { addr, NULL } from '../memory/layout.js';

export const unlinkWakesNobody: Patch = {
  name: 'unlink-wakes-nobody',
  title: 'a task that is let go of by its tracer is not woken',
  story:
    'A task that has stopped for its tracer sleeps until it is woken by it. If the end of the tracing does not wake it, nobody ' +
    'else will.',
  functions: {
    *__ptrace_unlink(child) {
      this.BUG_ON(this.get(child, task_struct.ptrace) === 0, '__ptrace_unlink of a task that is not traced');
      this.clear_tsk_thread_flag(child, TIF_SYSCALL_TRACE);
      this.set(child, task_struct.parent, this.get(child, task_struct.real_parent));
      this.list_del_init(addr(child, task_struct.ptrace_entry));
      const old_cred = this.get(child, task_struct.ptracer_cred);
      this.set(child, task_struct.ptracer_cred, NULL);
      this.put_cred(old_cred);

      const lock = addr(this.get(child, task_struct.sighand), sighand_struct.siglock);
      if (this.spin_lock(lock)) yield;
      this.set(child, task_struct.ptrace, 0);
      this.task_clear_jobctl_pending(child, JOBCTL_TRAP_MASK);
      yield* this.task_clear_jobctl_trapping(child);
      const signal = this.get(child, task_struct.signal);
      let jobctl = this.get(child, task_struct.jobctl);
      if (
        (this.get(child, task_struct.flags) & PF_EXITING) === 0 &&
        ((this.get(signal, signal_struct.flags) & SIGNAL_STOP_STOPPED) !== 0 ||
          this.get(signal, signal_struct.group_stop_count) !== 0)
      ) {
        jobctl |= JOBCTL_STOP_PENDING;
        if ((jobctl & JOBCTL_STOP_SIGMASK) === 0) jobctl |= SIGSTOP;
        this.set(child, task_struct.jobctl, jobctl);
      }
      this.spin_unlock(lock);
    },
  },
};
