import {
  EAGAIN,
  PF_KTHREAD,
  PIDTYPE_PID,
  SEND_SIG_FORCED,
  SEND_SIG_NOINFO,
  SEND_SIG_PRIV,
  SI_USER,
  SIGCONT,
  SIGKILL,
  SIGRTMIN,
  TRACE_SIGNAL_ALREADY_PENDING,
  TRACE_SIGNAL_DELIVERED,
  TRACE_SIGNAL_IGNORED,
  TRACE_SIGNAL_LOSE_INFO,
  TRACE_SIGNAL_OVERFLOW_FAIL,
} from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { kernel_siginfo, sighand_struct, signal_struct, sigpending, sigqueue, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

/** `send_signal` and `__send_signal` as Linux 3.16 is quoted in the third seed document. */
export const forcedSignals: Patch = {
  name: 'forced-signals',
  title: 'a fast path for SEND_SIG_FORCED; a signal goes to a group or not',
  story:
    'What the kernel sends to kill for itself is marked SEND_SIG_FORCED: it goes past the queue, and past the ' +
    "protection of a namespace's init. Where a signal is queued depends on a boolean, and not on the kind of pid that " +
    'it was sent to, so nobody collects signals to several processes for a fork that is under way.',
  functions: {
    *send_signal(sig, info, t, type) {
      // In 3.16 the callers say so themselves.
      const given = info === SEND_SIG_PRIV && sig === SIGKILL ? SEND_SIG_FORCED : info;
      const fromUser = given === SEND_SIG_NOINFO || (typeof given === 'object' && given.si_code <= 0);
      const from_ancestor_ns = fromUser && this.task_pid_nr_ns(this.current, this.task_active_pid_ns(t)) === 0;
      return yield* this.__send_signal(sig, given, t, type, from_ancestor_ns);
    },

    *__send_signal(sig, info, t, type, from_ancestor_ns) {
      this.lockdep_assert_held(addr(this.get(t, task_struct.sighand), sighand_struct.siglock));
      const group = type !== PIDTYPE_PID;
      let result = TRACE_SIGNAL_IGNORED;
      const wanted = this.prepare_signal(sig, t, from_ancestor_ns || info === SEND_SIG_FORCED);
      if (sig === SIGCONT) yield* this.wakeStopped(t);
      if (!wanted) {
        this.trace_signal_generate(sig, info, t, group, result);
        return 0;
      }
      const queue = group
        ? addr(this.get(t, task_struct.signal), signal_struct.shared_pending)
        : addr(t, task_struct.pending);
      const set = addr(queue, sigpending.signal);
      if (sig < SIGRTMIN && this.sigismember(set, sig)) {
        this.trace_signal_generate(sig, info, t, group, TRACE_SIGNAL_ALREADY_PENDING);
        return 0;
      }
      result = TRACE_SIGNAL_DELIVERED;
      if (info !== SEND_SIG_FORCED && (this.get(t, task_struct.flags) & PF_KTHREAD) === 0) {
        const special = typeof info === 'number';
        const override = sig < SIGRTMIN && (special || info.si_code >= 0);
        const q = yield* this.__sigqueue_alloc(t, override);
        if (q) {
          this.list_add_tail(addr(q, sigqueue.list), addr(queue, sigpending.list));
          this.fillSiginfo(q, sig, info, t);
          if (from_ancestor_ns) this.store(q + sigqueue.info + kernel_siginfo.si_pid, 0);
        } else if (!special && sig >= SIGRTMIN && info.si_code !== SI_USER) {
          this.trace_signal_generate(sig, info, t, group, TRACE_SIGNAL_OVERFLOW_FAIL);
          return -EAGAIN;
        } else {
          result = TRACE_SIGNAL_LOSE_INFO;
        }
      }
      this.sigaddset(set, sig);
      yield* this.complete_signal(sig, t, type);
      this.trace_signal_generate(sig, info, t, group, result);
      return 0;
    },
  },
};
