/** All benchmarks. */

import type { Bench } from './bench.js';
import { coresBench } from './cores.js';
import { exploreBench } from './explore.js';
import { fidelityBench } from './fidelity.js';
import { killBench } from './kill.js';
import { pointBench } from './point.js';
import { smallModelsBench } from './small-models.js';

export const BENCHES: readonly Bench[] = [
  exploreBench,
  coresBench,
  fidelityBench,
  smallModelsBench,
  pointBench,
  killBench,
];
