import { EIO, TIF_SINGLESTEP } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { valid_signal } from '../kernel/sigset.js';
import { task_struct } from '../kernel/structs.js';

export const detachWithoutTasklist: Patch = {
  name: 'detach-without-tasklist',
  title: 'PTRACE_DETACH unlinks without tasklist_lock',
  story:
    'The real parent exits after the debugger has read who that is, and before the child is no longer traced: it leaves the parent of a ' +
    'traced child alone. The child then has a parent that is gone.',
  functions: {
    *ptrace_detach(child, data) {
      if (!valid_signal(data)) return -EIO;
      this.clear_tsk_thread_flag(child, TIF_SINGLESTEP);
      this.set(child, task_struct.exit_code, data);
      yield* this.__ptrace_detach(this.current, child);
      return 0;
    },
  },
};
