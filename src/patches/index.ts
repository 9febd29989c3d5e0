/** All patches. */

import type { Patch } from '../kernel/scenario.js';
import { noKillRetry } from './no-kill-retry.js';
import { scheduleIgnoresPending } from './schedule-ignores-pending.js';
import { siglockIrqsOn } from './siglock-irqs-on.js';

export const PATCHES: readonly Patch[] = [noKillRetry, scheduleIgnoresPending, siglockIrqsOn];
