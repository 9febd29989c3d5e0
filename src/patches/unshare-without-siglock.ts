import { ENOMEM } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { globals, sighand_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const unshareWithoutSiglock: Patch = {
  name: 'unshare-without-siglock',
  title: 'an exec takes a table of handlers of its own without the lock of the old one',
  story:
    'A sender that holds the siglock of the old table has a target that has another by now: what it does to the signals of the ' +
    'target is done under the wrong lock.',
  functions: {
    *unshareSighand(tsk, oldsighand) {
      if (this.peek(oldsighand + sighand_struct.count) === 1) return 0;
      const newsighand = this.allocSighand();
      if (!newsighand) return -ENOMEM;
      this.copyActions(oldsighand, newsighand);
      const tasklist = addr(this.globals, globals.tasklist_lock);
      if (this.write_lock_irq(tasklist)) yield;
      if (this.rcu_assign_pointer(tsk, task_struct.sighand, newsighand)) yield;
      this.write_unlock_irq(tasklist);
      this.__cleanup_sighand(oldsighand);
      return 0;
    },
  },
};
