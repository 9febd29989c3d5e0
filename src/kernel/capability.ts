/** `kernel/capability.c` and `security/commoncap.c`: what a task may do, and how that follows its user ids. */

import { NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  CAP_FS_MASK,
  CAP_FULL_SET,
  CAP_SETPCAP,
  CAP_SETUID,
  EFAULT,
  EINVAL,
  ENOMEM,
  EPERM,
  ESRCH,
} from './constants.js';
import type { Kernel } from './kernel.js';
import type { ProgramFile } from './scenario.js';
import { cred, task_struct, user_namespace } from './structs.js';

type Cred = Ptr<'cred'>;
type UserNamespace = Ptr<'user_namespace'>;
type Task = Ptr<'task_struct'>;

/** `struct __user_cap_header_struct`: which layout the program knows, and of whom it asks. */
export interface CapUserHeader {
  version: number;
  pid: number;
}

/** `struct __user_cap_data_struct`, each set a mask of `CAP_…`. Left out: the capabilities above 31. */
export interface CapUserData {
  effective: number;
  permitted: number;
  inheritable: number;
}

export const _LINUX_CAPABILITY_VERSION_1 = 0x19980330;
export const _LINUX_CAPABILITY_VERSION_2 = 0x20071026;
export const _LINUX_CAPABILITY_VERSION_3 = 0x20080522;

function cap_issubset(a: number, set: number): boolean {
  return (a & ~set) === 0;
}

/** An unknown version is answered with the one that the kernel prefers. */
function cap_validate_magic(header: CapUserHeader | null): number {
  if (header === null) return -EFAULT;
  switch (header.version) {
    case _LINUX_CAPABILITY_VERSION_1:
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3:
      return 0;
    default:
      header.version = _LINUX_CAPABILITY_VERSION_3;
      return -EINVAL;
  }
}

export const capabilityFunctions = {
  /**
   * Whether credentials have a capability in a user namespace: in their own it must be raised; in one below it they
   * have it if they have it in an ancestor of it, or if they own it or an ancestor of it from its parent.
   */
  cap_capable(this: Kernel, c: Cred, targ_ns: UserNamespace, cap: number): boolean {
    const own = this.get(c, cred.user_ns);
    let ns = targ_ns;
    for (;;) {
      if (ns === own) return (this.get(c, cred.cap_effective) & cap) !== 0;
      if (this.get(ns, user_namespace.level) <= this.get(own, user_namespace.level)) return false;
      const parent = this.get(ns, user_namespace.parent);
      if (parent === own && this.get(ns, user_namespace.owner) === this.get(c, cred.euid)) return true;
      ns = parent;
    }
  },

  /** Whether the current task has a capability in a user namespace. */
  ns_capable(this: Kernel, ns: UserNamespace, cap: number): boolean {
    return this.cap_capable(this.current_cred(), ns, cap);
  },

  /** Whether the current task has a capability in the initial user namespace. */
  capable(this: Kernel, cap: number): boolean {
    return this.cap_capable(this.current_cred(), this.init_user_ns, cap);
  },

  /** Whether another task has a capability in a user namespace. */
  *has_ns_capability(this: Kernel, t: Task, ns: UserNamespace, cap: number): Coroutine<boolean> {
    this.rcu_read_lock();
    if (this.__task_cred(t)) yield;
    const has = this.cap_capable(this.value(task_struct.real_cred), ns, cap);
    this.rcu_read_unlock();
    return has;
  },

  /** `capget(2)`. */
  *capget(this: Kernel, header: CapUserHeader | null, dataptr: CapUserData | null): Coroutine<number> {
    const ret = cap_validate_magic(header);
    if (header === null || dataptr === null || ret !== 0) return dataptr === null && ret === -EINVAL ? 0 : ret;
    const { pid } = header;
    if (pid < 0) return -EINVAL;
    let result = -ESRCH;
    this.rcu_read_lock();
    const self = pid === 0 || pid === this.task_pid_vnr(this.current);
    const target: Task = self ? this.current : yield* this.find_task_by_vpid(pid);
    if (target !== NULL) {
      if (this.__task_cred(target)) yield;
      const c = this.value(task_struct.real_cred);
      dataptr.effective = this.get(c, cred.cap_effective);
      dataptr.permitted = this.get(c, cred.cap_permitted);
      dataptr.inheritable = this.get(c, cred.cap_inheritable);
      result = 0;
    }
    this.rcu_read_unlock();
    return result;
  },

  /** `capset(2)`: of the current task only. */
  *capset(this: Kernel, header: CapUserHeader | null, data: CapUserData | null): Coroutine<number> {
    const ret = cap_validate_magic(header);
    if (header === null || ret !== 0) return ret;
    const { pid } = header;
    if (pid !== 0 && pid !== this.task_pid_vnr(this.current)) return -EPERM;
    if (data === null) return -EFAULT;
    const c = this.prepare_creds();
    if (!c) return -ENOMEM;
    const error = this.cap_capset(c, this.current_cred(), data);
    if (error < 0) {
      this.abort_creds(c);
      return error;
    }
    return yield* this.commit_creds(c);
  },

  /** Checks what `capset` asks for against what the task has, and puts it into the new credentials. */
  cap_capset(this: Kernel, c: Cred, old: Cred, { effective, inheritable, permitted }: CapUserData): number {
    const capped = !this.cap_capable(old, this.get(old, cred.user_ns), CAP_SETPCAP);
    const oldInheritable = this.get(old, cred.cap_inheritable);
    const oldPermitted = this.get(old, cred.cap_permitted);
    // Left out: the bounding set, which nothing here makes smaller than all.
    if (capped && !cap_issubset(inheritable, oldInheritable | oldPermitted)) return -EPERM;
    if (!cap_issubset(permitted, oldPermitted)) return -EPERM;
    if (!cap_issubset(effective, permitted)) return -EPERM;
    this.set(c, cred.cap_effective, effective);
    this.set(c, cred.cap_inheritable, inheritable);
    this.set(c, cred.cap_permitted, permitted);
    return 0;
  },

  /** Capabilities after a change of real, effective or saved user id. Left out: securebits other than `KEEP_CAPS`. */
  cap_emulate_setxuid(this: Kernel, c: Cred, old: Cred): void {
    const root = this.make_kuid(this.get(old, cred.user_ns), 0);
    const wasRoot =
      this.get(old, cred.uid) === root || this.get(old, cred.euid) === root || this.get(old, cred.suid) === root;
    const isRoot = this.get(c, cred.uid) === root || this.get(c, cred.euid) === root || this.get(c, cred.suid) === root;
    if (wasRoot && !isRoot && this.get(old, cred.keep_caps) === 0) {
      this.set(c, cred.cap_permitted, 0);
      this.set(c, cred.cap_effective, 0);
    }
    const wasEffective = this.get(old, cred.euid) === root;
    const isEffective = this.get(c, cred.euid) === root;
    if (wasEffective && !isEffective) this.set(c, cred.cap_effective, 0);
    if (!wasEffective && isEffective) this.set(c, cred.cap_effective, this.get(c, cred.cap_permitted));
  },

  /** Capabilities after a change of the user id for files. */
  capFixFsuid(this: Kernel, c: Cred, old: Cred): void {
    const root = this.make_kuid(this.get(old, cred.user_ns), 0);
    const was = this.get(old, cred.fsuid) === root;
    const is = this.get(c, cred.fsuid) === root;
    const effective = this.get(c, cred.cap_effective);
    if (was && !is) this.set(c, cred.cap_effective, effective & ~CAP_FS_MASK);
    if (!was && is) {
      this.set(c, cred.cap_effective, effective | (this.get(c, cred.cap_permitted) & CAP_FS_MASK));
    }
  },

  /**
   * The credentials that a new program gets: the file's owner where it is set-user-id, all capabilities for root, none
   * for anybody else. With `no_new_privs` nothing is gained. Left out: capabilities of files, and ambient ones.
   *
   * @param c a copy of the current task's credentials
   * @returns whether the program gets more than its caller had, so that it is to be protected from it
   */
  cap_bprm_set_creds(this: Kernel, c: Cred, file: ProgramFile): boolean {
    const old = this.current_cred();
    const ns = this.get(c, cred.user_ns);
    const { setuid, setgid } = file;
    // bprm_fill_uid: ids that have no number in the namespace are not taken on.
    const noNew = this.get(this.current, task_struct.no_new_privs) !== 0;
    const mapped =
      !noNew &&
      (setuid === undefined || this.from_kuid(ns, setuid) !== -1) &&
      (setgid === undefined || this.from_kgid(ns, setgid) !== -1);
    if (mapped && setuid !== undefined) this.set(c, cred.euid, setuid);
    if (mapped && setgid !== undefined) this.set(c, cred.egid, setgid);
    const root = this.make_kuid(ns, 0);
    const effective = this.get(c, cred.euid) === root;
    const isRoot = effective || this.get(c, cred.uid) === root;
    let permitted = isRoot ? CAP_FULL_SET | this.get(old, cred.cap_inheritable) : 0;
    const isSetid =
      this.get(c, cred.euid) !== this.get(old, cred.uid) || this.get(c, cred.egid) !== this.get(old, cred.gid);
    const gained = !cap_issubset(permitted, this.get(old, cred.cap_permitted));
    if ((isSetid || gained) && (noNew || !this.ptracer_capable(this.current, ns))) {
      // The tracer would have what the program has.
      if (noNew || !this.ns_capable(ns, CAP_SETUID)) {
        this.set(c, cred.euid, this.get(c, cred.uid));
        this.set(c, cred.egid, this.get(c, cred.gid));
      }
      permitted &= this.get(old, cred.cap_permitted);
    }
    this.set(c, cred.suid, this.get(c, cred.euid));
    this.set(c, cred.fsuid, this.get(c, cred.euid));
    this.set(c, cred.sgid, this.get(c, cred.egid));
    this.set(c, cred.fsgid, this.get(c, cred.egid));
    this.set(c, cred.cap_permitted, permitted);
    this.set(c, cred.cap_effective, effective ? permitted : 0);
    this.set(c, cred.keep_caps, 0);
    return isSetid || (this.get(c, cred.uid) !== root && (effective || permitted !== 0));
  },
};

export type CapabilityFunctions = typeof capabilityFunctions;
