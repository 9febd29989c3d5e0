/** `kernel/sys.c`: `prctl(2)`. */

import { addr, container_of, list_head, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  EFAULT,
  EINVAL,
  ENOMEM,
  PR_GET_CHILD_SUBREAPER,
  PR_GET_DUMPABLE,
  PR_GET_KEEPCAPS,
  PR_GET_NAME,
  PR_GET_NO_NEW_PRIVS,
  PR_GET_PDEATHSIG,
  PR_GET_TIMERSLACK,
  PR_GET_TIMING,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_DUMPABLE,
  PR_SET_KEEPCAPS,
  PR_SET_NAME,
  PR_SET_NO_NEW_PRIVS,
  PR_SET_PDEATHSIG,
  PR_SET_TIMERSLACK,
  PR_SET_TIMING,
  PR_TIMING_STATISTICAL,
  SUID_DUMP_DISABLE,
  SUID_DUMP_USER,
  TASK_COMM_LEN,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { valid_signal } from './sigset.js';
import { cred, globals, signal_struct, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;

/** Where a program wants what `prctl` gives: a number, or a name for `PR_GET_NAME`. */
export interface PrctlOut {
  value?: number;
  name?: string;
}

/** The second argument of `prctl(2)`: a number, or what a pointer leads to. */
export type PrctlArg = number | string | PrctlOut | null;

export const prctlFunctions = {
  /** `prctl(2)`. Left out: every option that is not below gives EINVAL. */
  *prctl(this: Kernel, option: number, arg2: PrctlArg, arg3 = 0, arg4 = 0, arg5 = 0): Coroutine<number> {
    const me = this.current;
    const signal = this.get(me, task_struct.signal);
    const number = typeof arg2 === 'number' ? arg2 : 0;
    const out = typeof arg2 === 'object' ? arg2 : null;
    switch (option) {
      case PR_SET_PDEATHSIG:
        if (!valid_signal(number)) return -EINVAL;
        // No lock: a parent that dies now sends it or not.
        if (this.WRITE_ONCE(me, task_struct.pdeath_signal, number)) yield;
        return 0;
      case PR_GET_PDEATHSIG:
        return putUser(out, this.get(me, task_struct.pdeath_signal));
      case PR_GET_DUMPABLE:
        return this.get(signal, signal_struct.dumpable);
      case PR_SET_DUMPABLE:
        if (number !== SUID_DUMP_DISABLE && number !== SUID_DUMP_USER) return -EINVAL;
        if (this.WRITE_ONCE(signal, signal_struct.dumpable, number)) yield;
        return 0;
      case PR_SET_NAME:
        if (typeof arg2 !== 'string') return -EFAULT;
        this.set_task_comm(me, arg2);
        return 0;
      case PR_GET_NAME:
        if (out === null) return -EFAULT;
        out.name = this.get_task_comm(me);
        return 0;
      case PR_SET_CHILD_SUBREAPER:
        // No lock: a child that dies now goes to this process or past it.
        if (this.WRITE_ONCE(signal, signal_struct.is_child_subreaper, number === 0 ? 0 : 1)) yield;
        if (number !== 0) yield* this.walk_process_tree(me);
        return 0;
      case PR_GET_CHILD_SUBREAPER:
        return putUser(out, this.get(signal, signal_struct.is_child_subreaper));
      case PR_GET_KEEPCAPS:
        return this.get(this.current_cred(), cred.keep_caps);
      case PR_SET_KEEPCAPS:
        if (number !== 0 && number !== 1) return -EINVAL;
        return yield* this.setKeepCaps(number);
      case PR_GET_TIMING:
        return PR_TIMING_STATISTICAL;
      case PR_SET_TIMING:
        return number === PR_TIMING_STATISTICAL ? 0 : -EINVAL;
      case PR_GET_TIMERSLACK:
        return this.loadTime(addr(me, task_struct.timer_slack_ns));
      case PR_SET_TIMERSLACK: {
        const slack = number === 0 ? this.loadTime(addr(me, task_struct.default_timer_slack_ns)) : number;
        this.storeTime(addr(me, task_struct.timer_slack_ns), slack);
        return 0;
      }
      case PR_SET_NO_NEW_PRIVS:
        if (arg2 !== 1 || arg3 !== 0 || arg4 !== 0 || arg5 !== 0) return -EINVAL;
        this.set(me, task_struct.no_new_privs, 1);
        return 0;
      case PR_GET_NO_NEW_PRIVS:
        if (arg2 !== 0 || arg3 !== 0 || arg4 !== 0 || arg5 !== 0) return -EINVAL;
        return this.get(me, task_struct.no_new_privs);
      default:
        return -EINVAL;
    }
  },

  /** `PR_SET_KEEPCAPS`: whether a change of user ids from root leaves the permitted capabilities. */
  *setKeepCaps(this: Kernel, keep: number): Coroutine<number> {
    const c = this.prepare_creds();
    if (!c) return -ENOMEM;
    this.set(c, cred.keep_caps, keep);
    return yield* this.commit_creds(c);
  },

  /** Left out: the task's `alloc_lock`, since only the task itself sets its name and asks for it. */
  set_task_comm(this: Kernel, t: Task, name: string): void {
    this.set(t, task_struct.comm_set, 1);
    for (let word = 0; word < TASK_COMM_LEN / 4; word++) {
      let packed = 0;
      for (let byte = 0; byte < 4; byte++) {
        const at = 4 * word + byte;
        if (at < TASK_COMM_LEN - 1) packed |= (name.charCodeAt(at) & 0xff) << (8 * byte);
      }
      this.store(t + task_struct.comm + word, packed);
    }
  },

  /** A task's name: as it was set, or its program's. */
  get_task_comm(this: Kernel, t: Task): string {
    if (this.get(t, task_struct.comm_set) === 0) {
      return this.program_file(this.get(t, task_struct.program)).name.slice(0, TASK_COMM_LEN - 1);
    }
    let name = '';
    for (let at = 0; at < TASK_COMM_LEN; at++) {
      const byte = (this.load(t + task_struct.comm + (at >> 2)) >> (8 * (at & 3))) & 0xff;
      if (byte === 0) break;
      name += String.fromCharCode(byte);
    }
    return name;
  },

  /**
   * Marks a process as having a subreaper above it. Needs `tasklist_lock`.
   *
   * @returns whether its children are to be looked at: those of one that is marked are marked, and those of a
   * namespace's init never leave it
   */
  propagate_has_child_subreaper(this: Kernel, p: Task): boolean {
    const signal = this.get(p, task_struct.signal);
    const thread_pid = this.get(p, task_struct.thread_pid);
    if (this.get(signal, signal_struct.has_child_subreaper) !== 0 || this.is_child_reaper(thread_pid)) return false;
    this.set(signal, signal_struct.has_child_subreaper, 1);
    return true;
  },

  /** Visits the descendants of a process with `propagate_has_child_subreaper`, the only visitor that there is. */
  *walk_process_tree(this: Kernel, top: Task): Coroutine<void> {
    const lock = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(lock)) yield;
    const found: Task[] = [this.get(top, task_struct.group_leader)];
    for (let leader = found.pop(); leader !== undefined; leader = found.pop()) {
      let parent: Task = leader;
      do {
        const children = addr(parent, task_struct.children);
        for (let node = this.get(children, list_head.next); node !== children; node = this.get(node, list_head.next)) {
          const child = container_of(node, task_struct.sibling);
          if (this.propagate_has_child_subreaper(child)) found.push(child);
        }
        parent = this.next_thread(parent);
      } while (parent !== leader);
    }
    this.read_unlock(lock);
  },
};

/** `put_user` of a number. */
function putUser(out: PrctlOut | null, value: number): number {
  if (out === null) return -EFAULT;
  out.value = value;
  return 0;
}

export type PrctlFunctions = typeof prctlFunctions;
