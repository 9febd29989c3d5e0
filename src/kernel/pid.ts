/** `kernel/pid.c`: numbers for processes, threads, groups and sessions. */

import { addr, hlist_head, NULL, nth, type Ptr } from '../memory/layout.js';
import { type Coroutine, OP_WRITE, ORDER_RELEASE } from '../sync/gate.js';
import { EAGAIN, ENOMEM, PIDNS_ADDING, PIDTYPE_MAX, PIDTYPE_PGID, PIDTYPE_PID, PIDTYPE_TGID } from './constants.js';
import type { Kernel } from './kernel.js';
import { globals, idr, pid, pid_namespace, signal_struct, task_struct, upid } from './structs.js';

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

/** A pid's number in the namespace that is `depth` levels above the one that it was made in. */
function upidAt(p: Pid, depth: number): Ptr<'upid'> {
  return (p + pid.nr + depth * upid.$.words) as Ptr<'upid'>;
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
    if (p && this.refcount_dec_and_test(p, pid.count)) {
      const ns = this.get(p, pid.ns);
      this.kmem_cache_free(this.caches.pid, p);
      if (ns !== this.init_pid_ns) this.put_pid_ns(ns);
    }
  },

  delayed_put_pid(this: Kernel, p: Pid): void {
    this.put_pid(p);
  },

  /** Takes a pid's numbers out of use. Readers that found it before may look at it until a grace period has passed. */
  *free_pid(this: Kernel, p: Pid): Coroutine<void> {
    const lock = addr(this.globals, globals.pidmap_lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    for (let depth = this.get(p, pid.level); depth >= 0; depth--) {
      const number = upidAt(p, depth);
      const ns = this.get(number, upid.ns);
      const allocated = this.get(ns, pid_namespace.pid_allocated) - 1;
      this.set(ns, pid_namespace.pid_allocated, allocated);
      if (allocated === 2 || allocated === 1) {
        // Its init may be waiting to be the last.
        yield* this.wake_up_process(this.get(ns, pid_namespace.child_reaper));
      } else if (allocated === PIDNS_ADDING) {
        // The namespace's first process was never born: there will be no other.
        this.BUG_ON(this.get(ns, pid_namespace.child_reaper) !== NULL, 'free_pid: the first pid has a task');
        this.set(ns, pid_namespace.pid_allocated, 0);
      }
      const slot = this.get(ns, pid_namespace.idr) + this.get(number, upid.nr);
      if (this.point(OP_WRITE, slot, NULL, 0)) yield;
    }
    this.spin_unlock_irqrestore(lock, flags);
    this.call_rcu(addr(p, pid.rcu), this.rcuCallbacks.delayed_put_pid);
  },

  /**
   * Gives out the next free number of the namespace, and of each above it, cyclically as `idr_alloc_cyclic` does.
   *
   * @returns the pid, or a negative errno: −EAGAIN when no number is free
   */
  *alloc_pid(this: Kernel, ns: Namespace): Coroutine<number> {
    const p = this.kmem_cache_alloc<'pid'>(this.caches.pid);
    if (!p) return -ENOMEM;
    const lock = addr(this.globals, globals.pidmap_lock);
    const level = this.get(ns, pid_namespace.level);
    for (let depth = 0, at = ns; depth <= level; depth++) {
      if (this.spin_lock_irq(lock)) yield;
      const nr = this.idr_alloc_cyclic(at);
      this.spin_unlock_irq(lock);
      if (nr < 0) {
        if (this.spin_lock_irq(lock)) yield;
        return this.allocPidFailed(p, ns, depth, nr);
      }
      this.set(upidAt(p, depth), upid.nr, nr);
      this.set(upidAt(p, depth), upid.ns, at);
      at = this.get(at, pid_namespace.parent);
    }
    this.set(p, pid.level, level);
    this.set(p, pid.count, 1);
    for (let type = 0; type < PIDTYPE_MAX; type++) this.set(pidTasks(p, type), hlist_head.first, NULL);
    this.init_waitqueue_head(addr(p, pid.wait_pidfd));

    if (this.spin_lock_irq(lock)) yield;
    if ((this.get(ns, pid_namespace.pid_allocated) & PIDNS_ADDING) === 0) {
      return this.allocPidFailed(p, ns, level + 1, -ENOMEM);
    }
    if (level !== 0) this.get_pid_ns(ns);
    for (let depth = 0; depth <= level; depth++) {
      const at = this.get(upidAt(p, depth), upid.ns);
      // Until here the number was taken but found nothing.
      const slot = this.get(at, pid_namespace.idr) + this.get(upidAt(p, depth), upid.nr);
      if (this.point(OP_WRITE, slot, p, ORDER_RELEASE)) yield;
      this.set(at, pid_namespace.pid_allocated, this.get(at, pid_namespace.pid_allocated) + 1);
    }
    this.spin_unlock_irq(lock);
    return p;
  },

  /** Gives the first `depths` numbers of a pid back, and frees it. Needs `pidmap_lock`, and releases it. */
  allocPidFailed(this: Kernel, p: Pid, ns: Namespace, depths: number, error: number): number {
    for (let depth = 0; depth < depths; depth++) {
      const number = upidAt(p, depth);
      this.storeOnce(this.get(this.get(number, upid.ns), pid_namespace.idr) + this.get(number, upid.nr), NULL);
    }
    // The first of a namespace must be number 1.
    if (this.get(ns, pid_namespace.pid_allocated) === PIDNS_ADDING) this.set(ns, pid_namespace.idr_cursor, 1);
    this.spin_unlock_irq(addr(this.globals, globals.pidmap_lock));
    this.kmem_cache_free(this.caches.pid, p);
    return error;
  },

  /** From now on no process is born in a namespace. */
  *disable_pid_allocation(this: Kernel, ns: Namespace): Coroutine<void> {
    const lock = addr(this.globals, globals.pidmap_lock);
    if (this.spin_lock_irq(lock)) yield;
    this.set(ns, pid_namespace.pid_allocated, this.get(ns, pid_namespace.pid_allocated) & ~PIDNS_ADDING);
    this.spin_unlock_irq(lock);
  },

  /** The next free number after the last one given out, reserved for the caller; −EAGAIN if all are taken. */
  idr_alloc_cyclic(this: Kernel, ns: Namespace): number {
    const max = this.get(ns, pid_namespace.pid_max);
    const table = this.get(ns, pid_namespace.idr);
    const cursor = this.get(ns, pid_namespace.idr_cursor);
    const reserved = this.get(ns, pid_namespace.reserved_pids);
    const min = cursor > reserved ? Math.min(reserved, max - 1) : 1;
    for (let tried = 0, nr = cursor; tried < max; tried++, nr++) {
      if (nr >= max) nr = min;
      if (this.load(table + nr) !== 0) continue;
      // Reserved: taken, though a lookup, which takes no lock, finds nothing yet.
      this.storeOnce(table + nr, IDR_RESERVED);
      this.set(ns, pid_namespace.idr_cursor, nr + 1);
      return nr;
    }
    return -EAGAIN;
  },

  /** Looks a number up in a namespace: one marked load. What it finds is `this.foundPid()`. Needs RCU or `tasklist_lock`. */
  find_pid_ns(this: Kernel, nr: number, ns: Namespace): boolean {
    if (nr <= 0 || nr >= this.get(ns, pid_namespace.pid_max)) {
      this.result = NULL;
      return false;
    }
    // `idr_find` checks nothing; that a caller needs one of the two is said in `include/linux/pid.h`.
    const slots = this.get(ns, pid_namespace.idr) as Ptr<'idr'>;
    return this.rcu_dereference_check(slots, nth(idr.slots, nr), this.tasklist_lock_is_held());
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
    if (!p) return 0;
    if (this.get(p, pid.ns) === ns) return this.get(p, pid.nr);
    // Another namespace: above the pid's own, or none that can see it. NULL for a task that is gone.
    if (this.get(p, pid.level) === 0 || !ns) return 0;
    const depth = this.get(p, pid.level) - this.get(ns, pid_namespace.level);
    if (depth <= 0) return 0;
    const number = upidAt(p, depth);
    return this.get(number, upid.ns) === ns ? this.get(number, upid.nr) : 0;
  },

  /** A pid's number in the initial namespace. */
  pid_nr(this: Kernel, p: Pid): number {
    return this.get(upidAt(p, this.get(p, pid.level)), upid.nr);
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
    if (p) return this.rcu_dereference_check(pidTasks(p, type), hlist_head.first, this.tasklist_lock_is_held());
    this.result = NULL;
    return false;
  },

  /** What `pid_task` found, or NULL. */
  foundTask(this: Kernel, type: number): Task {
    const first = this.value(hlist_head.first);
    return (first ? first - (task_struct.pid_links + 2 * type) : NULL) as Task;
  },

  /** The first process of a process group that has one. Needs `tasklist_lock`. */
  firstOfGroup(this: Kernel, pgrp: Pid): Task {
    return (this.load(pidTasks(pgrp, PIDTYPE_PGID)) - (task_struct.pid_links + 2 * PIDTYPE_PGID)) as Task;
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

  /**
   * Puts `to` in the place of `from` on a pid. The pid is never without a task. Needs `tasklist_lock` for writing. Left
   * out: `PIDTYPE_PID`, which nobody transfers.
   */
  transfer_pid(this: Kernel, from: Task, to: Task, type: number): boolean {
    return this.hlist_replace_rcu(pidLink(from, type), pidLink(to, type));
  },
};

/** In a table of numbers: given out, but not yet to be found. */
const IDR_RESERVED = -1;

export type PidFunctions = typeof pidFunctions;
