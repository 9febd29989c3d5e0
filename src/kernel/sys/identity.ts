/** System calls of programs: user and group ids, capabilities, limits and the maps of user namespaces. */

import type { Coroutine } from '../../sync/gate.js';
import type { CapUserData, CapUserHeader } from '../capability.js';
import {
  __NR_capget,
  __NR_capset,
  __NR_getegid,
  __NR_geteuid,
  __NR_getgid,
  __NR_getresgid,
  __NR_getresuid,
  __NR_getrlimit,
  __NR_getuid,
  __NR_prlimit64,
  __NR_setfsgid,
  __NR_setfsuid,
  __NR_setgid,
  __NR_setregid,
  __NR_setresgid,
  __NR_setresuid,
  __NR_setreuid,
  __NR_setrlimit,
  __NR_setuid,
  __NR_write_gid_map,
  __NR_write_setgroups,
  __NR_write_uid_map,
} from '../constants.js';
import type { Rlimit } from '../rlimit.js';
import type { IdOut } from '../setid.js';
import type { IdExtent } from '../user-namespace.js';
import type { Caller } from './caller.js';

export interface IdentityCalls {
  getuid(): Coroutine<number>;
  geteuid(): Coroutine<number>;
  getgid(): Coroutine<number>;
  getegid(): Coroutine<number>;
  setuid(uid: number): Coroutine<number>;
  /** `seteuid(3)`. */
  seteuid(euid: number): Coroutine<number>;
  /** `setreuid(2)`; −1 leaves an id as it is. */
  setreuid(ruid: number, euid: number): Coroutine<number>;
  setresuid(ruid: number, euid: number, suid: number): Coroutine<number>;
  getresuid(ruid: IdOut | null, euid: IdOut | null, suid: IdOut | null): Coroutine<number>;
  /** `setfsuid(2)`: the id before. */
  setfsuid(uid: number): Coroutine<number>;
  setgid(gid: number): Coroutine<number>;
  setregid(rgid: number, egid: number): Coroutine<number>;
  setresgid(rgid: number, egid: number, sgid: number): Coroutine<number>;
  getresgid(rgid: IdOut | null, egid: IdOut | null, sgid: IdOut | null): Coroutine<number>;
  setfsgid(gid: number): Coroutine<number>;
  /** `capget(2)`: the sets of a process; pid 0 is the caller. */
  capget(header: CapUserHeader | null, data: CapUserData | null): Coroutine<number>;
  /** `capset(2)`: those of the caller. */
  capset(header: CapUserHeader | null, data: CapUserData | null): Coroutine<number>;
  getrlimit(resource: number, rlim: Rlimit | null): Coroutine<number>;
  setrlimit(resource: number, rlim: Rlimit | null): Coroutine<number>;
  /** `prlimit(2)`: of any process; pid 0 is the caller. */
  prlimit(pid: number, resource: number, rlim: Rlimit | null, old?: Rlimit | null): Coroutine<number>;
  /** Opens, writes and closes `/proc/PID/uid_map`. 0 or a negative errno. */
  write_uid_map(pid: number, extents: readonly IdExtent[]): Coroutine<number>;
  /** Opens, writes and closes `/proc/PID/gid_map`. */
  write_gid_map(pid: number, extents: readonly IdExtent[]): Coroutine<number>;
  /** Opens, writes and closes `/proc/PID/setgroups`: `allow` or `deny`. */
  write_setgroups(pid: number, allowed: boolean): Coroutine<number>;
}

export function identityCalls({ k }: Caller): IdentityCalls {
  return {
    getuid: () => k.do_syscall_64({ nr: __NR_getuid, args: [] }),
    geteuid: () => k.do_syscall_64({ nr: __NR_geteuid, args: [] }),
    getgid: () => k.do_syscall_64({ nr: __NR_getgid, args: [] }),
    getegid: () => k.do_syscall_64({ nr: __NR_getegid, args: [] }),
    setuid: (uid) => k.do_syscall_64({ nr: __NR_setuid, args: [uid] }),
    seteuid: (euid) => k.do_syscall_64({ nr: __NR_setresuid, args: [-1, euid, -1] }),
    setreuid: (ruid, euid) => k.do_syscall_64({ nr: __NR_setreuid, args: [ruid, euid] }),
    setresuid: (ruid, euid, suid) => k.do_syscall_64({ nr: __NR_setresuid, args: [ruid, euid, suid] }),
    getresuid: (ruid, euid, suid) => k.do_syscall_64({ nr: __NR_getresuid, args: [ruid, euid, suid] }),
    setfsuid: (uid) => k.do_syscall_64({ nr: __NR_setfsuid, args: [uid] }),
    setgid: (gid) => k.do_syscall_64({ nr: __NR_setgid, args: [gid] }),
    setregid: (rgid, egid) => k.do_syscall_64({ nr: __NR_setregid, args: [rgid, egid] }),
    setresgid: (rgid, egid, sgid) => k.do_syscall_64({ nr: __NR_setresgid, args: [rgid, egid, sgid] }),
    getresgid: (rgid, egid, sgid) => k.do_syscall_64({ nr: __NR_getresgid, args: [rgid, egid, sgid] }),
    setfsgid: (gid) => k.do_syscall_64({ nr: __NR_setfsgid, args: [gid] }),
    capget: (header, data) => k.do_syscall_64({ nr: __NR_capget, args: [header, data] }),
    capset: (header, data) => k.do_syscall_64({ nr: __NR_capset, args: [header, data] }),
    getrlimit: (resource, rlim) => k.do_syscall_64({ nr: __NR_getrlimit, args: [resource, rlim] }),
    setrlimit: (resource, rlim) => k.do_syscall_64({ nr: __NR_setrlimit, args: [resource, rlim] }),
    prlimit: (pid, resource, rlim, old = null) =>
      k.do_syscall_64({ nr: __NR_prlimit64, args: [pid, resource, rlim, old] }),
    write_uid_map: (pid, extents) => k.do_syscall_64({ nr: __NR_write_uid_map, args: [pid, extents] }),
    write_gid_map: (pid, extents) => k.do_syscall_64({ nr: __NR_write_gid_map, args: [pid, extents] }),
    write_setgroups: (pid, allowed) => k.do_syscall_64({ nr: __NR_write_setgroups, args: [pid, allowed] }),
  };
}
