import { SIGNAL_GROUP_EXIT } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, signal_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const groupExitNoRecheck: Patch = {
  name: 'group-exit-no-recheck',
  title: 'do_group_exit does not look again when it has siglock',
  story:
    'Two threads that end their process at the same time have both seen that nobody else does. The second to get siglock ' +
    'writes its code over that of the first, with which threads may have exited already.',
  functions: {
    *do_group_exit(code) {
      const sig = this.get(this.current, task_struct.signal);
      let exitCode = code;
      // Without the lock: a fatal signal that comes after this look sets another code than the one we go with.
      if (this.READ_ONCE(sig, signal_struct.flags)) yield;
      if (this.signal_group_exit(sig)) {
        exitCode = this.get(sig, signal_struct.group_exit_code);
      } else if (!this.thread_group_empty(this.current)) {
        const lock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
        if (this.spin_lock_irq(lock)) yield;
        this.set(sig, signal_struct.group_exit_code, exitCode);
        this.set(sig, signal_struct.flags, SIGNAL_GROUP_EXIT);
        yield* this.zap_other_threads(this.current);
        this.spin_unlock_irq(lock);
      }
      return yield* this.do_exit(exitCode);
    },
  },
};
