/** Pids, namespaces, users and credentials. */

import { embed, type FieldType, hlistNode, int, ptr, struct } from '../../memory/layout.js';
import { rcuHead } from '../../sync/rcu.js';
import { waitQueueHead } from '../../sync/wait.js';

/** Of the kernel's 32: how deep pid namespaces may be nested. */
export const MAX_PID_NS_LEVEL = 4;

/** A number in a namespace. */
export const upid = struct('upid', { nr: int, ns: ptr('pid_namespace') });

/** A pid: what tasks point to, and its number in each namespace that can see it. */
export const pid = struct('pid', {
  count: int,
  /** How deep the namespace is nested that it was made in. */
  level: int,
  tasks: embed('hlist_head', 1, 4),
  rcu: rcuHead,
  wait_pidfd: waitQueueHead,
  /** In the namespace that it was made in: `numbers[level]`. */
  nr: int,
  ns: ptr('pid_namespace'),
  /** In the namespaces above that, from the parent up: `numbers[level - 1]` to `numbers[0]`. */
  outer: embed('upid', upid.$.words, MAX_PID_NS_LEVEL),
});

export const pid_namespace = struct('pid_namespace', {
  level: int,
  parent: ptr('pid_namespace'),
  child_reaper: ptr('task_struct'),
  pid_allocated: int,
  pid_max: int,
  /** The last number given out: the search for the next begins after it. */
  idr_cursor: int,
  /** The table from number to `struct pid`. The kernel has a radix tree; a flat array reads the same. */
  idr: int,
  /** Where the search begins again after the last number. */
  reserved_pids: int,
  kref: int,
  user_ns: ptr('user_namespace'),
  rcu: rcuHead,
});

/** `pid_ns_for_children` need not be the namespace that the task itself is in. */
export const nsproxy = struct('nsproxy', { count: int, pid_ns_for_children: ptr('pid_namespace') });

export const user_struct = struct('user_struct', {
  __count: int,
  processes: int,
  sigpending: int,
  uid: int,
  uidhash_node: hlistNode,
});

/** The table of users. */
export const UIDHASH_SZ = 8;

export const uidhash = struct('uidhash', { table: embed('hlist_head', 1, UIDHASH_SZ) });

export const UID_GID_MAP_MAX_BASE_EXTENTS = 5;

export const uid_gid_extent = struct('uid_gid_extent', { first: int, lower_first: int, count: int });

export const uid_gid_map = struct('uid_gid_map', {
  nr_extents: int,
  extent: embed('uid_gid_extent', uid_gid_extent.$.words, UID_GID_MAP_MAX_BASE_EXTENTS),
});

const idMap = embed('uid_gid_map', uid_gid_map.$.words);

export const user_namespace = struct('user_namespace', {
  parent: ptr('user_namespace'),
  owner: int,
  group: int,
  level: int,
  count: int,
  flags: int,
  uid_map: idMap,
  gid_map: idMap,
});

export const cred = struct('cred', {
  usage: int,
  uid: int,
  euid: int,
  suid: int,
  cap_effective: int,
  user: ptr('user_struct'),
  user_ns: ptr('user_namespace'),
  rcu: rcuHead,
  fsuid: int,
  gid: int,
  egid: int,
  sgid: int,
  fsgid: int,
  cap_permitted: int,
  cap_inheritable: int,
  /** `SECURE_KEEP_CAPS` of the securebits. */
  keep_caps: int,
});

/** A nested namespace's table from number to `struct pid`. Shorter than the first one's: a scenario has no use for more. */
export const NESTED_PID_MAX = 64;

export const nested_idr = struct('nested_idr', {
  slots: { words: NESTED_PID_MAX, kind: '*pid' } satisfies FieldType<number>,
});

/** The initial namespace's table from number to `struct pid`. */
export const PID_MAX = 1024;

export const idr = struct('idr', { slots: { words: PID_MAX, kind: '*pid' } satisfies FieldType<number> });
