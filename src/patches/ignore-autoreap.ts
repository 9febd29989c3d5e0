import { CLD_DUMPED, CLD_EXITED, CLD_KILLED, SA_NOCLDWAIT, SIG_IGN, SIGCHLD } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { action } from '../kernel/signal/sigaction.js';
import type { KernelSiginfo } from '../kernel/signal/siginfo.js';
import { valid_signal } from '../kernel/sigset.js';
import { cred, k_sigaction, sighand_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const ignoreAutoreap: Patch = {
  name: 'ignore-autoreap',
  title: 'do_notify_parent sends no SIGCHLD to a parent that ignores it, and does not release its child either',
  story:
    'A parent that ignores SIGCHLD is not told of the death of its child. If the child is not released in exchange, it stays ' +
    'a zombie until somebody waits for it, which a parent like that has no reason to do.',
  functions: {
    *do_notify_parent(tsk, exitSignal) {
      this.BUG_ON(exitSignal === -1, 'do_notify_parent: a thread has no parent to notify');
      const parent = this.get(tsk, task_struct.parent);
      this.BUG_ON(
        this.get(tsk, task_struct.ptrace) === 0 &&
          (this.get(tsk, task_struct.group_leader) !== tsk || !this.thread_group_empty(tsk)),
        'do_notify_parent: not the last thread of its group',
      );
      yield* this.do_notify_pidfd(tsk);
      let sig = exitSignal;
      if (sig !== SIGCHLD && this.get(tsk, task_struct.parent_exec_id) !== this.get(parent, task_struct.self_exec_id)) {
        // The parent has exec'ed since: it does not know what the child promised to send.
        sig = SIGCHLD;
      }
      const code = this.get(tsk, task_struct.exit_code);
      const killed = (code & 0x7f) !== 0;
      const info: KernelSiginfo = {
        si_signo: sig,
        si_code: (code & 0x80) !== 0 ? CLD_DUMPED : killed ? CLD_KILLED : CLD_EXITED,
        si_pid: this.task_pid_nr_ns(tsk, this.task_active_pid_ns(parent)),
        si_uid: this.uidFor(parent, this.get(this.get(tsk, task_struct.real_cred), cred.uid)),
        si_errno: 0,
        si_status: killed ? code & 0x7f : code >> 8,
        si_sys_private: 0,
      };
      const psig = this.get(parent, task_struct.sighand);
      const lock = addr(psig, sighand_struct.siglock);
      if (this.spin_lock_irqsave(lock)) yield;
      const flags = this.irqflags;
      let autoreap = false;
      const ka = action(psig, SIGCHLD);
      if (this.get(tsk, task_struct.ptrace) === 0 && sig === SIGCHLD) {
        const ignored = this.get(ka, k_sigaction.sa_handler) === SIG_IGN;
        if ((this.get(ka, k_sigaction.sa_flags) & SA_NOCLDWAIT) !== 0) autoreap = true;
        if (ignored) sig = 0;
      }
      if (valid_signal(sig) && sig !== 0) yield* this.__group_send_sig_info(sig, info, parent);
      yield* this.__wake_up_parent(tsk, parent);
      this.spin_unlock_irqrestore(lock, flags);
      return autoreap;
    },
  },
};
