import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const siglockIrqsOn: Patch = {
  name: 'siglock-irqs-on',
  title: '__lock_task_sighand leaves interrupts enabled',
  story:
    'A CPU that is interrupted while it holds a siglock, by a timer that signals a process with the same siglock, ' +
    'spins on a lock that it holds itself.',
  functions: {
    *__lock_task_sighand(tsk) {
      this.rcu_read_lock();
      let sighand = this.get(tsk, task_struct.sighand);
      for (;;) {
        if (this.READ_ONCE(tsk, task_struct.sighand)) yield;
        sighand = this.value(task_struct.sighand);
        if (!sighand) break;
        const lock = addr(sighand, sighand_struct.siglock);
        if (this.spin_lock(lock)) yield;
        if (sighand === this.get(tsk, task_struct.sighand)) break;
        this.spin_unlock(lock);
      }
      this.irqflags = this.irqs_disabled() ? 1 : 0;
      this.rcu_read_unlock();
      return sighand;
    },
  },
};
