/** Who makes shards: this thread, or others. */

import { setImmediate } from 'node:timers/promises';
import type { Model } from '../../machine/model.js';
import { type Shard, ShardMachine, type ShardResult } from './shard.js';

export interface ShardRunner {
  /** How many shards are made at once. */
  readonly size: number;
  /** When shards can be made. */
  ready(): Promise<void>;
  run(shard: Shard): Promise<ShardResult>;
  /** Makes what runs come to an end soon: its results are of what was made by then. Until `go`. */
  stop(): void;
  go(): void;
  dispose(): Promise<void>;
}

/** Makes shards in this thread, one after another. Others get a turn between slices. */
export function ownThread(model: Model): ShardRunner {
  const machine = new ShardMachine(model);
  let stopping = false;
  let last: Promise<unknown> = Promise.resolve();

  async function make(shard: Shard): Promise<ShardResult> {
    const exploring = machine.explore(shard);
    for (;;) {
      const slice = exploring.next(stopping);
      if (slice.done) return slice.value;
      await setImmediate();
    }
  }

  return {
    size: 1,
    async ready() {},
    run(shard) {
      const result = last.then(() => make(shard));
      last = result.catch(() => {});
      return result;
    },
    stop() {
      stopping = true;
    },
    go() {
      stopping = false;
    },
    async dispose() {
      stopping = true;
      await last;
    },
  };
}
