import {
  CLD_STOPPED,
  JOBCTL_STOP_CONSUME,
  JOBCTL_STOP_DEQUEUED,
  JOBCTL_STOP_PENDING,
  JOBCTL_TRAP_STOP,
  TASK_STOPPED,
} from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const siglockBeforeTasklist: Patch = {
  name: 'siglock-before-tasklist',
  title: 'do_signal_stop tells the parent before it releases siglock',
  story:
    'A task that stops takes tasklist_lock while it holds its siglock. Everybody else takes the two the other way ' +
    'round: a child that exits holds tasklist_lock and waits for the siglock of its parent.',
  functions: {
    *do_signal_stop(signr) {
      const tsk = this.current;
      const signal = this.get(tsk, task_struct.signal);
      if ((this.get(tsk, task_struct.jobctl) & JOBCTL_STOP_PENDING) === 0) {
        const dequeued = (this.get(tsk, task_struct.jobctl) & JOBCTL_STOP_DEQUEUED) !== 0;
        if (!dequeued || this.signal_group_exit(signal)) return false;
        yield* this.beginGroupStop(signal, signr | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME);
      }
      if (this.get(tsk, task_struct.ptrace) !== 0) {
        this.task_set_jobctl_pending(tsk, JOBCTL_TRAP_STOP);
        return false;
      }
      const notify = this.task_participate_group_stop(tsk);
      yield* this.set_special_state(TASK_STOPPED);
      if (notify) yield* this.notifyCldstop(CLD_STOPPED);
      this.spin_unlock_irq(addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock));
      yield* this.schedule();
      return true;
    },
  },
};
