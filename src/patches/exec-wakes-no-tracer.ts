import {
  EXIT_DEAD,
  EXIT_ZOMBIE,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_SID,
  PIDTYPE_TGID,
  SIGCHLD,
  TASK_KILLABLE,
} from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { globals, signal_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const execWakesNoTracer: Patch = {
  name: 'exec-wakes-no-tracer',
  title: 'exec does not wake the tracer of the leader that it releases',
  story:
    'A tracer that waits for a leader has been woken when it died, could not have it while the process had other threads, and ' +
    'sleeps again. exec releases the leader without a word, and the tracer waits for a task that is gone.',
  functions: {
    *takeOverLeader(tsk, sig) {
      const tasklist = addr(this.globals, globals.tasklist_lock);
      const leader = this.get(tsk, task_struct.group_leader);
      for (;;) {
        if (this.write_lock_irq(tasklist)) yield;
        this.set(sig, signal_struct.notify_count, -1);
        if (this.get(leader, task_struct.exit_state) !== 0) break;
        this.__set_current_state(TASK_KILLABLE);
        this.write_unlock_irq(tasklist);
        yield* this.schedule();
        if (this.__fatal_signal_pending(tsk)) return yield* this.deThreadKilled(sig);
      }
      this.BUG_ON(!this.same_thread_group(leader, tsk), 'de_thread: the leader is of another group');
      this.set(tsk, task_struct.pid, this.get(leader, task_struct.pid));
      yield* this.change_pid(tsk, PIDTYPE_PID, this.get(leader, task_struct.thread_pid));
      if (this.transfer_pid(leader, tsk, PIDTYPE_TGID)) yield;
      if (this.transfer_pid(leader, tsk, PIDTYPE_PGID)) yield;
      if (this.transfer_pid(leader, tsk, PIDTYPE_SID)) yield;
      if (this.list_replace_rcu(addr(leader, task_struct.tasks), addr(tsk, task_struct.tasks))) yield;
      this.list_replace_init(addr(leader, task_struct.sibling), addr(tsk, task_struct.sibling));
      this.set(tsk, task_struct.group_leader, tsk);
      this.set(leader, task_struct.group_leader, tsk);
      this.set(tsk, task_struct.exit_signal, SIGCHLD);
      this.set(leader, task_struct.exit_signal, -1);
      this.BUG_ON(this.get(leader, task_struct.exit_state) !== EXIT_ZOMBIE, 'de_thread: the leader is no zombie');
      if (this.WRITE_ONCE(leader, task_struct.exit_state, EXIT_DEAD)) yield;
      this.write_unlock_irq(tasklist);
      yield* this.release_task(leader);
      return 0;
    },
  },
};
