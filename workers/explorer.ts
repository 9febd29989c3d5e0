/** The entry point of a thread that explores shards. It keeps its machine from one shard to the next. */

import type { ShardTask } from '../src/explore/shards/pool.js';
import { ShardMachine, type ShardResult } from '../src/explore/shards/shard.js';
import { type FileDescription, modelFrom } from '../src/files/describe.js';

let machine: ShardMachine | null = null;

export default async function explorer({ description, shard, stop }: ShardTask): Promise<ShardResult> {
  machine ??= new ShardMachine(await modelFrom(description as FileDescription));
  const flag = new Int32Array(stop);
  const exploring = machine.explore(shard);
  for (;;) {
    const slice = exploring.next(Atomics.load(flag, 0) !== 0);
    if (slice.done) return slice.value;
  }
}
