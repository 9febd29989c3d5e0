import { __TASK_STOPPED, PT_SEIZED, SIGNAL_GROUP_COREDUMP, SIGNAL_GROUP_EXIT } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { signal_struct, task_struct } from '../kernel/structs.js';

export const contWithoutTrapNotify: Patch = {
  name: 'cont-without-trap-notify',
  title: 'SIGCONT does not make a tracee that was seized trap again',
  story:
    'SIGCONT wakes the threads of a process that are in TASK_STOPPED. One that was seized is in TASK_TRACED, from where only its ' +
    'tracer lets it go, and the tracer has to be told.',
  functions: {
    *wakeStopped(p) {
      const flags = this.get(this.get(p, task_struct.signal), signal_struct.flags);
      if ((flags & (SIGNAL_GROUP_EXIT | SIGNAL_GROUP_COREDUMP)) !== 0) return;
      let t = p;
      do {
        if ((this.get(t, task_struct.ptrace) & PT_SEIZED) === 0) yield* this.wake_up_state(t, __TASK_STOPPED);
        t = this.next_thread(t);
      } while (t !== p);
    },
  },
};
