import {
  EIO,
  JOBCTL_LISTENING,
  JOBCTL_TRAP_STOP,
  PT_SEIZED,
  PTRACE_EVENT_STOP,
  PTRACE_INTERRUPT,
} from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { kernel_siginfo, task_struct } from '../kernel/structs.js';

export const listenIgnoresNotify: Patch = {
  name: 'listen-ignores-notify',
  title: 'PTRACE_LISTEN does not look whether something has happened since the stop',
  story:
    'A SIGCONT that comes while the tracee is stopped for its tracer leaves JOBCTL_TRAP_NOTIFY, for nobody may wake it then. ' +
    'Without the look at the mark PTRACE_LISTEN waits for news that have come already.',
  functions: {
    *ptraceSeized(child, request) {
      if ((this.get(child, task_struct.ptrace) & PT_SEIZED) === 0) return -EIO;
      const sighand = yield* this.__lock_task_sighand(child);
      if (!sighand) return -EIO;
      const flags = this.irqflags;
      let ret = 0;
      if (request === PTRACE_INTERRUPT) {
        if (this.task_set_jobctl_pending(child, JOBCTL_TRAP_STOP)) {
          const listening = (this.get(child, task_struct.jobctl) & JOBCTL_LISTENING) !== 0;
          yield* this.ptrace_signal_wake_up(child, listening);
        }
      } else {
        const last = this.get(child, task_struct.last_siginfo);
        if (last && this.get(last, kernel_siginfo.si_code) >> 8 === PTRACE_EVENT_STOP) {
          const jobctl = this.get(child, task_struct.jobctl) | JOBCTL_LISTENING;
          this.set(child, task_struct.jobctl, jobctl);
        } else {
          ret = -EIO;
        }
      }
      this.unlock_task_sighand(sighand, flags);
      return ret;
    },
  },
};
