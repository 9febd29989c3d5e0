/** All patches. */

import type { Patch } from '../kernel/scenario.js';
import { checkThenCount } from './check-then-count.js';
import { forcedSignals } from './forced-signals.js';
import { forkRestarts } from './fork-restarts.js';
import { killIntMin } from './kill-int-min.js';
import { linux316 } from './linux-3-16.js';
import { noKillRetry } from './no-kill-retry.js';
import { noPtraceFreeze } from './no-ptrace-freeze.js';
import { reparentWithoutNotify } from './reparent-without-notify.js';
import { reparentWithoutStateCheck } from './reparent-without-state-check.js';
import { scheduleIgnoresPending } from './schedule-ignores-pending.js';
import { siglockBeforeTasklist } from './siglock-before-tasklist.js';
import { siglockIrqsOn } from './siglock-irqs-on.js';
import { signalfdNoSiglock } from './signalfd-no-siglock.js';

export const PATCHES: readonly Patch[] = [
  noKillRetry,
  scheduleIgnoresPending,
  siglockIrqsOn,
  killIntMin,
  forcedSignals,
  forkRestarts,
  linux316,
  noPtraceFreeze,
  checkThenCount,
  reparentWithoutNotify,
  reparentWithoutStateCheck,
  siglockBeforeTasklist,
  signalfdNoSiglock,
];
