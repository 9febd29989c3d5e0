import type { Patch } from '../kernel/scenario.js';
import { cred, task_struct } from '../kernel/structs.js';

export const credWithoutRcu: Patch = {
  name: 'cred-without-rcu',
  title: 'credentials are freed at once when the last reference is dropped',
  story:
    'Whoever sends a signal looks at the credentials of the target, and has no reference to them: RCU keeps them. If they ' +
    'are freed without a grace period a target that changes its user pulls them away from under the sender. The moment ' +
    'between finding them and looking at them is a few instructions; here it is a scheduling point of its own.',
  functions: {
    put_cred(c) {
      if (this.refcount_dec_and_test(c, cred.usage)) this.put_cred_rcu(c);
    },

    *group_send_sig_info(sig, info, p, type) {
      this.rcu_read_lock();
      if (this.credToCheck(sig, info, p)) yield;
      const theirs = this.value(task_struct.real_cred);
      if (this.READ_ONCE(theirs, cred.uid)) yield;
      const error = this.check_kill_permission(sig, info, p, theirs);
      this.rcu_read_unlock();
      return error === 0 && sig !== 0 ? yield* this.do_send_sig_info(sig, info, p, type) : error;
    },
  },
};
