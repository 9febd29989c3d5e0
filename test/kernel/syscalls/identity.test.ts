/** Users, groups, capabilities, namespaces and limits, by small programs. */

import {
  CAP_SETUID,
  CLONE_FILES,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_SIGHAND,
  CLONE_THREAD,
  EAGAIN,
  EINVAL,
  ENOMEM,
  ENOSPC,
  EPERM,
  ESRCH,
  PTRACE_SEIZE,
  RLIMIT_NPROC,
  SIG_BLOCK,
  SIG_UNBLOCK,
  SIGCONT,
  SIGKILL,
  SIGTERM,
} from '../../../src/kernel/constants.js';
import { sigmask } from '../../../src/kernel/sigset.js';
import { checkCall, same } from '../../support/syscalls.js';
import { ends, pauses, stays } from '../../support/tasks.js';

checkCall('capget', {
  'takes each version of its structures, and names the one that it prefers': {
    *main(sys) {
      for (const version of [0x19980330, 0x20071026, 0x20080522]) {
        const data = { effective: 0, permitted: 0, inheritable: 0 };
        same(sys, `version ${version}`, yield* sys.capget({ version, pid: 0 }, data), 0);
        same(sys, 'permitted', data.permitted, -1);
      }
      const header = { version: 7, pid: 0 };
      same(
        sys,
        'an unknown version',
        yield* sys.capget(header, { effective: 0, permitted: 0, inheritable: 0 }),
        -EINVAL,
      );
      same(sys, 'the one preferred', header.version, 0x20080522);
    },
  },
  'of a process that there is not says ESRCH': {
    *main(sys) {
      const data = { effective: 0, permitted: 0, inheritable: 0 };
      same(sys, 'nobody', yield* sys.capget({ version: 0x20080522, pid: 999 }, data), -ESRCH);
    },
  },
});

checkCall('setuid', {
  'to the user that it is already leaves the user': {
    *main(sys) {
      same(sys, 'root to root', yield* sys.setuid(0), 0);
      same(sys, 'uid', yield* sys.getuid(), 0);
      same(sys, 'another', yield* sys.setuid(7), 0);
      same(sys, 'uid', yield* sys.getuid(), 7);
    },
  },
  'past RLIMIT_NPROC makes exec fail; a fork that is allowed again forgives it': {
    // Of user 5 there are two others; then none; then two again, which were root's until then.
    *main(sys) {
      const go: [number, number] = [0, 0];
      const gone: [number, number] = [0, 0];
      yield* sys.pipe(go);
      yield* sys.pipe(gone);
      for (let made = 0; made < 2; made++) yield* sys.fork('joins', 0, 1);
      same(sys, 'limit', yield* sys.setrlimit(RLIMIT_NPROC, { rlim_cur: 2, rlim_max: 2 }), 0);
      same(sys, 'setuid', yield* sys.setuid(5), 0);
      same(sys, 'exec past the limit', yield* sys.execve('image'), -EAGAIN);
      for (const pid of [101, 102]) {
        same(sys, 'SIGTERM', yield* sys.kill(pid, SIGTERM), 0);
        yield* sys.waitpid(pid);
      }
      const child = yield* sys.fork('pauses', 0, 1);
      sys.check(child > 0, `fork gave ${child}`);
      yield* sys.write(go[1], 'ab');
      for (let joined = 0; joined < 2; joined++) yield* sys.read(gone[0], new Uint8Array(1));
      yield* sys.execve('image');
      sys.check(false, 'exec failed though a fork had been allowed');
    },
    programs: {
      pauses,
      first: pauses,
      second: pauses,
      *joins(sys) {
        yield* sys.read(0, new Uint8Array(1));
        yield* sys.setuid(5);
        yield* sys.write(3, 'x');
        yield* sys.pause();
      },
      *image(sys) {
        yield* sys.getpid();
        sys.result('done', 1);
      },
    },
    others: { first: { uid: 5 }, second: { uid: 5 } },
  },
});

checkCall('getgid', {
  'in a user namespace without a map is the overflow id': {
    *main(sys) {
      same(sys, 'unshare', yield* sys.unshare(CLONE_NEWUSER), 0);
      same(sys, 'getgid', yield* sys.getgid(), 65534);
      same(sys, 'getuid', yield* sys.getuid(), 65534);
    },
  },
});

checkCall('writing a map of ids', {
  'is refused without CAP_SYS_ADMIN in the namespace': {
    *main(sys) {
      const child = yield* sys.clone(CLONE_NEWUSER, 'pauses', { cpu: 1 });
      same(sys, 'setuid', yield* sys.setuid(3000), 0);
      const extents = [{ first: 0, lower_first: 3000, count: 1 }];
      same(sys, 'the map', yield* sys.write_uid_map(child, extents), -EPERM);
    },
    programs: { pauses },
  },
});

checkCall('unshare', {
  'of handlers that nobody shares does nothing': {
    *main(sys) {
      same(sys, 'CLONE_SIGHAND', yield* sys.unshare(CLONE_SIGHAND), 0);
    },
  },
  'of handlers that another process shares is refused': {
    *main(sys) {
      yield* sys.thread('stays', 0, 1);
      same(sys, 'CLONE_SIGHAND', yield* sys.unshare(CLONE_SIGHAND), -EINVAL);
      same(sys, 'CLONE_THREAD', yield* sys.unshare(CLONE_THREAD), -EINVAL);
    },
    programs: { stays },
  },
  'of user namespaces goes no deeper than 33': {
    *main(sys) {
      const pid = yield* sys.getpid();
      const extents = [{ first: 0, lower_first: 0, count: 1 }];
      for (let depth = 1; depth <= 33; depth++) {
        same(sys, `depth ${depth}`, yield* sys.unshare(CLONE_NEWUSER), 0);
        same(sys, 'setgroups', yield* sys.write_setgroups(pid, false), 0);
        same(sys, 'uid_map', yield* sys.write_uid_map(pid, extents), 0);
        same(sys, 'gid_map', yield* sys.write_gid_map(pid, extents), 0);
      }
      same(sys, 'one more', yield* sys.unshare(CLONE_NEWUSER), -ENOSPC);
    },
    objects: { user_namespace: 40, cred_jar: 80 },
  },
  'without memory for a table of descriptors, or for a namespace, says so and changes nothing': {
    *main(sys) {
      const pipefd: [number, number] = [0, 0];
      yield* sys.pipe(pipefd);
      const child = yield* sys.clone(CLONE_FILES, 'pauses', { cpu: 1 });
      same(sys, 'CLONE_FILES', yield* sys.unshare(CLONE_FILES), -ENOMEM);
      same(sys, 'CLONE_NEWPID', yield* sys.unshare(CLONE_NEWPID), -ENOMEM);
      yield* sys.kill(child, SIGKILL);
    },
    programs: { pauses },
    objects: { files_cache: 1, pid_namespace: 0 },
  },
});

checkCall('execve of a set-user-id program', {
  'under a tracer that could not trace it: who may set user ids keeps the new one, and not its capabilities': {
    // The tracer has what the tracee has, but no CAP_SYS_PTRACE.
    *main(sys) {
      const child = yield* sys.fork('runs', 0, 1);
      same(sys, 'seize', yield* sys.ptrace(PTRACE_SEIZE, child), 0);
      yield* sys.store(0, 1);
      same(sys, 'status', (yield* sys.waitpid(child)).status, 0);
    },
    programs: {
      *runs(sys) {
        while ((yield* sys.load(0)) === 0) yield* sys.step();
        yield* sys.execve('image');
      },
      *image(sys) {
        same(sys, 'euid', yield* sys.geteuid(), 0);
        const data = { effective: 0, permitted: 0, inheritable: 0 };
        yield* sys.capget({ version: 0x20080522, pid: 0 }, data);
        same(sys, 'permitted', data.permitted, CAP_SETUID);
      },
    },
    files: { image: { setuid: 0 } },
    as: { uid: 1000, capabilities: CAP_SETUID },
  },
});

checkCall('the init of a pid namespace', {
  'does not die of a signal that it blocked when one of its own sent it': {
    *main(sys) {
      const child = yield* sys.clone(CLONE_NEWPID, 'init', { cpu: 1 });
      same(sys, 'status', (yield* sys.waitpid(child)).status, 0);
    },
    programs: {
      *init(sys) {
        yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGTERM));
        yield* sys.fork('inside', 0, 0);
        yield* sys.wait();
        const set = { lo: 0, hi: 0 };
        yield* sys.sigpending(set);
        same(sys, 'pending', set, sigmask(SIGTERM));
        // It is taken here, and does nothing.
        yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGTERM));
        return 0;
      },
      *inside(sys) {
        same(sys, 'kill', yield* sys.kill(1, SIGTERM), 0);
      },
    },
  },
  'inherits an orphan whose subreaper is outside': {
    *main(sys) {
      yield* sys.clone(CLONE_NEWPID, 'init', { cpu: 1 });
      same(sys, 'status', (yield* sys.wait()).status, 0);
    },
    programs: {
      *init(sys) {
        const child = yield* sys.fork('parent', 0, 0);
        same(sys, 'the child', (yield* sys.wait()).pid, child);
        // The grandchild, which it has inherited.
        const { pid, status } = yield* sys.wait();
        same(sys, 'the grandchild', pid, 3);
        same(sys, 'its status', status, 5 << 8);
      },
      *parent(sys) {
        yield* sys.fork('ends', 5, 1);
      },
      ends,
    },
    as: { subreaper: true },
  },
});

checkCall('a signal 0, or SIGCONT, to a process of another user and session', {
  'is refused, and SIGCONT is not within the session': {
    *main(sys) {
      same(sys, 'SIGCONT outside', yield* sys.kill(101, SIGCONT), -EPERM);
      same(sys, 'SIGCONT inside', yield* sys.kill(102, SIGCONT), 0);
      same(sys, 'signal 0 inside', yield* sys.kill(102, 0), -EPERM);
    },
    programs: { outside: pauses, inside: pauses },
    as: { uid: 1000, session: true },
    others: { outside: { uid: 2000, session: true }, inside: { uid: 2000 } },
  },
});
