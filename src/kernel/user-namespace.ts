/**
 * `kernel/user_namespace.c`: namespaces of user ids. Inside the kernel a user has one number (a kuid), that of the
 * initial namespace; a namespace gives it another, or none.
 */

import { addr, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  CAP_FULL_SET,
  CAP_SETGID,
  CAP_SETUID,
  CAP_SYS_ADMIN,
  CLONE_NEWUSER,
  EACCES,
  EINVAL,
  ENOENT,
  ENOMEM,
  ENOSPC,
  EPERM,
  OVERFLOW_ID,
  TASK_UNINTERRUPTIBLE,
} from './constants.js';
import type { Kernel } from './kernel.js';
import {
  cred,
  globals,
  task_struct,
  UID_GID_MAP_MAX_BASE_EXTENTS,
  uid_gid_extent,
  uid_gid_map,
  user_namespace,
} from './structs.js';

type UserNamespace = Ptr<'user_namespace'>;
type Cred = Ptr<'cred'>;
type IdMap = Ptr<'uid_gid_map'>;

/** A line of `/proc/PID/uid_map`: `count` ids from `first` on are those from `lower_first` on of the parent. */
export interface IdExtent {
  readonly first: number;
  readonly lower_first: number;
  readonly count: number;
}

export const USERNS_SETGROUPS_ALLOWED = 1;
const MAX_USER_NS_LEVEL = 32;
const ID_LIMIT = 2 ** 32;

function extent(map: IdMap, index: number): Ptr<'uid_gid_extent'> {
  return (map + uid_gid_map.extent + index * uid_gid_extent.$.words) as Ptr<'uid_gid_extent'>;
}

function overlap(a: IdExtent, b: IdExtent): boolean {
  const shared = (x: number, y: number): boolean => x < y + b.count && y < x + a.count;
  return shared(a.first, b.first) || shared(a.lower_first, b.lower_first);
}

/** What `map_write` demands of the lines as such. */
function validExtents(extents: readonly IdExtent[]): boolean {
  const whole = (id: number): boolean => id >= 0 && id < ID_LIMIT - 1;
  return (
    extents.length > 0 &&
    extents.every(({ first, lower_first, count }, at) => {
      if (!whole(first) || !whole(lower_first) || count < 1) return false;
      if (first + count >= ID_LIMIT || lower_first + count >= ID_LIMIT) return false;
      return !extents.slice(0, at).some((before) => overlap(before, { first, lower_first, count }));
    })
  );
}

export const userNamespaceFunctions = {
  current_user_ns(this: Kernel): UserNamespace {
    return this.get(this.current_cred(), cred.user_ns);
  },

  get_user_ns(this: Kernel, ns: UserNamespace): UserNamespace {
    if (ns !== this.init_user_ns) this.atomic_inc(ns, user_namespace.count);
    return ns;
  },

  put_user_ns(this: Kernel, ns: UserNamespace): void {
    if (ns !== this.init_user_ns && this.refcount_dec_and_test(ns, user_namespace.count)) this.free_user_ns(ns);
  },

  /** Left out: the work queue from which the kernel calls this. Only those with a reference could tell. */
  free_user_ns(this: Kernel, dead: UserNamespace): void {
    let ns = dead;
    do {
      const parent = this.get(ns, user_namespace.parent);
      this.kmem_cache_free(this.caches.user_namespace, ns);
      this.atomic_dec(this.globals, globals.user_namespaces);
      ns = parent;
    } while (ns !== this.init_user_ns && this.refcount_dec_and_test(ns, user_namespace.count));
  },

  /** Makes a user namespace below that of credentials, and makes them root in it. */
  *create_user_ns(this: Kernel, c: Cred): Coroutine<number> {
    const parent = this.get(c, cred.user_ns);
    const owner = this.get(c, cred.euid);
    const group = this.get(c, cred.egid);
    // Left out: the limits on how many a user may make, and changed roots.
    if (this.get(parent, user_namespace.level) > MAX_USER_NS_LEVEL) return -ENOSPC;
    if (this.from_kuid(parent, owner) === -1 || this.from_kgid(parent, group) === -1) return -EPERM;
    const ns = this.kmem_cache_zalloc<'user_namespace'>(this.caches.user_namespace);
    if (!ns) return -ENOMEM;
    this.set(ns, user_namespace.count, 1);
    // The reference of the credentials to the parent is the namespace's now.
    this.set(ns, user_namespace.parent, parent);
    this.set(ns, user_namespace.level, this.get(parent, user_namespace.level) + 1);
    this.set(ns, user_namespace.owner, owner);
    this.set(ns, user_namespace.group, group);
    const mutex = addr(this.globals, globals.userns_state_mutex);
    yield* this.__mutex_lock_common(mutex, TASK_UNINTERRUPTIBLE);
    this.set(ns, user_namespace.flags, this.get(parent, user_namespace.flags));
    yield* this.mutex_unlock(mutex);
    this.atomic_inc(this.globals, globals.user_namespaces);
    this.set_cred_user_ns(c, ns);
    return 0;
  },

  /** All capabilities, in the new namespace. */
  set_cred_user_ns(this: Kernel, c: Cred, ns: UserNamespace): void {
    this.set(c, cred.keep_caps, 0);
    this.set(c, cred.cap_inheritable, 0);
    this.set(c, cred.cap_permitted, CAP_FULL_SET);
    this.set(c, cred.cap_effective, CAP_FULL_SET);
    this.set(c, cred.user_ns, ns);
  },

  /** The credentials for `unshare` with `CLONE_NEWUSER`, or a negative errno; 0 where they are not asked for. */
  *unshare_userns(this: Kernel, unshare_flags: number): Coroutine<number> {
    if ((unshare_flags & CLONE_NEWUSER) === 0) return 0;
    const c = this.prepare_creds();
    if (!c) return -ENOMEM;
    const error = yield* this.create_user_ns(c);
    if (error === 0) return c;
    this.put_cred(c);
    return error;
  },

  // ---- numbers ----

  /** A namespace's number to its parent's or, in a map that is written, to the kernel's; −1 if it has none. */
  map_id_range_down(this: Kernel, map: IdMap, id: number, count: number): number {
    const first = id >>> 0;
    const last = first + count - 1;
    const extents = this.peek(map + uid_gid_map.nr_extents);
    for (let index = 0; index < extents; index++) {
      const e = extent(map, index);
      const start = this.get(e, uid_gid_extent.first) >>> 0;
      const end = start + (this.get(e, uid_gid_extent.count) >>> 0) - 1;
      if (first >= start && last <= end) return (first - start + this.get(e, uid_gid_extent.lower_first)) | 0;
    }
    return -1;
  },

  /** The kernel's number to a namespace's; −1 if it has none. */
  map_id_up(this: Kernel, map: IdMap, id: number): number {
    const kid = id >>> 0;
    const extents = this.peek(map + uid_gid_map.nr_extents);
    for (let index = 0; index < extents; index++) {
      const e = extent(map, index);
      const start = this.get(e, uid_gid_extent.lower_first) >>> 0;
      if (kid >= start && kid - start < this.get(e, uid_gid_extent.count) >>> 0) {
        return (kid - start + this.get(e, uid_gid_extent.first)) | 0;
      }
    }
    return -1;
  },

  /** The kernel's number for a user of a namespace; −1 if there is none. */
  make_kuid(this: Kernel, ns: UserNamespace, uid: number): number {
    return ns === this.init_user_ns ? uid | 0 : this.map_id_range_down(addr(ns, user_namespace.uid_map), uid, 1);
  },

  make_kgid(this: Kernel, ns: UserNamespace, gid: number): number {
    return ns === this.init_user_ns ? gid | 0 : this.map_id_range_down(addr(ns, user_namespace.gid_map), gid, 1);
  },

  /** A user's number in a namespace; −1 if there is none. */
  from_kuid(this: Kernel, ns: UserNamespace, kuid: number): number {
    return ns === this.init_user_ns ? kuid : this.map_id_up(addr(ns, user_namespace.uid_map), kuid);
  },

  from_kgid(this: Kernel, ns: UserNamespace, kgid: number): number {
    return ns === this.init_user_ns ? kgid : this.map_id_up(addr(ns, user_namespace.gid_map), kgid);
  },

  /** A user's number as a program of a namespace is told it: 65534 if there is none. */
  from_kuid_munged(this: Kernel, ns: UserNamespace, kuid: number): number {
    const uid = this.from_kuid(ns, kuid);
    return uid === -1 ? OVERFLOW_ID : uid;
  },

  from_kgid_munged(this: Kernel, ns: UserNamespace, kgid: number): number {
    const gid = this.from_kgid(ns, kgid);
    return gid === -1 ? OVERFLOW_ID : gid;
  },

  /** Whether a namespace is another one or below it. */
  in_userns(this: Kernel, ancestor: UserNamespace, child: UserNamespace): boolean {
    let ns = child;
    while (this.get(ns, user_namespace.level) > this.get(ancestor, user_namespace.level)) {
      ns = this.get(ns, user_namespace.parent);
    }
    return ns === ancestor;
  },

  // ---- /proc/PID/uid_map, gid_map and setgroups ----

  /** Opens one of the files: the namespace of a process, with a reference; NULL if there is no such process. */
  *openIdMap(this: Kernel, pid: number): Coroutine<UserNamespace> {
    let ns: UserNamespace = NULL;
    this.rcu_read_lock();
    const task = yield* this.find_task_by_vpid(pid);
    if (task) {
      if (this.__task_cred(task)) yield;
      ns = this.get_user_ns(this.get(this.value(task_struct.real_cred), cred.user_ns));
    }
    this.rcu_read_unlock();
    return ns;
  },

  /**
   * Stands for opening, writing and closing `/proc/PID/uid_map`. Left out: the permissions of the file.
   *
   * @param extents the lines
   */
  proc_uid_map_write(this: Kernel, pid: number, extents: readonly IdExtent[]): Coroutine<number> {
    return this.map_write(pid, extents, CAP_SETUID);
  },

  /** The same for `/proc/PID/gid_map`. */
  proc_gid_map_write(this: Kernel, pid: number, extents: readonly IdExtent[]): Coroutine<number> {
    return this.map_write(pid, extents, CAP_SETGID);
  },

  *map_write(this: Kernel, pid: number, extents: readonly IdExtent[], cap_setid: number): Coroutine<number> {
    const ns = yield* this.openIdMap(pid);
    if (!ns) return -ENOENT;
    const mine = this.current_user_ns();
    const parent = this.get(ns, user_namespace.parent);
    let error = -EPERM;
    if (parent && (mine === ns || mine === parent)) {
      const mutex = addr(this.globals, globals.userns_state_mutex);
      yield* this.__mutex_lock_common(mutex, TASK_UNINTERRUPTIBLE);
      error = this.checkMap(ns, parent, extents, cap_setid);
      if (error === 0) {
        // Those who translate look at the count without a lock: it comes last.
        const map = this.idMap(ns, cap_setid);
        if (this.WRITE_ONCE(map, uid_gid_map.nr_extents, extents.length)) yield;
      }
      yield* this.mutex_unlock(mutex);
    }
    this.put_user_ns(ns);
    return error;
  },

  idMap(this: Kernel, ns: UserNamespace, cap_setid: number): IdMap {
    return addr(ns, cap_setid === CAP_SETUID ? user_namespace.uid_map : user_namespace.gid_map);
  },

  /** Checks a new map, and stores all of it but the count. Needs `userns_state_mutex`. */
  checkMap(
    this: Kernel,
    ns: UserNamespace,
    parent: UserNamespace,
    extents: readonly IdExtent[],
    cap_setid: number,
  ): number {
    const map = this.idMap(ns, cap_setid);
    // A map is written once.
    if (this.get(map, uid_gid_map.nr_extents) !== 0) return -EPERM;
    if (!this.ns_capable(ns, CAP_SYS_ADMIN)) return -EPERM;
    if (!validExtents(extents)) return -EINVAL;
    if (extents.length > UID_GID_MAP_MAX_BASE_EXTENTS) {
      this.violate('unmodelled', `a map of more than ${UID_GID_MAP_MAX_BASE_EXTENTS} lines`);
    }
    if (!this.new_idmap_permitted(ns, parent, cap_setid, extents)) return -EPERM;
    let index = 0;
    for (const { first, lower_first, count } of extents) {
      const down =
        parent === this.init_user_ns
          ? lower_first | 0
          : this.map_id_range_down(this.idMap(parent, cap_setid), lower_first, count);
      if (down === -1) return -EPERM;
      const e = extent(map, index++);
      this.set(e, uid_gid_extent.first, first | 0);
      this.set(e, uid_gid_extent.lower_first, down);
      this.set(e, uid_gid_extent.count, count | 0);
    }
    return 0;
  },

  /** One's own id may be mapped by whoever made the namespace; anything else needs the capability over the parent. */
  new_idmap_permitted(
    this: Kernel,
    ns: UserNamespace,
    parent: UserNamespace,
    cap_setid: number,
    extents: readonly IdExtent[],
  ): boolean {
    const c = this.current_cred();
    const [only] = extents;
    if (only?.count === 1 && extents.length === 1 && this.get(ns, user_namespace.owner) === this.get(c, cred.euid)) {
      if (cap_setid === CAP_SETUID) {
        if (this.make_kuid(parent, only.lower_first) === this.get(c, cred.euid)) return true;
      } else if (
        (this.get(ns, user_namespace.flags) & USERNS_SETGROUPS_ALLOWED) === 0 &&
        this.make_kgid(parent, only.lower_first) === this.get(c, cred.egid)
      ) {
        return true;
      }
    }
    return this.ns_capable(parent, cap_setid);
  },

  /** Stands for opening, writing and closing `/proc/PID/setgroups`. @param allowed `allow` or `deny` */
  *proc_setgroups_write(this: Kernel, pid: number, allowed: boolean): Coroutine<number> {
    const ns = yield* this.openIdMap(pid);
    if (!ns) return -ENOENT;
    let error = -EACCES;
    if (this.ns_capable(ns, CAP_SYS_ADMIN)) {
      const mutex = addr(this.globals, globals.userns_state_mutex);
      yield* this.__mutex_lock_common(mutex, TASK_UNINTERRUPTIBLE);
      const flags = this.get(ns, user_namespace.flags);
      error = 0;
      if (allowed) {
        if ((flags & USERNS_SETGROUPS_ALLOWED) === 0) error = -EPERM;
      } else if (this.get(addr(ns, user_namespace.gid_map), uid_gid_map.nr_extents) !== 0) {
        error = -EPERM;
      } else {
        this.set(ns, user_namespace.flags, flags & ~USERNS_SETGROUPS_ALLOWED);
      }
      yield* this.mutex_unlock(mutex);
    }
    this.put_user_ns(ns);
    return error;
  },
};

export type UserNamespaceFunctions = typeof userNamespaceFunctions;
