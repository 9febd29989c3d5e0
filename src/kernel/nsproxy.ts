/** `kernel/nsproxy.c` and the end of `kernel/fork.c`: in which namespaces a task's children are born. */

import { NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  CAP_SYS_ADMIN,
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
  EINVAL,
  ENOMEM,
  EPERM,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { cred, nsproxy, sighand_struct, task_struct } from './structs.js';

type Task = Ptr<'task_struct'>;
type Nsproxy = Ptr<'nsproxy'>;
type UserNamespace = Ptr<'user_namespace'>;
type Cred = Ptr<'cred'>;

/** Namespaces that an nsproxy leads to. Left out: what is in those other than the pid namespace. */
const NSPROXY_FLAGS = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;

export const nsproxyFunctions = {
  put_nsproxy(this: Kernel, ns: Nsproxy): void {
    if (ns !== this.init_nsproxy && this.refcount_dec_and_test(ns, nsproxy.count)) this.free_nsproxy(ns);
  },

  free_nsproxy(this: Kernel, ns: Nsproxy): void {
    this.put_pid_ns(this.get(ns, nsproxy.pid_ns_for_children));
    this.kmem_cache_free(this.caches.nsproxy, ns);
  },

  /** An nsproxy like a task's, but with new namespaces where the flags say so; or a negative errno. */
  create_new_namespaces(this: Kernel, flags: number, tsk: Task, user_ns: UserNamespace): number {
    const made = this.kmem_cache_alloc<'nsproxy'>(this.caches.nsproxy);
    if (!made) return -ENOMEM;
    const old = this.get(this.get(tsk, task_struct.nsproxy), nsproxy.pid_ns_for_children);
    const pid_ns = this.copy_pid_ns(flags, user_ns, old);
    if (pid_ns < 0) {
      this.kmem_cache_free(this.caches.nsproxy, made);
      return pid_ns;
    }
    this.set(made, nsproxy.count, 1);
    this.set(made, nsproxy.pid_ns_for_children, pid_ns as Ptr<'pid_namespace'>);
    return made;
  },

  /** For a new task, which has a copy of its parent's pointer and no reference yet. */
  copy_namespaces(this: Kernel, flags: number, tsk: Task): number {
    const old = this.get(tsk, task_struct.nsproxy);
    if ((flags & NSPROXY_FLAGS) === 0) {
      if (old !== this.init_nsproxy) this.atomic_inc(old, nsproxy.count);
      return 0;
    }
    const user_ns = this.get(this.get(tsk, task_struct.real_cred), cred.user_ns);
    if (!this.ns_capable(user_ns, CAP_SYS_ADMIN)) return -EPERM;
    if ((flags & (CLONE_NEWIPC | CLONE_SYSVSEM)) === (CLONE_NEWIPC | CLONE_SYSVSEM)) return -EINVAL;
    const made = this.create_new_namespaces(flags, tsk, user_ns);
    if (made < 0) return made;
    this.set(tsk, task_struct.nsproxy, made as Nsproxy);
    return 0;
  },

  /** The new nsproxy for `unshare`, or a negative errno; 0 where none is asked for. */
  unshare_nsproxy_namespaces(this: Kernel, unshare_flags: number, new_cred: Cred): number {
    if ((unshare_flags & NSPROXY_FLAGS) === 0) return 0;
    const user_ns = this.get(new_cred || this.current_cred(), cred.user_ns);
    if (!this.ns_capable(user_ns, CAP_SYS_ADMIN)) return -EPERM;
    return this.create_new_namespaces(unshare_flags, this.current, user_ns);
  },

  /** Left out: the task's `alloc_lock`, since nobody but the task looks at its nsproxy. */
  switch_task_namespaces(this: Kernel, p: Task, made: Nsproxy): void {
    const ns = this.get(p, task_struct.nsproxy);
    this.set(p, task_struct.nsproxy, made);
    this.put_nsproxy(ns);
  },

  exit_task_namespaces(this: Kernel, p: Task): void {
    this.switch_task_namespaces(p, NULL);
  },

  /** What `unshare` refuses: unknown flags, and what is shared with other tasks and cannot be parted. */
  check_unshare_flags(this: Kernel, unshare_flags: number): number {
    const known = CLONE_THREAD | CLONE_FS | CLONE_SIGHAND | CLONE_VM | CLONE_FILES | CLONE_SYSVSEM | CLONE_NEWUSER;
    if ((unshare_flags & ~(known | NSPROXY_FLAGS)) !== 0) return -EINVAL;
    if ((unshare_flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) !== 0 && !this.thread_group_empty(this.current)) {
      return -EINVAL;
    }
    // Left out: CLONE_VM where another process shares the memory but not the handlers.
    if ((unshare_flags & (CLONE_SIGHAND | CLONE_VM)) !== 0) {
      if (this.peek(this.get(this.current, task_struct.sighand) + sighand_struct.count) > 1) return -EINVAL;
    }
    return 0;
  },

  /** `unshare(2)`. A new pid namespace is for the children; a new user namespace is entered at once. */
  *unshare(this: Kernel, flags: number): Coroutine<number> {
    let unshare_flags = flags;
    if ((unshare_flags & CLONE_NEWUSER) !== 0) unshare_flags |= CLONE_THREAD | CLONE_FS;
    if ((unshare_flags & CLONE_VM) !== 0) unshare_flags |= CLONE_SIGHAND;
    if ((unshare_flags & CLONE_SIGHAND) !== 0) unshare_flags |= CLONE_THREAD;
    if ((unshare_flags & CLONE_NEWNS) !== 0) unshare_flags |= CLONE_FS;
    const error = this.check_unshare_flags(unshare_flags);
    if (error !== 0) return error;
    // Left out: unshare_fs.
    let shared: number = NULL;
    if ((unshare_flags & CLONE_FILES) !== 0 && this.get(this.current, task_struct.files)) {
      shared = yield* this.unshare_files();
      if (shared < 0) return shared;
    }
    const failed = yield* this.unshareNamespaces(unshare_flags);
    if (shared) {
      if (failed !== 0) this.reset_files_struct(shared as Ptr<'files_struct'>);
      else this.put_files_struct(shared as Ptr<'files_struct'>);
    }
    return failed;
  },

  /** The namespaces of `unshare`: new ones for all that the flags name, or none. */
  *unshareNamespaces(this: Kernel, unshare_flags: number): Coroutine<number> {
    const new_cred = yield* this.unshare_userns(unshare_flags);
    if (new_cred < 0) return new_cred;
    const new_nsproxy = this.unshare_nsproxy_namespaces(unshare_flags, new_cred as Cred);
    if (new_nsproxy < 0) {
      if (new_cred !== 0) this.put_cred(new_cred as Cred);
      return new_nsproxy;
    }
    if (new_nsproxy !== 0) this.switch_task_namespaces(this.current, new_nsproxy as Nsproxy);
    if (new_cred !== 0) yield* this.commit_creds(new_cred as Cred);
    return 0;
  },
};

export type NsproxyFunctions = typeof nsproxyFunctions;
