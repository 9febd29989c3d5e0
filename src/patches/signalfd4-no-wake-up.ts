import {
  EBADF,
  EINVAL,
  ENOMEM,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  SFD_CLOEXEC,
  SFD_NONBLOCK,
  SIGKILL,
  SIGSTOP,
  signalfd_fops,
} from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';
import { sigmask } from '../kernel/sigset.js';
import { file, sighand_struct, signalfd_ctx, task_struct } from '../kernel/structs.js';
import { addr, type Ptr } from '../memory/layout.js';

export const signalfd4NoWakeUp: Patch = {
  name: 'signalfd4-no-wake-up',
  title: 'a new set of a signalfd is not told to its readers',
  story:
    'signalfd(2) changes the set of a descriptor and wakes nobody. A reader that has looked with the old set sleeps until the ' +
    'next signal is sent, though one that the new set has is pending.',
  functions: {
    *do_signalfd4(ufd, set, flags) {
      if ((flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)) !== 0) return -EINVAL;
      const never = sigmask(SIGKILL, SIGSTOP);
      const mask = { lo: ~(set.lo & ~never.lo), hi: ~set.hi };
      if (ufd === -1) {
        const ctx = this.kmem_cache_alloc<'signalfd_ctx'>(this.caches.signalfd_ctx);
        if (!ctx) return -ENOMEM;
        this.storeSigset(addr(ctx, signalfd_ctx.sigmask), mask);
        const fd = yield* this.anon_inode_getfd(signalfd_fops, ctx, O_RDWR | (flags & (O_CLOEXEC | O_NONBLOCK)));
        if (fd < 0) this.kmem_cache_free(this.caches.signalfd_ctx, ctx);
        return fd;
      }
      const f = yield* this.fdget(ufd);
      if (!f.file) return -EBADF;
      if (this.get(f.file, file.f_op) !== signalfd_fops) {
        this.fdput(f);
        return -EINVAL;
      }
      const ctx = this.get(f.file, file.private_data) as Ptr<'signalfd_ctx'>;
      const sighand = this.get(this.current, task_struct.sighand);
      const lock = addr(sighand, sighand_struct.siglock);
      if (this.spin_lock_irq(lock)) yield;
      this.storeSigset(addr(ctx, signalfd_ctx.sigmask), mask);
      this.spin_unlock_irq(lock);
      this.fdput(f);
      return ufd;
    },
  },
};
