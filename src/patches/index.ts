/** All patches. */

import type { Patch } from '../kernel/scenario.js';
import { attachWithoutTrapping } from './attach-without-trapping.js';
import { checkThenCount } from './check-then-count.js';
import { cldstopWithoutTasklist } from './cldstop-without-tasklist.js';
import { contWithoutTrapNotify } from './cont-without-trap-notify.js';
import { credWithoutRcu } from './cred-without-rcu.js';
import { detachWakesNoParent } from './detach-wakes-no-parent.js';
import { detachWithoutTasklist } from './detach-without-tasklist.js';
import { execIgnoresKill } from './exec-ignores-kill.js';
import { execWakesNoTracer } from './exec-wakes-no-tracer.js';
import { exitNoNotifyPidfd } from './exit-no-notify-pidfd.js';
import { exitNoRetarget } from './exit-no-retarget.js';
import { exitNoStopNotify } from './exit-no-stop-notify.js';
import { faultWithoutRecalc } from './fault-without-recalc.js';
import { forcedSignals } from './forced-signals.js';
import { forkEventWithoutRcu } from './fork-event-without-rcu.js';
import { forkRestarts } from './fork-restarts.js';
import { getitimerWithoutSiglock } from './getitimer-without-siglock.js';
import { getppidWithoutRcu } from './getppid-without-rcu.js';
import { giveToParentWithoutTasklist } from './give-to-parent-without-tasklist.js';
import { groupExitNoRecheck } from './group-exit-no-recheck.js';
import { ignoreAutoreap } from './ignore-autoreap.js';
import { killIntMin } from './kill-int-min.js';
import { killLeavesTrapping } from './kill-leaves-trapping.js';
import { linux316 } from './linux-3-16.js';
import { listenIgnoresNotify } from './listen-ignores-notify.js';
import { noForkSignalCheck } from './no-fork-signal-check.js';
import { noKillRetry } from './no-kill-retry.js';
import { noMultiprocess } from './no-multiprocess.js';
import { noPtraceFreeze } from './no-ptrace-freeze.js';
import { noRcuReadLock } from './no-rcu-read-lock.js';
import { noRetarget } from './no-retarget.js';
import { noSighandRecheck } from './no-sighand-recheck.js';
import { noStopDequeued } from './no-stop-dequeued.js';
import { noZapLeader } from './no-zap-leader.js';
import { pidfdPollWithoutRcu } from './pidfd-poll-without-rcu.js';
import { ptraceStopWithoutTasklist } from './ptrace-stop-without-tasklist.js';
import { putTaskWithoutGracePeriod } from './put-task-without-grace-period.js';
import { reapWithoutCmpxchg } from './reap-without-cmpxchg.js';
import { reparentWithoutNotify } from './reparent-without-notify.js';
import { reparentWithoutStateCheck } from './reparent-without-state-check.js';
import { scheduleIgnoresPending } from './schedule-ignores-pending.js';
import { setitimerNoRetry } from './setitimer-no-retry.js';
import { setsidNoGroupCheck } from './setsid-no-group-check.js';
import { sigkillNoWakekill } from './sigkill-no-wakekill.js';
import { siglockBeforeTasklist } from './siglock-before-tasklist.js';
import { siglockIrqsOn } from './siglock-irqs-on.js';
import { signalfdNoNotify } from './signalfd-no-notify.js';
import { signalfdNoSiglock } from './signalfd-no-siglock.js';
import { signalfd4NoWakeUp } from './signalfd4-no-wake-up.js';
import { stopWithoutTrapNotify } from './stop-without-trap-notify.js';
import { stoppedWithoutRecheck } from './stopped-without-recheck.js';
import { tgkillWithoutRcu } from './tgkill-without-rcu.js';
import { tracemeWithoutTasklist } from './traceme-without-tasklist.js';
import { unlinkWakesNobody } from './unlink-wakes-nobody.js';
import { unshareWithoutSiglock } from './unshare-without-siglock.js';
import { waitTakesAnyChild } from './wait-takes-any-child.js';
import { zapWithoutDisable } from './zap-without-disable.js';

export const PATCHES: readonly Patch[] = [
  noKillRetry,
  unshareWithoutSiglock,
  scheduleIgnoresPending,
  siglockIrqsOn,
  killIntMin,
  forcedSignals,
  forkRestarts,
  linux316,
  noPtraceFreeze,
  noRcuReadLock,
  getppidWithoutRcu,
  tgkillWithoutRcu,
  noSighandRecheck,
  putTaskWithoutGracePeriod,
  noForkSignalCheck,
  noMultiprocess,
  reapWithoutCmpxchg,
  stoppedWithoutRecheck,
  waitTakesAnyChild,
  noRetarget,
  setitimerNoRetry,
  getitimerWithoutSiglock,
  exitNoRetarget,
  noStopDequeued,
  exitNoStopNotify,
  cldstopWithoutTasklist,
  sigkillNoWakekill,
  setsidNoGroupCheck,
  groupExitNoRecheck,
  noZapLeader,
  ignoreAutoreap,
  exitNoNotifyPidfd,
  pidfdPollWithoutRcu,
  checkThenCount,
  credWithoutRcu,
  zapWithoutDisable,
  reparentWithoutNotify,
  reparentWithoutStateCheck,
  siglockBeforeTasklist,
  signalfdNoSiglock,
  signalfdNoNotify,
  signalfd4NoWakeUp,
  attachWithoutTrapping,
  killLeavesTrapping,
  contWithoutTrapNotify,
  listenIgnoresNotify,
  execIgnoresKill,
  execWakesNoTracer,
  stopWithoutTrapNotify,
  giveToParentWithoutTasklist,
  tracemeWithoutTasklist,
  ptraceStopWithoutTasklist,
  unlinkWakesNobody,
  forkEventWithoutRcu,
  detachWithoutTasklist,
  detachWakesNoParent,
  faultWithoutRecalc,
];
