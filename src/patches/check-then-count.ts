import type { Patch } from '../kernel/scenario.js';
import { cred, signal_struct, sigqueue, task_struct, user_struct } from '../kernel/structs.js';
import { addr, NULL } from '../memory/layout.js';

export const checkThenCount: Patch = {
  name: 'check-then-count',
  title: '__sigqueue_alloc looks for room first, and counts then',
  story:
    'Two senders that look at the same time both find room for one more signal, and both queue theirs: more are pending ' +
    'than RLIMIT_SIGPENDING allows.',
  functions: {
    *__sigqueue_alloc(t, override) {
      this.rcu_read_lock();
      if (this.__task_cred(t)) yield;
      const theirs = this.value(task_struct.real_cred);
      const user = this.get_uid(this.get(theirs, cred.user));
      this.rcu_read_unlock();
      let allowed = override;
      if (!override) {
        if (this.READ_ONCE(user, user_struct.sigpending)) yield;
        const limit = this.get(this.get(t, task_struct.signal), signal_struct.rlim_sigpending);
        allowed = this.value(user_struct.sigpending) < limit;
      }
      if (this.atomic_add_return(user, user_struct.sigpending, 1)) yield;
      const q = allowed ? this.kmem_cache_alloc<'sigqueue'>(this.caches.sigqueue) : NULL;
      if (!q) {
        if (this.atomic_add_return(user, user_struct.sigpending, -1)) yield;
        this.free_uid(user);
        return NULL;
      }
      this.INIT_LIST_HEAD(addr(q, sigqueue.list));
      this.set(q, sigqueue.flags, 0);
      this.set(q, sigqueue.user, user);
      return q;
    },
  },
};
