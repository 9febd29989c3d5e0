/** What a thread that explores does. It keeps its machine from one shard to the next. */

import { type Answer, answer, type ShardTask, type ThreadTask } from '../src/explore/shards/pool.js';
import { ShardMachine, type ShardResult } from '../src/explore/shards/shard.js';
import type { TokenContents } from '../src/explore/token.js';
import { type FileDescription, modelFrom } from '../src/files/describe.js';
import type { Model } from '../src/machine/model.js';
import { type Branching, surveyBranching } from '../src/trace/branching.js';
import { type Shrunk, shrinkFailing } from '../src/trace/failing.js';

let known: Promise<Model> | null = null;
let machine: ShardMachine | null = null;

function modelOf(description: unknown): Promise<Model> {
  known ??= modelFrom(description as FileDescription);
  return known;
}

async function machineOf({ description, stop }: ThreadTask): Promise<ShardMachine> {
  machine ??= new ShardMachine(await modelOf(description), new Int32Array(stop));
  return machine;
}

export function explore(task: ShardTask): Promise<Answer<ShardResult>> {
  return answer(async () => {
    const flag = new Int32Array(task.stop);
    const exploring = (await machineOf(task)).explore(task.shard);
    for (;;) {
      const slice = exploring.next(Atomics.load(flag, 0) !== 0);
      if (slice.done) return slice.value;
    }
  });
}

/** Makes the thread ready for its first shard. */
export function prepare(task: ThreadTask): Promise<Answer<null>> {
  return answer(async () => {
    await machineOf(task);
    return null;
  });
}

export interface ShrinkTask extends ThreadTask {
  readonly failing: TokenContents;
  readonly title: string;
}

export function shrink({ description, failing, title }: ShrinkTask): Promise<Answer<Shrunk>> {
  return answer(async () => shrinkFailing(await modelOf(description), failing, title));
}

/** What makes the space large that was not covered. */
export function survey({ description }: ThreadTask): Promise<Answer<Branching | null>> {
  return answer(async () => surveyBranching(await modelOf(description)));
}
