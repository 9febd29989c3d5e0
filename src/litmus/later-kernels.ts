/**
 * What kernels after 5.3.1 do otherwise, where a test's outcome shows it. The model is of 5.3.1 and a host seldom is: with
 * these changes the model says which differences are known, and why. Not a model of any later kernel as a whole.
 */

import { EINVAL, ENOENT, ESRCH, PIDTYPE_PID, PIDTYPE_TGID, SIGNAL_GROUP_EXIT } from '../kernel/constants.js';
import { exitFunctions } from '../kernel/exit.js';
import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, signal_struct, task_struct } from '../kernel/structs.js';
import { addr, NULL } from '../memory/layout.js';

/** A bit of `task_struct.flags` that 5.3.1 does not use here: the thread is no longer among `signal->quick_threads`. */
const NOT_QUICK = 1 << 30;

export const LATER_KERNELS: readonly Patch[] = [
  {
    name: 'synchronize-group-exit',
    title: 'a process that ends thread by thread has the code of its last one',
    story:
      'Newer kernels give a process that ends thread by thread the code of its last one (synchronize_group_exit in ' +
      'kernel/exit.c); 5.3.1 gives that of the leader.',
    functions: {
      *do_exit(code) {
        const tsk = this.current;
        const signal = this.get(tsk, task_struct.signal);
        const lock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
        if (this.spin_lock_irq(lock)) yield;
        this.set(tsk, task_struct.flags, this.get(tsk, task_struct.flags) | NOT_QUICK);
        let quick = false;
        for (let t = this.next_thread(tsk); t !== tsk; t = this.next_thread(t)) {
          if ((this.get(t, task_struct.flags) & NOT_QUICK) === 0) quick = true;
        }
        if (!quick && (this.get(signal, signal_struct.flags) & SIGNAL_GROUP_EXIT) === 0) {
          this.set(signal, signal_struct.flags, SIGNAL_GROUP_EXIT);
          this.set(signal, signal_struct.group_exit_code, code);
          this.set(signal, signal_struct.group_stop_count, 0);
        }
        this.spin_unlock_irq(lock);
        return yield* exitFunctions.do_exit.call(this, code);
      },
    },
  },
  {
    name: 'pidfd-prepare',
    title: 'pidfd_open looks for a task, and then for a leader',
    story:
      'Newer kernels (pidfd_prepare in kernel/fork.c) say ENOENT of a thread that leads no group, and ESRCH of a process ' +
      'that is waited for meanwhile; 5.3.1 says EINVAL of both.',
    functions: {
      *pidfd_open(upid, flags) {
        if (flags !== 0 || upid <= 0) return -EINVAL;
        const p = yield* this.find_get_pid(upid);
        if (!p) return -ESRCH;
        this.rcu_read_lock();
        if (this.pid_task(p, PIDTYPE_TGID)) yield;
        const leads = this.foundTask(PIDTYPE_TGID) !== NULL;
        if (this.pid_task(p, PIDTYPE_PID)) yield;
        const lives = this.foundTask(PIDTYPE_PID) !== NULL;
        this.rcu_read_unlock();
        const fd = leads ? yield* this.pidfd_create(p) : lives ? -ENOENT : -ESRCH;
        this.put_pid(p);
        return fd;
      },
    },
  },
];
