/** `kernel/signal.c`: telling a parent that its child died, stopped or goes on. */

import { addr, type Ptr } from '../../memory/layout.js';
import type { Coroutine } from '../../sync/gate.js';
import {
  CLD_CONTINUED,
  CLD_DUMPED,
  CLD_EXITED,
  CLD_KILLED,
  CLD_TRAPPED,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
} from '../constants.js';
import type { Kernel } from '../kernel.js';
import { valid_signal } from '../sigset.js';
import { cred, globals, k_sigaction, sighand_struct, signal_struct, task_struct } from '../structs.js';
import { action } from './sigaction.js';
import type { KernelSiginfo } from './siginfo.js';

type Task = Ptr<'task_struct'>;

export const notifyParentFunctions = {
  /**
   * Tells the parent that a child has died. Needs `tasklist_lock` for writing.
   *
   * @returns true if the parent does not want to wait for it, so that the child is to be released at once
   */
  *do_notify_parent(this: Kernel, tsk: Task, exitSignal: number): Coroutine<boolean> {
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
      if (ignored || (this.get(ka, k_sigaction.sa_flags) & SA_NOCLDWAIT) !== 0) {
        autoreap = true;
        if (ignored) sig = 0;
      }
    }
    if (valid_signal(sig) && sig !== 0) yield* this.__group_send_sig_info(sig, info, parent);
    yield* this.__wake_up_parent(tsk, parent);
    this.spin_unlock_irqrestore(lock, flags);
    return autoreap;
  },

  /**
   * Tells the parent of a process, or the tracer of a task, that it has stopped or goes on. Needs `tasklist_lock`.
   *
   * @param why `CLD_STOPPED`, `CLD_CONTINUED` or `CLD_TRAPPED`
   */
  *do_notify_parent_cldstop(this: Kernel, tsk: Task, for_ptracer: boolean, why: number): Coroutine<void> {
    // Who has stopped: a traced task for itself, otherwise the process.
    const leader = for_ptracer ? tsk : this.get(tsk, task_struct.group_leader);
    const parent = this.get(leader, for_ptracer ? task_struct.parent : task_struct.real_parent);
    const signal = this.get(leader, task_struct.signal);
    const code =
      why === CLD_TRAPPED ? this.get(leader, task_struct.exit_code) : this.get(signal, signal_struct.group_exit_code);
    const stopped = code & 0x7f;
    const info: KernelSiginfo = {
      si_signo: SIGCHLD,
      si_errno: 0,
      si_code: why,
      si_pid: this.task_pid_nr_ns(leader, this.task_active_pid_ns(parent)),
      si_uid: this.uidFor(parent, this.get(this.get(leader, task_struct.real_cred), cred.uid)),
      si_status: why === CLD_CONTINUED ? SIGCONT : stopped,
      si_sys_private: 0,
    };
    const sighand = this.get(parent, task_struct.sighand);
    const lock = addr(sighand, sighand_struct.siglock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    const ka = action(sighand, SIGCHLD);
    const wanted =
      this.get(ka, k_sigaction.sa_handler) !== SIG_IGN && (this.get(ka, k_sigaction.sa_flags) & SA_NOCLDSTOP) === 0;
    if (wanted) yield* this.__group_send_sig_info(SIGCHLD, info, parent);
    yield* this.__wake_up_parent(leader, parent);
    this.spin_unlock_irqrestore(lock, flags);
  },

  /** `do_notify_parent_cldstop` for the current process, with the lock that it needs. */
  *notifyCldstop(this: Kernel, why: number): Coroutine<void> {
    const tasklist = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(tasklist)) yield;
    yield* this.do_notify_parent_cldstop(this.current, false, why);
    this.read_unlock(tasklist);
  },

  /** The same after SIGCONT: the tracer of the leader hears of it as well. */
  *notifyContinued(this: Kernel, why: number): Coroutine<void> {
    const tasklist = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(tasklist)) yield;
    yield* this.do_notify_parent_cldstop(this.current, false, why);
    const leader = this.get(this.current, task_struct.group_leader);
    if (this.ptrace_reparented(leader)) yield* this.do_notify_parent_cldstop(leader, true, why);
    this.read_unlock(tasklist);
  },
};
