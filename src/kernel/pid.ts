/** `kernel/pid.c`: numbers for processes, threads, groups and sessions. */

import { addr, hlist_head, NULL, type Ptr } from '../memory/layout.js';
import { type Coroutine, OP_READ, OP_WRITE } from '../sync/gate.js';
import {
  EAGAIN,
  ENOMEM,
  PIDNS_ADDING,
  PIDTYPE_MAX,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_TGID,
  RESERVED_PIDS,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { globals, pid, pid_namespace, signal_struct, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;
type Pid = Ptr<'pid'>;
type Namespace = Ptr<'pid_namespace'>;

/** The head of a pid's list of tasks of one type. */
export function pidTasks(p: Pid, type: number): Ptr<'hlist_head'> {
  return (p + pid.tasks + type) as Ptr<'hlist_head'>;
}

/** A task's node in such a list. */
export function pidLink(t: Task, type: number): Ptr<'hlist_node'> {
  return (t + task_struct.pid_links + 2 * type) as Ptr<'hlist_node'>;
}

/** The field of the task or of its signal_struct that points to its pid of a type. */
function pidPointer(k: Kernel, t: Task, type: number): number {
  return type === PIDTYPE_PID ? t + task_struct.thread_pid : k.get(t, task_struct.signal) + signal_struct.pids + type;
}

export const pidFunctions = {
  get_pid(this: Kernel, p: Pid): Pid {
    if (p) this.atomic_inc(p, pid.count);
    return p;
  },

  put_pid(this: Kernel, p: Pid): void {
    if (p && this.refcount_dec_and_test(p, pid.count)) this.kmem_cache_free(this.caches.pid, p);
  },

  delayed_put_pid(this: Kernel, p: Pid): void {
    this.put_pid(p);
  },

  /** Takes a number out of use. Readers that found the pid before may look at it until a grace period has passed. */
  *free_pid(this: Kernel, p: Pid): Coroutine<void> {
    const lock = addr(this.globals, globals.pidmap_lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    const ns = this.get(p, pid.ns);
    const allocated = this.get(ns, pid_namespace.pid_allocated) - 1;
    this.set(ns, pid_namespace.pid_allocated, allocated);
    // Left out: waking the reaper of a namespace that is down to its last pids, which needs nested namespaces.
    if (this.point(OP_WRITE, this.get(ns, pid_namespace.idr) + this.get(p, pid.nr), NULL, 0)) yield;
    this.spin_unlock_irqrestore(lock, flags);
    this.call_rcu(addr(p, pid.rcu), this.rcuCallbacks.delayed_put_pid);
  },

  /**
   * Gives out the next free number of the namespace, cyclically, as `idr_alloc_cyclic` does.
   *
   * @returns the pid, or a negative errno: −EAGAIN when no number is free
   */
  *alloc_pid(this: Kernel, ns: Namespace): Coroutine<number> {
    const p = this.kmem_cache_alloc<'pid'>(this.caches.pid);
    if (!p) return -ENOMEM;
    const lock = addr(this.globals, globals.pidmap_lock);
    if (this.spin_lock_irq(lock)) yield;
    const nr = this.idr_alloc_cyclic(ns);
    this.spin_unlock_irq(lock);
    if (nr < 0) {
      this.kmem_cache_free(this.caches.pid, p);
      return nr;
    }
    this.set(p, pid.level, this.get(ns, pid_namespace.level));
    this.set(p, pid.nr, nr);
    this.set(p, pid.ns, ns);
    this.set(p, pid.count, 1);
    for (let type = 0; type < PIDTYPE_MAX; type++) this.set(pidTasks(p, type), hlist_head.first, NULL);
    this.init_waitqueue_head(addr(p, pid.wait_pidfd));

    const slot = this.get(ns, pid_namespace.idr) + nr;
    if (this.spin_lock_irq(lock)) yield;
    const adding = this.get(ns, pid_namespace.pid_allocated);
    if ((adding & PIDNS_ADDING) === 0) {
      this.store(slot, NULL);
      this.spin_unlock_irq(lock);
      this.kmem_cache_free(this.caches.pid, p);
      return -ENOMEM;
    }
    // Until here the number was taken but found nothing.
    if (this.point(OP_WRITE, slot, p, 0)) yield;
    this.set(ns, pid_namespace.pid_allocated, adding + 1);
    this.spin_unlock_irq(lock);
    return p;
  },

  /** The next free number after the last one given out, reserved for the caller; −EAGAIN if all are taken. */
  idr_alloc_cyclic(this: Kernel, ns: Namespace): number {
    const max = this.get(ns, pid_namespace.pid_max);
    const table = this.get(ns, pid_namespace.idr);
    const cursor = this.get(ns, pid_namespace.idr_cursor);
    const min = cursor > RESERVED_PIDS ? Math.min(RESERVED_PIDS, max - 1) : 1;
    for (let tried = 0, nr = cursor; tried < max; tried++, nr++) {
      if (nr >= max) nr = min;
      if (this.load(table + nr) !== 0) continue;
      // Reserved: taken, though a lookup finds nothing yet.
      this.store(table + nr, IDR_RESERVED);
      this.set(ns, pid_namespace.idr_cursor, nr + 1);
      return nr;
    }
    return -EAGAIN;
  },

  /** Looks a number up in a namespace: one marked load. What it finds is `this.foundPid()`. Needs RCU. */
  find_pid_ns(this: Kernel, nr: number, ns: Namespace): boolean {
    if (nr <= 0 || nr >= this.get(ns, pid_namespace.pid_max)) {
      this.result = NULL;
      return false;
    }
    return this.point(OP_READ, this.get(ns, pid_namespace.idr) + nr, 0, 0);
  },

  find_vpid(this: Kernel, nr: number): boolean {
    return this.find_pid_ns(nr, this.task_active_pid_ns(this.current));
  },

  /** What `find_pid_ns` or `find_vpid` found, or NULL. */
  foundPid(this: Kernel): Pid {
    return (this.result === IDR_RESERVED ? NULL : this.result) as Pid;
  },

  *find_get_pid(this: Kernel, nr: number): Coroutine<Pid> {
    this.rcu_read_lock();
    if (this.find_vpid(nr)) yield;
    const p = this.foundPid();
    this.get_pid(p);
    this.rcu_read_unlock();
    return p;
  },

  task_active_pid_ns(this: Kernel, t: Task): Namespace {
    const p = this.get(t, task_struct.thread_pid);
    return p ? this.get(p, pid.ns) : NULL;
  },

  /** The pid of a type that a task belongs to. */
  task_pid_type(this: Kernel, t: Task, type: number): Pid {
    return this.load(pidPointer(this, t, type)) as Pid;
  },

  /** A pid's number as a namespace sees it, or 0 where it has none there. */
  pid_nr_ns(this: Kernel, p: Pid, ns: Namespace): number {
    return p && this.get(p, pid.ns) === ns ? this.get(p, pid.nr) : 0;
  },

  task_pid_nr_ns(this: Kernel, t: Task, ns: Namespace): number {
    return this.pid_nr_ns(this.get(t, task_struct.thread_pid), ns);
  },

  task_tgid_nr_ns(this: Kernel, t: Task, ns: Namespace): number {
    return this.pid_nr_ns(this.task_pid_type(t, PIDTYPE_TGID), ns);
  },

  task_pid_vnr(this: Kernel, t: Task): number {
    return this.task_pid_nr_ns(t, this.task_active_pid_ns(this.current));
  },

  /** A pid's number as the caller sees it. */
  pid_vnr(this: Kernel, p: Pid): number {
    return this.pid_nr_ns(p, this.task_active_pid_ns(this.current));
  },

  /** The number of a task's process as the caller sees it; 0 once the task is unhashed. */
  task_tgid_vnr(this: Kernel, t: Task): number {
    if (!this.get(t, task_struct.thread_pid)) return 0;
    return this.task_tgid_nr_ns(t, this.task_active_pid_ns(this.current));
  },

  /** Whether a pid is that of its namespace's init. */
  is_child_reaper(this: Kernel, p: Pid): boolean {
    return this.get(p, pid.nr) === 1;
  },

  /** Looks for the first task of a type on a pid: one marked load, then `this.foundTask(type)`. Needs RCU or `tasklist_lock`. */
  pid_task(this: Kernel, p: Pid, type: number): boolean {
    if (p) return this.READ_ONCE(pidTasks(p, type), hlist_head.first);
    this.result = NULL;
    return false;
  },

  /** What `pid_task` found, or NULL. */
  foundTask(this: Kernel, type: number): Task {
    const first = this.value(hlist_head.first);
    return (first ? first - (task_struct.pid_links + 2 * type) : NULL) as Task;
  },

  /** The first process of a process group, or NULL. Needs `tasklist_lock`. */
  firstOfGroup(this: Kernel, pgrp: Pid): Task {
    const first = this.load(pidTasks(pgrp, PIDTYPE_PGID));
    return (first ? first - (task_struct.pid_links + 2 * PIDTYPE_PGID) : NULL) as Task;
  },

  /** The process of a process group after another, or NULL. Needs `tasklist_lock`. */
  nextOfGroup(this: Kernel, p: Task): Task {
    const next = this.load(pidLink(p, PIDTYPE_PGID));
    return (next ? next - (task_struct.pid_links + 2 * PIDTYPE_PGID) : NULL) as Task;
  },

  /** Needs `tasklist_lock` for writing. */
  attach_pid(this: Kernel, t: Task, type: number): boolean {
    this.lockdep_assert_held_write(addr(this.globals, globals.tasklist_lock));
    const p = this.load(pidPointer(this, t, type)) as Pid;
    return this.hlist_add_head_rcu(pidLink(t, type), pidTasks(p, type));
  },

  /** Takes a task off its pid of a type, and frees the pid with its last task. Needs `tasklist_lock` for writing. */
  *__change_pid(this: Kernel, t: Task, type: number, replacement: Pid): Coroutine<void> {
    this.lockdep_assert_held_write(addr(this.globals, globals.tasklist_lock));
    const pointer = pidPointer(this, t, type);
    const p = this.load(pointer) as Pid;
    if (this.hlist_del_rcu(pidLink(t, type))) yield;
    this.store(pointer, replacement);
    for (let other = 0; other < PIDTYPE_MAX; other++) {
      if (!this.hlist_empty(pidTasks(p, other))) return;
    }
    yield* this.free_pid(p);
  },

  detach_pid(this: Kernel, t: Task, type: number): Coroutine<void> {
    return this.__change_pid(t, type, NULL);
  },

  *change_pid(this: Kernel, t: Task, type: number, p: Pid): Coroutine<void> {
    yield* this.__change_pid(t, type, p);
    if (this.attach_pid(t, type)) yield;
  },

  /** Puts `to` in the place of `from` on a pid. The pid is never without a task. Needs `tasklist_lock` for writing. */
  transfer_pid(this: Kernel, from: Task, to: Task, type: number): boolean {
    if (type === PIDTYPE_PID) this.set(to, task_struct.thread_pid, this.get(from, task_struct.thread_pid));
    return this.hlist_replace_rcu(pidLink(from, type), pidLink(to, type));
  },
};

/** In a table of numbers: given out, but not yet to be found. */
const IDR_RESERVED = -1;

export type PidFunctions = typeof pidFunctions;
