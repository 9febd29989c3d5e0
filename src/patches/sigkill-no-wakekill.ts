import { TASK_INTERRUPTIBLE, TIF_SIGPENDING } from '../kernel/constants.js';
import type { Patch } from '../kernel/scenario.js';

export const sigkillNoWakekill: Patch = {
  name: 'sigkill-no-wakekill',
  title: 'signal_wake_up_state wakes only those in an interruptible sleep',
  story:
    'A stopped process sleeps in TASK_STOPPED, which is not interruptible: any signal but SIGKILL and SIGCONT has to wait. ' +
    'Without TASK_WAKEKILL in the wake-up SIGKILL has to wait as well.',
  functions: {
    *signal_wake_up_state(t, _state) {
      this.set_tsk_thread_flag(t, TIF_SIGPENDING);
      if (!(yield* this.wake_up_state(t, TASK_INTERRUPTIBLE))) this.kick_process(t);
    },
  },
};
