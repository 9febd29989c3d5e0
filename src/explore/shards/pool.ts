/** Makes shards in worker threads, each with a machine of its own. */

import { Piscina } from 'piscina';
import type { ShardRunner } from './runner.js';
import type { Shard, ShardResult } from './shard.js';

/** What a worker is given. */
export interface ShardTask {
  /** What the worker's own code makes the model from. */
  readonly description: unknown;
  readonly shard: Shard;
  /** One word: not 0 when shards are to come to an end. */
  readonly stop: SharedArrayBuffer;
}

/**
 * Starts worker threads.
 *
 * @param code the workers' entry point, and what it makes the model from: something that JSON can hold
 * @param size how many
 * @example
 * const runner = threadPool(explorerCode({ scenario: 'kill-vs-exec', patches: [], cpus: 3 }), 2);
 */
export function threadPool(code: { readonly url: URL; readonly description: unknown }, size: number): ShardRunner {
  const pool = new Piscina({
    filename: code.url.href,
    minThreads: size,
    maxThreads: size,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled',
  });
  const stop = new SharedArrayBuffer(4);
  const flag = new Int32Array(stop);
  return {
    size,
    run(shard) {
      const task: ShardTask = { description: code.description, shard, stop };
      return pool.run(task) as Promise<ShardResult>;
    },
    stop() {
      Atomics.store(flag, 0, 1);
    },
    go() {
      Atomics.store(flag, 0, 0);
    },
    async dispose() {
      Atomics.store(flag, 0, 1);
      await pool.destroy();
    },
  };
}
