import { EAGAIN, ERESTARTSYS, TASK_INTERRUPTIBLE, TASK_RUNNING } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { DEFAULT_WAKE_FUNCTION } from '../kernel/sched.js';
import { sighand_struct, signal_struct, signalfd_ctx, sigpending, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const signalfdNoSiglock: Patch = {
  name: 'signalfd-no-siglock',
  title: 'signalfd_dequeue looks for a signal before it takes siglock',
  story:
    'The reader of a signalfd sees a signal in the queue and takes the lock to fetch it. Until it has the lock another ' +
    'thread takes the signal; the reader finds no entry of that number, takes it for one that came without information, ' +
    'and returns it all the same: the signal is taken twice.',
  functions: {
    *signalfd_dequeue(ctx, nonblock) {
      const tsk = this.current;
      const sighand = this.get(tsk, task_struct.sighand);
      const lock = addr(sighand, sighand_struct.siglock);
      const mask = addr(ctx, signalfd_ctx.sigmask);
      const blocked = this.loadSigset(mask);
      const own = addr(tsk, task_struct.pending);
      const isOwn = this.next_signal(addr(own, sigpending.signal), blocked) !== 0;
      const pending = isOwn ? own : addr(this.get(tsk, task_struct.signal), signal_struct.shared_pending);
      const sig = this.next_signal(addr(pending, sigpending.signal), blocked);
      if (this.spin_lock_irq(lock)) yield;
      let info = sig === 0 ? null : this.collect_signal(sig, pending);
      this.recalc_sigpending();
      if (info !== null && info.si_sys_private !== 0) info = yield* this.rearmPosixTimer(info);
      if (info !== null || nonblock) {
        this.spin_unlock_irq(lock);
        return info ?? -EAGAIN;
      }
      const queue = addr(sighand, sighand_struct.signalfd_wqh);
      const entry = addr(tsk, task_struct.child_wait);
      this.init_wait_entry(entry, DEFAULT_WAKE_FUNCTION);
      yield* this.add_wait_queue(queue, entry);
      let interrupted = false;
      for (;;) {
        if (this.set_current_state(TASK_INTERRUPTIBLE)) yield;
        info = this.dequeue_signal(tsk, this.loadSigset(mask));
        if (info !== null && info.si_sys_private !== 0) info = yield* this.rearmPosixTimer(info);
        if (info !== null) break;
        interrupted = this.signal_pending(tsk);
        if (interrupted) break;
        this.spin_unlock_irq(lock);
        yield* this.schedule();
        if (this.spin_lock_irq(lock)) yield;
      }
      this.spin_unlock_irq(lock);
      yield* this.remove_wait_queue(queue, entry);
      this.__set_current_state(TASK_RUNNING);
      return info ?? -ERESTARTSYS;
    },
  },
};
