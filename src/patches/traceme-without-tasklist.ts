import { EPERM, PF_EXITING, PT_PTRACED } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { task_struct } from '../kernel/structs.js';

export const tracemeWithoutTasklist: Patch = {
  name: 'traceme-without-tasklist',
  title: 'PTRACE_TRACEME looks at the parent and links without tasklist_lock',
  story:
    'The parent can begin to exit, and let go of all that it traces, after the child has looked whether it does. The child is put on ' +
    'a list that nobody will empty.',
  functions: {
    *ptrace_traceme() {
      const tsk = this.current;
      let ret = -EPERM;
      if (this.get(tsk, task_struct.ptrace) === 0) {
        ret = yield* this.cap_ptrace_traceme(this.get(tsk, task_struct.parent));
        const real_parent = this.get(tsk, task_struct.real_parent);
        if (ret === 0 && (this.get(real_parent, task_struct.flags) & PF_EXITING) === 0) {
          // A scheduling point: without the lock others come in between.
          if (this.WRITE_ONCE(tsk, task_struct.ptrace, PT_PTRACED)) yield;
          this.ptrace_link(tsk, real_parent);
        }
      }
      return ret;
    },
  },
};
