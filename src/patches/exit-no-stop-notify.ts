import { JOBCTL_STOP_PENDING, PF_EXITING } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const exitNoStopNotify: Patch = {
  name: 'exit-no-stop-notify',
  title: 'exit_signals does not tell the parent of a stop that it completes',
  story:
    'A thread that exits is counted among those that are to stop. If it is the last of them the stop is complete, and there ' +
    'is no other thread left that would tell the parent.',
  functions: {
    *exit_signals(tsk) {
      const flags = this.get(tsk, task_struct.flags) | PF_EXITING;
      const signal = this.get(tsk, task_struct.signal);
      if (this.thread_group_empty(tsk) || this.signal_group_exit(signal)) {
        // Without the lock: a sender that looks just before still chooses this thread.
        if (this.WRITE_ONCE(tsk, task_struct.flags, flags)) yield;
        return;
      }
      const lock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
      if (this.spin_lock_irq(lock)) yield;
      this.set(tsk, task_struct.flags, flags);
      if (this.signal_pending(tsk)) {
        const blocked = this.loadSigset(addr(tsk, task_struct.blocked));
        yield* this.retarget_shared_pending(tsk, { lo: ~blocked.lo, hi: ~blocked.hi });
        const stopping = (this.get(tsk, task_struct.jobctl) & JOBCTL_STOP_PENDING) !== 0;
        if (stopping) this.task_participate_group_stop(tsk);
      }
      this.spin_unlock_irq(lock);
    },
  },
};
