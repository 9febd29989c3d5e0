/** `kernel/sys.c`: user and group ids. Left out: audit, security modules other than capabilities, and keyrings. */

import type { Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { CAP_SETGID, CAP_SETUID, EAGAIN, EFAULT, EINVAL, ENOMEM, EPERM, PF_NPROC_EXCEEDED } from './constants.js';
import type { Kernel } from './kernel.js';
import { cred, globals, signal_struct, task_struct, user_struct } from './structs.js';

type Cred = Ptr<'cred'>;

/** Where a program wants its ids. */
export interface IdOut {
  value?: number;
}

/** Among ids: leave it as it is. */
const NO_ID = -1;

export const setidFunctions = {
  /** Gives new credentials the user that their real user id names. Needs nothing: they are nobody else's yet. */
  *set_user(this: Kernel, c: Cred): Coroutine<number> {
    const tsk = this.current;
    const user = yield* this.alloc_uid(this.get(c, cred.uid));
    if (!user) return -EAGAIN;
    // Too many processes do not make it fail: programs do not look. The next exec does.
    if (this.READ_ONCE(user, user_struct.processes)) yield;
    const limit = this.get(this.get(tsk, task_struct.signal), signal_struct.rlim_nproc);
    const exceeded = this.value(user_struct.processes) >= limit && user !== this.get(this.globals, globals.root_user);
    const flags = this.get(tsk, task_struct.flags);
    this.set(tsk, task_struct.flags, exceeded ? flags | PF_NPROC_EXCEEDED : flags & ~PF_NPROC_EXCEEDED);
    this.free_uid(this.get(c, cred.user));
    this.set(c, cred.user, user);
    return 0;
  },

  /** The end of a call that sets ids: what it wants is installed, or dropped. */
  *commitOrAbort(this: Kernel, c: Cred, error: number): Coroutine<number> {
    if (error === 0) return yield* this.commit_creds(c);
    this.abort_creds(c);
    return error;
  },

  /** `setuid(2)`: all three for who has `CAP_SETUID`, otherwise the effective one to the real or the saved one. */
  *setuid(this: Kernel, uid: number): Coroutine<number> {
    const ns = this.current_user_ns();
    const kuid = this.make_kuid(ns, uid);
    if (kuid === NO_ID) return -EINVAL;
    const c = this.prepare_creds();
    if (!c) return -ENOMEM;
    const old = this.current_cred();
    let error = 0;
    if (this.ns_capable(ns, CAP_SETUID)) {
      this.set(c, cred.uid, kuid);
      this.set(c, cred.suid, kuid);
      if (kuid !== this.get(old, cred.uid)) error = yield* this.set_user(c);
    } else if (kuid !== this.get(old, cred.uid) && kuid !== this.get(old, cred.suid)) {
      error = -EPERM;
    }
    this.set(c, cred.euid, kuid);
    this.set(c, cred.fsuid, kuid);
    this.cap_emulate_setxuid(c, old);
    return yield* this.commitOrAbort(c, error);
  },

  /** `setreuid(2)`. */
  *setreuid(this: Kernel, ruid: number, euid: number): Coroutine<number> {
    const ns = this.current_user_ns();
    const kruid = this.make_kuid(ns, ruid);
    const keuid = this.make_kuid(ns, euid);
    if ((ruid !== NO_ID && kruid === NO_ID) || (euid !== NO_ID && keuid === NO_ID)) return -EINVAL;
    const c = this.prepare_creds();
    if (!c) return -ENOMEM;
    const old = this.current_cred();
    const uid = this.get(old, cred.uid);
    const oldEuid = this.get(old, cred.euid);
    const suid = this.get(old, cred.suid);
    let error = 0;
    if (ruid !== NO_ID) {
      this.set(c, cred.uid, kruid);
      if (uid !== kruid && oldEuid !== kruid && !this.ns_capable(ns, CAP_SETUID)) error = -EPERM;
    }
    if (error === 0 && euid !== NO_ID) {
      this.set(c, cred.euid, keuid);
      const own = uid === keuid || oldEuid === keuid || suid === keuid;
      if (!own && !this.ns_capable(ns, CAP_SETUID)) error = -EPERM;
    }
    if (error === 0 && this.get(c, cred.uid) !== uid) error = yield* this.set_user(c);
    if (ruid !== NO_ID || (euid !== NO_ID && keuid !== uid)) this.set(c, cred.suid, this.get(c, cred.euid));
    this.set(c, cred.fsuid, this.get(c, cred.euid));
    this.cap_emulate_setxuid(c, old);
    return yield* this.commitOrAbort(c, error);
  },

  /** `setresuid(2)`. */
  *setresuid(this: Kernel, ruid: number, euid: number, suid: number): Coroutine<number> {
    const ns = this.current_user_ns();
    const kruid = this.make_kuid(ns, ruid);
    const keuid = this.make_kuid(ns, euid);
    const ksuid = this.make_kuid(ns, suid);
    if ((ruid !== NO_ID && kruid === NO_ID) || (euid !== NO_ID && keuid === NO_ID)) return -EINVAL;
    if (suid !== NO_ID && ksuid === NO_ID) return -EINVAL;
    const c = this.prepare_creds();
    if (!c) return -ENOMEM;
    const old = this.current_cred();
    const uid = this.get(old, cred.uid);
    const own = [uid, this.get(old, cred.euid), this.get(old, cred.suid)];
    const foreign =
      (ruid !== NO_ID && !own.includes(kruid)) ||
      (euid !== NO_ID && !own.includes(keuid)) ||
      (suid !== NO_ID && !own.includes(ksuid));
    let error = foreign && !this.ns_capable(ns, CAP_SETUID) ? -EPERM : 0;
    if (error === 0 && ruid !== NO_ID) {
      this.set(c, cred.uid, kruid);
      if (kruid !== uid) error = yield* this.set_user(c);
    }
    if (euid !== NO_ID) this.set(c, cred.euid, keuid);
    if (suid !== NO_ID) this.set(c, cred.suid, ksuid);
    this.set(c, cred.fsuid, this.get(c, cred.euid));
    this.cap_emulate_setxuid(c, old);
    return yield* this.commitOrAbort(c, error);
  },

  /** `setfsuid(2)`: gives the id before, whether it changed anything or not. */
  *setfsuid(this: Kernel, uid: number): Coroutine<number> {
    const old = this.current_cred();
    const ns = this.get(old, cred.user_ns);
    const before = this.get(old, cred.fsuid);
    const old_fsuid = this.from_kuid_munged(ns, before);
    const kuid = this.make_kuid(ns, uid);
    if (kuid === NO_ID) return old_fsuid;
    const c = this.prepare_creds();
    if (!c) return old_fsuid;
    const own =
      kuid === this.get(old, cred.uid) || kuid === this.get(old, cred.euid) || kuid === this.get(old, cred.suid);
    const allowed = kuid !== before && (own || this.ns_capable(ns, CAP_SETUID));
    if (allowed) {
      this.set(c, cred.fsuid, kuid);
      this.capFixFsuid(c, old);
    }
    yield* this.commitOrAbort(c, allowed ? 0 : -EPERM);
    return old_fsuid;
  },

  /** `setgid(2)`. */
  *setgid(this: Kernel, gid: number): Coroutine<number> {
    const ns = this.current_user_ns();
    const kgid = this.make_kgid(ns, gid);
    if (kgid === NO_ID) return -EINVAL;
    const c = this.prepare_creds();
    if (!c) return -ENOMEM;
    const old = this.current_cred();
    let error = 0;
    if (this.ns_capable(ns, CAP_SETGID)) {
      this.set(c, cred.gid, kgid);
      this.set(c, cred.sgid, kgid);
    } else if (kgid !== this.get(old, cred.gid) && kgid !== this.get(old, cred.sgid)) {
      error = -EPERM;
    }
    this.set(c, cred.egid, kgid);
    this.set(c, cred.fsgid, kgid);
    return yield* this.commitOrAbort(c, error);
  },

  /** `setregid(2)`. */
  *setregid(this: Kernel, rgid: number, egid: number): Coroutine<number> {
    const ns = this.current_user_ns();
    const krgid = this.make_kgid(ns, rgid);
    const kegid = this.make_kgid(ns, egid);
    if ((rgid !== NO_ID && krgid === NO_ID) || (egid !== NO_ID && kegid === NO_ID)) return -EINVAL;
    const c = this.prepare_creds();
    if (!c) return -ENOMEM;
    const old = this.current_cred();
    const gid = this.get(old, cred.gid);
    const oldEgid = this.get(old, cred.egid);
    const capable = this.ns_capable(ns, CAP_SETGID);
    let error = 0;
    if (rgid !== NO_ID) {
      if (gid === krgid || oldEgid === krgid || capable) this.set(c, cred.gid, krgid);
      else error = -EPERM;
    }
    if (egid !== NO_ID) {
      const own = gid === kegid || oldEgid === kegid || this.get(old, cred.sgid) === kegid;
      if (own || capable) this.set(c, cred.egid, kegid);
      else error = -EPERM;
    }
    if (rgid !== NO_ID || (egid !== NO_ID && kegid !== gid)) this.set(c, cred.sgid, this.get(c, cred.egid));
    this.set(c, cred.fsgid, this.get(c, cred.egid));
    return yield* this.commitOrAbort(c, error);
  },

  /** `setresgid(2)`. */
  *setresgid(this: Kernel, rgid: number, egid: number, sgid: number): Coroutine<number> {
    const ns = this.current_user_ns();
    const krgid = this.make_kgid(ns, rgid);
    const kegid = this.make_kgid(ns, egid);
    const ksgid = this.make_kgid(ns, sgid);
    if ((rgid !== NO_ID && krgid === NO_ID) || (egid !== NO_ID && kegid === NO_ID)) return -EINVAL;
    if (sgid !== NO_ID && ksgid === NO_ID) return -EINVAL;
    const c = this.prepare_creds();
    if (!c) return -ENOMEM;
    const old = this.current_cred();
    const own = [this.get(old, cred.gid), this.get(old, cred.egid), this.get(old, cred.sgid)];
    const foreign =
      (rgid !== NO_ID && !own.includes(krgid)) ||
      (egid !== NO_ID && !own.includes(kegid)) ||
      (sgid !== NO_ID && !own.includes(ksgid));
    const error = foreign && !this.ns_capable(ns, CAP_SETGID) ? -EPERM : 0;
    if (rgid !== NO_ID) this.set(c, cred.gid, krgid);
    if (egid !== NO_ID) this.set(c, cred.egid, kegid);
    if (sgid !== NO_ID) this.set(c, cred.sgid, ksgid);
    this.set(c, cred.fsgid, this.get(c, cred.egid));
    return yield* this.commitOrAbort(c, error);
  },

  /** `setfsgid(2)`. */
  *setfsgid(this: Kernel, gid: number): Coroutine<number> {
    const old = this.current_cred();
    const ns = this.get(old, cred.user_ns);
    const before = this.get(old, cred.fsgid);
    const old_fsgid = this.from_kgid_munged(ns, before);
    const kgid = this.make_kgid(ns, gid);
    if (kgid === NO_ID) return old_fsgid;
    const c = this.prepare_creds();
    if (!c) return old_fsgid;
    const own =
      kgid === this.get(old, cred.gid) || kgid === this.get(old, cred.egid) || kgid === this.get(old, cred.sgid);
    const allowed = kgid !== before && (own || this.ns_capable(ns, CAP_SETGID));
    if (allowed) this.set(c, cred.fsgid, kgid);
    yield* this.commitOrAbort(c, allowed ? 0 : -EPERM);
    return old_fsgid;
  },

  /** `getuid(2)`. Only the task itself changes its credentials. */
  *getuid(this: Kernel): Coroutine<number> {
    return this.from_kuid_munged(this.current_user_ns(), this.get(this.current_cred(), cred.uid));
  },

  /** `geteuid(2)`. */
  *geteuid(this: Kernel): Coroutine<number> {
    return this.from_kuid_munged(this.current_user_ns(), this.get(this.current_cred(), cred.euid));
  },

  /** `getgid(2)`. */
  *getgid(this: Kernel): Coroutine<number> {
    return this.from_kgid_munged(this.current_user_ns(), this.get(this.current_cred(), cred.gid));
  },

  /** `getegid(2)`. */
  *getegid(this: Kernel): Coroutine<number> {
    return this.from_kgid_munged(this.current_user_ns(), this.get(this.current_cred(), cred.egid));
  },

  /** `getresuid(2)`. */
  *getresuid(this: Kernel, ruid: IdOut | null, euid: IdOut | null, suid: IdOut | null): Coroutine<number> {
    const ns = this.current_user_ns();
    const c = this.current_cred();
    if (ruid === null) return -EFAULT;
    ruid.value = this.from_kuid_munged(ns, this.get(c, cred.uid));
    if (euid === null) return -EFAULT;
    euid.value = this.from_kuid_munged(ns, this.get(c, cred.euid));
    if (suid === null) return -EFAULT;
    suid.value = this.from_kuid_munged(ns, this.get(c, cred.suid));
    return 0;
  },

  /** `getresgid(2)`. */
  *getresgid(this: Kernel, rgid: IdOut | null, egid: IdOut | null, sgid: IdOut | null): Coroutine<number> {
    const ns = this.current_user_ns();
    const c = this.current_cred();
    if (rgid === null) return -EFAULT;
    rgid.value = this.from_kgid_munged(ns, this.get(c, cred.gid));
    if (egid === null) return -EFAULT;
    egid.value = this.from_kgid_munged(ns, this.get(c, cred.egid));
    if (sgid === null) return -EFAULT;
    sgid.value = this.from_kgid_munged(ns, this.get(c, cred.sgid));
    return 0;
  },
};

export type SetidFunctions = typeof setidFunctions;
