import { JOBCTL_STOP_SIGMASK, PT_SEIZED, SIGNAL_STOP_STOPPED } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { signal_struct, task_struct } from '../kernel/structs.js';

export const stopWithoutTrapNotify: Patch = {
  name: 'stop-without-trap-notify',
  title: 'a stop of the process does not make a thread that was seized trap',
  story:
    'The thread that begins a stop counts all others that have to join it. One that was seized is not told, and stays in user mode: ' +
    'the process is never stopped as a whole.',
  functions: {
    *beginGroupStop(signal, mask) {
      const tsk = this.current;
      if ((this.get(signal, signal_struct.flags) & SIGNAL_STOP_STOPPED) === 0) {
        this.set(signal, signal_struct.group_exit_code, mask & JOBCTL_STOP_SIGMASK);
      }
      let count = this.task_set_jobctl_pending(tsk, mask) ? 1 : 0;
      for (let t = this.next_thread(tsk); t !== tsk; t = this.next_thread(t)) {
        if (this.task_is_stopped(t) || !this.task_set_jobctl_pending(t, mask)) continue;
        count++;
        if ((this.get(t, task_struct.ptrace) & PT_SEIZED) === 0) yield* this.signal_wake_up_state(t, 0);
      }
      this.set(signal, signal_struct.group_stop_count, count);
    },
  },
};
