/** `kernel/pid_namespace.c`: namespaces of pids, and how they end. */

import { addr, type Ptr } from '../memory/layout.js';
import { type Coroutine, OP_READ } from '../sync/gate.js';
import {
  __WALL,
  CLONE_NEWPID,
  ECHILD,
  EINVAL,
  ENOMEM,
  ENOSPC,
  PIDNS_ADDING,
  PIDTYPE_MAX,
  PIDTYPE_PID,
  SEND_SIG_PRIV,
  SIG_IGN,
  SIGCHLD,
  SIGKILL,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TIF_SIGPENDING,
} from './constants.js';
import type { Kernel } from './kernel.js';
import {
  globals,
  k_sigaction,
  MAX_PID_NS_LEVEL,
  NESTED_PID_MAX,
  nested_idr,
  pid_namespace,
  sighand_struct,
  task_struct,
} from './structs.js';

type PidNamespace = Ptr<'pid_namespace'>;
type UserNamespace = Ptr<'user_namespace'>;

export const pidNamespaceFunctions = {
  get_pid_ns(this: Kernel, ns: PidNamespace): PidNamespace {
    if (ns !== this.init_pid_ns) this.atomic_inc(ns, pid_namespace.kref);
    return ns;
  },

  /** Drops a reference, and with the last one that to the parent. */
  put_pid_ns(this: Kernel, dead: PidNamespace): void {
    let ns = dead;
    while (ns !== this.init_pid_ns) {
      const parent = this.get(ns, pid_namespace.parent);
      if (!this.refcount_dec_and_test(ns, pid_namespace.kref)) break;
      this.destroy_pid_namespace(ns);
      ns = parent;
    }
  },

  destroy_pid_namespace(this: Kernel, ns: PidNamespace): void {
    this.kmem_cache_free(this.caches.nested_idr, this.get(ns, pid_namespace.idr) as Ptr<'nested_idr'>);
    this.call_rcu(addr(ns, pid_namespace.rcu), this.rcuCallbacks.delayed_free_pidns);
  },

  delayed_free_pidns(this: Kernel, ns: PidNamespace): void {
    this.put_user_ns(this.get(ns, pid_namespace.user_ns));
    this.kmem_cache_free(this.caches.pid_namespace, ns);
  },

  /** A namespace below another, with nobody in it; or a negative errno. */
  create_pid_namespace(this: Kernel, user_ns: UserNamespace, parent_pid_ns: PidNamespace): number {
    const level = this.get(parent_pid_ns, pid_namespace.level) + 1;
    if (!this.in_userns(this.get(parent_pid_ns, pid_namespace.user_ns), user_ns)) return -EINVAL;
    // Left out: the limit on how many a user may make.
    if (level > MAX_PID_NS_LEVEL) return -ENOSPC;
    const table = this.kmem_cache_zalloc<'nested_idr'>(this.caches.nested_idr);
    if (!table) return -ENOMEM;
    const ns = this.kmem_cache_zalloc<'pid_namespace'>(this.caches.pid_namespace);
    if (!ns) {
      // One that is gone is freed a grace period after its table.
      this.kmem_cache_free(this.caches.nested_idr, table);
      return -ENOMEM;
    }
    this.set(ns, pid_namespace.idr, table + nested_idr.slots);
    this.set(ns, pid_namespace.idr_cursor, 1);
    this.set(ns, pid_namespace.kref, 1);
    this.set(ns, pid_namespace.level, level);
    this.set(ns, pid_namespace.parent, this.get_pid_ns(parent_pid_ns));
    this.set(ns, pid_namespace.user_ns, this.get_user_ns(user_ns));
    this.set(ns, pid_namespace.pid_allocated, PIDNS_ADDING);
    const { pid_max, reserved_pids } = pid_namespace;
    this.set(ns, pid_max, Math.min(this.get(this.init_pid_ns, pid_max), NESTED_PID_MAX));
    this.set(ns, reserved_pids, this.get(this.init_pid_ns, reserved_pids));
    return ns;
  },

  copy_pid_ns(this: Kernel, flags: number, user_ns: UserNamespace, old_ns: PidNamespace): number {
    if ((flags & CLONE_NEWPID) === 0) return this.get_pid_ns(old_ns);
    if (this.task_active_pid_ns(this.current) !== old_ns) return -EINVAL;
    return this.create_pid_namespace(user_ns, old_ns);
  },

  /**
   * The end of a namespace's init: nobody is let in any more, everybody is killed, and it waits until they are gone.
   * A fork that is under way finds the namespace closed before it publishes its child, or its child is killed here.
   */
  *zap_pid_ns_processes(this: Kernel, pid_ns: PidNamespace): Coroutine<void> {
    const me = this.current;
    const init_pids = this.thread_group_leader(me) ? 1 : 2;
    yield* this.disable_pid_allocation(pid_ns);
    const sighand = this.get(me, task_struct.sighand);
    const siglock = addr(sighand, sighand_struct.siglock);
    if (this.spin_lock_irq(siglock)) yield;
    // From now on nobody becomes a zombie of this process.
    const ka = (sighand + sighand_struct.action + (SIGCHLD - 1) * k_sigaction.$.words) as Ptr<'k_sigaction'>;
    this.set(ka, k_sigaction.sa_handler, SIG_IGN);
    this.spin_unlock_irq(siglock);
    yield* this.killNamespace(pid_ns);
    // The zombies from before.
    const status = { status: 0 };
    let rc: number;
    do {
      this.clear_tsk_thread_flag(me, TIF_SIGPENDING);
      rc = yield* this.wait4(-1, status, __WALL);
    } while (rc !== -ECHILD);
    // And those who are not its children: free_pid wakes it when their last pid is gone.
    for (;;) {
      if (this.set_current_state(TASK_INTERRUPTIBLE)) yield;
      if (this.READ_ONCE(pid_ns, pid_namespace.pid_allocated)) yield;
      if (this.value(pid_namespace.pid_allocated) === init_pids) break;
      yield* this.schedule();
    }
    this.__set_current_state(TASK_RUNNING);
    // Left out: the exit code of a namespace that was rebooted.
  },

  /** SIGKILL for every pid of a namespace but the first. */
  *killNamespace(this: Kernel, pid_ns: PidNamespace): Coroutine<void> {
    const tasklist = addr(this.globals, globals.tasklist_lock);
    const table = this.get(pid_ns, pid_namespace.idr);
    const max = this.get(pid_ns, pid_namespace.pid_max);
    this.rcu_read_lock();
    if (this.read_lock(tasklist)) yield;
    for (let nr = 2; nr < max; nr++) {
      if (this.peek(table + nr) === 0) continue;
      if (this.point(OP_READ, table + nr, 0, 0)) yield;
      if (this.pid_task(this.foundPid(), PIDTYPE_PID)) yield;
      const task = this.foundTask(PIDTYPE_PID);
      if (task && !this.__fatal_signal_pending(task)) {
        yield* this.group_send_sig_info(SIGKILL, SEND_SIG_PRIV, task, PIDTYPE_MAX);
      }
    }
    this.read_unlock(tasklist);
    this.rcu_read_unlock();
  },
};

export type PidNamespaceFunctions = typeof pidNamespaceFunctions;
