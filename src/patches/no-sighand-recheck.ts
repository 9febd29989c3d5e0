import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, task_struct } from '../kernel/structs.js';
import { addr, type Ptr } from '../memory/layout.js';

export const noSighandRecheck: Patch = {
  name: 'no-sighand-recheck',
  title: '__lock_task_sighand takes the lock of the sighand that it has found, and does not look again',
  story:
    'Between the look at the pointer and the lock the task may have been released. The sighand is freed then, and may be ' +
    "another process's; the task itself has none. Whoever has the lock believes that the task's signals are protected.",
  functions: {
    *__lock_task_sighand(tsk) {
      this.rcu_read_lock();
      let sighand: Ptr<'sighand_struct'>;
      for (;;) {
        if (this.READ_ONCE(tsk, task_struct.sighand)) yield;
        sighand = this.value(task_struct.sighand);
        if (!sighand) break;
        const lock = addr(sighand, sighand_struct.siglock);
        if (this.spin_lock_irqsave(lock)) yield;
        break;
      }
      this.rcu_read_unlock();
      return sighand;
    },
  },
};
