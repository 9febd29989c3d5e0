import {
  CLD_STOPPED,
  JOBCTL_LISTENING,
  JOBCTL_STOP_PENDING,
  JOBCTL_TRAP_NOTIFY,
  JOBCTL_TRAP_STOP,
  PTRACE_EVENT_STOP,
  TASK_RUNNING,
  TASK_TRACED,
} from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, task_struct } from '../kernel/structs.js';
import { addr, type Ptr } from '../memory/layout.js';

export const ptraceStopWithoutTasklist: Patch = {
  name: 'ptrace-stop-without-tasklist',
  title: 'a tracee looks whether it has a tracer, and tells it, without tasklist_lock',
  story:
    'Between the look at the tracer and the telling the tracer can exit, let go of the tracee, and be released: it has no sighand by ' +
    'then, and soon no memory.',
  functions: {
    *ptrace_stop(exit_code, why, clear_code, info) {
      const tsk = this.current;
      const siglock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
      yield* this.set_special_state(TASK_TRACED);
      const place = addr(tsk, task_struct.ptrace_siginfo);
      if (info !== null) {
        this.copy_siginfo(place, info);
        this.set(tsk, task_struct.last_siginfo, place);
      }
      this.set(tsk, task_struct.exit_code, exit_code);
      let gstop_done = false;
      if (why === CLD_STOPPED && (this.get(tsk, task_struct.jobctl) & JOBCTL_STOP_PENDING) !== 0) {
        gstop_done = this.task_participate_group_stop(tsk);
      }
      const event_stop = info !== null && info.si_code >> 8 === PTRACE_EVENT_STOP;
      this.task_clear_jobctl_pending(tsk, event_stop ? JOBCTL_TRAP_STOP | JOBCTL_TRAP_NOTIFY : JOBCTL_TRAP_STOP);
      yield* this.task_clear_jobctl_trapping(tsk);
      this.spin_unlock_irq(siglock);

      if (this.may_ptrace_stop()) {
        yield* this.do_notify_parent_cldstop(tsk, true, why);
        if (gstop_done && this.ptrace_reparented(tsk)) yield* this.do_notify_parent_cldstop(tsk, false, why);
        yield* this.schedule();
      } else {
        if (gstop_done) yield* this.do_notify_parent_cldstop(tsk, false, why);
        this.__set_current_state(TASK_RUNNING);
        if (clear_code) this.set(tsk, task_struct.exit_code, 0);
      }
      if (this.spin_lock_irq(siglock)) yield;
      this.set(tsk, task_struct.last_siginfo, 0 as Ptr<'kernel_siginfo'>);
      const jobctl = this.get(tsk, task_struct.jobctl);
      if ((jobctl & JOBCTL_LISTENING) !== 0) this.set(tsk, task_struct.jobctl, jobctl & ~JOBCTL_LISTENING);
      this.recalc_sigpending_tsk(tsk);
    },
  },
};
