import { CLD_STOPPED, JOBCTL_STOP_PENDING, PF_EXITING } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const exitNoRetarget: Patch = {
  name: 'exit-no-retarget',
  title: 'exit_signals does not find another thread for the signals of the process',
  story:
    'A thread that exits may have been chosen for a signal that is meant for its whole process. Nobody else was told, and ' +
    'it will not come to take it.',
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
      let stopped = false;
      if (this.signal_pending(tsk)) {
        const stopping = (this.get(tsk, task_struct.jobctl) & JOBCTL_STOP_PENDING) !== 0;
        stopped = stopping && this.task_participate_group_stop(tsk);
      }
      this.spin_unlock_irq(lock);
      // The others had stopped, and this was the thread that they waited for.
      if (stopped) yield* this.notifyCldstop(CLD_STOPPED);
    },
  },
};
