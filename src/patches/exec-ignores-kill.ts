import { EAGAIN, SIGCHLD, TASK_KILLABLE } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, signal_struct, task_struct } from '../kernel/structs.js';
import { addr, type Ptr } from '../memory/layout.js';

export const execIgnoresKill: Patch = {
  name: 'exec-ignores-kill',
  title: 'exec does not look why it was woken',
  story:
    'What the thread waits for has not come, so it lies down again. But nobody sleeps in TASK_KILLABLE with SIGKILL pending: ' +
    'schedule() lets it go on at once, and it comes to the same place. It keeps its CPU, which no other task gets, and the process ' +
    'does not die of the signal that was to end it.',
  functions: {
    *de_thread(tsk) {
      const sig = this.get(tsk, task_struct.signal);
      const oldsighand = this.get(tsk, task_struct.sighand);
      const lock = addr(oldsighand, sighand_struct.siglock);
      if (!this.thread_group_empty(tsk)) {
        if (this.spin_lock_irq(lock)) yield;
        if (this.signal_group_exit(sig)) {
          this.spin_unlock_irq(lock);
          return -EAGAIN;
        }
        this.set(sig, signal_struct.group_exit_task, tsk);
        const others = yield* this.zap_other_threads(tsk);
        this.set(sig, signal_struct.notify_count, this.thread_group_leader(tsk) ? others : others - 1);
        while (this.get(sig, signal_struct.notify_count) !== 0) {
          this.__set_current_state(TASK_KILLABLE);
          this.spin_unlock_irq(lock);
          yield* this.schedule();
          if (this.spin_lock_irq(lock)) yield;
        }
        this.spin_unlock_irq(lock);
        if (!this.thread_group_leader(tsk)) {
          const error = yield* this.takeOverLeader(tsk, sig);
          if (error !== 0) return error;
        }
        this.set(sig, signal_struct.group_exit_task, 0 as Ptr<'task_struct'>);
        this.set(sig, signal_struct.notify_count, 0);
      }
      this.set(tsk, task_struct.exit_signal, SIGCHLD);
      const timers = this.get(sig, signal_struct.posix_timer_id) !== 0;
      if (timers) yield* this.exit_itimers(sig);
      if (timers || this.peek(sig + signal_struct.si_timer_queued) !== 0) yield* this.flush_itimer_signals();
      return yield* this.unshareSighand(tsk, oldsighand);
    },
  },
};
