/** All patches. */

import type { Patch } from '../kernel/scenario.js';
import { noKillRetry } from './no-kill-retry.js';

export const PATCHES: readonly Patch[] = [noKillRetry];
