import {
  __WALL,
  ECHILD,
  SIG_IGN,
  SIGCHLD,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TIF_SIGPENDING,
} from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { k_sigaction, pid_namespace, sighand_struct, task_struct } from '../kernel/structs.js';
import { addr, type Ptr } from '../memory/layout.js';

export const zapWithoutDisable: Patch = {
  name: 'zap-without-disable',
  title: 'the init of a pid namespace kills before it forbids new pids',
  story: 'A fork that is under way gets a pid in a namespace whose processes have all been killed.',
  functions: {
    *zap_pid_ns_processes(pid_ns) {
      const me = this.current;
      const init_pids = this.thread_group_leader(me) ? 1 : 2;
      const sighand = this.get(me, task_struct.sighand);
      const siglock = addr(sighand, sighand_struct.siglock);
      if (this.spin_lock_irq(siglock)) yield;
      // From now on nobody becomes a zombie of this process.
      const ka = (sighand + sighand_struct.action + (SIGCHLD - 1) * k_sigaction.$.words) as Ptr<'k_sigaction'>;
      this.set(ka, k_sigaction.sa_handler, SIG_IGN);
      this.spin_unlock_irq(siglock);
      yield* this.killNamespace(pid_ns);
      // The zombies from before.
      const status = { status: 0 };
      let rc: number;
      do {
        this.clear_tsk_thread_flag(me, TIF_SIGPENDING);
        rc = yield* this.wait4(-1, status, __WALL);
      } while (rc !== -ECHILD);
      // And those who are not its children: free_pid wakes it when their last pid is gone.
      for (;;) {
        if (this.set_current_state(TASK_INTERRUPTIBLE)) yield;
        if (this.READ_ONCE(pid_ns, pid_namespace.pid_allocated)) yield;
        if (this.value(pid_namespace.pid_allocated) === init_pids) break;
        yield* this.schedule();
      }
      this.__set_current_state(TASK_RUNNING);
    },
  },
};
