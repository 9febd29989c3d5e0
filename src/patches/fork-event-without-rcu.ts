import type { Patch } from '../kernel/scenario.js';
import { task_struct } from '../kernel/structs.js';

export const forkEventWithoutRcu: Patch = {
  name: 'fork-event-without-rcu',
  title: 'ptrace_event_pid reads the tracer without an RCU section',
  story:
    'A task asks in which namespace its tracer is, to tell it the number of a child as it is called there. No lock is held: the ' +
    'tracer can exit, and only RCU keeps its memory.',
  functions: {
    *ptrace_event_pid(event, p) {
      if (this.rcu_dereference(this.current, task_struct.parent)) yield;
      const ns = this.task_active_pid_ns(this.value(task_struct.parent));
      const message = ns ? this.pid_nr_ns(p, ns) : 0;
      yield* this.ptrace_event(event, message);
    },
  },
};
