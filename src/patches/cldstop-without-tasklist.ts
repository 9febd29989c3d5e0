import type { Patch } from '../kernel/scenario.js';
import { task_struct } from '../kernel/structs.js';

export const cldstopWithoutTasklist: Patch = {
  name: 'cldstop-without-tasklist',
  title: 'a process that goes on tells its parent without tasklist_lock',
  story:
    'Nothing keeps the parent where it is: it may exit and be released between the look at who it is and the sending.',
  functions: {
    *notifyContinued(why) {
      yield* this.do_notify_parent_cldstop(this.current, false, why);
      const leader = this.get(this.current, task_struct.group_leader);
      if (this.ptrace_reparented(leader)) yield* this.do_notify_parent_cldstop(leader, true, why);
    },
  },
};
