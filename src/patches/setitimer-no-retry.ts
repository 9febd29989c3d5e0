import { KTIME_MAX } from '../kernel/hrtimer.js';
import { ktime_to_timeval, timeval_to_ktime } from '../kernel/itimer.js';
import type { Patch } from '../kernel/scenario.js';
import { sighand_struct, signal_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const setitimerNoRetry: Patch = {
  name: 'setitimer-no-retry',
  title: 'a timer that is taken back while its function runs is not waited for',
  story:
    'The function of the timer runs on another CPU and waits for the siglock. Who takes the timer back goes on without it, and ' +
    'the function sends its signal afterwards.',
  functions: {
    *setRealItimer(value, ovalue) {
      const signal = this.get(this.current, task_struct.signal);
      const siglock = addr(this.get(this.current, task_struct.sighand), sighand_struct.siglock);
      const timer = addr(signal, signal_struct.real_timer);
      const interval = addr(signal, signal_struct.it_real_incr);
      if (this.spin_lock_irq(siglock)) yield;
      if (ovalue !== null) {
        ovalue.it_value = ktime_to_timeval(this.itimer_get_remtime(timer));
        ovalue.it_interval = ktime_to_timeval(this.loadTime(interval));
      }
      this.hrtimer_try_to_cancel(timer);
      const expires = timeval_to_ktime(value.it_value);
      if (expires !== 0) {
        this.storeTime(interval, timeval_to_ktime(value.it_interval));
        this.hrtimer_start(timer, Math.min(this.ktime_get() + expires, KTIME_MAX));
      } else {
        this.storeTime(interval, 0);
      }
      this.spin_unlock_irq(siglock);
    },
  },
};
