import { __TASK_TRACED, ESRCH, TASK_TRACED } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { globals, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

/** `ptrace_check_attach` as it was before Linux 3.8. */
export const noPtraceFreeze: Patch = {
  name: 'no-ptrace-freeze',
  title: 'a tracee that is looked at can be killed',
  story:
    'Without ptrace_freeze_traced the tracer only sees that its tracee is stopped. A SIGKILL wakes the tracee while its ' +
    'tracer reads it, and what the tracer reads and changes is a task that runs.',
  functions: {
    *ptrace_check_attach(child, ignore_state) {
      const lock = addr(this.globals, globals.tasklist_lock);
      let ret = -ESRCH;
      if (this.read_lock(lock)) yield;
      if (this.get(child, task_struct.ptrace) !== 0 && this.get(child, task_struct.parent) === this.current) {
        if (ignore_state || (this.peek(child + task_struct.state) & __TASK_TRACED) !== 0) ret = 0;
      }
      this.read_unlock(lock);
      if (ret === 0 && !ignore_state && !(yield* this.wait_task_inactive(child, TASK_TRACED))) ret = -ESRCH;
      return ret;
    },
  },
};
