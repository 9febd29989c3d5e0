import { EINVAL, ITIMER_PROF, ITIMER_REAL, ITIMER_VIRTUAL } from '../kernel/constants.js';
import { ktime_to_timeval } from '../kernel/itimer.js';
import { CPUCLOCK_PROF, CPUCLOCK_VIRT } from '../kernel/posix-cpu-timers.js';
import type { Patch } from '../kernel/scenario.js';
import { signal_struct, task_struct } from '../kernel/structs.js';
import { addr } from '../memory/layout.js';

export const getitimerWithoutSiglock: Patch = {
  name: 'getitimer-without-siglock',
  title: 'getitimer reads the timer without the siglock',
  story: 'Another thread may be setting it: the interval is that of one setting, and the time left that of another.',
  functions: {
    *do_getitimer(which, value) {
      const tsk = this.current;
      switch (which) {
        case ITIMER_REAL: {
          const signal = this.get(tsk, task_struct.signal);
          value.it_value = ktime_to_timeval(this.itimer_get_remtime(addr(signal, signal_struct.real_timer)));
          value.it_interval = ktime_to_timeval(this.loadTime(addr(signal, signal_struct.it_real_incr)));
          return 0;
        }
        case ITIMER_VIRTUAL:
          yield* this.get_cpu_itimer(tsk, CPUCLOCK_VIRT, value);
          return 0;
        case ITIMER_PROF:
          yield* this.get_cpu_itimer(tsk, CPUCLOCK_PROF, value);
          return 0;
        default:
          return -EINVAL;
      }
    },
  },
};
