import { PIDTYPE_PID, SIG_DFL, SIG_IGN, SIGNAL_UNKILLABLE } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { action } from '../kernel/signal/sigaction.js';
import { k_sigaction, sighand_struct, signal_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const faultWithoutRecalc: Patch = {
  name: 'fault-without-recalc',
  title: 'force_sig_info_to_task unblocks a signal and does not look whether it is pending',
  story:
    'A signal that was sent while it was blocked waits in the queue, and the flag that says so is not set. The fault unblocks it, finds ' +
    'it queued, and does nothing more.',
  functions: {
    *force_sig_info_to_task(info, t) {
      const sig = info.si_signo;
      const sighand = this.get(t, task_struct.sighand);
      const lock = addr(sighand, sighand_struct.siglock);
      if (this.spin_lock_irqsave(lock)) yield;
      const flags = this.irqflags;
      const ka = action(sighand, sig);
      const blocked = this.sigismember(addr(t, task_struct.blocked), sig);
      if (blocked || this.get(ka, k_sigaction.sa_handler) === SIG_IGN) {
        this.set(ka, k_sigaction.sa_handler, SIG_DFL);
        if (blocked) {
          this.sigdelset(addr(t, task_struct.blocked), sig);
        }
      }
      if (this.get(ka, k_sigaction.sa_handler) === SIG_DFL && this.get(t, task_struct.ptrace) === 0) {
        const signal = this.get(t, task_struct.signal);
        this.set(signal, signal_struct.flags, this.get(signal, signal_struct.flags) & ~SIGNAL_UNKILLABLE);
      }
      const error = yield* this.send_signal(sig, info, t, PIDTYPE_PID);
      this.spin_unlock_irqrestore(lock, flags);
      return error;
    },
  },
};
