import type { Patch } from '../kernel/scenario.js';
import { task_struct } from '../kernel/structs.js';

export const getppidWithoutRcu: Patch = {
  name: 'getppid-without-rcu',
  title: 'getppid follows the pointer to the parent without a read-side section',
  story:
    'The parent may be released while getppid looks at it. Without the read-side section nothing keeps its memory until the ' +
    'number is read. Where the kernel is not preemptible that cannot be seen, since such a section costs nothing there and is ' +
    'never waited for; it is wrong all the same.',
  functions: {
    *getppid() {
      if (this.rcu_dereference(this.current, task_struct.real_parent)) yield;
      const pid = this.task_tgid_vnr(this.value(task_struct.real_parent));
      return pid;
    },
  },
};
