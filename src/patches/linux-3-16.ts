import type { Patch } from '../kernel/scenario.js';
import { forcedSignals } from './forced-signals.js';
import { forkRestarts } from './fork-restarts.js';
import { killIntMin } from './kill-int-min.js';
import { noKillRetry } from './no-kill-retry.js';

/** The patches that make up the variant. */
const SET: readonly Patch[] = [noKillRetry, killIntMin, forcedSignals, forkRestarts];

/** `--kernel 3.16`: the path of kill(2) as the third seed document quotes it from Linux 3.16.3, and what that needs. */
export const linux316: Patch = {
  name: 'linux-3-16',
  title: `the path of kill(2) in Linux 3.16: ${SET.map(({ name }) => name).join(', ')}`,
  story: SET.map(({ story }) => story).join(' '),
  functions: Object.assign({}, ...SET.map(({ functions }) => functions)),
};
