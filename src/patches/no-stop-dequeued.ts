import {
  CLD_STOPPED,
  JOBCTL_STOP_CONSUME,
  JOBCTL_STOP_PENDING,
  JOBCTL_TRAP_STOP,
  TASK_STOPPED,
} from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const noStopDequeued: Patch = {
  name: 'no-stop-dequeued',
  title: 'do_signal_stop does not look whether SIGCONT has come since the stop signal was taken',
  story:
    'A thread that has taken a stop signal releases siglock before it stops. A SIGCONT that comes then finds nothing to ' +
    'cancel but the mark JOBCTL_STOP_DEQUEUED. Without the look at the mark the thread stops all the same.',
  functions: {
    *do_signal_stop(signr) {
      const tsk = this.current;
      const signal = this.get(tsk, task_struct.signal);
      if ((this.get(tsk, task_struct.jobctl) & JOBCTL_STOP_PENDING) === 0) {
        if (this.signal_group_exit(signal)) return false;
        yield* this.beginGroupStop(signal, signr | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME);
      }
      if (this.get(tsk, task_struct.ptrace) !== 0) {
        // A traced task stops in a trap: the caller's next step.
        this.task_set_jobctl_pending(tsk, JOBCTL_TRAP_STOP);
        return false;
      }
      const notify = this.task_participate_group_stop(tsk);
      yield* this.set_special_state(TASK_STOPPED);
      this.spin_unlock_irq(addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock));
      if (notify) yield* this.notifyCldstop(CLD_STOPPED);
      yield* this.schedule();
      return true;
    },
  },
};
