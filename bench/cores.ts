/** Explorations of kill-vs-exec by one worker thread and by two, with the same result: many at random, and all by dpor. */

import { isDeepStrictEqual } from 'node:util';
import { modelOf } from '../scenarios/catalog.js';
import { explorerCode } from '../src/cli/workers.js';
import { threadPool } from '../src/explore/shards/pool.js';
import { ownThread, type ShardRunner } from '../src/explore/shards/runner.js';
import { searchInShards } from '../src/explore/shards/search.js';
import type { Bench, Candidate } from './bench.js';

const SCENARIO = { scenario: 'kill-vs-exec', patches: [], cpus: 3 };
const WARM_UP = 16_384;
/** Executions. Of dpor all there are: near a limit there is less to be done at the same time. */
const SCHEDULES = { random: 65_536, dpor: Number.POSITIVE_INFINITY };

/** A few executions, without what the clock says of them. */
async function warmUp(runner: ShardRunner): Promise<unknown> {
  const { exploration } = await searchInShards(runner, { strategy: 'random', seed: 2, schedules: WARM_UP });
  const { seconds, ...result } = exploration;
  return result;
}

function explored(workers: number, strategy: 'random' | 'dpor'): Candidate {
  return {
    name: `${strategy}, ${workers} worker${workers === 1 ? '' : 's'}`,
    unit: 'executions/s',
    async sample() {
      const pool = threadPool(explorerCode(SCENARIO), workers);
      try {
        if (!isDeepStrictEqual(await warmUp(pool), await warmUp(ownThread(modelOf(SCENARIO))))) {
          throw new Error(`${workers} workers come to another result than the thread alone`);
        }
        const { exploration } = await searchInShards(pool, { strategy, seed: 1, schedules: SCHEDULES[strategy] });
        const { executions, seconds } = exploration;
        return executions / seconds;
      } finally {
        await pool.dispose();
      }
    },
  };
}

export const coresBench: Bench = {
  name: 'cores',
  title: `${SCHEDULES.random.toLocaleString('en')} executions of kill-vs-exec (3 CPUs) at random, and all by dpor, by worker threads`,
  candidates: (['random', 'dpor'] as const).flatMap((strategy) => [explored(1, strategy), explored(2, strategy)]),
  derived: (['random', 'dpor'] as const).map((strategy) => ({
    name: `${strategy}, 2 workers / 1 worker`,
    unit: '×',
    ...(strategy === 'random' ? { goal: 1.8 } : {}),
    of: [`${strategy}, 2 workers`, `${strategy}, 1 worker`],
    from: (two: number, one: number) => two / one,
  })),
};
